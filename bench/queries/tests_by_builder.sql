-- How many tests does each builder run?
SELECT builder, count(DISTINCT test_id) AS test_count, count(*) AS outcome_count
FROM raw.outcome
GROUP BY builder
ORDER BY builder
