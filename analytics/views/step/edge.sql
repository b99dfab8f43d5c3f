-- Where problems begin and end
-- Grain: one row per problem and edge
-- problem_id: the problem: series and opening position
-- series_id: one test on one builder of one branch
-- test_id: the test, whatever the builder and branch
-- project: the project
-- branch: the branch
-- builder: the builder
-- kind: test, suite (as a whole), step or build
-- suite: everything that qualifies the test's name
-- name: the test's own name; may hold dots
-- is_reopened: an earlier problem of the series was resolved
-- edge: opened, resolved, vanished
-- at: when it happened
-- position: place of the revision in its branch's first-parent line
-- revision: commit id
-- build_id: the build that showed it; null for a vanished problem
WITH side AS (
    SELECT column1 AS edge FROM (VALUES ('opened'), ('resolved'), ('vanished'))
), marked AS (
    SELECT
        e.problem_id, e.series_id, e.test_id, e.project, e.branch, e.builder, e.kind, e.suite, e.name, e.is_reopened,
        s.edge,
        CASE s.edge WHEN 'opened' THEN e.opened_at WHEN 'resolved' THEN e.resolved_at ELSE e.vanished_at END AS at,
        CASE s.edge
            WHEN 'opened' THEN e.opened_position WHEN 'resolved' THEN e.resolved_position ELSE e.vanished_position
        END AS position,
        CASE s.edge
            WHEN 'opened' THEN e.opened_revision WHEN 'resolved' THEN e.resolved_revision ELSE e.vanished_revision
        END AS revision,
        CASE s.edge WHEN 'opened' THEN e.opened_build_id WHEN 'resolved' THEN e.resolved_build_id END AS build_id
    FROM side AS s
    CROSS JOIN step.episode AS e
)
SELECT
    problem_id, series_id, test_id, project, branch, builder, kind, suite, name, is_reopened,
    edge, at, position, revision, build_id
FROM marked
WHERE position IS NOT NULL
