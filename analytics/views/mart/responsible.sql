-- Who should look at a problem
-- Grain: one row per problem, person and reason
-- problem_id: the problem: series and opening position
-- person_id: the person
-- author: name of the author
-- why: guilty, owner (of a pattern that the suite is like), assigned (by a note)
WITH owner AS (
    SELECT o.project, o.pattern, o.person_id, p.name FROM raw.module_owner AS o
    JOIN raw.person AS p ON p.person_id = o.person_id
)
SELECT problem_id, person_id, author, 'guilty' AS why
FROM mart.guilty
UNION ALL
SELECT DISTINCT e.problem_id, o.person_id, o.name, 'owner'
FROM step.episode AS e
JOIN owner AS o ON o.project = e.project AND e.suite LIKE o.pattern
UNION ALL
SELECT e.problem_id, e.assigned_person_id, p.name, 'assigned'
FROM mart.problem AS e
JOIN raw.person AS p ON p.person_id = e.assigned_person_id
