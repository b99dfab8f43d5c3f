-- The case for and against each change of each blamelist
-- A change's weight is the product of the weights (step.evidence_weight) of the evidence that applies to it. File names
-- longer than three letters count; test_ before and _test after a stem are dropped. A change of more than
-- `evidence_max_files` files is matched with nothing: it would match everything.
-- Grain: one row per problem and change of its blamelist
-- Kept: suspects, guilty people and everything about authors stand on it
-- problem_id: the problem: series and opening position
-- series_id: one test on one builder of one branch
-- project: the project
-- state: of the problem
-- ordinal: place in the range, 1 is the newest change
-- revision: commit id
-- is_complete: the range's history is wholly known
-- person_id: the person
-- author: name of the author
-- subject: first line of the message
-- robot: this evidence in words; null where it does not apply, as in the columns after it
-- plain_merge: a merge without lines of its own, whose merged changes are listed themselves
-- file_in_message: the failing text names a file of the change
-- file_like_test: the suite or test is named like a file of the change
-- many_files: the change touches ten files or more
-- documentation: the change touches documentation only
-- no_file: the change touches no file
-- weight: product of the weights of the evidence that applies
-- rule: name of the rule
-- rule_version: version of the rule
WITH threshold AS (
    SELECT CAST(value AS BIGINT) AS max_files FROM raw.setting WHERE name = 'evidence_max_files'
), listed_revision AS (
    SELECT DISTINCT r.project, c.revision
    FROM raw.range AS r
    JOIN raw.range_change AS c ON c.range_id = r.range_id
), touched AS (
    SELECT c.project, c.revision, unnest(c.files) AS file
    FROM raw.change AS c
    JOIN listed_revision AS l ON l.project = c.project AND l.revision = c.revision
), stemmed AS (
    SELECT
        project, revision, file['path'] AS path,
        coalesce(file['lines_added'], 0) + coalesce(file['lines_removed'], 0) AS line_count,
        regexp_replace(lower(file['path']), '^.*/', '') AS file_name,
        regexp_replace(lower(file['path']), '^(.*/)?(test_)?([^/.]*?)(_tests?)?([.][^/]*)?$', '\3') AS stem,
        regexp_like(
            lower(file['path']), '[.](md|rst|adoc|png|svg|jpg)$|(^|/)docs?/|(^|/)(license|authors|changelog|readme)'
        ) AS is_documentation
    FROM touched
), named_file AS (
    SELECT
        project, revision, path, line_count, file_name, stem, is_documentation,
        stem IN ('test', 'tests', 'main', 'index', '__init__', 'init', 'util', 'utils', 'common', 'base') AS is_general
    FROM stemmed
), shape AS (
    SELECT project, revision, sum(line_count) AS line_count, bool_and(is_documentation) AS is_documentation
    FROM named_file
    GROUP BY project, revision
), listed AS (
    SELECT
        e.problem_id, e.series_id, e.project, e.state, c.ordinal, c.revision, r.is_complete,
        a.change_id, a.file_count, a.is_merge AND m.revision IS NOT NULL AS is_merge_of_listed,
        lower(e.suite || ' ' || e.name) AS test_text,
        lower(left(g.text, 4000)) AS message_text
    FROM step.episode AS e
    JOIN raw.range AS r
        ON r.project = e.project AND r.good_revision = e.good_revision AND r.bad_revision = e.opened_revision
    JOIN raw.range_change AS c ON c.range_id = r.range_id
    JOIN step.authored AS a ON a.project = e.project AND a.revision = c.revision
    LEFT JOIN raw.range_change AS m ON m.range_id = r.range_id AND m.revision = a.parents[2]
    LEFT JOIN raw.message AS g ON g.message_id = e.message_id
), matched AS (
    SELECT
        l.problem_id, l.series_id, l.project, l.state, l.ordinal, l.revision, l.is_complete,
        l.change_id, l.file_count, l.is_merge_of_listed,
        min(f.path) FILTER (WHERE strpos(l.message_text, f.file_name) > 0) AS file_in_message,
        min(f.path) FILTER (WHERE NOT f.is_general AND strpos(l.test_text, f.stem) > 0) AS file_like_test
    FROM threshold AS t
    CROSS JOIN listed AS l
    LEFT JOIN named_file AS f
        ON f.project = l.project AND f.revision = l.revision
        AND l.file_count <= t.max_files AND length(f.stem) > 3
    GROUP BY
        l.problem_id, l.series_id, l.project, l.state, l.ordinal, l.revision, l.is_complete,
        l.change_id, l.file_count, l.is_merge_of_listed
), worded AS (
    SELECT
        m.problem_id, m.series_id, m.project, m.state, m.ordinal, m.revision, m.is_complete,
        a.person_id, a.author, a.subject,
        CASE WHEN a.is_bot THEN a.author || ' is a robot' END AS robot,
        CASE WHEN m.is_merge_of_listed AND coalesce(s.line_count, 0) = 0 THEN 'merges listed changes, adds no line' END
            AS plain_merge,
        'the failing text names ' || m.file_in_message AS file_in_message,
        'the test is named like ' || m.file_like_test AS file_like_test,
        CASE WHEN m.file_count >= 10 THEN 'touches ' || CAST(m.file_count AS VARCHAR) || ' files' END AS many_files,
        CASE WHEN s.is_documentation THEN 'touches documentation only' END AS documentation,
        CASE WHEN m.file_count = 0 AND NOT m.is_merge_of_listed THEN 'touches no file' END AS no_file
    FROM matched AS m
    JOIN step.authored AS a ON a.change_id = m.change_id
    LEFT JOIN shape AS s ON s.project = m.project AND s.revision = m.revision
), factor AS (
    SELECT
        max(weight) FILTER (WHERE evidence = 'robot') AS robot,
        max(weight) FILTER (WHERE evidence = 'plain_merge') AS plain_merge,
        max(weight) FILTER (WHERE evidence = 'file_in_message') AS file_in_message,
        max(weight) FILTER (WHERE evidence = 'file_like_test') AS file_like_test,
        max(weight) FILTER (WHERE evidence = 'many_files') AS many_files,
        max(weight) FILTER (WHERE evidence = 'documentation') AS documentation,
        max(weight) FILTER (WHERE evidence = 'no_file') AS no_file,
        max(rule) AS rule,
        max(rule_version) AS rule_version
    FROM step.evidence_weight
)
SELECT
    w.problem_id, w.series_id, w.project, w.state, w.ordinal, w.revision, w.is_complete,
    w.person_id, w.author, w.subject,
    w.robot, w.plain_merge, w.file_in_message, w.file_like_test, w.many_files, w.documentation, w.no_file,
    CASE WHEN w.robot IS NULL THEN 1.0 ELSE f.robot END
        * CASE WHEN w.plain_merge IS NULL THEN 1.0 ELSE f.plain_merge END
        * CASE WHEN w.file_in_message IS NULL THEN 1.0 ELSE f.file_in_message END
        * CASE WHEN w.file_like_test IS NULL THEN 1.0 ELSE f.file_like_test END
        * CASE WHEN w.many_files IS NULL THEN 1.0 ELSE f.many_files END
        * CASE WHEN w.documentation IS NULL THEN 1.0 ELSE f.documentation END
        * CASE WHEN w.no_file IS NULL THEN 1.0 ELSE f.no_file END AS weight,
    f.rule, f.rule_version
FROM factor AS f
CROSS JOIN worded AS w
