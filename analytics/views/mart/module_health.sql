-- Modules: how they are doing now
-- The figures of mart.suite_health added up. A module is the suites whose names differ only behind the last `::`, or
-- else the last `/`, or else the last dot; a name without any is a module itself.
-- Grain: one row per project, branch, builder and module
-- project: the project
-- branch: the branch
-- builder: the builder
-- module: what the names of its suites begin with
-- suite_count: suites with tests that still run
-- test_count: tests that still run
-- failing_count: tests whose newest verdict is fail
-- flaky_count: tests that are flaky by mart.flaky_test's rules
-- skipped_count: tests whose newest verdict is skip
-- passing_ratio: tests whose newest verdict is pass, by those not skipped
-- problem_count: open problems
WITH placed AS (
    SELECT
        project, branch, builder, test_count, failing_count, flaky_count, skipped_count, problem_count,
        coalesce(passing_ratio, 0.0) * (test_count - skipped_count) AS passing_count,
        CASE
            WHEN suite LIKE '%::%' THEN regexp_replace(suite, '^(.*)::.*$', '\1', 's')
            WHEN suite LIKE '%/%' THEN regexp_replace(suite, '^(.*)/.*$', '\1', 's')
            ELSE regexp_replace(suite, '^(.*)[.].*$', '\1', 's')
        END AS module
    FROM mart.suite_health
), summed AS (
    SELECT
        project, branch, builder, module,
        count(*) AS suite_count,
        CAST(sum(test_count) AS BIGINT) AS test_count,
        CAST(sum(failing_count) AS BIGINT) AS failing_count,
        CAST(sum(flaky_count) AS BIGINT) AS flaky_count,
        CAST(sum(skipped_count) AS BIGINT) AS skipped_count,
        CAST(sum(problem_count) AS BIGINT) AS problem_count,
        sum(passing_count) AS passing_count
    FROM placed
    GROUP BY project, branch, builder, module
)
SELECT
    project, branch, builder, module, suite_count, test_count, failing_count, flaky_count, skipped_count,
    passing_count / nullif(test_count - skipped_count, 0) AS passing_ratio, problem_count
FROM summed
