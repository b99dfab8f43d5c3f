-- Steps of failure rates: where a test began to fail more or less often
-- A break is a step from 0 to 1; a test that fails now and then has a step where its rate changes beyond chance
-- (`failure_steps` of docs/functions.md). The step lies in the changes after `low_position` up to `high_position`, 99%
-- sure. Skipped positions count for nothing; a position that failed and passed counts as a failure that was retried.
-- Grain: one row per test series and step of its failure rate
-- Judged: it reads the history of every test that failed
-- series_id: one test on one builder of one branch
-- test_id: the test, whatever the builder and branch
-- project: the project
-- branch: the branch
-- builder: the builder
-- suite: everything that qualifies the test's name
-- name: the test's own name; may hold dots
-- position: the first position with the new rate, most likely
-- revision: the revision there
-- at: when it was committed
-- low_position: the last position with the old rate, 99% sure
-- high_position: the first position with the new rate at the latest, 99% sure
-- rate_before: share of positions with a failure, since the step before
-- rate_behind: share of positions with a failure, up to the next step
-- next_position: where the next step is; null for the newest
-- next_rate: the rate behind the next step
-- ln_odds: logarithm of the odds that there is a step
-- rule: name of the rule
-- rule_version: version of the rule
WITH threshold AS (
    SELECT value AS likelihood FROM raw.setting WHERE name = 'changepoint_likelihood'
), eventful_series AS (
    SELECT DISTINCT series_id FROM raw.streak WHERE kind = 'test' AND verdict IN ('fail', 'flaky')
), listed AS (
    SELECT
        s.series_id, s.test_id, s.project, s.branch, s.builder, s.suite, s.name,
        array_agg(CASE s.verdict WHEN 'fail' THEN s.position_count ELSE 0 END) AS failed,
        array_agg(CASE s.verdict WHEN 'flaky' THEN s.position_count ELSE 0 END) AS flaky,
        array_agg(s.position_count) AS total,
        array_agg(s.first_position) AS first_positions,
        array_agg(s.last_position) AS last_positions
    FROM raw.streak AS s
    JOIN eventful_series AS e ON e.series_id = s.series_id
    WHERE s.verdict <> 'skip'
    GROUP BY s.series_id, s.test_id, s.project, s.branch, s.builder, s.suite, s.name
), stepped AS (
    SELECT
        l.series_id, l.test_id, l.project, l.branch, l.builder, l.suite, l.name,
        unnest(failure_steps(
            least_by(l.failed, l.first_positions), least_by(l.flaky, l.first_positions),
            least_by(l.total, l.first_positions), array_sort(l.first_positions), array_sort(l.last_positions),
            t.likelihood
        )) AS step
    FROM threshold AS t
    CROSS JOIN listed AS l
), opened AS (
    SELECT
        series_id, test_id, project, branch, builder, suite, name,
        step['position'] AS position, step['low_position'] AS low_position, step['high_position'] AS high_position,
        step['rate_before'] AS rate_before, step['rate_behind'] AS rate_behind, step['ln_odds'] AS ln_odds
    FROM stepped
)
SELECT
    o.series_id, o.test_id, o.project, o.branch, o.builder, o.suite, o.name,
    o.position, p.revision, p.tested_at AS at, o.low_position, o.high_position, o.rate_before, o.rate_behind,
    lead(o.position) OVER history AS next_position, lead(o.rate_behind) OVER history AS next_rate,
    o.ln_odds, 'beta_binomial' AS rule, 1 AS rule_version
FROM opened AS o
LEFT JOIN step.lane_position AS p
    ON p.project = o.project AND p.branch = o.branch AND p.builder = o.builder AND p.position = o.position
WINDOW history AS (PARTITION BY o.series_id ORDER BY o.position)
