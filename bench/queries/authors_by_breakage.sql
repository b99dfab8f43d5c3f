-- At whose changes did tests fail?
SELECT c.author_name, count(*) AS failure_count, count(DISTINCT o.build_id) AS build_count
FROM raw.outcome AS o
JOIN raw.build AS b ON b.build_id = o.build_id
JOIN raw.change AS c ON c.project = b.project AND c.revision = b.revision
WHERE o.outcome IN ('failed', 'errored')
GROUP BY c.author_name
ORDER BY failure_count DESC, c.author_name
