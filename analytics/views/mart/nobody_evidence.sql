-- Why perhaps nobody is to blame
-- Each piece of evidence that a test fails by chance, or for a reason that no change explains, as a factor on the odds
-- of chance against a break, and the probability that follows from all of them (step.nobody). What was found out since
-- is not in it.
-- Grain: one row per problem and piece of evidence
-- problem_id: the problem: series and opening position
-- series_id: one test on one builder of one branch
-- place: order in which to tell them
-- evidence: failures, other_tests, same_words, worker, hour or unchanged
-- factor: how many times likelier chance is by it; null for unchanged
-- detail: the evidence in words
-- probability: probability that nobody is to blame, by all of them
WITH told AS (
    SELECT
        problem_id, 1 AS place, 'failures' AS evidence,
        power(flake_rate, failed_position_count) / break_rate AS factor,
        'failing positions: ' || CAST(failed_position_count AS VARCHAR) || '; it fails by chance at '
            || CAST(round(100 * flake_rate, 2) AS VARCHAR) || '% of them, and tests of the project break at '
            || CAST(round(100 * break_rate, 2) AS VARCHAR) || '%' AS detail
    FROM step.nobody
    UNION ALL
    SELECT
        problem_id, 2 AS place, 'other_tests' AS evidence, 1.0 / sqrt(CAST(sibling_count AS DOUBLE)) AS factor,
        'other problems that began in the same changes: ' || CAST(sibling_count - 1 AS VARCHAR) AS detail
    FROM step.nobody
    WHERE sibling_count > 1
    UNION ALL
    SELECT
        problem_id, 3 AS place, circumstance AS evidence, factor,
        CASE circumstance
            WHEN 'same_words' THEN 'these words'
            WHEN 'worker' THEN 'the worker ' || value
            ELSE 'builds that begin from ' || value || ':00 UTC on'
        END || ' had ' || CAST(round(100 * chance_share, 1) AS VARCHAR) || '% of the lonely failures and '
            || CAST(round(100 * lasting_share, 1) AS VARCHAR) || '% of the lasting ones' AS detail
    FROM step.circumstance
    UNION ALL
    SELECT
        n.problem_id, 4 AS place, 'unchanged' AS evidence, CAST(NULL AS DOUBLE) AS factor,
        CAST(round(100 * t.unchanged_share, 1) AS VARCHAR) || '% of real breaks have no change to blame' AS detail
    FROM step.flake_prior AS t
    CROSS JOIN step.nobody AS n
)
SELECT t.problem_id, n.series_id, t.place, t.evidence, t.factor, t.detail, n.probability
FROM told AS t
JOIN step.nobody AS n ON n.problem_id = t.problem_id
