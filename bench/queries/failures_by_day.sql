-- How many failures were there each day, by builder?
SELECT date_trunc('day', b.started_at) AS day, o.builder, count(*) AS failure_count
FROM raw.outcome AS o
JOIN raw.build AS b ON b.build_id = o.build_id
WHERE o.outcome IN ('failed', 'errored')
GROUP BY date_trunc('day', b.started_at), o.builder
ORDER BY day, o.builder
