-- Readiness: which suites are fit to be released, builder by builder
-- A suite is not ready when a test of it regressed between the usual windows (`window_comparison`) or a new one does
-- not pass often enough: the table of component readiness of OpenShift's Sippy, with a bound on false alarms.
-- Grain: one row per project, branch, builder and suite
-- Judged: it compares all tests, whatever is asked of it
-- project: the project
-- branch: the branch
-- builder: the builder
-- suite: everything that qualifies the tests' names
-- status: ready, regressed, or extreme when a test's rate is worse by `compare_extreme_effect` at least
-- test_count: tests that ran in either window
-- regressed_count: tests that regressed
-- new_failing_count: new tests that do not pass often enough
-- improved_count: tests that improved
-- vanished_count: tests that ran before and do not run now
-- base_rate: failing share of all positions before
-- sample_rate: failing share of all positions in the newest days
-- worst_test: the surest regression
-- worst_q_value: its share of false alarms
WITH threshold AS (
    SELECT value AS extreme_effect FROM raw.setting WHERE name = 'compare_extreme_effect'
), judged AS (
    SELECT
        project, branch, builder, suite, name, base_passed, base_failed, sample_passed, sample_failed,
        status, q_value, sample_rate - coalesce(base_rate, 0.0) AS effect
    FROM mart.window_comparison
), counted AS (
    SELECT
        project, branch, builder, suite, count(*) AS test_count,
        count(*) FILTER (WHERE status = 'regressed') AS regressed_count,
        count(*) FILTER (WHERE status = 'new_failing') AS new_failing_count,
        count(*) FILTER (WHERE status = 'improved') AS improved_count,
        count(*) FILTER (WHERE status = 'vanished') AS vanished_count,
        max(effect) FILTER (WHERE status IN ('regressed', 'new_failing')) AS worst_effect,
        CAST(sum(base_failed) AS DOUBLE) / nullif(sum(base_failed + base_passed), 0) AS base_rate,
        CAST(sum(sample_failed) AS DOUBLE) / nullif(sum(sample_failed + sample_passed), 0) AS sample_rate,
        first_value(name ORDER BY q_value, name) FILTER (WHERE status = 'regressed') AS worst_test,
        min(q_value) FILTER (WHERE status = 'regressed') AS worst_q_value
    FROM judged
    GROUP BY project, branch, builder, suite
)
SELECT
    c.project, c.branch, c.builder, c.suite,
    CASE
        WHEN c.regressed_count + c.new_failing_count = 0 THEN 'ready'
        WHEN c.worst_effect >= t.extreme_effect THEN 'extreme'
        ELSE 'regressed'
    END AS status,
    c.test_count, c.regressed_count, c.new_failing_count, c.improved_count, c.vanished_count,
    c.base_rate, c.sample_rate, c.worst_test, c.worst_q_value
FROM threshold AS t
CROSS JOIN counted AS c
