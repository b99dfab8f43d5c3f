-- Two branches side by side
-- The newest verdicts of the tests that still run, builder by builder.
-- Grain: one row per project, builder, pair of branches and test that runs on either
-- project: the project
-- builder: the builder
-- base_branch: the branch to compare with
-- branch: the branch
-- test_id: the test, whatever the builder and branch
-- suite: everything that qualifies the test's name
-- name: the test's own name; may hold dots
-- base_verdict: newest verdict on the base branch; null when the test does not run there
-- verdict: newest verdict on the branch; null when the test does not run there
-- change: newly_failing, fixed, still_failing, still_passing, new, vanished, other
WITH lane AS (
    SELECT DISTINCT project, branch, builder FROM raw.build WHERE NOT is_patch
), live AS (
    SELECT project, branch, builder, test_id, suite, name, verdict FROM step.live_series WHERE kind IN ('test', 'suite')
), side AS (
    SELECT
        s.project, s.builder, s.branch AS base_branch, l.branch, s.test_id, s.suite, s.name,
        s.verdict AS base_verdict, CAST(NULL AS VARCHAR) AS verdict
    FROM live AS s
    JOIN lane AS l ON l.project = s.project AND l.builder = s.builder AND l.branch <> s.branch
    UNION ALL
    SELECT s.project, s.builder, l.branch, s.branch, s.test_id, s.suite, s.name, CAST(NULL AS VARCHAR), s.verdict
    FROM live AS s
    JOIN lane AS l ON l.project = s.project AND l.builder = s.builder AND l.branch <> s.branch
), paired AS (
    SELECT
        project, builder, base_branch, branch, test_id, suite, name,
        max(base_verdict) AS base_verdict, max(verdict) AS verdict
    FROM side
    GROUP BY project, builder, base_branch, branch, test_id, suite, name
)
SELECT
    project, builder, base_branch, branch, test_id, suite, name, base_verdict, verdict,
    CASE
        WHEN base_verdict IS NULL THEN 'new'
        WHEN verdict IS NULL THEN 'vanished'
        WHEN base_verdict = 'pass' AND verdict = 'fail' THEN 'newly_failing'
        WHEN base_verdict = 'fail' AND verdict = 'pass' THEN 'fixed'
        WHEN base_verdict = 'fail' AND verdict = 'fail' THEN 'still_failing'
        WHEN base_verdict = 'pass' AND verdict = 'pass' THEN 'still_passing'
        ELSE 'other'
    END AS change
FROM paired
