-- What each evidence is worth
-- A change's weight is the product of the weights of the evidence that applies to it; suspicion is its share of the
-- weights on the blamelist. Figures are round on purpose; after Findit's file matches (luci-go, bisection).
-- Grain: one row per kind of evidence
-- evidence: its name
-- weight: factor on the change's weight
-- meaning: when it applies
-- rule: name of the rule
-- rule_version: version of the rule
SELECT
    column1 AS evidence, column2 AS weight, column3 AS meaning,
    'evidence_product' AS rule, 1 AS rule_version
FROM (VALUES
    ('listed', 1.0, 'the change is on the blamelist'),
    ('robot', 0.0, 'a robot wrote it'),
    ('plain_merge', 0.0, 'a merge without lines of its own, whose merged changes are listed themselves'),
    ('file_in_message', 12.0, 'the failing text names a file of the change'),
    ('file_like_test', 8.0, 'the suite or test is named like a file of the change'),
    ('many_files', 1.5, 'the change touches ten files or more'),
    ('documentation', 0.05, 'the change touches documentation only'),
    ('no_file', 0.05, 'the change touches no file')
)
