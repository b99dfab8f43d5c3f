-- Which series failed most often?
SELECT series_id, count(*) AS failure_count
FROM raw.outcome
WHERE outcome IN ('failed', 'errored')
GROUP BY series_id
ORDER BY failure_count DESC, series_id
LIMIT 50
