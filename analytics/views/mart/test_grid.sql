-- Tests by revisions
-- Excluded builds give no verdict. Ask for one test, series or project: this reads outcomes.
-- Grain: one row per series and position at which it ran
-- project: the project
-- branch: the branch
-- builder: the builder
-- series_id: one test on one builder of one branch
-- test_id: the test, whatever the builder and branch
-- suite: everything that qualifies the test's name
-- name: the test's own name; may hold dots
-- position: place of the revision in its branch's first-parent line
-- revision: commit id
-- build_id: the newest build at that position
-- verdict: pass, fail, flaky or skip
-- duration_ms: length of the last attempt there, milliseconds
WITH counted AS (
    SELECT
        o.project, o.branch, o.builder, o.series_id, o.test_id, o.suite, o.name, o.position,
        last_value(o.build_id ORDER BY o.batch, o.attempt) AS build_id,
        last_value(o.duration_us ORDER BY o.batch, o.attempt) AS duration_us,
        count(*) FILTER (WHERE o.outcome IN ('passed', 'xfailed')) AS passed_count,
        count(*) FILTER (WHERE o.outcome IN ('failed', 'errored', 'xpassed')) AS failed_count
    FROM raw.outcome AS o
    WHERE NOT EXISTS (SELECT 1 FROM raw.excluded_build AS x WHERE x.build_id = o.build_id)
    GROUP BY o.project, o.branch, o.builder, o.series_id, o.test_id, o.suite, o.name, o.position
)
SELECT
    c.project, c.branch, c.builder, c.series_id, c.test_id, c.suite, c.name, c.position, b.revision, c.build_id,
    CASE
        WHEN c.passed_count > 0 AND c.failed_count > 0 THEN 'flaky'
        WHEN c.failed_count > 0 THEN 'fail'
        WHEN c.passed_count > 0 THEN 'pass'
        ELSE 'skip'
    END AS verdict,
    c.duration_us / 1000.0 AS duration_ms
FROM counted AS c
JOIN raw.build AS b ON b.build_id = c.build_id
