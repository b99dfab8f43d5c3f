-- Incidents with the names of the guilty
-- Grain: one row per incident
-- incident_id: the incident: branch, last good and opening position
-- project: the project
-- branch: the branch
-- builder: the builder
-- state: open, resolved or vanished
-- title: the main problem and how many there are besides
-- opened_at: when the first failing revision was committed
-- opened_position: first failing position
-- opened_revision: first failing revision
-- resolved_revision: where its last problem was resolved
-- change_count: changes of the blamelist; null when born failing
-- problem_count: problems
-- guilty: names of the guilty of its main problem, by name; null where nobody is
WITH named AS (
    SELECT problem_id, string_agg(author, ', ' ORDER BY author) AS guilty
    FROM mart.guilty
    GROUP BY problem_id
)
SELECT
    i.incident_id, i.project, i.branch, i.builder, i.state, i.title, i.opened_at, i.opened_position, i.opened_revision,
    i.resolved_revision, i.change_count, i.problem_count, n.guilty
FROM mart.incident AS i
LEFT JOIN named AS n ON n.problem_id = i.main_problem_id
