-- The case for and against each change that may have broken or mended a test
-- A change's weight is the exponential of its score, the sum over the kinds of evidence of weight
-- (step.evidence_weight) times figure (step.clue). A merge without lines of its own weighs
-- nothing: the changes that it merged are listed.
-- Grain: one row per problem, turn and change of its range
-- Judged: suspects, guilty people and everything about authors stand on it
-- problem_id: the problem: series and opening position
-- turn: break for a change of the blamelist; fix for one between the last failure and the first pass behind
-- series_id: one test on one builder of one branch
-- project: the project
-- state: of the problem
-- ordinal: place in the range, 1 is the newest change
-- revision: commit id
-- is_complete: the range's history is wholly known
-- person_id: the person
-- author: name of the author
-- is_bot: a robot by the people table, or by a name that ends in [bot]
-- subject: first line of the message
-- is_plain_merge: a merge without lines of its own, whose merged changes are listed themselves
-- score: sum of weight times figure
-- weight: exp(score); 0 for a plain merge
-- evidence: what speaks for and against it, in words
-- rule: name of the rule
-- rule_version: version of the rule
WITH worth AS (
    SELECT
        project, max(rule) AS rule, max(rule_version) AS rule_version,
        max(weight) FILTER (WHERE evidence = 'path_words') AS path_words,
        max(weight) FILTER (WHERE evidence = 'path_rare') AS path_rare,
        max(weight) FILTER (WHERE evidence = 'subject_words') AS subject_words,
        max(weight) FILTER (WHERE evidence = 'subject_rare') AS subject_rare,
        max(weight) FILTER (WHERE evidence = 'message_words') AS message_words,
        max(weight) FILTER (WHERE evidence = 'failure_words') AS failure_words,
        max(weight) FILTER (WHERE evidence = 'file_in_message') AS file_in_message,
        max(weight) FILTER (WHERE evidence = 'file_like_test') AS file_like_test,
        max(weight) FILTER (WHERE evidence = 'file_count') AS file_count,
        max(weight) FILTER (WHERE evidence = 'line_count') AS line_count,
        max(weight) FILTER (WHERE evidence = 'focus') AS focus,
        max(weight) FILTER (WHERE evidence = 'matched_files') AS matched_files,
        max(weight) FILTER (WHERE evidence = 'no_code') AS no_code,
        max(weight) FILTER (WHERE evidence = 'no_file') AS no_file,
        max(weight) FILTER (WHERE evidence = 'dependency') AS dependency,
        max(weight) FILTER (WHERE evidence = 'robot') AS robot,
        max(weight) FILTER (WHERE evidence = 'bump') AS bump,
        max(weight) FILTER (WHERE evidence = 'revert') AS revert,
        max(weight) FILTER (WHERE evidence = 'housekeeping') AS housekeeping,
        max(weight) FILTER (WHERE evidence = 'touches_test') AS touches_test,
        max(weight) FILTER (WHERE evidence = 'symbol_in_message') AS symbol_in_message,
        max(weight) FILTER (WHERE evidence = 'broke_before') AS broke_before,
        max(weight) FILTER (WHERE evidence = 'together_before') AS together_before,
        max(weight) FILTER (WHERE evidence = 'builder_words') AS builder_words,
        max(weight) FILTER (WHERE evidence = 'elsewhere') AS elsewhere,
        max(weight) FILTER (WHERE evidence = 'author_record') AS author_record,
        max(weight) FILTER (WHERE evidence = 'line_words') AS line_words,
        max(weight) FILTER (WHERE evidence = 'failure_line_words') AS failure_line_words,
        max(weight) FILTER (WHERE evidence = 'identifier_in_message') AS identifier_in_message,
        max(weight) FILTER (WHERE evidence = 'breaking') AS breaking
    FROM step.evidence_weight
    GROUP BY project
), ranged AS (
    SELECT
        e.problem_id, 'break' AS turn, e.series_id, e.project, e.state, c.ordinal, c.revision, r.range_id,
        r.is_complete
    FROM step.episode AS e
    JOIN raw.range AS r
        ON r.project = e.project AND r.good_revision = e.good_revision AND r.bad_revision = e.opened_revision
    JOIN raw.range_change AS c ON c.range_id = r.range_id
    UNION ALL
    SELECT
        e.problem_id, c.turn, e.series_id, e.project, e.state, c.ordinal, c.revision, NULL AS range_id,
        true AS is_complete
    FROM step.episode AS e
    JOIN step.clue AS c ON c.problem_id = e.problem_id AND c.turn = 'fix'
), listed AS (
    SELECT
        r.problem_id, r.turn, r.series_id, r.project, r.state, r.ordinal, r.revision, r.is_complete,
        a.person_id, a.author, a.is_bot, a.subject, a.file_count,
        a.is_merge AND m.revision IS NOT NULL AND coalesce(z.lines_added + z.lines_removed, 0) = 0 AS is_plain_merge
    FROM ranged AS r
    JOIN step.authored AS a ON a.project = r.project AND a.revision = r.revision
    LEFT JOIN step.change_size AS z ON z.change_id = a.change_id
    LEFT JOIN raw.range_change AS m ON m.range_id = r.range_id AND m.revision = a.parents[2]
), scored AS (
    SELECT
        l.problem_id, l.turn, l.series_id, l.project, l.state, l.ordinal, l.revision, l.is_complete,
        l.person_id, l.author, l.is_bot, l.subject, l.is_plain_merge,
        w.path_words * c.path_words
        + w.path_rare * c.path_rare
        + w.subject_words * c.subject_words
        + w.subject_rare * c.subject_rare
        + w.message_words * c.message_words
        + w.failure_words * c.failure_words
        + w.file_in_message * c.file_in_message
        + w.file_like_test * c.file_like_test
        + w.file_count * c.file_count
        + w.line_count * c.line_count
        + w.focus * c.focus
        + w.matched_files * c.matched_files
        + w.no_code * c.no_code
        + w.no_file * c.no_file
        + w.dependency * c.dependency
        + w.robot * c.robot
        + w.bump * c.bump
        + w.revert * c.revert
        + w.housekeeping * c.housekeeping
        + w.touches_test * c.touches_test
        + w.symbol_in_message * c.symbol_in_message
        + w.broke_before * c.broke_before
        + w.together_before * c.together_before
        + w.builder_words * c.builder_words
        + w.elsewhere * c.elsewhere
        + w.author_record * c.author_record
        + w.line_words * c.line_words
        + w.failure_line_words * c.failure_line_words
        + w.identifier_in_message * c.identifier_in_message
        + w.breaking * c.breaking AS score,
        concat_ws(
            '; ',
            CASE WHEN l.is_bot THEN l.author || ' is a robot' END,
            CASE WHEN l.is_plain_merge THEN 'merges listed changes, adds no line' END,
            'the failing text names ' || c.named_file,
            CASE WHEN c.identifier_in_message > 0 THEN 'the failing text and its lines name ' || c.identifier_match END,
            CASE WHEN c.touches_test > 0.5 THEN 'touches the test itself' END,
            'the test is named like ' || c.like_file,
            'the test ' || c.acquitted,
            'test and paths share ' || c.path_match,
            'test and subject share ' || c.subject_match,
            CASE WHEN c.broke_before >= 0.5 THEN 'its files broke this suite before' END,
            CASE WHEN c.together_before >= 0.3 THEN 'its files change together with the test' END,
            CASE WHEN c.breaking > 0 THEN 'calls itself a breaking change' END,
            CASE WHEN c.dependency > 0 THEN 'touches dependencies' END,
            CASE WHEN l.file_count >= 10 THEN 'touches ' || CAST(l.file_count AS VARCHAR) || ' files' END,
            CASE WHEN c.no_code > 0 THEN 'touches documentation, tests or the CI only' END,
            CASE WHEN c.no_file > 0 AND NOT l.is_plain_merge THEN 'touches no file' END
        ) AS evidence,
        w.rule, w.rule_version
    FROM listed AS l
    JOIN step.clue AS c ON c.problem_id = l.problem_id AND c.turn = l.turn AND c.revision = l.revision
    JOIN worth AS w ON w.project = l.project
)
SELECT
    problem_id, turn, series_id, project, state, ordinal, revision, is_complete, person_id, author, is_bot, subject,
    is_plain_merge, score, CASE WHEN is_plain_merge THEN 0.0 ELSE exp(score) END AS weight,
    evidence, rule, rule_version
FROM scored
