-- The evidence for and against each suspect
-- Evidence that does not apply is left out. The product of a change's weights, as shares of the blamelist, is its
-- suspicion, but for the chance that nobody is to blame.
-- Grain: one row per problem, change of its blamelist and evidence
-- problem_id: the problem: series and opening position
-- series_id: one test on one builder of one branch
-- revision: commit id
-- evidence: name of the evidence
-- weight: factor on the change's weight; above 1 incriminates, below 1 excuses, 0 acquits
-- detail: the evidence in words
-- figure: its figure; null for a plain merge
-- rule: name of the rule
-- rule_version: version of the rule
WITH told AS (
    SELECT
        j.problem_id, j.series_id, j.revision, e.evidence, e.weight, e.meaning, e.rule, e.rule_version,
        CASE e.evidence
            WHEN 'path_words' THEN c.path_words
            WHEN 'path_rare' THEN c.path_rare
            WHEN 'subject_words' THEN c.subject_words
            WHEN 'subject_rare' THEN c.subject_rare
            WHEN 'message_words' THEN c.message_words
            WHEN 'failure_words' THEN c.failure_words
            WHEN 'file_in_message' THEN c.file_in_message
            WHEN 'file_like_test' THEN c.file_like_test
            WHEN 'file_count' THEN c.file_count
            WHEN 'line_count' THEN c.line_count
            WHEN 'focus' THEN c.focus
            WHEN 'matched_files' THEN c.matched_files
            WHEN 'no_code' THEN c.no_code
            WHEN 'no_file' THEN c.no_file
            WHEN 'dependency' THEN c.dependency
            WHEN 'robot' THEN c.robot
            WHEN 'bump' THEN c.bump
            WHEN 'revert' THEN c.revert
            WHEN 'housekeeping' THEN c.housekeeping
            WHEN 'touches_test' THEN c.touches_test
            WHEN 'symbol_in_message' THEN c.symbol_in_message
            WHEN 'broke_before' THEN c.broke_before
            WHEN 'together_before' THEN c.together_before
            WHEN 'builder_words' THEN c.builder_words
            WHEN 'elsewhere' THEN c.elsewhere
            WHEN 'author_record' THEN c.author_record
            WHEN 'line_words' THEN c.line_words
            WHEN 'failure_line_words' THEN c.failure_line_words
            WHEN 'identifier_in_message' THEN c.identifier_in_message
            WHEN 'breaking' THEN c.breaking
        END AS figure,
        CASE e.evidence
            WHEN 'path_words' THEN 'test and paths share ' || c.path_match
            WHEN 'subject_words' THEN 'test and subject share ' || c.subject_match
            WHEN 'file_in_message' THEN 'the failing text names ' || c.named_file
            WHEN 'identifier_in_message' THEN 'the failing text and its lines name ' || c.identifier_match
            WHEN 'file_like_test' THEN 'the test is named like ' || c.like_file
            WHEN 'elsewhere' THEN 'the test ' || c.acquitted
        END AS detail
    FROM step.evidence_weight AS e
    JOIN step.judgement AS j ON j.project = e.project
    JOIN step.clue AS c ON c.problem_id = j.problem_id AND c.turn = j.turn AND c.revision = j.revision
    WHERE j.turn = 'break'
)
SELECT
    problem_id, series_id, revision, evidence, exp(weight * figure) AS weight,
    coalesce(detail, meaning || ': ' || CAST(round(figure, 2) AS VARCHAR)) AS detail,
    figure, rule, rule_version
FROM told
WHERE figure <> 0
UNION ALL
SELECT
    problem_id, series_id, revision, 'plain_merge', 0.0, 'merges listed changes, adds no line', NULL, rule, rule_version
FROM step.judgement
WHERE is_plain_merge AND turn = 'break'
