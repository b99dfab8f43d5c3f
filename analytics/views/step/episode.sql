-- Problems as the streaks alone tell them
-- Every pass streak begins an episode of its series; an episode with a fail streak is one problem, from its first fail
-- streak to the pass streak that begins the next episode. Skips and flaky streaks in between change nothing.
-- Grain: one row per problem
-- Kept: problems, incidents and blame all stand on it
-- problem_id: the problem: series and opening position
-- incident_id: the incident: branch, last good and opening position
-- series_id: one test on one builder of one branch
-- test_id: the test, whatever the builder and branch
-- project: the project
-- branch: the branch
-- builder: the builder
-- kind: test, step or build
-- suite: everything that qualifies the test's name
-- name: the test's own name; may hold dots
-- episode_number: how many pass streaks the series has up to the problem; 0 for a born failing one
-- state: open, resolved or vanished
-- origin: regression, or born_failing: failing since its first verdict
-- is_reopened: an earlier problem of the series was resolved
-- good_position: last tested good position before; null when born failing
-- good_revision: last tested good revision before; null when born failing
-- opened_at: when the first failing revision was committed
-- opened_position: first failing position
-- opened_revision: first failing revision
-- opened_build_id: first failing build
-- last_failed_at: when the last failing revision was committed
-- last_failed_position: last failing position
-- last_failed_revision: last failing revision
-- last_seen_position: last position of the episode at which the test ran or was skipped
-- failed_position_count: positions that failed
-- flaky_count: flaky streaks after the problem opened
-- flaky_before_count: flaky streaks between the last pass and the opening
-- resolved_at: when the revision that passed again was committed
-- resolved_position: first position of the next pass streak
-- resolved_revision: first revision that passed again
-- resolved_build_id: first build that passed again
-- vanished_at: when it had been gone for so long
-- vanished_position: position at which an unresolved problem had been absent for `vanish_after` tested positions
-- vanished_revision: revision at that position
-- message_id: failure text, joins raw.message
WITH failing_series AS (
    SELECT DISTINCT series_id FROM raw.streak WHERE verdict = 'fail'
), numbered AS (
    SELECT
        s.series_id, s.test_id, s.project, s.branch, s.builder, s.kind, s.suite, s.name, s.verdict,
        s.first_position, s.last_position, s.first_revision, s.last_revision,
        s.first_build_id, s.last_build_id, s.first_at, s.last_at, s.position_count, s.message_id,
        sum(CASE WHEN s.verdict = 'pass' THEN 1 ELSE 0 END) OVER history AS episode_number,
        last_value(CASE WHEN s.verdict IN ('pass', 'fail') THEN s.verdict END) IGNORE NULLS OVER history AS standing
    FROM step.dated_streak AS s
    JOIN failing_series AS f ON f.series_id = s.series_id
    WINDOW history AS (PARTITION BY s.series_id ORDER BY s.first_position)
), folded AS (
    SELECT
        series_id, test_id, project, branch, builder, kind, suite, name, episode_number,
        min(first_position) FILTER (WHERE verdict = 'pass') AS pass_position,
        first_value(first_revision ORDER BY first_position) FILTER (WHERE verdict = 'pass') AS pass_revision,
        first_value(first_build_id ORDER BY first_position) FILTER (WHERE verdict = 'pass') AS pass_build_id,
        first_value(first_at ORDER BY first_position) FILTER (WHERE verdict = 'pass') AS pass_at,
        max(last_position) FILTER (WHERE verdict = 'pass') AS good_position,
        first_value(last_revision ORDER BY first_position) FILTER (WHERE verdict = 'pass') AS good_revision,
        min(first_position) FILTER (WHERE verdict = 'fail') AS opened_position,
        first_value(first_revision ORDER BY first_position) FILTER (WHERE verdict = 'fail') AS opened_revision,
        first_value(first_build_id ORDER BY first_position) FILTER (WHERE verdict = 'fail') AS opened_build_id,
        first_value(first_at ORDER BY first_position) FILTER (WHERE verdict = 'fail') AS opened_at,
        first_value(message_id ORDER BY first_position) FILTER (WHERE verdict = 'fail') AS message_id,
        max(last_position) FILTER (WHERE verdict = 'fail') AS last_failed_position,
        last_value(last_revision ORDER BY first_position) FILTER (WHERE verdict = 'fail') AS last_failed_revision,
        last_value(last_at ORDER BY first_position) FILTER (WHERE verdict = 'fail') AS last_failed_at,
        sum(position_count) FILTER (WHERE verdict = 'fail') AS failed_position_count,
        count(*) FILTER (WHERE verdict = 'flaky' AND standing = 'fail') AS flaky_count,
        count(*) FILTER (WHERE verdict = 'flaky' AND standing = 'pass') AS flaky_before_count,
        max(last_position) AS last_seen_position
    FROM numbered
    GROUP BY series_id, test_id, project, branch, builder, kind, suite, name, episode_number
), chained AS (
    SELECT
        series_id, test_id, project, branch, builder, kind, suite, name, episode_number,
        good_position, good_revision, opened_position, opened_revision, opened_build_id, opened_at, message_id,
        last_failed_position, last_failed_revision, last_failed_at, failed_position_count,
        flaky_count, flaky_before_count, last_seen_position,
        lead(pass_position) OVER history AS resolved_position,
        lead(pass_revision) OVER history AS resolved_revision,
        lead(pass_build_id) OVER history AS resolved_build_id,
        lead(pass_at) OVER history AS resolved_at,
        count(opened_position) OVER history AS problem_number
    FROM folded
    WINDOW history AS (PARTITION BY series_id ORDER BY episode_number)
), threshold AS (
    SELECT CAST(value AS BIGINT) AS vanish_after FROM raw.setting WHERE name = 'vanish_after'
)
SELECT
    to_hex(c.series_id) || '-' || CAST(c.opened_position AS VARCHAR) AS problem_id,
    replace(c.project || '~' || c.branch, '/', ':') || '~'
        || coalesce(CAST(c.good_position AS VARCHAR), 'born') || '-' || CAST(c.opened_position AS VARCHAR)
        AS incident_id,
    c.series_id, c.test_id, c.project, c.branch, c.builder, c.kind, c.suite, c.name, c.episode_number,
    CASE
        WHEN c.resolved_position IS NOT NULL THEN 'resolved'
        WHEN gone.position IS NOT NULL THEN 'vanished'
        ELSE 'open'
    END AS state,
    CASE WHEN c.good_position IS NULL THEN 'born_failing' ELSE 'regression' END AS origin,
    c.problem_number > 1 AS is_reopened,
    c.good_position, c.good_revision,
    c.opened_at, c.opened_position, c.opened_revision, c.opened_build_id,
    c.last_failed_at, c.last_failed_position, c.last_failed_revision, c.last_seen_position,
    c.failed_position_count, c.flaky_count, c.flaky_before_count,
    c.resolved_at, c.resolved_position, c.resolved_revision, c.resolved_build_id,
    gone.tested_at AS vanished_at, gone.position AS vanished_position, gone.revision AS vanished_revision,
    c.message_id
FROM threshold AS t
CROSS JOIN chained AS c
LEFT JOIN step.lane_position AS seen
    ON c.resolved_position IS NULL
    AND seen.project = c.project AND seen.branch = c.branch AND seen.builder = c.builder
    AND seen.position = c.last_seen_position
LEFT JOIN step.lane_position AS gone
    ON gone.is_complete
    AND gone.project = c.project AND gone.branch = c.branch AND gone.builder = c.builder
    AND gone.complete_ordinal = seen.complete_ordinal + t.vanish_after
WHERE c.opened_position IS NOT NULL
