-- Suites: how they are doing now
-- Of the tests that still run on the lane, by their newest verdicts.
-- Grain: one row per project, branch, builder and suite
-- project: the project
-- branch: the branch
-- builder: the builder
-- suite: everything that qualifies the test's name
-- test_count: tests that still run
-- failing_count: tests whose newest verdict is fail
-- flaky_count: tests that are flaky by mart.flaky_test's rules
-- skipped_count: tests whose newest verdict is skip
-- passing_ratio: tests whose newest verdict is pass, by those not skipped
-- problem_count: open problems
WITH live AS (
    SELECT
        s.project, s.branch, s.builder, s.suite,
        count(*) AS test_count,
        count(*) FILTER (WHERE s.verdict = 'fail') AS failing_count,
        count(*) FILTER (WHERE f.series_id IS NOT NULL) AS flaky_count,
        count(*) FILTER (WHERE s.verdict = 'skip') AS skipped_count,
        count(*) FILTER (WHERE s.verdict = 'pass') AS passing_count
    FROM step.live_series AS s
    LEFT JOIN mart.flaky_test AS f ON f.series_id = s.series_id
    WHERE s.kind = 'test'
    GROUP BY s.project, s.branch, s.builder, s.suite
), opened AS (
    SELECT project, branch, builder, suite, count(*) AS problem_count
    FROM step.episode
    WHERE state = 'open' AND kind IN ('test', 'suite')
    GROUP BY project, branch, builder, suite
)
SELECT
    l.project, l.branch, l.builder, l.suite, l.test_count, l.failing_count, l.flaky_count, l.skipped_count,
    CAST(l.passing_count AS DOUBLE) / nullif(l.test_count - l.skipped_count, 0) AS passing_ratio,
    coalesce(o.problem_count, 0) AS problem_count
FROM live AS l
LEFT JOIN opened AS o
    ON o.project = l.project AND o.branch = l.branch AND o.builder = l.builder AND o.suite = l.suite
