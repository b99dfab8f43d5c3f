-- Where people have taken problems and incidents
-- A note `joins` takes an incident to that of the problem that its text names; a note `leaves` takes its own problem
-- away, to the incident of the problem that its text names or to one of its own. A name that no problem of the branch
-- has takes nothing anywhere. What a note speaks of is where both problems were when it was written.
-- Grain: one row per problem with such a note and kind
-- Kept: incidents and problems stand on it
-- kind: joins or leaves
-- problem_id: the problem that the note is at
-- incident_id: the incident that is taken away, or that the problem leaves
-- target_id: the incident to which it goes
-- noted_at: when the note was written
WITH said AS (
    SELECT
        series_id, episode_number, kind, max(noted_at) AS noted_at,
        last_value(lower(trim(text)) ORDER BY noted_at) AS text
    FROM step.note_episode
    WHERE kind IN ('joins', 'leaves')
    GROUP BY series_id, episode_number, kind
), aimed AS (
    SELECT
        r.problem_id, r.incident_id, s.kind, s.noted_at, t.problem_id AS target_problem_id,
        CASE
            WHEN s.kind = 'leaves' AND s.text = '' THEN r.range_incident_id || '~' || to_hex(r.series_id)
            ELSE t.incident_id
        END AS target_id
    FROM said AS s
    JOIN step.incident_range AS r ON r.series_id = s.series_id AND r.episode_number = s.episode_number
    LEFT JOIN step.incident_range AS t
        ON to_hex(t.series_id) = split_part(s.text, '-', 1)
        AND t.project = r.project AND t.branch = r.branch
        AND t.opened_position <= TRY_CAST(split_part(s.text, '-', 2) AS BIGINT)
        AND (t.resolved_position IS NULL OR t.resolved_position > TRY_CAST(split_part(s.text, '-', 2) AS BIGINT))
)
SELECT
    a.kind, a.problem_id,
    CASE WHEN a.kind = 'joins' AND l.noted_at < a.noted_at THEN l.target_id ELSE a.incident_id END AS incident_id,
    CASE WHEN a.kind = 'joins' AND t.noted_at < a.noted_at THEN t.target_id ELSE a.target_id END AS target_id,
    a.noted_at
FROM aimed AS a
LEFT JOIN aimed AS l ON l.problem_id = a.problem_id AND l.kind = 'leaves' AND l.target_id IS NOT NULL
LEFT JOIN aimed AS t ON t.problem_id = a.target_problem_id AND t.kind = 'leaves' AND t.target_id IS NOT NULL
WHERE a.target_id IS NOT NULL
