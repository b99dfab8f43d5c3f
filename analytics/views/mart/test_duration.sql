-- How long tests take
-- Over all attempts whose length is known. Ask for one test, or one project and builder: this reads outcomes.
-- Grain: one row per test, branch and builder
-- test_id: the test, whatever the builder and branch
-- project: the project
-- branch: the branch
-- builder: the builder
-- suite: everything that qualifies the test's name
-- name: the test's own name; may hold dots
-- run_count: attempts with a length
-- median_ms: median, milliseconds
-- p95_ms: 95th percentile, milliseconds
-- max_ms: longest, milliseconds
-- total_ms: all its attempts together
SELECT
    test_id, project, branch, builder, suite, name,
    count(*) AS run_count,
    median(duration_us) / 1000.0 AS median_ms,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_us) / 1000.0 AS p95_ms,
    max(duration_us) / 1000.0 AS max_ms,
    sum(duration_us) / 1000.0 AS total_ms
FROM raw.outcome
WHERE kind = 'test' AND duration_us IS NOT NULL AND outcome <> 'skipped'
GROUP BY test_id, project, branch, builder, suite, name
