-- Which failure texts were seen most often?
SELECT m.signature, count(*) AS failure_count, count(DISTINCT o.test_id) AS test_count
FROM raw.outcome AS o
JOIN raw.message AS m ON m.message_id = o.message_id
GROUP BY m.signature
ORDER BY failure_count DESC, m.signature
LIMIT 50
