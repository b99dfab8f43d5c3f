-- How often do the tests of each module pass?
SELECT
    split_part(suite, '.', 2) AS module, count(*) AS outcome_count,
    count(*) FILTER (WHERE outcome = 'passed') * 1.0 / count(*) AS pass_rate
FROM raw.outcome
WHERE outcome <> 'skipped'
GROUP BY split_part(suite, '.', 2)
ORDER BY pass_rate, module
LIMIT 50
