-- Who is to be told of an incident
-- The guilty before the assigned before the owners before those who subscribed; muted problems tell nobody.
-- Grain: one row per incident and person
-- incident_id: the incident: branch, last good and opening position
-- main_problem_id: the problem that names the incident
-- person_id: the person
-- author: name of the person
-- why: guilty, assigned, owner or subscribed: the strongest reason
-- evidence: why the person is thought guilty; empty for the others
-- state: of the incident: open, resolved or vanished
-- opened_at: when the first failing revision was committed
-- is_recent: its first bad change is not older than the setting mail_max_age
WITH reason AS (
    SELECT
        p.incident_id, r.person_id, r.author, r.why, coalesce(g.evidence, '') AS evidence,
        CASE r.why WHEN 'guilty' THEN 1 WHEN 'assigned' THEN 2 ELSE 3 END AS place
    FROM mart.problem AS p
    JOIN mart.responsible AS r ON r.problem_id = p.problem_id
    LEFT JOIN mart.guilty AS g ON g.problem_id = p.problem_id AND g.person_id = r.person_id
    WHERE NOT p.is_muted
    UNION ALL
    SELECT p.incident_id, s.person_id, n.name, 'subscribed', '', 4
    FROM mart.problem AS p
    JOIN raw.subscription AS s ON s.project = p.project AND p.suite LIKE s.pattern
    JOIN raw.person AS n ON n.person_id = s.person_id
    WHERE NOT p.is_muted
), reader AS (
    SELECT
        incident_id, person_id, author,
        first_value(why ORDER BY place) AS why,
        first_value(evidence ORDER BY place, evidence DESC) AS evidence
    FROM reason
    GROUP BY incident_id, person_id, author
), threshold AS (
    SELECT value AS max_age FROM raw.setting WHERE name = 'mail_max_age'
)
SELECT
    d.incident_id, i.main_problem_id, d.person_id, d.author, d.why, d.evidence, i.state, i.opened_at,
    date_part('epoch', now()) - date_part('epoch', coalesce(c.committed_at, i.opened_at)) <= t.max_age * 86400
        AS is_recent
FROM reader AS d
JOIN mart.incident AS i ON i.incident_id = d.incident_id
CROSS JOIN threshold AS t
LEFT JOIN raw.change AS c ON c.project = i.project AND c.revision = i.opened_revision
