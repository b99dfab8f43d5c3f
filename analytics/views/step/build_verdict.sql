-- What each test did in each build, attempts folded
-- Always ask for one build, test or series: this reads outcomes.
-- Grain: one row per build and test
-- build_id: the build
-- series_id: one test on one builder of one branch
-- test_id: the test, whatever the builder and branch
-- project: the project
-- branch: the branch
-- builder: the builder
-- kind: test, suite (as a whole), step or build
-- suite: everything that qualifies the test's name
-- name: the test's own name; may hold dots
-- position: place of the revision in its branch's first-parent line
-- verdict: pass, fail, flaky or skip
-- last_outcome: what the last attempt did
-- message_id: text of the newest failing attempt
WITH counted AS (
    SELECT
        build_id, series_id, test_id, project, branch, builder, kind, suite, name, position,
        count(*) FILTER (WHERE outcome IN ('passed', 'xfailed')) AS passed_count,
        count(*) FILTER (WHERE outcome IN ('failed', 'errored', 'xpassed')) AS failed_count,
        last_value(outcome ORDER BY attempt) AS last_outcome,
        last_value(message_id ORDER BY attempt) FILTER (WHERE outcome IN ('failed', 'errored', 'xpassed')) AS message_id
    FROM raw.outcome
    GROUP BY build_id, series_id, test_id, project, branch, builder, kind, suite, name, position
)
SELECT
    build_id, series_id, test_id, project, branch, builder, kind, suite, name, position,
    CASE
        WHEN passed_count > 0 AND failed_count > 0 THEN 'flaky'
        WHEN failed_count > 0 THEN 'fail'
        WHEN passed_count > 0 THEN 'pass'
        ELSE 'skip'
    END AS verdict,
    last_outcome, message_id
FROM counted
