-- Teams week by week
-- The figures of mart.author_stats added up by team, people without one left out; `annals person team NAME TEAM` says
-- who belongs to which. Empty when the setting author_stats is 0.
-- Grain: one row per team, project and week
-- team: the team
-- project: the project
-- week: its Monday
-- author_count: people of the team with a figure in the week
-- change_count: changes, merges apart
-- merge_count: merges
-- tested_change_count: changes, without merges, of whose very revision a build ran to its end
-- green_change_count: of those, the ones whose builds were all a success
-- green_ratio: green by tested changes
-- problem_caused_count: problems that people of the team are guilty of
-- problem_fixed_count: problems that people of the team fixed
-- still_open_count: of the problems caused, the ones still open
-- median_hours_to_fix: how long the problems that the team fixed had been open, hours
-- lines_added: lines of the team's own, also in merges
-- lines_removed: lines removed
-- test_added_count: tests first seen at a change of the team
WITH summed AS (
    SELECT
        team, project, CAST(date_trunc('week', at) AS DATE) AS week,
        count(DISTINCT person_id) AS author_count,
        sum(change_count) AS change_count, sum(merge_count) AS merge_count,
        sum(tested_change_count) AS tested_change_count, sum(green_change_count) AS green_change_count,
        sum(problem_caused_count) AS problem_caused_count, sum(problem_fixed_count) AS problem_fixed_count,
        sum(still_open_count) AS still_open_count, median(hours_to_fix) AS median_hours_to_fix,
        sum(lines_added) AS lines_added, sum(lines_removed) AS lines_removed,
        sum(test_added_count) AS test_added_count
    FROM step.author_fact
    WHERE team <> ''
    GROUP BY team, project, CAST(date_trunc('week', at) AS DATE)
)
SELECT
    team, project, week, author_count, change_count, merge_count, tested_change_count, green_change_count,
    CAST(green_change_count AS DOUBLE) / nullif(tested_change_count, 0) AS green_ratio,
    problem_caused_count, problem_fixed_count, still_open_count, median_hours_to_fix,
    lines_added, lines_removed, test_added_count
FROM summed
