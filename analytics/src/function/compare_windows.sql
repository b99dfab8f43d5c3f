-- What compare_windows(base, sample) asks. {base}, {sample}: which tested positions a window has, as conditions on a
-- lane at a position; {branch}, {builder}: the branch and builder by which both windows are paired, or '' where one
-- window names its own. Positions of a streak that a window cuts are counted by the lane's tested positions inside it.
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
    SELECT l.project, l.branch, l.builder, l.ordinal, {base} AS is_base, {sample} AS is_sample
    FROM threshold AS t
    CROSS JOIN lane AS l
), bounded AS (
    SELECT
        project, branch, builder,
        min(ordinal) FILTER (WHERE is_base) AS base_low, max(ordinal) FILTER (WHERE is_base) AS base_high,
        min(ordinal) FILTER (WHERE is_sample) AS sample_low, max(ordinal) FILTER (WHERE is_sample) AS sample_high
    FROM marked
    GROUP BY project, branch, builder
), begun AS (
    -- Lanes are short beside streaks, and what a join names first is what it keeps in memory.
    SELECT
        s.project, s.branch, s.builder, s.test_id, s.suite, s.name, s.verdict, s.position_count, s.last_position,
        l.ordinal AS first_ordinal
    FROM lane AS l
    JOIN raw.streak AS s
        ON s.project = l.project AND s.branch = l.branch AND s.builder = l.builder AND s.first_position = l.position
    WHERE s.kind = 'test' AND s.verdict <> 'skip'
), placed AS (
    SELECT
        s.project, {branch} AS branch, {builder} AS builder, s.test_id, s.suite, s.name, s.verdict,
        CAST(s.position_count AS DOUBLE) / (l.ordinal - s.first_ordinal + 1) AS density,
        -- Least and greatest leave null out, so a lane that is not in a window must be asked for.
        CASE
            WHEN b.base_low IS NULL THEN 0
            ELSE greatest(least(l.ordinal, b.base_high) - greatest(s.first_ordinal, b.base_low) + 1, 0)
        END AS base_count,
        CASE
            WHEN b.sample_low IS NULL THEN 0
            ELSE greatest(least(l.ordinal, b.sample_high) - greatest(s.first_ordinal, b.sample_low) + 1, 0)
        END AS sample_count
    FROM lane AS l
    JOIN begun AS s
        ON s.project = l.project AND s.branch = l.branch AND s.builder = l.builder AND s.last_position = l.position
    JOIN bounded AS b ON b.project = s.project AND b.branch = s.branch AND b.builder = s.builder
), counted AS (
    SELECT
        project, branch, builder, test_id, first_value(suite) AS suite, first_value(name) AS name,
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
