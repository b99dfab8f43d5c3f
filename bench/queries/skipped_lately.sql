-- Which tests are being skipped?
SELECT suite, name, count(*) AS skip_count
FROM raw.outcome
WHERE outcome = 'skipped' AND position > {position}
GROUP BY suite, name
ORDER BY suite, name
