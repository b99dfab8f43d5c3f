-- A test at a revision and at the three tested ones before and after
-- Neighbours are tested positions of the same branch and builder, not revision numbers. Ask for one series or test.
-- Grain: one row per series and position at which it ran
-- series_id: one test on one builder of one branch
-- test_id: the test, whatever the builder and branch
-- project: the project
-- branch: the branch
-- builder: the builder
-- suite: everything that qualifies the test's name
-- name: the test's own name; may hold dots
-- position: place of the revision in its branch's first-parent line
-- revision: commit id
-- before_3: verdict three tested positions earlier; `not run` when the test did not run there
-- before_2: two earlier
-- before_1: one earlier
-- at: verdict at the position itself
-- after_1: one later
-- after_2: two later
-- after_3: three later
WITH placed AS (
    SELECT
        g.series_id, g.test_id, g.project, g.branch, g.builder, g.suite, g.name, g.position, g.revision, g.verdict,
        l.ordinal
    FROM mart.test_grid AS g
    JOIN step.lane_position AS l
        ON l.project = g.project AND l.branch = g.branch AND l.builder = g.builder AND l.position = g.position
), looked AS (
    SELECT
        series_id, test_id, project, branch, builder, suite, name, position, revision, verdict,
        max(verdict) OVER before_3 AS before_3,
        max(verdict) OVER before_2 AS before_2,
        max(verdict) OVER before_1 AS before_1,
        max(verdict) OVER after_1 AS after_1,
        max(verdict) OVER after_2 AS after_2,
        max(verdict) OVER after_3 AS after_3
    FROM placed
    WINDOW
        before_3 AS (PARTITION BY series_id ORDER BY ordinal RANGE BETWEEN 3 PRECEDING AND 3 PRECEDING),
        before_2 AS (PARTITION BY series_id ORDER BY ordinal RANGE BETWEEN 2 PRECEDING AND 2 PRECEDING),
        before_1 AS (PARTITION BY series_id ORDER BY ordinal RANGE BETWEEN 1 PRECEDING AND 1 PRECEDING),
        after_1 AS (PARTITION BY series_id ORDER BY ordinal RANGE BETWEEN 1 FOLLOWING AND 1 FOLLOWING),
        after_2 AS (PARTITION BY series_id ORDER BY ordinal RANGE BETWEEN 2 FOLLOWING AND 2 FOLLOWING),
        after_3 AS (PARTITION BY series_id ORDER BY ordinal RANGE BETWEEN 3 FOLLOWING AND 3 FOLLOWING)
)
SELECT
    series_id, test_id, project, branch, builder, suite, name, position, revision,
    coalesce(before_3, 'not run') AS before_3, coalesce(before_2, 'not run') AS before_2,
    coalesce(before_1, 'not run') AS before_1, verdict AS at, coalesce(after_1, 'not run') AS after_1,
    coalesce(after_2, 'not run') AS after_2, coalesce(after_3, 'not run') AS after_3
FROM looked
