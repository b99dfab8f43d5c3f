-- Changes by author
-- Empty when the setting author_stats is 0.
-- Grain: one row per change
-- person_id: the person
-- project: the project
-- revision: commit id
-- committed_at: when it was committed
-- subject: first line of the message
-- is_merge: it has several parents
-- is_tested: a build of exactly this revision ran to its end
-- is_green: all such builds were a success; null when not tested
-- file_count: files touched
-- lines_added: lines added
-- lines_removed: lines removed
WITH switch AS (
    SELECT value <> 0 AS is_on FROM raw.setting WHERE name = 'author_stats'
)
SELECT
    c.person_id, c.project, c.revision, c.committed_at, c.subject, c.is_merge,
    t.revision IS NOT NULL AS is_tested, t.is_green, c.file_count,
    coalesce(z.lines_added, 0) AS lines_added, coalesce(z.lines_removed, 0) AS lines_removed
FROM step.authored AS c
JOIN switch AS s ON s.is_on
LEFT JOIN step.tested_change AS t ON t.project = c.project AND t.revision = c.revision
LEFT JOIN step.change_size AS z ON z.change_id = c.change_id
