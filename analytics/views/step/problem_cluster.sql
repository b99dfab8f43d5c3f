-- Which problems fail in nearly the same words
-- The failure texts of a project, their accidental parts masked, are grouped by the words that they share
-- (`cluster_similarity`); a group is known by its oldest text, so its id stays whatever comes later. People win: a note
-- `same_as` with the id of a cluster puts a problem there, a note `apart` gives it a cluster of its own.
-- Grain: one row per problem with a failure text
-- Judged: clusters and recurrences stand on it
-- problem_id: the problem: series and opening position
-- project: the project
-- cluster_id: the cluster
-- signature: the failure text's first line with its accidental parts masked
-- rule: text or note
WITH threshold AS (
    SELECT value AS similarity FROM raw.setting WHERE name = 'cluster_similarity'
), failed AS (
    SELECT e.problem_id, e.series_id, e.episode_number, e.project, e.opened_at, m.signature
    FROM step.episode AS e
    JOIN raw.message AS m ON m.message_id = e.message_id
    WHERE m.signature <> ''
), aged AS (
    SELECT project, signature, min(opened_at) AS first_at
    FROM failed
    GROUP BY project, signature
), listed AS (
    SELECT project, array_agg(signature ORDER BY first_at, signature) AS signatures
    FROM aged
    GROUP BY project
), grouped AS (
    SELECT
        l.project, unnest(l.signatures) AS signature, unnest(text_clusters(l.signatures, t.similarity)) AS cluster
    FROM threshold AS t
    CROSS JOIN listed AS l
), said AS (
    SELECT
        series_id, episode_number,
        last_value(kind ORDER BY noted_at) AS kind,
        last_value(trim(text) ORDER BY noted_at) AS text
    FROM step.note_episode
    WHERE kind IN ('same_as', 'apart')
    GROUP BY series_id, episode_number
)
SELECT
    f.problem_id, f.project,
    CASE
        WHEN s.kind = 'apart' THEN f.problem_id
        WHEN s.kind = 'same_as' AND s.text <> '' THEN s.text
        ELSE to_hex(g.cluster)
    END AS cluster_id,
    f.signature,
    CASE WHEN s.kind IS NULL THEN 'text' ELSE 'note' END AS rule
FROM failed AS f
JOIN grouped AS g ON g.project = f.project AND g.signature = f.signature
LEFT JOIN said AS s ON s.series_id = f.series_id AND s.episode_number = f.episode_number
