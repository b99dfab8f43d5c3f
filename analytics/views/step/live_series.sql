-- Series that still run, with their newest verdict
-- A series absent for `vanish_after` tested positions of its lane is left out.
-- Grain: one row per series that is present
-- series_id: one test on one builder of one branch
-- test_id: the test, whatever the builder and branch
-- project: the project
-- branch: the branch
-- builder: the builder
-- kind: test, suite (as a whole), step or build
-- suite: everything that qualifies the test's name
-- name: the test's own name; may hold dots
-- verdict: of the newest streak
-- last_position: where it was seen last
SELECT
    s.series_id, s.test_id, s.project, s.branch, s.builder, s.kind, s.suite, s.name, s.verdict, s.last_position
FROM raw.streak AS s
LEFT JOIN step.absence_limit AS a
    ON a.project = s.project AND a.branch = s.branch AND a.builder = s.builder
WHERE s.is_head AND (a.limit_position IS NULL OR s.last_position >= a.limit_position)
