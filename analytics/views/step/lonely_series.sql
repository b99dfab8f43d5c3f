-- Series that failed at one position between two passes
-- Grain: one row per series with such a failure
-- Judged: nobody's probability stands on it
-- series_id: one test on one builder of one branch
-- lonely_count: such failures
SELECT series_id, count(*) AS lonely_count
FROM step.episode
WHERE failed_position_count = 1 AND state = 'resolved'
GROUP BY series_id
