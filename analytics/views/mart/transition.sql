-- Transitions: where a verdict changed
-- Grain: one row per edge between two streaks of a series
-- series_id: one test on one builder of one branch
-- test_id: the test, whatever the builder and branch
-- project: the project
-- branch: the branch
-- builder: the builder
-- kind: test, suite (as a whole), step or build
-- suite: everything that qualifies the test's name
-- name: the test's own name; may hold dots
-- from_verdict: verdict before
-- to_verdict: verdict after
-- from_position: last position of the streak before
-- position: first position of the streak after
-- revision: first revision of the streak after
-- build_id: first build of the streak after
-- at: when that revision was committed
WITH followed AS (
    SELECT
        series_id, test_id, project, branch, builder, kind, suite, name, verdict,
        first_position, first_revision, first_build_id, first_at,
        lag(verdict) OVER history AS from_verdict,
        lag(last_position) OVER history AS from_position
    FROM step.dated_streak
    WINDOW history AS (PARTITION BY series_id ORDER BY first_position)
)
SELECT
    series_id, test_id, project, branch, builder, kind, suite, name,
    from_verdict, verdict AS to_verdict, from_position, first_position AS position,
    first_revision AS revision, first_build_id AS build_id, first_at AS at
FROM followed
WHERE from_verdict IS NOT NULL
