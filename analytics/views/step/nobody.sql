-- How likely it is that no change broke a test
-- Flake-aware culprit finding (Henderson and others, 2023) without reruns: a flaky test that fails by rate f fails m
-- times in a row by f to the m, a broken one always does. The odds of nobody are f to the m by the rate of real breaks,
-- fewer where other tests broke in the same range. f is the series' own share of flaky positions, with lonely failures
-- (`lonely_failure_share`), drawn to that of its project, and that to `flake_rate_prior`; the rate of breaks is the
-- project's, drawn to `break_rate_prior`. Even a sure break has no culprit on its blamelist now and then, as clocks,
-- machines and services break tests, too: `unchanged_break_share`. The words of the failure, its worker and the time of
-- day multiply the odds (step.circumstance).
-- Grain: one row per problem
-- Judged: every suspect stands on it
-- problem_id: the problem: series and opening position
-- series_id: one test on one builder of one branch
-- flake_rate: estimated share of positions at which the test fails by chance
-- break_rate: share of positions at which a test of the project really breaks
-- failed_position_count: positions that failed
-- sibling_count: problems of the same incident, this one counted
-- circumstance_factor: how many times likelier chance is by words, worker and hour
-- flake_probability: probability that the failures are by chance
-- probability: probability that nobody is to blame, 0 to 1
WITH problem AS (
    SELECT
        problem_id, series_id, incident_id, project, origin, failed_position_count,
        CASE WHEN failed_position_count = 1 AND state = 'resolved' THEN 1 ELSE 0 END AS is_lonely
    FROM step.episode
), counted AS (
    SELECT
        s.series_id, sum(s.position_count) AS position_count,
        coalesce(sum(s.position_count) FILTER (WHERE s.verdict = 'flaky'), 0) AS flaky_count
    FROM (SELECT DISTINCT series_id FROM problem) AS p
    JOIN raw.streak AS s ON s.series_id = p.series_id
    WHERE s.verdict <> 'skip'
    GROUP BY s.series_id
), estimated AS (
    SELECT
        p.problem_id, p.series_id, p.failed_position_count, t.unchanged_share,
        count(*) OVER (PARTITION BY p.incident_id) AS sibling_count,
        (r.lasting_count + t.break_rate * t.positions) / (r.position_count + t.positions) AS break_rate,
        (
            c.flaky_count + t.lonely_share * greatest(coalesce(l.lonely_count, 0) - p.is_lonely, 0)
                + t.series_positions * (r.flaky_count + t.flake_rate * t.positions) / (r.position_count + t.positions)
        ) / (c.position_count + t.series_positions) AS flake_rate
    FROM step.flake_prior AS t
    CROSS JOIN problem AS p
    JOIN counted AS c ON c.series_id = p.series_id
    JOIN step.site_rate AS r ON r.project = p.project
    LEFT JOIN step.lonely_series AS l ON l.series_id = p.series_id
), circumstance AS (
    SELECT problem_id, exp(sum(ln(factor))) AS factor
    FROM step.circumstance
    GROUP BY problem_id
), weighed AS (
    SELECT
        problem_id, series_id, flake_rate, break_rate, failed_position_count, sibling_count, unchanged_share,
        flake_probability(
            flake_rate, least(break_rate * sqrt(CAST(sibling_count AS DOUBLE)), 1.0), failed_position_count
        ) AS flake_probability
    FROM estimated
), told AS (
    SELECT
        w.problem_id, w.series_id, w.flake_rate, w.break_rate, w.failed_position_count, w.sibling_count,
        w.unchanged_share, coalesce(c.factor, 1.0) AS circumstance_factor,
        CASE
            WHEN c.factor IS NULL THEN w.flake_probability
            ELSE w.flake_probability * c.factor / (w.flake_probability * c.factor + 1.0 - w.flake_probability)
        END AS flake_probability
    FROM weighed AS w
    LEFT JOIN circumstance AS c ON c.problem_id = w.problem_id
)
SELECT
    problem_id, series_id, flake_rate, break_rate, failed_position_count, sibling_count, circumstance_factor,
    flake_probability, 1.0 - (1.0 - flake_probability) * (1.0 - unchanged_share) AS probability
FROM told
