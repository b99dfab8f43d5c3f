-- How often tests of a project fail by chance, and how often they break
-- Grain: one row per project
-- Judged: nobody's probability stands on it
-- project: the project
-- position_count: positions with a verdict other than skip, of all its series
-- flaky_count: of these, the flaky ones
-- lasting_count: problems other than lonely failures (step.lonely_series)
WITH lasting AS (
    SELECT project, sum(CASE WHEN failed_position_count = 1 AND state = 'resolved' THEN 0 ELSE 1 END) AS lasting_count
    FROM step.episode
    GROUP BY project
), counted AS (
    SELECT
        project, sum(position_count) AS position_count,
        coalesce(sum(position_count) FILTER (WHERE verdict = 'flaky'), 0) AS flaky_count
    FROM raw.streak
    WHERE verdict <> 'skip'
    GROUP BY project
)
SELECT c.project, c.position_count, c.flaky_count, coalesce(l.lasting_count, 0) AS lasting_count
FROM counted AS c
LEFT JOIN lasting AS l ON l.project = c.project
