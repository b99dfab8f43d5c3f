-- Which builds spent most time in tests?
SELECT build_id, sum(duration_us) / 1e6 AS total_seconds, count(*) AS outcome_count
FROM raw.outcome
GROUP BY build_id
ORDER BY total_seconds DESC, build_id
LIMIT 20
