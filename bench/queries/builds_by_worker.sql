-- How do the builds of each worker end?
SELECT worker, result, count(*) AS build_count
FROM raw.build
GROUP BY worker, result
ORDER BY worker, result
