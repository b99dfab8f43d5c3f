-- Since when is each test there, and how many came each hundred positions?
SELECT since / 100 AS hundred, count(*) AS test_count
FROM (SELECT test_id, min(position) AS since FROM raw.outcome GROUP BY test_id) AS first
GROUP BY since / 100
ORDER BY hundred
