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
        e.problem_id, i.incident_id, e.project, e.branch, e.builder, e.test_id, e.opened_at, e.resolved_at,
        c.cluster_id
    FROM step.episode AS e
    JOIN step.incident_member AS i ON i.problem_id = e.problem_id
    LEFT JOIN step.problem_cluster AS c ON c.problem_id = e.problem_id
), event AS (
    -- What ends at the instant at which something begins was over by then.
    SELECT
        problem_id, incident_id, project, branch, builder, test_id, cluster_id, resolved_at AS at, 1 AS turn,
        incident_id AS ended, resolved_at AS ended_at
    FROM placed
    WHERE resolved_at IS NOT NULL
    UNION ALL
    SELECT
        problem_id, incident_id, project, branch, builder, test_id, cluster_id, opened_at AS at, 2 AS turn,
        NULL AS ended, NULL AS ended_at
    FROM placed
), met AS (
    SELECT
        problem_id, incident_id, project, branch, cluster_id, at, turn,
        last_value(ended) IGNORE NULLS OVER words AS words_ended,
        max(ended_at) OVER words AS words_ended_at,
        last_value(ended) IGNORE NULLS OVER test AS test_ended,
        max(ended_at) OVER test AS test_ended_at
    FROM event
    WINDOW
        words AS (PARTITION BY project, cluster_id ORDER BY at, turn, incident_id ROWS UNBOUNDED PRECEDING),
        test AS (
            PARTITION BY project, branch, builder, test_id ORDER BY at, turn, incident_id ROWS UNBOUNDED PRECEDING
        )
), told AS (
    SELECT
        m.problem_id, m.incident_id, m.project, m.branch, m.at, w.why,
        CASE WHEN w.why = 'same_words' THEN m.words_ended ELSE m.test_ended END AS ended,
        CASE WHEN w.why = 'same_words' THEN m.words_ended_at ELSE m.test_ended_at END AS ended_at
    FROM (VALUES ('same_words'), ('same_test')) AS w (why)
    CROSS JOIN met AS m
    WHERE m.turn = 2 AND (w.why = 'same_test' OR m.cluster_id IS NOT NULL)
)
SELECT
    incident_id, project, branch, min(at) AS opened_at,
    last_value(ended ORDER BY ended_at, ended) AS earlier_incident_id,
    max(ended_at) AS earlier_resolved_at,
    why, count(*) AS problem_count
FROM told
WHERE ended <> incident_id
GROUP BY incident_id, project, branch, why
