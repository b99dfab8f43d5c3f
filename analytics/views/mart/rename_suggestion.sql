-- Tests that were probably renamed
-- A test that stopped at one tested position of its lane and another that began at the next are probably one, when
-- they share their name or their suite and the rest is alike (`rename_similarity`: one less edits by length). Each new
-- test is paired with the likest old one. A note `renamed_from` on the new series with the old one's id confirms it;
-- the history then goes on in `continued_streak`.
-- Grain: one row per lane and new test that has a likely old one
-- Judged: every new test is compared with those that went
-- project: the project
-- branch: the branch
-- builder: the builder
-- series_id: the new series
-- suite: its suite
-- name: its name
-- first_position: where it began
-- old_series_id: the old series
-- old_id: the old series' id as notes hold it
-- old_suite: its suite
-- old_name: its name
-- old_last_position: where it stopped
-- similarity: how alike both are, 0 to 1
-- is_confirmed: a note says so
WITH threshold AS (
    SELECT value AS similarity FROM raw.setting WHERE name = 'rename_similarity'
), lived AS (
    SELECT
        series_id, project, branch, builder, suite, name, min(first_position) AS first_position,
        max(last_position) AS last_position
    FROM raw.streak
    WHERE kind = 'test'
    GROUP BY series_id, project, branch, builder, suite, name
), lane AS (
    SELECT
        project, branch, builder, position,
        lead(position) OVER (PARTITION BY project, branch, builder ORDER BY position) AS next_position
    FROM step.lane_position
    WHERE is_complete
), paired AS (
    SELECT
        n.project, n.branch, n.builder, n.series_id, n.suite, n.name, n.first_position,
        o.series_id AS old_series_id, o.suite AS old_suite, o.name AS old_name, o.last_position AS old_last_position,
        1.0 - CAST(levenshtein(o.suite || ' ' || o.name, n.suite || ' ' || n.name) AS DOUBLE)
            / greatest(character_length(o.suite || ' ' || o.name), character_length(n.suite || ' ' || n.name), 1)
            AS similarity
    FROM lived AS o
    JOIN lane AS l
        ON l.project = o.project AND l.branch = o.branch AND l.builder = o.builder AND l.position = o.last_position
    JOIN lived AS n
        ON n.project = l.project AND n.branch = l.branch AND n.builder = l.builder
        AND n.first_position = l.next_position
    WHERE o.suite = n.suite OR o.name = n.name
), ranked AS (
    SELECT
        project, branch, builder, series_id, suite, name, first_position, old_series_id, old_suite, old_name,
        old_last_position, similarity,
        row_number() OVER (PARTITION BY series_id ORDER BY similarity DESC, old_name) AS place
    FROM paired
)
SELECT
    r.project, r.branch, r.builder, r.series_id, r.suite, r.name, r.first_position,
    r.old_series_id, to_hex(r.old_series_id) AS old_id, r.old_suite, r.old_name, r.old_last_position, r.similarity,
    s.series_id IS NOT NULL AS is_confirmed
FROM threshold AS t
CROSS JOIN ranked AS r
LEFT JOIN step.renamed_series AS s ON s.series_id = r.series_id AND s.old_series_id = r.old_series_id
WHERE r.place = 1 AND r.similarity >= t.similarity
