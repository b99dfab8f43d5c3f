-- Series that are flaky by either rule
-- same_revision: both verdicts were seen at one position. flip_rate: the verdict flips more often than breaks and fixes
-- explain (flips per tested position, Apple 2020), and more than once there and back.
-- Grain: one row per flaky series
-- Judged: judgement and the list of flaky tests stand on it
-- series_id: one test on one builder of one branch
-- test_id: the test, whatever the builder and branch
-- project: the project
-- branch: the branch
-- builder: the builder
-- kind: test, suite (as a whole), step or build
-- suite: everything that qualifies the test's name
-- name: the test's own name; may hold dots
-- position_count: positions with a verdict other than skip
-- flaky_position_count: positions that both passed and failed
-- flip_count: changes between pass and fail along the series
-- flip_rate: flip_count by the number of steps between positions
-- failed_ratio: share of positions that failed
-- last_flaky_at: when it last passed and failed at one position
-- rule: same_revision or flip_rate
-- rule_version: version of the rule
-- parameters: thresholds that were used
WITH eventful_series AS (
    SELECT DISTINCT series_id FROM raw.streak WHERE verdict IN ('fail', 'flaky')
), coded AS (
    -- In numbers from here: a window asks for each series by itself, and texts carry all that was read beside them.
    SELECT
        s.series_id, s.position_count, s.first_position, s.last_at,
        CASE s.verdict WHEN 'pass' THEN 1 WHEN 'fail' THEN 0 END AS passed
    FROM step.dated_streak AS s
    JOIN eventful_series AS e ON e.series_id = s.series_id
    WHERE s.verdict <> 'skip'
), followed AS (
    SELECT
        series_id, position_count, last_at, passed,
        last_value(passed) IGNORE NULLS OVER (
            PARTITION BY series_id ORDER BY first_position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS standing
    FROM coded
), counted AS (
    SELECT
        series_id,
        sum(position_count) AS position_count,
        coalesce(sum(position_count) FILTER (WHERE passed IS NULL), 0) AS flaky_position_count,
        coalesce(sum(position_count) FILTER (WHERE passed = 0), 0) AS failed_position_count,
        count(*) FILTER (WHERE standing <> passed) AS flip_count,
        max(last_at) FILTER (WHERE passed IS NULL) AS last_flaky_at
    FROM followed
    GROUP BY series_id
), rated AS (
    SELECT
        series_id, position_count, flaky_position_count, flip_count, last_flaky_at,
        CAST(flip_count AS DOUBLE) / nullif(position_count - 1, 0) AS flip_rate,
        CAST(failed_position_count AS DOUBLE) / position_count AS failed_ratio
    FROM counted
), threshold AS (
    SELECT
        max(value) FILTER (WHERE name = 'flaky_flip_rate') AS flip_rate,
        max(value) FILTER (WHERE name = 'flaky_min_positions') AS min_positions,
        max(value) FILTER (WHERE name = 'flaky_min_flips') AS min_flips
    FROM raw.setting
)
SELECT
    r.series_id, h.test_id, h.project, h.branch, h.builder, h.kind, h.suite, h.name,
    r.position_count, r.flaky_position_count, r.flip_count, r.flip_rate, r.failed_ratio, r.last_flaky_at,
    CASE WHEN r.flaky_position_count > 0 THEN 'same_revision' ELSE 'flip_rate' END AS rule,
    1 AS rule_version,
    'flaky_flip_rate=' || CAST(t.flip_rate AS VARCHAR) || ' flaky_min_positions=' || CAST(t.min_positions AS VARCHAR)
        || ' flaky_min_flips=' || CAST(t.min_flips AS VARCHAR) AS parameters
FROM threshold AS t
CROSS JOIN rated AS r
JOIN raw.streak AS h ON h.series_id = r.series_id AND h.is_head
WHERE r.flaky_position_count > 0
    OR (r.flip_rate > t.flip_rate AND r.position_count >= t.min_positions AND r.flip_count >= t.min_flips)
