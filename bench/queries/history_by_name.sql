-- What did the tests of a name do, whoever holds them?
SELECT suite, builder, outcome, count(*) AS outcome_count
FROM raw.outcome
WHERE name = '{name}'
GROUP BY suite, builder, outcome
ORDER BY suite, builder, outcome
