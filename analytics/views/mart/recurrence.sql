-- Incidents that came back
-- An incident recurs when a problem of it fails in the words of an earlier one's that was over by then (the same
-- cluster, step.problem_cluster), or is of a test that was mended before. The newest such incident is named.
-- Grain: one row per incident that recurs, and why
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
        e.problem_id, i.incident_id, e.project, e.branch, e.builder, e.test_id, e.opened_at, e.resolved_at, e.origin,
        c.cluster_id
    FROM step.episode AS e
    JOIN step.incident_member AS i ON i.problem_id = e.problem_id
    LEFT JOIN step.problem_cluster AS c ON c.problem_id = e.problem_id
), met AS (
    SELECT
        n.problem_id, n.incident_id, n.project, n.branch, n.opened_at, o.incident_id AS earlier, o.resolved_at,
        'same_words' AS why
    FROM placed AS n
    JOIN placed AS o ON o.project = n.project AND o.cluster_id = n.cluster_id
    WHERE o.resolved_at <= n.opened_at AND o.incident_id <> n.incident_id
    UNION ALL
    SELECT
        n.problem_id, n.incident_id, n.project, n.branch, n.opened_at, o.incident_id AS earlier, o.resolved_at,
        'same_test' AS why
    FROM placed AS n
    JOIN placed AS o
        ON o.project = n.project AND o.branch = n.branch AND o.builder = n.builder AND o.test_id = n.test_id
    WHERE o.resolved_at <= n.opened_at AND o.incident_id <> n.incident_id
)
SELECT
    incident_id, project, branch, min(opened_at) AS opened_at,
    last_value(earlier ORDER BY resolved_at, earlier) AS earlier_incident_id,
    max(resolved_at) AS earlier_resolved_at,
    why, count(DISTINCT problem_id) AS problem_count
FROM met
GROUP BY incident_id, project, branch, why
