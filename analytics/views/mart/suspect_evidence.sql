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
WITH told AS (
    SELECT
        j.problem_id, j.series_id, j.revision, w.evidence, w.weight, w.rule, w.rule_version,
        CASE w.evidence
            WHEN 'listed' THEN 'on the blamelist'
            WHEN 'robot' THEN j.robot
            WHEN 'plain_merge' THEN j.plain_merge
            WHEN 'file_in_message' THEN j.file_in_message
            WHEN 'file_like_test' THEN j.file_like_test
            WHEN 'many_files' THEN j.many_files
            WHEN 'documentation' THEN j.documentation
            WHEN 'no_file' THEN j.no_file
        END AS detail
    FROM step.evidence_weight AS w
    CROSS JOIN step.judgement AS j
)
SELECT problem_id, series_id, revision, evidence, weight, detail, rule, rule_version
FROM told
WHERE detail IS NOT NULL
