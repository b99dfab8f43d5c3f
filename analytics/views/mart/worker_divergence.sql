-- Tests that fail more often on one worker than on the others
-- Builds of one builder and branch on the worker beside those on all others, by Fisher's exact test; the share of false
-- alarms by Benjamini and Hochberg over all rows. A test is taken to run in each build of its lane. This reads the
-- outcomes that failed. Patch and excluded builds are left out.
-- Grain: one row per series and worker on which it fails more often than elsewhere
-- project: the project
-- branch: the branch
-- builder: the builder
-- series_id: one test on one builder of one branch
-- test_id: the test, whatever the builder and branch
-- suite: everything that qualifies the test's name
-- name: the test's own name; may hold dots
-- worker: the machine
-- build_count: builds on it
-- failed_count: of these, builds in which an attempt of the test failed
-- failed_ratio: failed by all builds on it
-- other_build_count: builds on other workers
-- other_failed_count: of these, builds in which an attempt of the test failed
-- other_failed_ratio: failed by all builds on other workers
-- p_value: Fisher's exact test, one-sided
-- q_value: share of false alarms if all rows of this p_value and less are said to differ
-- is_divergent: q_value is at most `compare_alpha`, and the rates differ by `compare_min_effect` at least
WITH threshold AS (
    SELECT
        max(value) FILTER (WHERE name = 'compare_alpha') AS alpha,
        max(value) FILTER (WHERE name = 'compare_min_effect') AS min_effect
    FROM raw.setting
), placed AS (
    SELECT b.build_id, b.project, b.branch, b.builder, b.worker
    FROM raw.build AS b
    WHERE b.worker <> '' AND NOT b.is_patch
        AND NOT EXISTS (SELECT 1 FROM raw.excluded_build AS x WHERE x.build_id = b.build_id)
), ran AS (
    SELECT
        project, branch, builder, worker, CAST(count(*) AS DOUBLE) AS build_count,
        CAST(sum(count(*)) OVER (PARTITION BY project, branch, builder) AS DOUBLE) AS all_count
    FROM placed
    GROUP BY project, branch, builder, worker
), failed AS (
    SELECT
        o.series_id, o.test_id, b.project, b.branch, b.builder, o.suite, o.name, b.worker,
        CAST(count(DISTINCT o.build_id) AS DOUBLE) AS failed_count
    FROM raw.outcome AS o
    JOIN placed AS b ON b.build_id = o.build_id
    WHERE o.outcome IN ('failed', 'errored', 'xpassed')
    GROUP BY o.series_id, o.test_id, b.project, b.branch, b.builder, o.suite, o.name, b.worker
), beside AS (
    SELECT
        f.series_id, f.test_id, f.project, f.branch, f.builder, f.suite, f.name, f.worker,
        r.build_count, f.failed_count, r.all_count - r.build_count AS other_build_count,
        sum(f.failed_count) OVER (PARTITION BY f.series_id) - f.failed_count AS other_failed_count
    FROM failed AS f
    JOIN ran AS r
        ON r.project = f.project AND r.branch = f.branch AND r.builder = f.builder AND r.worker = f.worker
), tried AS (
    SELECT
        series_id, test_id, project, branch, builder, suite, name, worker, build_count, failed_count,
        other_build_count, other_failed_count,
        fisher_tail(
            failed_count, build_count - failed_count, other_failed_count, other_build_count - other_failed_count
        ) AS p_value
    FROM beside
    WHERE failed_count * other_build_count > other_failed_count * build_count
), ranked AS (
    SELECT
        series_id, test_id, project, branch, builder, suite, name, worker, build_count, failed_count,
        other_build_count, other_failed_count, p_value,
        row_number() OVER (ORDER BY p_value) AS place, count(*) OVER () AS tried_count
    FROM tried
), corrected AS (
    SELECT
        series_id, test_id, project, branch, builder, suite, name, worker, build_count, failed_count,
        other_build_count, other_failed_count, p_value,
        least(1.0, min(p_value * tried_count / place) OVER (
            ORDER BY place DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        )) AS q_value
    FROM ranked
)
SELECT
    c.project, c.branch, c.builder, c.series_id, c.test_id, c.suite, c.name, c.worker,
    CAST(c.build_count AS BIGINT) AS build_count, CAST(c.failed_count AS BIGINT) AS failed_count,
    c.failed_count / c.build_count AS failed_ratio,
    CAST(c.other_build_count AS BIGINT) AS other_build_count,
    CAST(c.other_failed_count AS BIGINT) AS other_failed_count,
    c.other_failed_count / c.other_build_count AS other_failed_ratio,
    c.p_value, c.q_value,
    c.q_value <= t.alpha AND c.failed_count / c.build_count - c.other_failed_count / c.other_build_count >= t.min_effect
        AS is_divergent
FROM threshold AS t
CROSS JOIN corrected AS c
