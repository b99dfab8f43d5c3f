-- Flaky tests
-- A test is flaky when it both passed and failed at one position (same_revision), or when its verdict flips more often
-- than breaks and fixes explain (flip_rate).
-- Grain: one row per flaky series of a test
-- series_id: one test on one builder of one branch
-- test_id: the test, whatever the builder and branch
-- project: the project
-- branch: the branch
-- builder: the builder
-- suite: everything that qualifies the test's name
-- name: the test's own name; may hold dots
-- position_count: tested positions
-- flaky_position_count: positions that both passed and failed
-- flip_count: changes between pass and fail along the series
-- flip_rate: flips by steps between positions
-- failed_ratio: share of positions that failed
-- last_flaky_at: when it last passed and failed at one position
-- rule: name of the rule
-- rule_version: version of the rule
-- parameters: thresholds that were used
SELECT
    series_id, test_id, project, branch, builder, suite, name, position_count, flaky_position_count, flip_count,
    flip_rate, failed_ratio, last_flaky_at, rule, rule_version, parameters
FROM step.flaky_series
WHERE kind IN ('test', 'suite')
