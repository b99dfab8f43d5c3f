-- How many lines each change touches
-- Grain: one row per change that touches a file
-- change_id: hash of project and revision
-- lines_added: lines added; of a merge only those that no parent has
-- lines_removed: lines removed, in the same way
-- merge_lines_added: lines that a merge brought in from its other parents
-- merge_lines_removed: lines that a merge removed by its other parents
WITH touched AS (
    SELECT change_id, unnest(files) AS file FROM raw.change
)
SELECT
    change_id,
    sum(coalesce(file['lines_added'], 0)) AS lines_added,
    sum(coalesce(file['lines_removed'], 0)) AS lines_removed,
    sum(file['merge_lines_added']) AS merge_lines_added,
    sum(file['merge_lines_removed']) AS merge_lines_removed
FROM touched
GROUP BY change_id
