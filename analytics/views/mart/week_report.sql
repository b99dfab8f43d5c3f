-- The weekly quality report
-- Only weeks in which something happened. Patch builds are left out; weeks begin on Monday, UTC.
-- Grain: one row per project, branch and week
-- project: the project
-- branch: the branch
-- week: its Monday
-- build_count: builds
-- success_ratio: builds with result success or warnings, by those that ran to their end
-- outcome_count: outcomes, attempts counted
-- passed_ratio: passed outcomes by passed and failed ones
-- opened_count: problems opened
-- resolved_count: problems resolved
-- open_count: problems open at the week's end
-- median_hours_to_resolve: of the problems resolved in the week
-- flaky_test_count: tests that began in the week to pass and fail at one revision
WITH week AS (
    SELECT
        project, branch, CAST(date_trunc('week', day) AS DATE) AS week,
        sum(build_count) AS build_count, sum(success_count) AS success_count, sum(finished_count) AS finished_count,
        sum(outcome_count) AS outcome_count, sum(passed_count) AS passed_count, sum(failed_count) AS failed_count,
        sum(opened_count) AS opened_count, sum(resolved_count) AS resolved_count,
        last_value(open_count ORDER BY day) AS open_count
    FROM mart.branch_day
    GROUP BY project, branch, CAST(date_trunc('week', day) AS DATE)
), resolved AS (
    SELECT
        project, branch, CAST(date_trunc('week', resolved_at) AS DATE) AS week,
        median((date_part('epoch', resolved_at) - date_part('epoch', opened_at)) / 3600.0) AS median_hours_to_resolve
    FROM step.episode
    WHERE resolved_at IS NOT NULL
    GROUP BY project, branch, CAST(date_trunc('week', resolved_at) AS DATE)
), flaky AS (
    SELECT
        project, branch, CAST(date_trunc('week', first_at) AS DATE) AS week,
        count(DISTINCT test_id) AS flaky_test_count
    FROM step.dated_streak
    WHERE verdict = 'flaky' AND kind = 'test' AND first_at IS NOT NULL
    GROUP BY project, branch, CAST(date_trunc('week', first_at) AS DATE)
)
SELECT
    w.project, w.branch, w.week, w.build_count,
    CAST(w.success_count AS DOUBLE) / nullif(w.finished_count, 0) AS success_ratio,
    w.outcome_count,
    CAST(w.passed_count AS DOUBLE) / nullif(w.passed_count + w.failed_count, 0) AS passed_ratio,
    w.opened_count, w.resolved_count, w.open_count, r.median_hours_to_resolve,
    coalesce(f.flaky_test_count, 0) AS flaky_test_count
FROM week AS w
LEFT JOIN resolved AS r ON r.project = w.project AND r.branch = w.branch AND r.week = w.week
LEFT JOIN flaky AS f ON f.project = w.project AND f.branch = w.branch AND f.week = w.week
