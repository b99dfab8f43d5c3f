-- What each evidence is worth
-- A change's weight is the exponential of the sum of weight times figure; suspicion is its share of the weights on the
-- blamelist. A project that has learnt (`annals train`) by this version of the rule has weights of its own; the shipped
-- ones were learnt on histories whose culprits are known (docs/judgement.md).
-- Grain: one row per project and kind of evidence
-- project: the project
-- evidence: its name
-- weight: what one unit of its figure adds to the logarithm of a change's weight
-- shipped_weight: the weight of a project that has learnt none
-- meaning: what its figure is
-- learnt_at: when the project learnt it; null where it is the shipped one
-- rule: name of the rule
-- rule_version: version of the rule
WITH known AS (
    SELECT DISTINCT project FROM raw.change
)
SELECT
    k.project, e.evidence, coalesce(l.weight, e.weight) AS weight, e.weight AS shipped_weight, e.meaning, l.learnt_at,
    e.rule, e.rule_version
FROM known AS k
CROSS JOIN judge.evidence AS e
LEFT JOIN raw.learnt_weight AS l
    ON l.project = k.project AND l.evidence = e.evidence AND l.rule_version = e.rule_version
