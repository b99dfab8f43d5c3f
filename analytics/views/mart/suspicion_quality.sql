-- How often the first suspect was right
-- A later revert that says "This reverts commit …" tells which change of a blamelist it was, and so does a fixed_by
-- note whose text is a revision. A problem counts once per change that is confirmed.
-- Grain: one row per project with a confirmed culprit
-- project: the project
-- judged_count: suspects confirmed as culprits
-- rank1_right_count: of those, the ones that had rank 1
-- rank1_ratio: rank1_right_count by judged_count
WITH reverted AS (
    SELECT
        project,
        trim(split_part(split_part(split_part(message, 'This reverts commit ', 2), '.', 1), ',', 1)) AS revision
    FROM raw.change
    WHERE strpos(message, 'This reverts commit ') > 0
), noted AS (
    SELECT series_id, trim(text) AS revision FROM raw.note WHERE kind = 'fixed_by' AND trim(text) <> ''
), confirmed AS (
    SELECT s.project, s.problem_id, s.rank
    FROM mart.suspect AS s
    LEFT JOIN (SELECT DISTINCT project, revision FROM reverted) AS r
        ON r.project = s.project AND r.revision = s.revision
    LEFT JOIN (SELECT DISTINCT series_id, revision FROM noted) AS n
        ON n.series_id = s.series_id AND n.revision = s.revision
    WHERE r.revision IS NOT NULL OR n.revision IS NOT NULL
)
SELECT
    project, count(*) AS judged_count,
    count(*) FILTER (WHERE rank = 1) AS rank1_right_count,
    CAST(count(*) FILTER (WHERE rank = 1) AS DOUBLE) / count(*) AS rank1_ratio
FROM confirmed
GROUP BY project
