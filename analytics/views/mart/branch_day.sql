-- Branches day by day
-- Only days on which something was built, opened, resolved or vanished. Patch builds are left out;
-- days are those of the code in UTC: a build counts on the day on which its revision was committed.
-- Grain: one row per project, branch and day
-- project: the project
-- branch: the branch
-- day: the day, UTC
-- build_count: builds
-- success_count: builds with result success or warnings
-- finished_count: builds that ran to their end (success, warnings, failure)
-- outcome_count: outcomes, attempts counted
-- passed_count: outcomes passed or xfailed
-- failed_count: outcomes failed, errored or xpassed
-- skipped_count: outcomes skipped
-- passed_ratio: passed outcomes by passed and failed ones
-- opened_count: problems opened
-- resolved_count: problems resolved
-- vanished_count: problems vanished
-- open_count: problems open at the day's end
WITH built AS (
    SELECT
        project, branch, CAST(date_trunc('day', committed_at) AS DATE) AS day,
        count(*) AS build_count,
        count(*) FILTER (WHERE result IN ('success', 'warnings')) AS success_count,
        count(*) FILTER (WHERE result IN ('success', 'warnings', 'failure')) AS finished_count,
        sum(outcome_count) AS outcome_count, sum(passed_count) AS passed_count,
        sum(failed_count) AS failed_count, sum(skipped_count) AS skipped_count,
        0 AS opened_count, 0 AS resolved_count, 0 AS vanished_count
    FROM step.dated_build
    GROUP BY project, branch, CAST(date_trunc('day', committed_at) AS DATE)
), edged AS (
    SELECT
        project, branch, CAST(date_trunc('day', at) AS DATE) AS day,
        0 AS build_count, 0 AS success_count, 0 AS finished_count,
        0 AS outcome_count, 0 AS passed_count, 0 AS failed_count, 0 AS skipped_count,
        count(*) FILTER (WHERE edge = 'opened') AS opened_count,
        count(*) FILTER (WHERE edge = 'resolved') AS resolved_count,
        count(*) FILTER (WHERE edge = 'vanished') AS vanished_count
    FROM step.edge
    WHERE at IS NOT NULL
    GROUP BY project, branch, CAST(date_trunc('day', at) AS DATE)
), event AS (
    SELECT
        project, branch, day, build_count, success_count, finished_count, outcome_count, passed_count, failed_count,
        skipped_count, opened_count, resolved_count, vanished_count
    FROM built
    UNION ALL
    SELECT
        project, branch, day, build_count, success_count, finished_count, outcome_count, passed_count, failed_count,
        skipped_count, opened_count, resolved_count, vanished_count
    FROM edged
), summed AS (
    SELECT
        project, branch, day,
        sum(build_count) AS build_count, sum(success_count) AS success_count, sum(finished_count) AS finished_count,
        sum(outcome_count) AS outcome_count, sum(passed_count) AS passed_count,
        sum(failed_count) AS failed_count, sum(skipped_count) AS skipped_count,
        sum(opened_count) AS opened_count, sum(resolved_count) AS resolved_count, sum(vanished_count) AS vanished_count
    FROM event
    GROUP BY project, branch, day
)
SELECT
    project, branch, day, build_count, success_count, finished_count,
    outcome_count, passed_count, failed_count, skipped_count,
    CAST(passed_count AS DOUBLE) / nullif(passed_count + failed_count, 0) AS passed_ratio,
    opened_count, resolved_count, vanished_count,
    sum(opened_count - resolved_count - vanished_count) OVER (PARTITION BY project, branch ORDER BY day) AS open_count
FROM summed
