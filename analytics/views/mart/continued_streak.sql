-- The history of each series, also under the name that it had before
-- Streaks of a renamed series stand under the new one (`rename_suggestion`), so that a history, its failures and its
-- flakiness go on. One older name is followed.
-- Grain: one row per streak and series to which it belongs
-- series_id: the series as it is called now
-- is_older_name: the streak was recorded under the older name
-- recorded_series_id: the series under which it was recorded
-- suite: the suite under which it was recorded
-- name: the name under which it was recorded
-- verdict: pass, fail, flaky or skip
-- first_position: first position
-- last_position: last position
-- position_count: tested positions
SELECT
    series_id, false AS is_older_name, series_id AS recorded_series_id, suite, name, verdict,
    first_position, last_position, position_count
FROM raw.streak
UNION ALL
SELECT
    r.series_id, true AS is_older_name, s.series_id AS recorded_series_id, s.suite, s.name, s.verdict,
    s.first_position, s.last_position, s.position_count
FROM step.renamed_series AS r
JOIN raw.streak AS s ON s.series_id = r.old_series_id
