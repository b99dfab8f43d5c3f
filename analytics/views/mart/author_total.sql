-- Authors over all time
-- The figures of mart.author_stats without weeks. Empty when the setting author_stats is 0.
-- Grain: one row per person and project
-- person_id: the person
-- author: name of the author
-- team: the person's team
-- project: the project
-- change_count: changes, merges apart
-- merge_count: merges
-- tested_change_count: changes, without merges, of whose very revision a build ran to its end
-- green_change_count: of those, the ones whose builds were all a success
-- green_ratio: green by tested changes
-- problem_caused_count: problems that the person is guilty of
-- problem_fixed_count: problems that the person fixed
-- still_open_count: of the problems caused, the ones still open
-- median_hours_to_fix: how long the problems that the person fixed had been open, hours
-- lines_added: lines of the person's own, also in merges
-- lines_removed: lines removed
-- merge_lines_added: lines that merges brought in
-- merge_lines_removed: lines that merges removed
-- test_added_count: tests first seen at a change of the person
WITH summed AS (
    SELECT
        person_id, project,
        max(author) AS author,
        max(team) AS team,
        sum(change_count) AS change_count, sum(merge_count) AS merge_count,
        sum(tested_change_count) AS tested_change_count, sum(green_change_count) AS green_change_count,
        sum(problem_caused_count) AS problem_caused_count, sum(problem_fixed_count) AS problem_fixed_count,
        sum(still_open_count) AS still_open_count, median(hours_to_fix) AS median_hours_to_fix,
        sum(lines_added) AS lines_added, sum(lines_removed) AS lines_removed,
        sum(merge_lines_added) AS merge_lines_added, sum(merge_lines_removed) AS merge_lines_removed,
        sum(test_added_count) AS test_added_count
    FROM step.author_fact
    GROUP BY person_id, project
)
SELECT
    person_id, author, team, project, change_count, merge_count, tested_change_count, green_change_count,
    CAST(green_change_count AS DOUBLE) / nullif(tested_change_count, 0) AS green_ratio,
    problem_caused_count, problem_fixed_count, still_open_count, median_hours_to_fix,
    lines_added, lines_removed, merge_lines_added, merge_lines_removed, test_added_count
FROM summed
