-- Which incident each problem belongs to
-- People win over ranges (`step.incident_range`, `step.incident_move`): a note `joins` on any problem of an incident
-- takes all of it, with what joined it, to the incident of the problem that its text names; a note `leaves` takes only
-- its own problem away. Only incidents of one branch can be one. The incident that problems are taken to keeps its id,
-- and so do those that they are taken from.
-- Grain: one row per problem
-- Kept: incidents and problems stand on it
-- problem_id: the problem: series and opening position
-- range_incident_id: the incident of its range, from which it may have been taken
-- incident_id: the incident that it belongs to
-- rule: range; overlap: a narrower range has the same failure; joins or leaves where people have said so
WITH RECURSIVE joined AS (
    SELECT
        incident_id, max(noted_at) AS noted_at, last_value(target_id ORDER BY noted_at, problem_id) AS target_id
    FROM step.incident_move
    WHERE kind = 'joins'
    GROUP BY incident_id
), chain AS (
    -- Incidents that joined one that joined another; those that joined each other end where the newest note says.
    SELECT incident_id AS first_id, incident_id, target_id, noted_at FROM joined WHERE target_id <> incident_id
    UNION
    SELECT c.first_id, j.incident_id, j.target_id, j.noted_at
    FROM chain AS c
    JOIN joined AS j ON j.incident_id = c.target_id
    WHERE j.target_id <> j.incident_id
), ended AS (
    SELECT
        c.first_id,
        coalesce(
            max(c.target_id) FILTER (WHERE j.incident_id IS NULL OR j.target_id = j.incident_id),
            last_value(c.target_id ORDER BY c.noted_at, c.incident_id)
        ) AS last_id
    FROM chain AS c
    LEFT JOIN joined AS j ON j.incident_id = c.target_id
    GROUP BY c.first_id
), settled AS (
    SELECT e.first_id, coalesce(further.last_id, e.last_id) AS last_id
    FROM ended AS e
    LEFT JOIN ended AS further ON further.first_id = e.last_id
), placed AS (
    SELECT
        r.problem_id, r.range_incident_id, coalesce(l.target_id, r.incident_id) AS incident_id,
        l.problem_id IS NOT NULL AS has_left
    FROM step.incident_range AS r
    LEFT JOIN step.incident_move AS l ON l.problem_id = r.problem_id AND l.kind = 'leaves'
)
SELECT
    p.problem_id, p.range_incident_id, coalesce(s.last_id, p.incident_id) AS incident_id,
    CASE
        WHEN p.has_left THEN 'leaves'
        WHEN s.last_id <> p.incident_id THEN 'joins'
        WHEN p.incident_id <> p.range_incident_id THEN 'overlap'
        ELSE 'range'
    END AS rule
FROM placed AS p
LEFT JOIN settled AS s ON s.first_id = p.incident_id
