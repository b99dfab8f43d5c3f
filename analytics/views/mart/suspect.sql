-- Suspects: how likely each change of a blamelist is the culprit
-- A change's suspicion is its weight's share of all weights on the blamelist; its weight is the product of the weights
-- of its evidence. Robots and plain merges weigh nothing and are left out.
-- Grain: one row per problem and change that may be to blame
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
WITH weighed AS (
    SELECT
        problem_id, series_id, project, state, revision, ordinal, person_id, author, subject, is_complete,
        rule, rule_version,
        CASE WHEN min(weight) = 0 THEN 0.0 ELSE exp(sum(ln(CASE WHEN weight = 0 THEN 1 ELSE weight END))) END AS weight,
        string_agg(detail, '; ' ORDER BY evidence) FILTER (WHERE evidence <> 'listed') AS evidence
    FROM step.judgement
    GROUP BY
        problem_id, series_id, project, state, revision, ordinal, person_id, author, subject, is_complete,
        rule, rule_version
), shared AS (
    SELECT
        problem_id, series_id, project, state, revision, ordinal, person_id, author, subject, is_complete,
        rule, rule_version, weight, evidence,
        weight / sum(weight) OVER (PARTITION BY problem_id) AS suspicion,
        count(*) OVER (PARTITION BY problem_id) AS change_count
    FROM weighed
)
SELECT
    problem_id, series_id, project, state,
    CAST(row_number() OVER (PARTITION BY problem_id ORDER BY weight DESC, ordinal) AS BIGINT) AS rank,
    revision, person_id, author, subject, suspicion,
    CASE WHEN change_count = 1 THEN 'the only change' ELSE 'one of ' || CAST(change_count AS VARCHAR) || ' changes' END
        || coalesce('; ' || evidence, '') AS evidence,
    is_complete, rule, rule_version
FROM shared
WHERE weight > 0
