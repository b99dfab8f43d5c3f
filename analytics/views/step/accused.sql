-- Authors on blamelists with the suspicion of all their changes there
-- An author is guilty when that sum passes the threshold, the range is wholly known and the series is
-- not flaky. Robots are never guilty and are left out.
-- Grain: one row per problem and author on its blamelist who may be guilty at all
-- Judged: guilty people, mail and author figures stand on it
-- problem_id: the problem: series and opening position
-- series_id: one test on one builder of one branch
-- project: the project
-- state: open, resolved or vanished
-- person_id: the person
-- author: name of the author
-- revision: the author's most suspicious change
-- change_suspicion: suspicion of that change alone
-- suspicion: sum over the author's changes on the blamelist
-- threshold: the threshold that was used
-- is_guilty: whether the author is guilty by the rule
-- evidence: why, in words
-- rule: name of the rule
-- rule_version: version of the rule
WITH threshold AS (
    SELECT value AS guilty_threshold FROM raw.setting WHERE name = 'guilty_threshold'
), summed AS (
    SELECT
        problem_id, series_id, project, state, person_id, author, revision, suspicion AS change_suspicion,
        evidence, is_complete, rule, rule_version,
        sum(suspicion) OVER author AS suspicion,
        row_number() OVER author AS place
    FROM mart.suspect
    WHERE NOT is_bot
    WINDOW author AS (
        PARTITION BY problem_id, person_id ORDER BY rank ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    )
)
SELECT
    s.problem_id, s.series_id, s.project, s.state, s.person_id, s.author, s.revision, s.change_suspicion, s.suspicion,
    t.guilty_threshold AS threshold,
    s.suspicion > t.guilty_threshold AND s.is_complete AND f.series_id IS NULL AS is_guilty,
    s.evidence, s.rule, s.rule_version
FROM threshold AS t
CROSS JOIN summed AS s
LEFT JOIN step.flaky_series AS f ON f.series_id = s.series_id
WHERE s.place = 1
