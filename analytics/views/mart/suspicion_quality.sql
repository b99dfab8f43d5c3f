-- How often suspicion was right, month by month
-- Measured where something was found out later (step.confirmation), by what the evidence alone had said; nothing that
-- came later enters it. Only confirmed culprits count for the ranks; changes that were denied are counted apart.
-- Grain: one row per project and month in which problems opened whose culprit is known
-- Judged: it marks all that was judged
-- project: the project
-- month: first day of the month, UTC
-- judged_count: suspects confirmed as culprits
-- rank1_right_count: of those, the ones that had rank 1
-- rank1_ratio: rank1_right_count by judged_count
-- rank3_right_count: of those confirmed, the ones that had rank 3 or better
-- rank3_ratio: rank3_right_count by judged_count
-- log_loss: mean of the negative logarithm of their suspicion; 0 is certainty
-- false_blame_count: problems in which another change had more than `guilty_threshold`
WITH threshold AS (
    SELECT value AS guilty_threshold FROM raw.setting WHERE name = 'guilty_threshold'
), judged AS (
    SELECT
        s.project, s.problem_id, s.revision, s.model_rank, s.model_suspicion, s.is_confirmed,
        date_trunc('month', e.opened_at) AS month,
        max(CASE WHEN s.is_confirmed THEN 0.0 ELSE s.model_suspicion END) OVER (PARTITION BY s.problem_id)
            AS other_suspicion
    FROM mart.suspect AS s
    JOIN step.episode AS e ON e.problem_id = s.problem_id
)
SELECT
    j.project, CAST(j.month AS DATE) AS month, count(*) AS judged_count,
    count(*) FILTER (WHERE j.model_rank = 1) AS rank1_right_count,
    CAST(count(*) FILTER (WHERE j.model_rank = 1) AS DOUBLE) / count(*) AS rank1_ratio,
    count(*) FILTER (WHERE j.model_rank <= 3) AS rank3_right_count,
    CAST(count(*) FILTER (WHERE j.model_rank <= 3) AS DOUBLE) / count(*) AS rank3_ratio,
    avg(-ln(greatest(j.model_suspicion, 0.000000001))) AS log_loss,
    count(*) FILTER (WHERE j.other_suspicion > t.guilty_threshold) AS false_blame_count
FROM threshold AS t
CROSS JOIN judged AS j
WHERE j.is_confirmed
GROUP BY j.project, CAST(j.month AS DATE)
