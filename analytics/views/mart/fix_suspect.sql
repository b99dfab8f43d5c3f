-- Who mended it: how likely each change is the fix
-- The changes between the last failure and the first pass behind are weighed by the evidence that suspects are weighed
-- by: what mends a test is like what breaks it. A change that names one of the blamelist, as a revert or by "Fixes:",
-- counts `fix_naming_factor` times; a note `fixed_by` with a revision decides. A test that was flaky need not have
-- been mended.
-- Grain: one row per resolved problem and change that may have mended it
-- problem_id: the problem: series and opening position
-- series_id: one test on one builder of one branch
-- project: the project
-- rank: 1 is the most likely; of equals the newer change comes first
-- revision: commit id
-- person_id: the person
-- author: name of the author
-- is_bot: a robot, by the people table or its name
-- subject: first line of the message
-- probability: probability, 0 to 1
-- by_itself: probability that nothing was mended: the failures were by chance
-- evidence: why, in words
-- rule: name of the rule
-- rule_version: version of the rule
WITH threshold AS (
    SELECT value AS naming_factor FROM raw.setting WHERE name = 'fix_naming_factor'
), said AS (
    SELECT
        series_id, episode_number, split_part(trim(last_value(text ORDER BY noted_at)), ' ', 1) AS revision
    FROM step.note_episode
    WHERE kind = 'fixed_by' AND trim(text) <> ''
    GROUP BY series_id, episode_number
), naming AS (
    SELECT DISTINCT problem_id, source AS revision
    FROM step.confirmation
    WHERE is_confirmed AND rule <> 'note'
), weighed AS (
    SELECT
        j.problem_id, j.series_id, j.project, j.ordinal, j.revision, j.person_id, j.author, j.is_bot, j.subject,
        j.rule, j.rule_version,
        j.weight * CASE WHEN n.revision IS NULL THEN 1.0 ELSE t.naming_factor END AS weight,
        starts_with(j.revision, s.revision) AS is_said,
        concat_ws(
            '; ',
            CASE WHEN starts_with(j.revision, s.revision) THEN 'a note says so' END,
            CASE WHEN n.revision IS NOT NULL THEN 'names a change of the blamelist' END,
            nullif(j.evidence, '')
        ) AS evidence
    FROM threshold AS t
    CROSS JOIN step.judgement AS j
    JOIN step.episode AS e ON e.problem_id = j.problem_id
    LEFT JOIN naming AS n ON n.problem_id = j.problem_id AND n.revision = j.revision
    LEFT JOIN said AS s ON s.series_id = e.series_id AND s.episode_number = e.episode_number
    WHERE j.turn = 'fix'
), shared AS (
    SELECT
        problem_id, series_id, project, ordinal, revision, person_id, author, is_bot, subject, rule, rule_version,
        evidence, is_said, bool_or(coalesce(is_said, false)) OVER list AS is_decided,
        weight / nullif(sum(weight) OVER list, 0) AS share
    FROM weighed
    WINDOW list AS (PARTITION BY problem_id)
), judged AS (
    SELECT
        s.problem_id, s.series_id, s.project, s.ordinal, s.revision, s.person_id, s.author, s.is_bot, s.subject, s.rule,
        s.rule_version, s.evidence,
        CASE WHEN s.is_decided THEN 0.0 ELSE n.flake_probability END AS by_itself,
        CASE
            WHEN s.is_said THEN 1.0
            WHEN s.is_decided THEN 0.0
            ELSE s.share * (1.0 - n.flake_probability)
        END AS probability
    FROM shared AS s
    JOIN step.nobody AS n ON n.problem_id = s.problem_id
)
SELECT
    problem_id, series_id, project,
    CAST(row_number() OVER (PARTITION BY problem_id ORDER BY probability DESC, ordinal) AS BIGINT) AS rank,
    revision, person_id, author, is_bot, subject, probability, by_itself, evidence, rule, rule_version
FROM judged
