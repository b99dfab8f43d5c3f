-- Authors to choose from
-- People who wrote changes, robots apart. Empty when the setting author_stats is 0.
-- Grain: one row per person
-- person_id: the person
-- author: name of the author
WITH shown AS (
    SELECT value <> 0 AS is_on FROM raw.setting WHERE name = 'author_stats'
)
SELECT a.person_id, max(a.author) AS author
FROM shown AS s
CROSS JOIN step.authored AS a
WHERE s.is_on AND NOT a.is_bot
GROUP BY a.person_id
