-- Which tests have grown slower, lately against before?
SELECT
    test_id,
    avg(duration_us) FILTER (WHERE position > {position}) / avg(duration_us) FILTER (WHERE position <= {position})
        AS growth_ratio
FROM raw.outcome
WHERE outcome = 'passed'
GROUP BY test_id
ORDER BY growth_ratio DESC, test_id
LIMIT 50
