-- Who fixed what
-- A resolved problem has a fixer when a note says so (fixed_by), or when exactly one change, no merge, lies between the
-- last failing position and the first passing one.
-- Grain: one row per resolved problem whose fixer is known
-- problem_id: the problem: series and opening position
-- series_id: one test on one builder of one branch
-- project: the project
-- branch: the branch
-- builder: the builder
-- person_id: the fixer
-- author: name of the author
-- team: the person's team
-- is_bot: a robot, by the people table or its name
-- revision: the change that fixed it, where one change did
-- committed_at: when it was committed
-- fixed_at: when the problem was resolved
-- hours_to_resolve: hours from opening to resolution; null while open
-- rule: note or single_change
WITH said AS (
    SELECT
        series_id, episode_number,
        last_value(person_id ORDER BY noted_at) AS person_id
    FROM step.note_episode
    WHERE kind = 'fixed_by' AND person_id IS NOT NULL
    GROUP BY series_id, episode_number
)
SELECT
    e.problem_id, e.series_id, e.project, e.branch, e.builder,
    coalesce(s.person_id, c.person_id) AS person_id,
    coalesce(p.name, c.author) AS author,
    CASE WHEN p.person_id IS NULL THEN c.team ELSE p.team END AS team,
    CASE WHEN p.person_id IS NULL THEN c.is_bot ELSE p.is_bot END AS is_bot,
    c.revision, c.committed_at, e.resolved_at AS fixed_at,
    (date_part('epoch', e.resolved_at) - date_part('epoch', e.opened_at)) / 3600.0 AS hours_to_resolve,
    CASE WHEN s.person_id IS NULL THEN 'single_change' ELSE 'note' END AS rule
FROM step.episode AS e
LEFT JOIN step.authored AS c
    ON c.project = e.project AND c.revision = e.resolved_revision
    AND NOT c.is_merge AND c.parents[1] = e.last_failed_revision
LEFT JOIN said AS s ON s.series_id = e.series_id AND s.episode_number = e.episode_number
LEFT JOIN raw.person AS p ON p.person_id = s.person_id
WHERE e.resolved_position IS NOT NULL AND (s.person_id IS NOT NULL OR c.revision IS NOT NULL)
