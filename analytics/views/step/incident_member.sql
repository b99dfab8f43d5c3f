-- Which incident each problem belongs to
-- Problems with one range on one branch are one incident, as the same changes stand against them. People win: a note
-- `joins` on any problem of a range takes all of that range to the incident of the problem that its text names; a note
-- `leaves` takes only its own problem away, to the incident of the problem that its text names, or to one of its own.
-- The incident that problems are taken to keeps its id, and so do those that they are taken from.
-- Grain: one row per problem
-- Kept: incidents and problems stand on it
-- problem_id: the problem: series and opening position
-- range_incident_id: the incident of its range, from which people may have taken it
-- incident_id: the incident that it belongs to
-- rule: range; joins or leaves where people have said so
WITH said AS (
    SELECT
        series_id, episode_number, kind, max(noted_at) AS noted_at,
        last_value(lower(trim(text)) ORDER BY noted_at) AS text
    FROM step.note_episode
    WHERE kind IN ('joins', 'leaves')
    GROUP BY series_id, episode_number, kind
), aimed AS (
    SELECT s.series_id, s.episode_number, s.kind, s.noted_at, s.text, t.incident_id AS target_id
    FROM said AS s
    LEFT JOIN step.episode AS t
        ON to_hex(t.series_id) = split_part(s.text, '-', 1)
        AND t.opened_position <= TRY_CAST(split_part(s.text, '-', 2) AS BIGINT)
        AND (t.resolved_position IS NULL OR t.resolved_position > TRY_CAST(split_part(s.text, '-', 2) AS BIGINT))
), moved AS (
    SELECT
        series_id, episode_number,
        max(target_id) FILTER (WHERE kind = 'joins') AS joined_id,
        max(noted_at) FILTER (WHERE kind = 'joins') AS joined_at,
        max(target_id) FILTER (WHERE kind = 'leaves') AS left_to_id,
        -- A name that no problem has takes nothing away.
        bool_or(text = '' OR target_id IS NOT NULL) FILTER (WHERE kind = 'leaves') AS has_left
    FROM aimed
    GROUP BY series_id, episode_number
), told AS (
    SELECT
        e.problem_id, e.series_id, e.incident_id AS range_incident_id, m.left_to_id,
        coalesce(m.has_left, false) AS has_left,
        last_value(m.joined_id) IGNORE NULLS OVER (
            PARTITION BY e.incident_id ORDER BY m.joined_at NULLS FIRST, e.problem_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) AS joined_id
    FROM step.episode AS e
    LEFT JOIN moved AS m ON m.series_id = e.series_id AND m.episode_number = e.episode_number
)
SELECT
    problem_id, range_incident_id,
    CASE
        WHEN has_left THEN coalesce(left_to_id, range_incident_id || '~' || to_hex(series_id))
        ELSE coalesce(joined_id, range_incident_id)
    END AS incident_id,
    CASE
        WHEN has_left THEN 'leaves'
        WHEN joined_id <> range_incident_id THEN 'joins'
        ELSE 'range'
    END AS rule
FROM told
