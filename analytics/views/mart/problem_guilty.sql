-- Problems with the names of the guilty
-- What lists show: one line says what broke, since when and through whom.
-- Grain: one row per problem
-- problem_id: the problem: series and opening position
-- incident_id: the incident: branch, last good and opening position
-- series_id: one test on one builder of one branch
-- test_id: the test, whatever the builder and branch
-- project: the project
-- branch: the branch
-- builder: the builder
-- kind: test, suite (as a whole), step or build
-- suite: everything that qualifies the test's name
-- name: the test's own name; may hold dots
-- state: open, resolved or vanished
-- origin: regression, or born_failing
-- opened_at: when the first failing revision was committed
-- opened_position: first failing position
-- opened_revision: first failing revision
-- age_days: days to its end, or to now
-- change_count: changes of the blamelist; null when born failing
-- guilty: names of the guilty, by name; null where nobody is
-- signature: the failure text's first line with its accidental parts masked
WITH named AS (
    SELECT problem_id, string_agg(author, ', ' ORDER BY author) AS guilty
    FROM mart.guilty
    GROUP BY problem_id
)
SELECT
    p.problem_id, p.incident_id, p.series_id, p.test_id, p.project, p.branch, p.builder, p.kind, p.suite, p.name,
    p.state, p.origin, p.opened_at, p.opened_position, p.opened_revision, p.age_days, p.change_count,
    n.guilty, p.signature
FROM mart.problem AS p
LEFT JOIN named AS n ON n.problem_id = p.problem_id
