-- How far back a test may have been seen last and still count as present
-- The position that is followed by just so many complete positions that absence since before it means "vanished".
-- Grain: one row per lane with at least `vanish_after` complete positions
-- project: the project
-- branch: the branch
-- builder: the builder
-- limit_position: a series seen last before this position has vanished
WITH aged AS (
    SELECT
        project, branch, builder, position,
        row_number() OVER (PARTITION BY project, branch, builder ORDER BY position DESC) AS age
    FROM step.lane_position
    WHERE is_complete
), threshold AS (
    SELECT CAST(value AS BIGINT) AS vanish_after FROM raw.setting WHERE name = 'vanish_after'
)
SELECT a.project, a.branch, a.builder, a.position AS limit_position
FROM aged AS a
JOIN threshold AS t ON CAST(a.age AS BIGINT) = t.vanish_after
