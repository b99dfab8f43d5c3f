-- Everything that is counted for an author, one small fact per row
-- Empty when the setting `author_stats` is 0. Robots have no figures.
-- Grain: one row per change, problem caused, problem fixed or test added
-- Judged: author figures by week and in all stand on it
-- person_id: the person
-- author: name of the author
-- team: the person's team
-- project: the project
-- at: when the change concerned was committed; for a fix without one change, when the problem was resolved
-- change_count: changes in the range
-- merge_count: 1 for a merge
-- tested_change_count: 1 when tested
-- green_change_count: 1 when all builds were a success
-- problem_caused_count: problems caused
-- problem_fixed_count: problems fixed
-- still_open_count: of the problems caused, those still open
-- hours_to_fix: how long the fixed problem was open, hours
-- lines_added: lines added
-- lines_removed: lines removed
-- merge_lines_added: lines that merges brought in
-- merge_lines_removed: lines that merges removed
-- test_added_count: 1 for a test added
WITH switch AS (
    SELECT value <> 0 AS is_on FROM raw.setting WHERE name = 'author_stats'
), fact AS (
    SELECT
        c.person_id, c.author, c.team, c.project, c.committed_at AS at,
        CASE WHEN c.is_merge THEN 0 ELSE 1 END AS change_count,
        CASE WHEN c.is_merge THEN 1 ELSE 0 END AS merge_count,
        CASE WHEN t.revision IS NULL OR c.is_merge THEN 0 ELSE 1 END AS tested_change_count,
        CASE WHEN t.is_green AND NOT c.is_merge THEN 1 ELSE 0 END AS green_change_count,
        0 AS problem_caused_count, 0 AS problem_fixed_count, 0 AS still_open_count,
        CAST(NULL AS DOUBLE) AS hours_to_fix,
        coalesce(z.lines_added, 0) AS lines_added, coalesce(z.lines_removed, 0) AS lines_removed,
        coalesce(z.merge_lines_added, 0) AS merge_lines_added,
        coalesce(z.merge_lines_removed, 0) AS merge_lines_removed,
        0 AS test_added_count
    FROM step.authored AS c
    LEFT JOIN step.tested_change AS t ON t.project = c.project AND t.revision = c.revision
    LEFT JOIN step.change_size AS z ON z.change_id = c.change_id
    WHERE NOT c.is_bot
    UNION ALL
    SELECT
        c.person_id, c.author, c.team, c.project, c.committed_at AS at,
        0 AS change_count, 0 AS merge_count, 0 AS tested_change_count, 0 AS green_change_count,
        1 AS problem_caused_count, 0 AS problem_fixed_count,
        CASE a.state WHEN 'open' THEN 1 ELSE 0 END AS still_open_count, CAST(NULL AS DOUBLE) AS hours_to_fix,
        0 AS lines_added, 0 AS lines_removed, 0 AS merge_lines_added, 0 AS merge_lines_removed, 0 AS test_added_count
    FROM step.accused AS a
    JOIN step.authored AS c ON c.project = a.project AND c.revision = a.revision
    WHERE a.is_guilty
    UNION ALL
    SELECT
        person_id, author, team, project, coalesce(committed_at, fixed_at) AS at,
        0 AS change_count, 0 AS merge_count, 0 AS tested_change_count, 0 AS green_change_count,
        0 AS problem_caused_count, 1 AS problem_fixed_count, 0 AS still_open_count, hours_to_resolve AS hours_to_fix,
        0 AS lines_added, 0 AS lines_removed, 0 AS merge_lines_added, 0 AS merge_lines_removed, 0 AS test_added_count
    FROM step.fix
    WHERE NOT is_bot
    UNION ALL
    SELECT
        person_id, author, team, project, committed_at AS at,
        0 AS change_count, 0 AS merge_count, 0 AS tested_change_count, 0 AS green_change_count,
        0 AS problem_caused_count, 0 AS problem_fixed_count, 0 AS still_open_count,
        CAST(NULL AS DOUBLE) AS hours_to_fix, 0 AS lines_added, 0 AS lines_removed, 0 AS merge_lines_added,
        0 AS merge_lines_removed, 1 AS test_added_count
    FROM step.added_test
    WHERE NOT is_bot
)
SELECT
    f.person_id, f.author, f.team, f.project, f.at,
    f.change_count, f.merge_count, f.tested_change_count, f.green_change_count,
    f.problem_caused_count, f.problem_fixed_count, f.still_open_count, f.hours_to_fix,
    f.lines_added, f.lines_removed, f.merge_lines_added, f.merge_lines_removed, f.test_added_count
FROM switch AS s
CROSS JOIN fact AS f
WHERE s.is_on
