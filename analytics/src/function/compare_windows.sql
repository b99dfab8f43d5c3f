-- What compare_windows(base, sample) asks. {base}, {sample}: which tested positions a window has, as conditions on a
-- lane at a position; {branch}, {builder}: the branch and builder by which both windows are paired, or '' where one
-- window names its own. A streak counts the lane's tested positions that it has inside a window, times its share of those
-- that it spans: where a test did not run at each of them and a window cuts the streak, that is an estimate.
WITH threshold AS (
    SELECT
        max(value) FILTER (WHERE name = 'compare_sample_days') AS sample_days,
        max(value) FILTER (WHERE name = 'compare_base_days') AS base_days,
        max(value) FILTER (WHERE name = 'compare_alpha') AS alpha,
        max(value) FILTER (WHERE name = 'compare_min_effect') AS min_effect,
        max(value) FILTER (WHERE name = 'compare_min_failures') AS min_failures,
        max(value) FILTER (WHERE name = 'compare_new_pass_rate') AS new_pass_rate,
        max(value) FILTER (WHERE name = 'compare_new_positions') AS new_positions
    FROM raw.setting
), lane AS (
    SELECT
        project, branch, builder, position, revision, tested_at, ordinal,
        (
            date_part('epoch', max(tested_at) OVER (PARTITION BY project, branch, builder))
            - date_part('epoch', tested_at)
        ) / 86400.0 AS age_days
    FROM step.lane_position
), marked AS (
    SELECT
        l.project, l.branch, l.builder, l.position, l.ordinal,
        CASE WHEN {base} THEN 1 ELSE 0 END AS base, CASE WHEN {sample} THEN 1 ELSE 0 END AS sample
    FROM threshold AS t
    CROSS JOIN lane AS l
), edge AS (
    -- How many positions of each window a lane has had by then. Times need not rise with positions.
    SELECT
        project, branch, builder, position, ordinal, base, sample,
        sum(base) OVER history AS base_sum, sum(sample) OVER history AS sample_sum
    FROM marked
    WINDOW history AS (PARTITION BY project, branch, builder ORDER BY position)
), begun AS (
    -- Lanes are short beside streaks, and what a join names first is what it keeps in memory.
    SELECT
        s.project, s.branch, s.builder, s.test_id, s.suite, s.name, s.verdict, s.position_count, s.last_position,
        f.ordinal AS first_ordinal, f.base_sum - f.base AS base_before, f.sample_sum - f.sample AS sample_before
    FROM edge AS f
    JOIN raw.streak AS s
        ON s.project = f.project AND s.branch = f.branch AND s.builder = f.builder AND s.first_position = f.position
    WHERE s.kind IN ('test', 'suite') AND s.verdict <> 'skip'
), placed AS (
    SELECT
        s.project, {branch} AS branch, {builder} AS builder, s.test_id, s.suite, s.name, s.verdict,
        CAST(s.position_count AS DOUBLE) / (l.ordinal - s.first_ordinal + 1) AS density,
        l.base_sum - s.base_before AS base_count, l.sample_sum - s.sample_before AS sample_count
    FROM edge AS l
    JOIN begun AS s
        ON s.project = l.project AND s.branch = l.branch AND s.builder = l.builder AND s.last_position = l.position
), counted AS (
    SELECT
        -- One test has one suite and one name, of which any will do; the greatest is found soonest.
        project, branch, builder, test_id, max(suite) AS suite, max(name) AS name,
        coalesce(sum(round(density * base_count)) FILTER (WHERE verdict = 'fail'), 0.0) AS base_failed,
        coalesce(sum(round(density * base_count)) FILTER (WHERE verdict <> 'fail'), 0.0) AS base_passed,
        coalesce(sum(round(density * base_count)) FILTER (WHERE verdict = 'flaky'), 0.0) AS base_flaky,
        coalesce(sum(round(density * sample_count)) FILTER (WHERE verdict = 'fail'), 0.0) AS sample_failed,
        coalesce(sum(round(density * sample_count)) FILTER (WHERE verdict <> 'fail'), 0.0) AS sample_passed,
        coalesce(sum(round(density * sample_count)) FILTER (WHERE verdict = 'flaky'), 0.0) AS sample_flaky
    FROM placed
    GROUP BY project, branch, builder, test_id
), tested AS (
    SELECT
        project, branch, builder, test_id, suite, name,
        base_failed, base_passed, base_flaky, sample_failed, sample_passed, sample_flaky,
        base_failed / nullif(base_failed + base_passed, 0) AS base_rate,
        sample_failed / nullif(sample_failed + sample_passed, 0) AS sample_rate,
        -- A test that failed in neither window cannot differ, so it is none of the many that are tried.
        CASE
            WHEN base_failed + sample_failed = 0 THEN NULL
            WHEN sample_failed * (base_failed + base_passed) >= base_failed * (sample_failed + sample_passed)
                THEN fisher_tail(sample_failed, sample_passed, base_failed, base_passed)
            ELSE fisher_tail(base_failed, base_passed, sample_failed, sample_passed)
        END AS p_value
    FROM counted
    WHERE base_failed + base_passed + sample_failed + sample_passed > 0
), ranked AS (
    SELECT
        project, branch, builder, test_id, suite, name,
        base_failed, base_passed, base_flaky, sample_failed, sample_passed, sample_flaky, base_rate, sample_rate,
        p_value,
        row_number() OVER (ORDER BY p_value NULLS LAST) AS place,
        count(p_value) OVER () AS tried_count
    FROM tested
), corrected AS (
    SELECT
        project, branch, builder, test_id, suite, name,
        base_failed, base_passed, base_flaky, sample_failed, sample_passed, sample_flaky, base_rate, sample_rate,
        p_value,
        -- Benjamini and Hochberg, 1995: the least of p m / rank over this and all higher ranks.
        least(1.0, min(p_value * tried_count / place) OVER (
            ORDER BY place DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        )) AS q_value
    FROM ranked
)
SELECT
    c.project, nullif(c.branch, '') AS branch, nullif(c.builder, '') AS builder, c.test_id, c.suite, c.name,
    CAST(c.base_passed AS BIGINT) AS base_passed, CAST(c.base_failed AS BIGINT) AS base_failed,
    CAST(c.base_flaky AS BIGINT) AS base_flaky,
    CAST(c.sample_passed AS BIGINT) AS sample_passed, CAST(c.sample_failed AS BIGINT) AS sample_failed,
    CAST(c.sample_flaky AS BIGINT) AS sample_flaky,
    c.base_rate, c.sample_rate, c.p_value, CASE WHEN c.p_value IS NOT NULL THEN c.q_value END AS q_value,
    CASE
        WHEN c.base_rate IS NULL AND c.sample_failed >= t.min_failures
            AND c.sample_failed + c.sample_passed >= t.new_positions AND c.sample_rate > 1 - t.new_pass_rate
            THEN 'new_failing'
        WHEN c.base_rate IS NULL THEN 'new'
        WHEN c.sample_rate IS NULL THEN 'vanished'
        WHEN c.p_value IS NULL OR c.q_value > t.alpha OR abs(c.sample_rate - c.base_rate) < t.min_effect THEN 'same'
        WHEN c.sample_rate < c.base_rate THEN 'improved'
        WHEN c.sample_failed >= t.min_failures THEN 'regressed'
        ELSE 'same'
    END AS status
FROM threshold AS t
CROSS JOIN corrected AS c
