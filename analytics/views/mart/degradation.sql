-- Tests that fail more often than they did, without failing always
-- A test that goes from 1% to 20% opens no problem that lasts, and is one all the same. Steps up by
-- `changepoint_min_effect` are listed whose rate stays below `changepoint_broken_rate`: what is broken is a problem. A
-- degradation is over when the next step brings the rate back to within that difference of what it was.
-- Grain: one row per test series and step to a higher failure rate
-- series_id: one test on one builder of one branch
-- test_id: the test, whatever the builder and branch
-- project: the project
-- branch: the branch
-- builder: the builder
-- suite: everything that qualifies the test's name
-- name: the test's own name; may hold dots
-- state: open; resolved when the rate came back; changed when the next step led elsewhere
-- opened_position: the first position with the new rate, most likely
-- opened_revision: the revision there
-- opened_at: when it was committed
-- low_position: the last position with the old rate, 99% sure
-- high_position: the first position with the new rate at the latest, 99% sure
-- position_span: positions among which it happened
-- rate_before: share of positions with a failure before
-- rate_behind: share of positions with a failure since
-- resolved_position: where the rate came back; null while open
-- rule: name of the rule
-- rule_version: version of the rule
WITH threshold AS (
    SELECT
        max(value) FILTER (WHERE name = 'changepoint_min_effect') AS min_effect,
        max(value) FILTER (WHERE name = 'changepoint_broken_rate') AS broken_rate
    FROM raw.setting
)
SELECT
    c.series_id, c.test_id, c.project, c.branch, c.builder, c.suite, c.name,
    CASE
        WHEN c.next_position IS NULL THEN 'open'
        WHEN c.next_rate < c.rate_before + t.min_effect THEN 'resolved'
        ELSE 'changed'
    END AS state,
    c.position AS opened_position, c.revision AS opened_revision, c.at AS opened_at, c.low_position, c.high_position,
    c.high_position - c.low_position AS position_span, c.rate_before, c.rate_behind,
    CASE WHEN c.next_rate < c.rate_before + t.min_effect THEN c.next_position END AS resolved_position,
    c.rule, c.rule_version
FROM threshold AS t
CROSS JOIN mart.changepoint AS c
WHERE c.rate_behind >= c.rate_before + t.min_effect AND c.rate_behind < t.broken_rate
