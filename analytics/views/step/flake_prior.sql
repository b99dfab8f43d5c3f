-- What is thought of a test before it has a history
-- The settings of that kind, side by side: rates of chance failures and of real breaks, and how much they count.
-- Grain: one row per store
-- flake_rate: share of positions at which a test of an unknown project fails by chance
-- break_rate: share of positions at which a test of an unknown project breaks
-- positions: how many positions both are worth in a project
-- series_positions: how many positions a project's rate is worth in a series
-- lonely_share: how much a failure between two passes counts as flaky evidence
-- repeat_factor: how many times likelier chance is with each more such failure of one test
-- unchanged_share: share of real breaks that no change is to blame for
SELECT
    max(value) FILTER (WHERE name = 'flake_rate_prior') AS flake_rate,
    max(value) FILTER (WHERE name = 'break_rate_prior') AS break_rate,
    max(value) FILTER (WHERE name = 'nobody_prior_positions') AS positions,
    max(value) FILTER (WHERE name = 'series_prior_positions') AS series_positions,
    max(value) FILTER (WHERE name = 'lonely_failure_share') AS lonely_share,
    max(value) FILTER (WHERE name = 'lonely_repeat_factor') AS repeat_factor,
    max(value) FILTER (WHERE name = 'unchanged_break_share') AS unchanged_share
FROM raw.setting
