-- Series that go on under another name, as notes say
-- A note `renamed_from` on a series has the id of the series that it was before.
-- Grain: one row per series that has an older name
-- series_id: the new series
-- old_series_id: the series that it was before
WITH said AS (
    SELECT series_id, last_value(lower(trim(text)) ORDER BY noted_at) AS old_id
    FROM step.note_episode
    WHERE kind = 'renamed_from' AND trim(text) <> ''
    GROUP BY series_id
), known AS (
    SELECT DISTINCT series_id FROM raw.streak
)
SELECT s.series_id, k.series_id AS old_series_id
FROM said AS s
JOIN known AS k ON to_hex(k.series_id) = s.old_id
WHERE k.series_id <> s.series_id
