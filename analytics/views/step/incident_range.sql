-- Which incident each problem belongs to by the ranges alone
-- Problems with one range on one branch are one incident, as the same changes stand against them. A builder that builds
-- less often sees wider ranges: where two ranges share a change and each has a problem of the same test, or else of the
-- same signature, that of the wider range belongs to the narrower (ranges of 200 changes and more are left alone).
-- Grain: one row per problem
-- Kept: incidents and problems stand on it
-- problem_id: the problem: series and opening position
-- series_id: one test on one builder of one branch
-- episode_number: how many pass streaks of its series came before it
-- project: the project
-- branch: the branch
-- opened_position: where it opened
-- resolved_position: where it was resolved
-- range_incident_id: the incident of its range
-- incident_id: the incident of the narrowest range that has the same failure
WITH wide AS (
    SELECT DISTINCT incident_id, project, branch, good_position, opened_position
    FROM step.episode
    WHERE opened_position - good_position < 200
), change AS (
    SELECT
        incident_id, project, branch, opened_position, opened_position - good_position AS change_count,
        unnest(range(good_position + 1, opened_position + 1)) AS position
    FROM wide
), counted AS (
    SELECT
        incident_id, project, branch, opened_position, change_count, position,
        count(*) OVER (PARTITION BY project, branch, position) AS range_count
    FROM change
), shared AS (
    SELECT
        c.incident_id, c.project, c.branch, c.opened_position, c.change_count, c.position, e.problem_id, e.test_id,
        m.signature
    FROM counted AS c
    JOIN step.episode AS e ON e.incident_id = c.incident_id
    LEFT JOIN raw.message AS m ON m.message_id = e.message_id
    WHERE c.range_count > 1
), marked AS (
    SELECT
        problem_id, incident_id, project, branch, opened_position, change_count, position,
        0 AS kind, CAST(test_id AS VARCHAR) AS mark
    FROM shared
    UNION ALL
    SELECT problem_id, incident_id, project, branch, opened_position, change_count, position, 1 AS kind, signature
    FROM shared
    WHERE signature <> ''
), near AS (
    SELECT
        problem_id, incident_id, kind,
        first_value(problem_id) OVER narrow AS near_problem_id,
        first_value(incident_id) OVER narrow AS near_incident_id,
        first_value(change_count) OVER narrow AS near_change_count,
        first_value(opened_position) OVER narrow AS near_opened_position
    FROM marked
    WINDOW narrow AS (
        PARTITION BY project, branch, position, kind, mark
        ORDER BY change_count, opened_position, incident_id, problem_id
    )
), nearest AS (
    SELECT
        problem_id,
        first_value(near_problem_id ORDER BY kind, near_change_count, near_opened_position, near_problem_id)
            AS near_problem_id,
        first_value(near_incident_id ORDER BY kind, near_change_count, near_opened_position, near_problem_id)
            AS near_incident_id
    FROM near
    WHERE near_incident_id <> incident_id
    GROUP BY problem_id
), overlap AS (
    SELECT n.problem_id, coalesce(further.near_incident_id, n.near_incident_id) AS incident_id
    FROM nearest AS n
    LEFT JOIN nearest AS further ON further.problem_id = n.near_problem_id
)
SELECT
    e.problem_id, e.series_id, e.episode_number, e.project, e.branch, e.opened_position, e.resolved_position,
    e.incident_id AS range_incident_id, coalesce(o.incident_id, e.incident_id) AS incident_id
FROM step.episode AS e
LEFT JOIN overlap AS o ON o.problem_id = e.problem_id
