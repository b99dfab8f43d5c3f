-- Tests that became slower for good
-- The shortest attempt at each of a lane's newest `duration_positions` positions stands for it; steps of these lengths
-- are found by their order alone (`duration_steps` of docs/functions.md), so busy machines make none. A step matters
-- from `duration_min_ratio` and `duration_min_ms` on. Ask for one test, or one project and builder: this reads
-- outcomes.
-- Grain: one row per test series and step to a longer duration
-- series_id: one test on one builder of one branch
-- test_id: the test, whatever the builder and branch
-- project: the project
-- branch: the branch
-- builder: the builder
-- suite: everything that qualifies the test's name
-- name: the test's own name; may hold dots
-- state: open, or resolved when a later step made it faster again
-- position: the first position with the new duration, most likely
-- revision: the revision there
-- at: when it was committed
-- previous_position: the last tested position before
-- before_ms: median before, since the step before
-- behind_ms: median behind, up to the next step
-- ratio: behind_ms by before_ms
-- p_value: how likely chance would do as well
-- resolved_position: where it became faster again; null while open
-- rule: name of the rule
-- rule_version: version of the rule
WITH threshold AS (
    SELECT
        CAST(max(value) FILTER (WHERE name = 'duration_positions') AS BIGINT) AS positions,
        max(value) FILTER (WHERE name = 'duration_min_ratio') AS min_ratio,
        max(value) FILTER (WHERE name = 'duration_min_ms') AS min_ms,
        max(value) FILTER (WHERE name = 'duration_alpha') AS alpha
    FROM raw.setting
), aged AS (
    SELECT
        l.project, l.branch, l.builder, l.position, l.revision, l.tested_at, t.positions, t.min_ms,
        row_number() OVER (PARTITION BY l.project, l.branch, l.builder ORDER BY l.position DESC) AS age
    FROM threshold AS t
    CROSS JOIN step.lane_position AS l
), young AS (
    SELECT project, branch, builder, position, revision, tested_at, min_ms
    FROM aged
    WHERE CAST(age AS BIGINT) <= positions
), listed AS (
    SELECT
        o.series_id, o.test_id, o.project, o.branch, o.builder,
        array_agg(o.duration_us / 1000.0) AS lengths, array_agg(o.position) AS positions
    -- The few positions stand left: that side is held in memory.
    FROM young AS y
    JOIN raw.outcome AS o
        ON y.project = o.project AND y.branch = o.branch AND y.builder = o.builder AND y.position = o.position
    WHERE o.kind = 'test' AND o.duration_us IS NOT NULL AND o.outcome IN ('passed', 'xfailed')
    GROUP BY o.series_id, o.test_id, o.project, o.branch, o.builder
    -- Most tests are too short to become slower by what matters.
    HAVING max(o.duration_us) - min(o.duration_us) >= max(y.min_ms) * 1000
), ordered AS (
    SELECT
        l.series_id, l.test_id, l.project, l.branch, l.builder, s.suite, s.name,
        least_by(l.lengths, l.positions) AS lengths, array_sort(array_distinct(l.positions)) AS positions
    FROM listed AS l
    JOIN raw.streak AS s ON s.test_id = l.test_id AND s.series_id = l.series_id AND s.is_head
), stepped AS (
    SELECT
        o.series_id, o.test_id, o.project, o.branch, o.builder, o.suite, o.name, o.positions,
        unnest(duration_steps(o.lengths, t.alpha, t.min_ratio)) AS step
    FROM threshold AS t
    CROSS JOIN ordered AS o
), placed AS (
    SELECT
        series_id, test_id, project, branch, builder, suite, name,
        positions[step['ordinal'] + 1] AS position, positions[step['ordinal']] AS previous_position,
        step['median_before'] AS before_ms, step['median_behind'] AS behind_ms, step['p_value'] AS p_value
    FROM stepped
), followed AS (
    SELECT
        series_id, test_id, project, branch, builder, suite, name, position, previous_position,
        before_ms, behind_ms, p_value,
        min(CASE WHEN behind_ms < before_ms THEN position END) OVER (
            -- By more than the series, so that whoever asks for one builder or test reads no others.
            PARTITION BY project, branch, builder, test_id, series_id
            ORDER BY position ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
        ) AS resolved_position
    FROM placed
)
SELECT
    f.series_id, f.test_id, f.project, f.branch, f.builder, f.suite, f.name,
    CASE WHEN f.resolved_position IS NULL THEN 'open' ELSE 'resolved' END AS state,
    f.position, y.revision, y.tested_at AS at, f.previous_position, f.before_ms, f.behind_ms,
    f.behind_ms / f.before_ms AS ratio, f.p_value, f.resolved_position,
    'pettitt' AS rule, 1 AS rule_version
FROM threshold AS t
CROSS JOIN followed AS f
JOIN young AS y
    ON y.project = f.project AND y.branch = f.branch AND y.builder = f.builder AND y.position = f.position
WHERE f.behind_ms > f.before_ms AND f.behind_ms - f.before_ms >= t.min_ms
