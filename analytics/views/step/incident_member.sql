-- Which incident each problem belongs to
-- Problems with one range on one branch are one incident, as the same changes stand against them. A builder that builds
-- less often sees wider ranges: where two ranges share a change and each has a problem of the same test, or else of the
-- same signature, that of the wider range belongs to the narrower (ranges of 200 changes and more are left alone).
-- People win: a note `joins` on any problem of an incident takes all of it to the incident of the problem that its text
-- names; a note `leaves` takes only its own problem away, to the incident of the problem that its text names or to one
-- of its own.
-- The incident that problems are taken to keeps its id, and so do those that they are taken from.
-- Grain: one row per problem
-- Kept: incidents and problems stand on it
-- problem_id: the problem: series and opening position
-- range_incident_id: the incident of its range, from which it may have been taken
-- incident_id: the incident that it belongs to
-- rule: range; overlap: a narrower range has the same failure; joins or leaves where people have said so
WITH wide AS (
    SELECT DISTINCT incident_id, project, branch, good_position, opened_position
    FROM step.episode
    WHERE opened_position - good_position < 200
), change AS (
    SELECT
        incident_id, project, branch, opened_position, opened_position - good_position AS change_count,
        unnest(range(good_position + 1, opened_position + 1)) AS position
    FROM wide
), counted AS (
    SELECT
        incident_id, project, branch, opened_position, change_count, position,
        count(*) OVER (PARTITION BY project, branch, position) AS range_count
    FROM change
), shared AS (
    SELECT
        c.incident_id, c.project, c.branch, c.opened_position, c.change_count, c.position, e.problem_id, e.test_id,
        m.signature
    FROM counted AS c
    JOIN step.episode AS e ON e.incident_id = c.incident_id
    LEFT JOIN raw.message AS m ON m.message_id = e.message_id
    WHERE c.range_count > 1
), marked AS (
    SELECT
        problem_id, incident_id, project, branch, opened_position, change_count, position,
        0 AS kind, CAST(test_id AS VARCHAR) AS mark
    FROM shared
    UNION ALL
    SELECT problem_id, incident_id, project, branch, opened_position, change_count, position, 1 AS kind, signature
    FROM shared
    WHERE signature <> ''
), near AS (
    SELECT
        problem_id, incident_id, kind,
        first_value(problem_id) OVER narrow AS near_problem_id,
        first_value(incident_id) OVER narrow AS near_incident_id,
        first_value(change_count) OVER narrow AS near_change_count,
        first_value(opened_position) OVER narrow AS near_opened_position
    FROM marked
    WINDOW narrow AS (
        PARTITION BY project, branch, position, kind, mark
        ORDER BY change_count, opened_position, incident_id, problem_id
    )
), nearest AS (
    SELECT
        problem_id,
        first_value(near_problem_id ORDER BY kind, near_change_count, near_opened_position, near_problem_id)
            AS near_problem_id,
        first_value(near_incident_id ORDER BY kind, near_change_count, near_opened_position, near_problem_id)
            AS near_incident_id
    FROM near
    WHERE near_incident_id <> incident_id
    GROUP BY problem_id
), overlap AS (
    SELECT n.problem_id, coalesce(further.near_incident_id, n.near_incident_id) AS incident_id
    FROM nearest AS n
    LEFT JOIN nearest AS further ON further.problem_id = n.near_problem_id
), grouped AS (
    SELECT
        e.problem_id, e.series_id, e.episode_number, e.opened_position, e.resolved_position,
        e.incident_id AS range_incident_id, coalesce(o.incident_id, e.incident_id) AS incident_id
    FROM step.episode AS e
    LEFT JOIN overlap AS o ON o.problem_id = e.problem_id
), said AS (
    SELECT
        series_id, episode_number, kind, max(noted_at) AS noted_at,
        last_value(lower(trim(text)) ORDER BY noted_at) AS text
    FROM step.note_episode
    WHERE kind IN ('joins', 'leaves')
    GROUP BY series_id, episode_number, kind
), aimed AS (
    SELECT s.series_id, s.episode_number, s.kind, s.noted_at, s.text, t.incident_id AS target_id
    FROM said AS s
    LEFT JOIN grouped AS t
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
        g.problem_id, g.series_id, g.range_incident_id, g.incident_id, m.left_to_id,
        coalesce(m.has_left, false) AS has_left,
        last_value(m.joined_id) IGNORE NULLS OVER (
            PARTITION BY g.incident_id ORDER BY m.joined_at NULLS FIRST, g.problem_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) AS joined_id
    FROM grouped AS g
    LEFT JOIN moved AS m ON m.series_id = g.series_id AND m.episode_number = g.episode_number
)
SELECT
    problem_id, range_incident_id,
    CASE
        WHEN has_left THEN coalesce(left_to_id, range_incident_id || '~' || to_hex(series_id))
        ELSE coalesce(joined_id, incident_id)
    END AS incident_id,
    CASE
        WHEN has_left THEN 'leaves'
        WHEN joined_id <> incident_id THEN 'joins'
        WHEN incident_id <> range_incident_id THEN 'overlap'
        ELSE 'range'
    END AS rule
FROM told
