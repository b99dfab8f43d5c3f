-- Suspects: how likely each change of a blamelist is the culprit
-- A change's suspicion is its weight's share of all weights on the blamelist, times the chance that a change is to
-- blame at all: suspicions and nobody's probability sum to one. What was found out since decides (step.confirmation):
-- a confirmed culprit has all of it, and a change that it was not has none. Plain merges weigh nothing and are left
-- out; a robot's change is a suspect like others, though robots are never guilty.
-- Grain: one row per problem and change that may be to blame
-- Judged: every problem asks for its suspects
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
-- nobody: probability that no change is to blame: a flaky test, or what no change explains (step.nobody)
-- model_rank: the rank by the evidence alone
-- model_suspicion: the probability by the evidence alone
-- is_confirmed: whether it was found out to be the culprit, or not to be; null where nothing was
-- evidence: why, in words
-- is_complete: the range's history is wholly known
-- rule: name of the rule
-- rule_version: version of the rule
WITH found AS (
    SELECT
        problem_id, revision, bool_or(is_confirmed) AS is_confirmed,
        string_agg(DISTINCT CASE
            WHEN rule = 'note' AND is_confirmed THEN 'confirmed: ' || source
            WHEN rule = 'note' THEN 'it was not: ' || source
            WHEN is_confirmed THEN source || ' mended it, which names this change'
            ELSE source || ' took it back, and the test went on failing'
        END, '; ') AS detail
    FROM step.confirmation
    GROUP BY problem_id, revision
), listed AS (
    SELECT
        j.problem_id, j.series_id, j.project, j.state, j.revision, j.ordinal, j.person_id, j.author, j.is_bot,
        j.subject, j.is_complete, j.rule, j.rule_version, j.weight, j.evidence, f.is_confirmed, f.detail,
        j.weight / nullif(sum(j.weight) OVER list, 0) AS share,
        sum(CASE WHEN f.is_confirmed THEN 1 ELSE 0 END) OVER list AS confirmed_count,
        sum(CASE WHEN f.is_confirmed IS NULL THEN j.weight ELSE 0.0 END) OVER list AS open_weight,
        count(*) OVER list AS change_count,
        row_number() OVER list AS model_rank
    FROM step.judgement AS j
    LEFT JOIN found AS f ON f.problem_id = j.problem_id AND f.revision = j.revision
    WHERE j.turn = 'break'
    WINDOW list AS (
        PARTITION BY j.problem_id ORDER BY j.weight DESC, j.ordinal
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    )
), decided AS (
    SELECT
        l.problem_id, l.series_id, l.project, l.state, l.revision, l.ordinal, l.person_id, l.author, l.is_bot,
        l.subject, l.is_complete, l.rule, l.rule_version, l.weight, l.evidence, l.is_confirmed, l.detail,
        l.change_count, l.model_rank, l.share * (1.0 - n.probability) AS model_suspicion,
        CASE
            WHEN l.confirmed_count > 0 THEN 0.0
            WHEN l.open_weight = 0 THEN 1.0
            ELSE n.probability
        END AS nobody,
        CASE
            WHEN l.confirmed_count > 0 THEN CASE WHEN l.is_confirmed THEN 1.0 / l.confirmed_count ELSE 0.0 END
            WHEN l.is_confirmed IS NOT NULL OR l.open_weight = 0 THEN 0.0
            ELSE l.weight / l.open_weight * (1.0 - n.probability)
        END AS suspicion
    FROM listed AS l
    JOIN step.nobody AS n ON n.problem_id = l.problem_id
    WHERE l.weight > 0
)
SELECT
    problem_id, series_id, project, state,
    CAST(row_number() OVER (PARTITION BY problem_id ORDER BY suspicion DESC, model_rank) AS BIGINT) AS rank,
    revision, person_id, author, is_bot, subject, suspicion, nobody,
    CAST(model_rank AS BIGINT) AS model_rank, model_suspicion, is_confirmed,
    CASE change_count
        WHEN 1 THEN 'the only change' ELSE 'one of ' || CAST(change_count AS VARCHAR) || ' changes'
    END
        || CASE WHEN evidence = '' THEN '' ELSE '; ' || evidence END
        || CASE WHEN detail IS NULL THEN '' ELSE '; ' || detail END AS evidence,
    is_complete, rule, rule_version
FROM decided
