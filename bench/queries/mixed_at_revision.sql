-- Which tests failed on one builder and passed on another at the same revision?
SELECT test_id, count(*) AS position_count
FROM (
    SELECT test_id, position
    FROM raw.outcome
    WHERE position > {position} AND outcome IN ('passed', 'failed')
    GROUP BY test_id, position
    HAVING count(DISTINCT outcome) = 2
) AS mixed
GROUP BY test_id
ORDER BY position_count DESC, test_id
LIMIT 50
