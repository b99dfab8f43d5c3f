-- Time to fix: resolved problems with their fixers
-- Grain: one row per resolved problem
-- project: the project
-- branch: the branch
-- builder: the builder
-- problem_id: the problem: series and opening position
-- kind: test, suite (as a whole), step or build
-- suite: everything that qualifies the test's name
-- name: the test's own name; may hold dots
-- opened_at: when the first failing revision was committed
-- resolved_at: when the revision that passed again was committed
-- hours_to_resolve: hours from opening to resolution; null while open
-- fixed_person_id: who fixed it, where that is known
-- fixed_author: the fixer's name
-- fixed_revision: the one change that fixed it
SELECT
    e.project, e.branch, e.builder, e.problem_id, e.kind, e.suite, e.name, e.opened_at, e.resolved_at,
    (date_part('epoch', e.resolved_at) - date_part('epoch', e.opened_at)) / 3600.0 AS hours_to_resolve,
    f.person_id AS fixed_person_id, f.author AS fixed_author, f.revision AS fixed_revision
FROM step.episode AS e
LEFT JOIN step.fix AS f ON f.problem_id = e.problem_id
WHERE e.resolved_position IS NOT NULL
