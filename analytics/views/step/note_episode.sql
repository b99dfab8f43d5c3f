-- Notes with the episode that they speak of
-- A note names a series and a position; it stays with its problem when late builds move the problem's edges.
-- Grain: one row per note
-- note_id: the note
-- series_id: one test on one builder of one branch
-- episode_number: how many pass streaks the series has up to the note's position; joins step.episode
-- first_position: first position
-- kind: test, suite (as a whole), step or build
-- person_id: the person
-- text: what it says
-- noted_at: when it was written
-- until: when it ends to hold
-- is_active: not past its `until`
SELECT
    n.note_id, n.series_id, count(s.series_id) AS episode_number, n.first_position, n.kind, n.person_id, n.text,
    n.noted_at, n.until, n.until IS NULL OR n.until > now() AS is_active
FROM raw.note AS n
LEFT JOIN raw.streak AS s
    ON s.series_id = n.series_id AND s.verdict = 'pass' AND s.first_position <= n.first_position
GROUP BY n.note_id, n.series_id, n.first_position, n.kind, n.person_id, n.text, n.noted_at, n.until
