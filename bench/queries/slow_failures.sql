-- Which tests take longer to fail than to pass?
SELECT test_id, avg(duration_us) FILTER (WHERE outcome = 'failed') / avg(duration_us) FILTER (WHERE outcome = 'passed')
    AS ratio
FROM raw.outcome
GROUP BY test_id
HAVING count(*) FILTER (WHERE outcome = 'failed') > 5
ORDER BY ratio DESC, test_id
LIMIT 50
