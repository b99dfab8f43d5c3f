-- Builders: how they are doing
-- Patch builds are left out.
-- Grain: one row per project, branch and builder
-- project: the project
-- branch: the branch
-- builder: the builder
-- build_count: builds
-- success_count: builds with result success or warnings
-- failure_count: builds with result failure
-- exception_count: builds with result exception
-- success_ratio: success_count by the builds that ran to their end (success, warnings, failure)
-- last_build_id: the build of the newest position
-- last_result: result of the last build
-- last_position: last position
-- last_built_at: when the last build began
-- median_duration_ms: median length of its builds, milliseconds
-- open_problem_count: open problems
WITH counted AS (
    SELECT
        project, branch, builder,
        count(*) AS build_count,
        count(*) FILTER (WHERE result IN ('success', 'warnings')) AS success_count,
        count(*) FILTER (WHERE result = 'failure') AS failure_count,
        count(*) FILTER (WHERE result = 'exception') AS exception_count,
        last_value(build_id ORDER BY position, built_at, build_id) AS last_build_id,
        last_value(result ORDER BY position, built_at, build_id) AS last_result,
        max(position) AS last_position,
        max(built_at) AS last_built_at,
        median(duration_ms) AS median_duration_ms
    FROM step.dated_build
    GROUP BY project, branch, builder
), opened AS (
    SELECT project, branch, builder, count(*) AS open_problem_count
    FROM step.episode
    WHERE state = 'open'
    GROUP BY project, branch, builder
)
SELECT
    c.project, c.branch, c.builder, c.build_count, c.success_count, c.failure_count, c.exception_count,
    CAST(c.success_count AS DOUBLE) / nullif(c.success_count + c.failure_count, 0) AS success_ratio,
    c.last_build_id, c.last_result, c.last_position, c.last_built_at, c.median_duration_ms,
    coalesce(o.open_problem_count, 0) AS open_problem_count
FROM counted AS c
LEFT JOIN opened AS o ON o.project = c.project AND o.branch = c.branch AND o.builder = c.builder
