-- What did one test do in all its builds?
SELECT builder, position, attempt, outcome, duration_us
FROM raw.outcome
WHERE test_id = {test_id}
ORDER BY builder, position, attempt
