-- Evidence for and against each change of each blamelist
-- Every listed change has the evidence `listed`, so that a change without evidence is here too. File names longer than
-- three letters count; test_ before and _test after a stem are dropped. A change of more than `evidence_max_files`
-- files is matched with nothing: it would match everything.
-- Grain: one row per problem, change of its blamelist and evidence
-- problem_id: the problem: series and opening position
-- series_id: one test on one builder of one branch
-- project: the project
-- state: of the problem
-- ordinal: place in the range, 1 is the newest change
-- revision: commit id
-- person_id: the person
-- author: name of the author
-- subject: first line of the message
-- is_complete: the range's history is wholly known
-- evidence: name of the evidence, as in step.evidence_weight
-- weight: factor on the change's weight
-- detail: the evidence in words
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
), named_file AS (
    SELECT
        project, revision, file['path'] AS path,
        coalesce(file['lines_added'], 0) + coalesce(file['lines_removed'], 0) AS line_count,
        regexp_replace(lower(file['path']), '^.*/', '') AS file_name,
        regexp_replace(lower(file['path']), '^(.*/)?(test_)?([^/.]*?)(_tests?)?([.][^/]*)?$', '\3') AS stem,
        regexp_like(
            lower(file['path']), '[.](md|rst|adoc|png|svg|jpg)$|(^|/)docs?/|(^|/)(license|authors|changelog|readme)'
        ) AS is_documentation
    FROM touched
), listed AS (
    SELECT
        e.problem_id, e.series_id, e.project, e.state, c.ordinal, c.revision, r.is_complete,
        a.person_id, a.author, a.is_bot, a.subject, a.file_count,
        a.is_merge AND m.revision IS NOT NULL AS is_merge_of_listed,
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
        l.person_id, l.author, l.is_bot, l.subject, l.file_count, l.is_merge_of_listed,
        coalesce(sum(f.line_count), 0) AS line_count,
        coalesce(bool_and(f.is_documentation), false) AS is_documentation,
        min(f.path) FILTER (
            WHERE l.file_count <= t.max_files AND length(f.stem) > 3 AND strpos(l.message_text, f.file_name) > 0
        ) AS file_in_message,
        min(f.path) FILTER (
            WHERE l.file_count <= t.max_files AND length(f.stem) > 3 AND strpos(l.test_text, f.stem) > 0
                AND f.stem NOT IN (
                    'test', 'tests', 'main', 'index', '__init__', 'init', 'util', 'utils', 'common', 'base'
                )
        ) AS file_like_test
    FROM listed AS l
    CROSS JOIN threshold AS t
    LEFT JOIN named_file AS f ON f.project = l.project AND f.revision = l.revision
    GROUP BY
        l.problem_id, l.series_id, l.project, l.state, l.ordinal, l.revision, l.is_complete,
        l.person_id, l.author, l.is_bot, l.subject, l.file_count, l.is_merge_of_listed
), weighed AS (
    SELECT
        m.problem_id, m.series_id, m.project, m.state, m.ordinal, m.revision, m.is_complete,
        m.person_id, m.author, m.subject, w.evidence, w.weight, w.rule, w.rule_version,
        CASE w.evidence
            WHEN 'listed' THEN 'on the blamelist'
            WHEN 'robot' THEN CASE WHEN m.is_bot THEN m.author || ' is a robot' END
            WHEN 'plain_merge' THEN
                CASE WHEN m.is_merge_of_listed AND m.line_count = 0 THEN 'merges listed changes, adds no line' END
            WHEN 'file_in_message' THEN 'the failing text names ' || m.file_in_message
            WHEN 'file_like_test' THEN 'the test is named like ' || m.file_like_test
            WHEN 'many_files' THEN
                CASE WHEN m.file_count >= 10 THEN 'touches ' || CAST(m.file_count AS VARCHAR) || ' files' END
            WHEN 'documentation' THEN CASE WHEN m.is_documentation THEN 'touches documentation only' END
            WHEN 'no_file' THEN
                CASE WHEN m.file_count = 0 AND NOT m.is_merge_of_listed THEN 'touches no file' END
        END AS detail
    FROM matched AS m
    CROSS JOIN step.evidence_weight AS w
)
SELECT
    problem_id, series_id, project, state, ordinal, revision, person_id, author, subject, is_complete,
    evidence, weight, detail, rule, rule_version
FROM weighed
WHERE detail IS NOT NULL
