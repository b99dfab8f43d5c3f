-- On which workers do tests fail more than elsewhere?
SELECT
    b.worker, o.builder, count(*) AS outcome_count,
    count(*) FILTER (WHERE o.outcome = 'failed') * 1.0 / count(*) AS failure_rate
FROM raw.outcome AS o
JOIN raw.build AS b ON b.build_id = o.build_id
WHERE o.outcome <> 'skipped'
GROUP BY b.worker, o.builder
ORDER BY b.worker, o.builder
