-- Each test in the newest days beside the days before
-- The newest `compare_sample_days` days of each lane against the `compare_base_days` before them. Any other two
-- windows, branches or builders: `annals compare`, or `compare_windows` of docs/functions.md. Counts are exact where a
-- test ran at each position of its lane; where it did not and a window cuts a streak, they are its share of the streak.
-- Grain: one row per test, branch and builder that ran in either window
-- project: the project
-- branch: the branch
-- builder: the builder
-- test_id: the test, whatever the builder and branch
-- suite: everything that qualifies the test's name
-- name: the test's own name; may hold dots
-- base_passed: positions that passed before, flaky ones counted
-- base_failed: positions that failed before
-- sample_passed: positions that passed in the newest days, flaky ones counted
-- sample_failed: positions that failed in the newest days
-- base_rate: failing share before; null when it did not run
-- sample_rate: failing share in the newest days; null when it did not run
-- p_value: Fisher's exact test, one-sided; null when it failed in neither
-- q_value: share of false alarms if all tests of this p_value and less are said to differ
-- status: regressed, improved, same, new, new_failing or vanished
SELECT
    project, branch, builder, test_id, suite, name, base_passed, base_failed, sample_passed, sample_failed,
    base_rate, sample_rate, p_value, q_value, status
FROM compare_windows('', '')
