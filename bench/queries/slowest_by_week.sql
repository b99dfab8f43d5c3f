-- Which tests were slowest at the 95th percentile, week by week?
SELECT
    date_trunc('week', b.started_at) AS week, o.test_id,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY o.duration_us) AS p95_us
FROM raw.outcome AS o
JOIN raw.build AS b ON b.build_id = o.build_id
WHERE o.kind = 'test' AND o.builder = 'builder-0'
GROUP BY date_trunc('week', b.started_at), o.test_id
ORDER BY p95_us DESC, week, test_id
LIMIT 50
