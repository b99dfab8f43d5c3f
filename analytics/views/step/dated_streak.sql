-- Streaks on the time line of the code
-- Something happened when its revision was committed, whenever it was built: a backfilled history tells the same story
-- as one that was built from day to day. Where the change is not known, the build's own time stands in.
-- Grain: one row per streak
-- series_id: one test on one builder of one branch
-- test_id: the test, whatever the builder and branch
-- project: the project
-- branch: the branch
-- builder: the builder
-- kind: test, suite (as a whole), step or build
-- suite: everything that qualifies the test's name
-- name: the test's own name; may hold dots
-- verdict: pass, fail, flaky or skip
-- first_position: first position
-- last_position: last position
-- first_revision: revision at the first position
-- last_revision: revision at the last position
-- first_build_id: build at the first position
-- last_build_id: build at the last position
-- first_at: when the first revision was committed
-- last_at: when the last revision was committed
-- position_count: tested positions
-- outcome_count: outcomes, attempts counted
-- failed_count: outcomes failed, errored or xpassed
-- message_id: failure text, joins raw.message
-- is_head: newest streak of its series
SELECT
    s.series_id, s.test_id, s.project, s.branch, s.builder, s.kind, s.suite, s.name, s.verdict,
    s.first_position, s.last_position, s.first_revision, s.last_revision, s.first_build_id, s.last_build_id,
    coalesce(f.committed_at, s.first_at) AS first_at,
    coalesce(l.committed_at, s.last_at) AS last_at,
    s.position_count, s.outcome_count, s.failed_count, s.message_id, s.is_head
FROM raw.streak AS s
LEFT JOIN raw.change AS f ON f.project = s.project AND f.revision = s.first_revision
LEFT JOIN raw.change AS l ON l.project = s.project AND l.revision = s.last_revision
