-- Suspects: how likely each change of a blamelist is the culprit
-- A change's suspicion is its weight's share of all weights on the blamelist, times the chance that a change is to
-- blame at all: suspicions and nobody's probability sum to one. Plain merges weigh nothing and are left out; a robot's
-- change is a suspect like others, though robots are never guilty.
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
-- is_bot: a robot, by the people table or its name
-- subject: first line of the message
-- suspicion: probability, 0 to 1
-- nobody: probability that no change is to blame: a flaky test (step.nobody)
-- evidence: why, in words
-- is_complete: the range's history is wholly known
-- rule: name of the rule
-- rule_version: version of the rule
WITH shared AS (
    SELECT
        problem_id, series_id, project, state, revision, ordinal, person_id, author, is_bot, subject, is_complete,
        rule, rule_version, weight, evidence,
        weight / nullif(sum(weight) OVER list, 0) AS share,
        count(*) OVER list AS change_count,
        row_number() OVER list AS rank
    FROM step.judgement
    WINDOW list AS (
        PARTITION BY problem_id ORDER BY weight DESC, ordinal ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    )
)
SELECT
    s.problem_id, s.series_id, s.project, s.state, CAST(s.rank AS BIGINT) AS rank,
    s.revision, s.person_id, s.author, s.is_bot, s.subject,
    s.share * (1.0 - n.probability) AS suspicion,
    n.probability AS nobody,
    CASE s.change_count
        WHEN 1 THEN 'the only change' ELSE 'one of ' || CAST(s.change_count AS VARCHAR) || ' changes'
    END
        || CASE WHEN s.evidence = '' THEN '' ELSE '; ' || s.evidence END AS evidence,
    s.is_complete, s.rule, s.rule_version
FROM shared AS s
JOIN step.nobody AS n ON n.problem_id = s.problem_id
WHERE s.weight > 0
