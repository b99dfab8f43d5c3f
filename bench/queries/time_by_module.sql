-- Where does the time go?
SELECT split_part(suite, '.', 2) AS module, builder, sum(duration_us) / 1e6 AS total_seconds
FROM raw.outcome
GROUP BY split_part(suite, '.', 2), builder
ORDER BY total_seconds DESC, module, builder
LIMIT 50
