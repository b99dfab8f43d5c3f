-- Any two builds side by side
-- Attempts are folded; patch builds may take part. Give both build ids: this reads outcomes and pairs all builds.
-- Grain: one row per pair of builds of a project and test that ran in either
-- base_build_id: the build to compare with
-- build_id: the build
-- test_id: the test, whatever the builder and branch
-- suite: everything that qualifies the test's name
-- name: the test's own name; may hold dots
-- base_verdict: verdict in the base build; null when the test did not run there
-- verdict: verdict in the build; null when the test did not run there
-- change: newly_failing, fixed, still_failing, still_passing, new, vanished, other
WITH side AS (
    SELECT
        v.build_id AS base_build_id, b.build_id, v.test_id, v.suite, v.name,
        v.verdict AS base_verdict, CAST(NULL AS VARCHAR) AS verdict
    FROM step.build_verdict AS v
    JOIN raw.build AS b ON b.project = v.project
    UNION ALL
    SELECT b.build_id, v.build_id, v.test_id, v.suite, v.name, CAST(NULL AS VARCHAR), v.verdict
    FROM step.build_verdict AS v
    JOIN raw.build AS b ON b.project = v.project
), paired AS (
    SELECT base_build_id, build_id, test_id, suite, name, max(base_verdict) AS base_verdict, max(verdict) AS verdict
    FROM side
    GROUP BY base_build_id, build_id, test_id, suite, name
)
SELECT
    base_build_id, build_id, test_id, suite, name, base_verdict, verdict,
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
