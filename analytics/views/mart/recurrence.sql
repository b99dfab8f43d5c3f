-- Incidents that came back
-- An incident recurs when a problem of it fails in the words of an earlier one's that was over by then (the same
-- cluster, step.problem_cluster), or is of a test that was mended before. The newest such incident is named.
-- Grain: one row per incident that recurs, and why
-- Judged: every incident asks for its own
-- incident_id: the incident
-- project: the project
-- branch: the branch
-- opened_at: when it opened
-- earlier_incident_id: the newest incident like it before
-- earlier_resolved_at: when that one's problem was resolved
-- why: same_words or same_test
-- problem_count: problems of the incident that recur so
WITH placed AS (
    SELECT
        e.series_id, i.incident_id, e.project, e.branch, e.opened_at, e.opened_position, e.resolved_at, c.cluster_id
    FROM step.episode AS e
    JOIN step.incident_member AS i ON i.problem_id = e.problem_id
    LEFT JOIN step.problem_cluster AS c ON c.problem_id = e.problem_id
), event AS (
    -- What ends at the instant at which something begins was over by then.
    SELECT
        incident_id, project, branch, cluster_id, resolved_at AS at, 1 AS turn, count(*) AS problem_count,
        incident_id AS ended, resolved_at AS ended_at
    FROM placed
    WHERE resolved_at IS NOT NULL AND cluster_id IS NOT NULL
    GROUP BY incident_id, project, branch, cluster_id, resolved_at
    UNION ALL
    SELECT
        incident_id, project, branch, cluster_id, opened_at AS at, 2 AS turn, count(*) AS problem_count,
        NULL AS ended, NULL AS ended_at
    FROM placed
    WHERE cluster_id IS NOT NULL
    GROUP BY incident_id, project, branch, cluster_id, opened_at
), met AS (
    SELECT
        incident_id, project, branch, at AS opened_at, 'same_words' AS why, turn, problem_count,
        last_value(ended) IGNORE NULLS OVER before AS ended, max(ended_at) OVER before AS ended_at
    FROM event
    WINDOW before AS (PARTITION BY project, cluster_id ORDER BY at, turn, incident_id ROWS UNBOUNDED PRECEDING)
    UNION ALL
    SELECT
        incident_id, project, branch, opened_at, 'same_test' AS why, 2 AS turn, 1 AS problem_count,
        last_value(CASE WHEN resolved_at IS NOT NULL THEN incident_id END) IGNORE NULLS OVER before AS ended,
        max(resolved_at) OVER before AS ended_at
    FROM placed
    WINDOW before AS (
        PARTITION BY series_id ORDER BY opened_position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
)
SELECT
    incident_id, project, branch, min(opened_at) AS opened_at,
    last_value(ended ORDER BY ended_at, ended) AS earlier_incident_id,
    max(ended_at) AS earlier_resolved_at,
    why, CAST(sum(problem_count) AS BIGINT) AS problem_count
FROM met
WHERE turn = 2 AND ended <> incident_id
GROUP BY incident_id, project, branch, why
