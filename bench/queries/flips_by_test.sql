-- Which tests change their minds most often?
WITH flip AS (
    SELECT
        test_id,
        outcome <> lag(outcome) OVER (PARTITION BY series_id ORDER BY position, build_id, attempt) AS is_flip
    FROM raw.outcome
    WHERE builder = 'builder-0'
)
SELECT test_id, count(*) AS flip_count
FROM flip
WHERE is_flip
GROUP BY test_id
ORDER BY flip_count DESC, test_id
LIMIT 50
