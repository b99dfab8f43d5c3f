-- Suspects: how likely each change of a blamelist is the culprit
-- A change's suspicion is its weight's share of all weights on the blamelist; its weight is the product of the weights
-- of its evidence. Robots and plain merges weigh nothing and are left out.
-- Grain: one row per problem and change that may be to blame
-- Kept: every problem asks for its suspects
-- problem_id: the problem: series and opening position
-- series_id: one test on one builder of one branch
-- project: the project
-- state: open, resolved or vanished
-- rank: 1 is the most suspicious; of equals the newer change comes first
-- revision: commit id
-- person_id: the person
-- author: name of the author
-- subject: first line of the message
-- suspicion: probability, 0 to 1
-- evidence: why, in words
-- is_complete: the range's history is wholly known
-- rule: name of the rule
-- rule_version: version of the rule
WITH shared AS (
    SELECT
        problem_id, series_id, project, state, revision, ordinal, person_id, author, subject, is_complete,
        rule, rule_version, weight,
        concat_ws('; ', robot, plain_merge, file_in_message, file_like_test, many_files, documentation, no_file)
            AS evidence,
        weight / nullif(sum(weight) OVER list, 0) AS suspicion,
        count(*) OVER list AS change_count,
        row_number() OVER list AS rank
    FROM step.judgement
    WINDOW list AS (
        PARTITION BY problem_id ORDER BY weight DESC, ordinal ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    )
)
SELECT
    problem_id, series_id, project, state, CAST(rank AS BIGINT) AS rank,
    revision, person_id, author, subject, suspicion,
    CASE WHEN change_count = 1 THEN 'the only change' ELSE 'one of ' || CAST(change_count AS VARCHAR) || ' changes' END
        || CASE WHEN evidence = '' THEN '' ELSE '; ' || evidence END AS evidence,
    is_complete, rule, rule_version
FROM shared
WHERE weight > 0
