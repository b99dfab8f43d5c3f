-- What was put together or taken apart
-- Grain: one row per problem that is not in the incident of its range
-- incident_id: the incident that the problem belongs to now
-- range_incident_id: the incident of its range, from which it was taken
-- problem_id: the problem: series and opening position
-- project: the project
-- branch: the branch
-- builder: the builder
-- suite: everything that qualifies the test's name
-- name: the test's own name; may hold dots
-- rule: overlap: the same failure in a narrower range; joins: people took its whole incident; leaves: only it
SELECT
    m.incident_id, m.range_incident_id, m.problem_id, e.project, e.branch, e.builder, e.suite, e.name, m.rule
FROM step.incident_member AS m
JOIN step.episode AS e ON e.problem_id = m.problem_id
WHERE m.rule <> 'range'
