-- Failures that say nearly the same, over tests, builders and time
-- One cause often breaks many tests in the same words, and comes back. Which problems are in a cluster says
-- step.problem_cluster; people move them by notes `same_as` and `apart`.
-- Grain: one row per project and cluster
-- project: the project
-- cluster_id: the cluster; stays the same when more problems join
-- signature: the oldest failure text of the cluster, its accidental parts masked
-- problem_count: problems
-- open_count: problems still open
-- incident_count: incidents
-- test_count: tests, whatever the builder
-- builder: the builders, by name
-- first_at: when the first problem opened
-- last_at: when the newest one opened
-- last_problem_id: the newest problem
SELECT
    c.project, c.cluster_id,
    first_value(c.signature ORDER BY e.opened_at, c.problem_id) AS signature,
    count(*) AS problem_count,
    count(*) FILTER (WHERE e.state = 'open') AS open_count,
    count(DISTINCT i.incident_id) AS incident_count,
    count(DISTINCT e.test_id) AS test_count,
    string_agg(DISTINCT e.builder, ', ' ORDER BY e.builder) AS builder,
    min(e.opened_at) AS first_at,
    max(e.opened_at) AS last_at,
    last_value(c.problem_id ORDER BY e.opened_at, c.problem_id) AS last_problem_id
FROM step.problem_cluster AS c
JOIN step.episode AS e ON e.problem_id = c.problem_id
JOIN step.incident_member AS i ON i.problem_id = c.problem_id
GROUP BY c.project, c.cluster_id
