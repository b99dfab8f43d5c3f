-- The guilty: authors whose suspicion passes the threshold
-- Nobody is guilty of a born failing problem, of a flaky test, or where the history is not wholly known; robots never
-- are.
-- Grain: one row per problem and guilty author
-- problem_id: the problem: series and opening position
-- series_id: one test on one builder of one branch
-- person_id: the person
-- author: name of the author
-- revision: the author's most suspicious change
-- suspicion: sum over the author's changes on the blamelist
-- change_suspicion: suspicion of that change alone
-- threshold: the threshold that was used
-- rule: name of the rule
-- rule_version: version of the rule
-- evidence: why, in words
SELECT
    problem_id, series_id, person_id, author, revision, suspicion, change_suspicion, threshold,
    rule, rule_version, evidence
FROM step.accused
WHERE is_guilty
