-- Flakiness: how often tests fail by chance, and how sure that is
-- Three kinds of evidence stand apart: positions that both passed and failed (same revision), failures between two
-- passes (lonely), and flips. The rate is the mean of a beta posterior: what was seen, and the rate of the project as a
-- prior worth `series_prior_positions`; its interval is that of Wilson (1927) at 95%. One lonely failure is chance by
-- `lonely_failure_share`; each more of the same test makes that `lonely_repeat_factor` times likelier. A test becomes
-- flaky at `flaky_enter` by at least `flaky_min_evidence` observations, and stays so until `flaky_leave_positions`
-- positions have passed without any. A failure at the first or the newest position alone is neither lonely nor lasting:
-- one end of it is not known.
-- Grain: one row per test series with a failure or a flaky position
-- Judged: lists of flaky tests and quarantine stand on it
-- series_id: one test on one builder of one branch
-- test_id: the test, whatever the builder and branch
-- project: the project
-- branch: the branch
-- builder: the builder
-- suite: everything that qualifies the test's name
-- name: the test's own name; may hold dots
-- position_count: positions with a verdict other than skip
-- same_revision_count: positions that both passed and failed
-- lonely_count: failures at one position, between two passes
-- flip_rate: changes between pass and fail by steps between positions
-- entropy: of passing and failing positions, in bits (Apple, 2020); a flaky position is half of each
-- flake_rate: estimated share of positions at which it fails by chance
-- flake_rate_low: lower end of the interval
-- flake_rate_high: upper end of the interval
-- flake_probability: probability that its next failure is by chance
-- last_evidence_at: when it last was flaky or failed alone
-- quiet_position_count: positions of its branch since then
-- is_flaky: by the thresholds
-- rule: name of the rule
-- rule_version: version of the rule
WITH threshold AS (
    SELECT
        max(value) FILTER (WHERE name = 'flaky_enter') AS enter,
        max(value) FILTER (WHERE name = 'flaky_min_evidence') AS min_evidence,
        max(value) FILTER (WHERE name = 'flaky_leave_positions') AS leave_positions
    FROM raw.setting
), eventful_series AS (
    SELECT DISTINCT series_id FROM raw.streak WHERE verdict IN ('fail', 'flaky') AND kind IN ('test', 'suite')
), site AS (
    SELECT
        project,
        CAST(sum(position_count) AS DOUBLE) AS site_positions,
        CAST(coalesce(sum(position_count) FILTER (WHERE verdict = 'flaky'), 0) AS DOUBLE) AS site_flaky
    FROM raw.streak
    WHERE verdict <> 'skip' AND kind = 'test'
    GROUP BY project
), followed AS (
    SELECT
        s.series_id, s.verdict, s.position_count, s.last_position, s.last_at,
        lag(s.verdict) OVER history AS verdict_before,
        lead(s.verdict) OVER history AS verdict_behind
    FROM step.dated_streak AS s
    JOIN eventful_series AS e ON e.series_id = s.series_id
    WHERE s.verdict <> 'skip'
    WINDOW history AS (PARTITION BY s.series_id ORDER BY s.first_position)
), marked AS (
    SELECT
        series_id, verdict, position_count, last_position, last_at, verdict_before,
        verdict = 'fail' AND position_count = 1 AND verdict_before = 'pass' AND verdict_behind = 'pass' AS is_lonely
    FROM followed
), counted AS (
    SELECT
        series_id,
        CAST(sum(position_count) AS DOUBLE) AS position_count,
        CAST(coalesce(sum(position_count) FILTER (WHERE verdict = 'flaky'), 0) AS DOUBLE) AS same_revision_count,
        CAST(coalesce(sum(position_count) FILTER (WHERE verdict = 'fail'), 0) AS DOUBLE) AS failed_count,
        CAST(count(*) FILTER (WHERE is_lonely) AS DOUBLE) AS lonely_count,
        CAST(count(*) FILTER (WHERE verdict = 'fail' AND NOT is_lonely) AS DOUBLE) AS lasting_count,
        CAST(count(*) FILTER (WHERE verdict <> verdict_before) AS DOUBLE) AS flip_count,
        max(last_position) AS head_position,
        max(last_position) FILTER (WHERE verdict = 'flaky' OR is_lonely) AS evidence_position,
        max(last_at) FILTER (WHERE verdict = 'flaky' OR is_lonely) AS last_evidence_at
    FROM marked
    GROUP BY series_id
), sited AS (
    SELECT
        c.series_id, h.test_id, h.project, h.branch, h.builder, h.suite, h.name, c.position_count,
        c.same_revision_count, c.failed_count, c.lonely_count, c.flip_count, c.head_position, c.evidence_position,
        c.last_evidence_at, s.site_positions, s.site_flaky,
        sum(c.lasting_count) OVER (PARTITION BY h.project) AS site_lasting
    FROM counted AS c
    JOIN raw.streak AS h ON h.series_id = c.series_id AND h.is_head
    JOIN site AS s ON s.project = h.project
), doubted AS (
    SELECT
        c.series_id, c.test_id, c.project, c.branch, c.builder, c.suite, c.name, c.position_count,
        c.same_revision_count, c.failed_count, c.lonely_count, c.flip_count, c.head_position, c.evidence_position,
        c.last_evidence_at, c.site_positions, c.site_flaky, c.site_lasting,
        t.lonely_share / (1.0 - t.lonely_share) * power(t.repeat_factor, least(c.lonely_count - 1.0, 9.0))
            AS lonely_odds
    FROM step.flake_prior AS t
    CROSS JOIN sited AS c
), rated AS (
    SELECT
        c.series_id, c.test_id, c.project, c.branch, c.builder, c.suite, c.name, c.position_count,
        c.same_revision_count, c.lonely_count, c.flip_count, c.head_position, c.evidence_position, c.last_evidence_at,
        (c.failed_count + 0.5 * c.same_revision_count) / c.position_count AS failed_share,
        (
            c.same_revision_count + c.lonely_count * c.lonely_odds / (1.0 + c.lonely_odds)
                + t.series_positions * (c.site_flaky + t.flake_rate * t.positions) / (c.site_positions + t.positions)
        ) / (c.position_count + t.series_positions) AS flake_rate,
        c.position_count + t.series_positions AS weight,
        (c.site_lasting + t.break_rate * t.positions) / (c.site_positions + t.positions) AS break_rate
    FROM step.flake_prior AS t
    CROSS JOIN doubted AS c
), judged AS (
    SELECT
        series_id, test_id, project, branch, builder, suite, name, position_count, same_revision_count, lonely_count,
        flip_count, head_position, evidence_position, last_evidence_at, failed_share, flake_rate, weight,
        flake_probability(flake_rate, least(break_rate, 1.0)) AS flake_probability
    FROM rated
)
SELECT
    series_id, test_id, project, branch, builder, suite, name,
    CAST(position_count AS BIGINT) AS position_count,
    CAST(same_revision_count AS BIGINT) AS same_revision_count,
    CAST(lonely_count AS BIGINT) AS lonely_count,
    flip_count / nullif(position_count - 1, 0) AS flip_rate,
    CASE
        WHEN failed_share <= 0 OR failed_share >= 1 THEN 0.0
        ELSE -failed_share * log2(failed_share) - (1 - failed_share) * log2(1 - failed_share)
    END AS entropy,
    flake_rate,
    (flake_rate + 1.92 / weight - 1.96 * sqrt(flake_rate * (1 - flake_rate) / weight + 0.96 / weight / weight))
        / (1 + 3.84 / weight) AS flake_rate_low,
    (flake_rate + 1.92 / weight + 1.96 * sqrt(flake_rate * (1 - flake_rate) / weight + 0.96 / weight / weight))
        / (1 + 3.84 / weight) AS flake_rate_high,
    flake_probability,
    last_evidence_at,
    head_position - evidence_position AS quiet_position_count,
    coalesce(
        flake_probability >= t.enter
            AND same_revision_count + lonely_count >= t.min_evidence
            AND head_position - evidence_position < t.leave_positions,
        false
    ) AS is_flaky,
    'flake_posterior' AS rule,
    1 AS rule_version
FROM threshold AS t
CROSS JOIN judged
