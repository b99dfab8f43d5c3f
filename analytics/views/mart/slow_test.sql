-- Slow tests
-- Over all attempts whose length is known: this reads the outcomes of all tests, to compare them.
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
-- share_ratio: its part of the time that all tests of this builder and branch took
SELECT
    test_id, project, branch, builder, suite, name, run_count, median_ms, p95_ms, max_ms, total_ms,
    total_ms / nullif(sum(total_ms) OVER (PARTITION BY project, branch, builder), 0) AS share_ratio
FROM mart.test_duration
