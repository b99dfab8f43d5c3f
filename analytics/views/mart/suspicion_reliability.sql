-- Is suspicion what it says: the reliability curve
-- Of all changes that had a suspicion of 30 to 40%, a third should turn out to be the culprit. Over the suspects of
-- problems whose culprit is known, by what the evidence alone had said.
-- Grain: one row per project and tenth of suspicion
-- project: the project
-- low: suspicions from here
-- high: up to here
-- suspect_count: suspects with such a suspicion
-- mean_suspicion: the mean of their suspicions
-- right_count: of those, the culprits
-- right_ratio: right_count by suspect_count
WITH known AS (
    SELECT DISTINCT problem_id FROM mart.suspect WHERE is_confirmed
), judged AS (
    SELECT
        s.project, s.model_suspicion, coalesce(s.is_confirmed, false) AS is_right,
        least(floor(s.model_suspicion * 10), 9) / 10 AS low
    FROM mart.suspect AS s
    JOIN known AS k ON k.problem_id = s.problem_id
)
SELECT
    project, low, low + 0.1 AS high, count(*) AS suspect_count, avg(model_suspicion) AS mean_suspicion,
    count(*) FILTER (WHERE is_right) AS right_count,
    CAST(count(*) FILTER (WHERE is_right) AS DOUBLE) / count(*) AS right_ratio
FROM judged
GROUP BY project, low
