-- Problems by author
-- Empty when the setting author_stats is 0.
-- Grain: one row per person, problem and role
-- person_id: the person
-- author: name of the author
-- problem_id: the problem: series and opening position
-- role: guilty, suspect (on the blamelist with suspicion, not guilty), fixed
-- suspicion: of the person's changes together; null for role fixed
-- project: the project
-- branch: the branch
-- builder: the builder
-- suite: everything that qualifies the test's name
-- name: the test's own name; may hold dots
-- state: open, resolved or vanished
-- opened_at: when the first failing revision was committed
-- resolved_at: when the revision that passed again was committed
WITH switch AS (
    SELECT value <> 0 AS is_on FROM raw.setting WHERE name = 'author_stats'
), part AS (
    SELECT
        person_id, author, problem_id, CASE WHEN is_guilty THEN 'guilty' ELSE 'suspect' END AS role, suspicion
    FROM step.accused
    UNION ALL
    SELECT person_id, author, problem_id, 'fixed', NULL
    FROM step.fix
)
SELECT
    p.person_id, p.author, p.problem_id, p.role, p.suspicion,
    e.project, e.branch, e.builder, e.suite, e.name, e.state, e.opened_at, e.resolved_at
FROM switch AS s
CROSS JOIN part AS p
JOIN step.episode AS e ON e.problem_id = p.problem_id
WHERE s.is_on
