-- The evidence for and against each suspect
-- Grain: one row per problem, change of its blamelist and evidence
-- problem_id: the problem: series and opening position
-- series_id: one test on one builder of one branch
-- revision: commit id
-- evidence: name of the evidence
-- weight: factor on the change's weight; above 1 incriminates, below 1 excuses, 0 acquits
-- detail: the evidence in words
-- rule: name of the rule
-- rule_version: version of the rule
SELECT problem_id, series_id, revision, evidence, weight, detail, rule, rule_version
FROM step.judgement
