-- Streaks: runs of equal verdicts
-- A streak spans consecutive tested positions of its series; excluded builds contribute nothing. Reports tell of a
-- suite as a whole only where it went wrong: it passed wherever tests passed or failed and nothing was told of it.
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
-- first_at: when the first revision was committed; the build's own time where the change is not known
-- last_at: the same of the last revision
-- position_count: tested positions
-- outcome_count: outcomes, attempts counted
-- failed_count: outcomes failed, errored or xpassed
-- message_id: failure text, joins raw.message
-- is_head: newest streak of its series
SELECT
    series_id, test_id, project, branch, builder, kind, suite, name, verdict,
    first_position, last_position, first_revision, last_revision, first_build_id, last_build_id, first_at, last_at,
    position_count, outcome_count, failed_count, message_id, is_head
FROM step.dated_streak
