-- Suites day by day: pass rates, counts and lengths
-- Counted when outcomes come in, so that windows, branches and builders of any length are compared at once, also after
-- their outcomes were let go. For a window add up the counts of its days; a module is the suites that begin alike.
-- Patch builds are left out; days are those of the code in UTC, a build's own where its change came later.
-- Grain: one row per project, branch, builder, suite and day
-- project: the project
-- branch: the branch
-- builder: the builder
-- suite: everything that qualifies the tests' names
-- day: the day, UTC
-- build_count: builds that ran tests of the suite
-- outcome_count: outcomes, attempts counted
-- passed_count: outcomes passed or xfailed
-- failed_count: outcomes failed, errored or xpassed
-- skipped_count: outcomes skipped
-- passed_ratio: passed outcomes by passed and failed ones
-- timed_count: outcomes not skipped whose length is known
-- total_ms: these together
-- mean_ms: their mean
WITH summed AS (
    SELECT
        project, branch, builder, suite, CAST(day AS DATE) AS day,
        sum(build_count) AS build_count, sum(outcome_count) AS outcome_count, sum(passed_count) AS passed_count,
        sum(failed_count) AS failed_count, sum(skipped_count) AS skipped_count, sum(timed_count) AS timed_count,
        sum(duration_us) / 1000.0 AS total_ms
    FROM raw.tally
    GROUP BY project, branch, builder, suite, CAST(day AS DATE)
)
SELECT
    project, branch, builder, suite, day, build_count, outcome_count, passed_count, failed_count, skipped_count,
    CAST(passed_count AS DOUBLE) / nullif(passed_count + failed_count, 0) AS passed_ratio,
    timed_count, total_ms, total_ms / nullif(timed_count, 0) AS mean_ms
FROM summed
