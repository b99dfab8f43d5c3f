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
SELECT
    o.project, o.branch, o.builder, o.series_id, o.test_id, o.suite, o.name, o.position,
    last_value(b.revision ORDER BY b.batch, o.attempt) AS revision,
    last_value(b.build_id ORDER BY b.batch, o.attempt) AS build_id,
    CASE
        WHEN bool_or(o.outcome IN ('failed', 'errored', 'xpassed')) THEN
            CASE WHEN bool_or(o.outcome IN ('passed', 'xfailed')) THEN 'flaky' ELSE 'fail' END
        WHEN bool_or(o.outcome IN ('passed', 'xfailed')) THEN 'pass'
        ELSE 'skip'
    END AS verdict,
    last_value(o.duration_us ORDER BY b.batch, o.attempt) / 1000.0 AS duration_ms
-- What is known of builds is asked of builds: they are fewer.
FROM raw.build AS b
JOIN raw.outcome AS o ON o.build_id = b.build_id
WHERE NOT EXISTS (SELECT 1 FROM raw.excluded_build AS x WHERE x.build_id = b.build_id)
GROUP BY o.project, o.branch, o.builder, o.series_id, o.test_id, o.suite, o.name, o.position
