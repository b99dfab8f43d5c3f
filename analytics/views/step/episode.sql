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
-- kind: test, suite (as a whole), step or build
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
    SELECT series_id, min(first_position) AS first_failed_position
    FROM raw.streak
    WHERE verdict = 'fail'
    GROUP BY series_id
), coded AS (
    -- In numbers from here: a window asks for each series by itself, and texts carry all that was read beside them.
    SELECT
        s.series_id, s.first_position, s.last_position, s.position_count, f.first_failed_position,
        CASE s.verdict WHEN 'pass' THEN 1 WHEN 'fail' THEN 0 END AS passed,
        CASE WHEN s.verdict = 'flaky' THEN 1 ELSE 0 END AS flaky
    FROM raw.streak AS s
    JOIN failing_series AS f ON f.series_id = s.series_id
), numbered AS (
    SELECT
        series_id, first_position, last_position, position_count, first_failed_position, passed, flaky,
        sum(CASE WHEN passed = 1 THEN 1 ELSE 0 END) OVER history AS episode_number,
        last_value(passed) IGNORE NULLS OVER history AS standing
    FROM coded
    WINDOW history AS (PARTITION BY series_id ORDER BY first_position ROWS UNBOUNDED PRECEDING)
), folded AS (
    SELECT
        series_id, first_failed_position, episode_number,
        min(first_position) FILTER (WHERE passed = 1) AS pass_position,
        max(last_position) FILTER (WHERE passed = 1) AS good_position,
        min(first_position) FILTER (WHERE passed = 0) AS opened_position,
        max(first_position) FILTER (WHERE passed = 0) AS failed_again_position,
        max(last_position) FILTER (WHERE passed = 0) AS last_failed_position,
        sum(position_count) FILTER (WHERE passed = 0) AS failed_position_count,
        count(*) FILTER (WHERE flaky = 1 AND standing = 0) AS flaky_count,
        count(*) FILTER (WHERE flaky = 1 AND standing = 1) AS flaky_before_count,
        max(last_position) AS last_seen_position
    FROM numbered
    GROUP BY series_id, first_failed_position, episode_number
), chained AS (
    SELECT
        series_id, first_failed_position, episode_number, pass_position, good_position, opened_position,
        failed_again_position, last_failed_position, failed_position_count, flaky_count, flaky_before_count,
        last_seen_position,
        lead(pass_position) OVER (PARTITION BY series_id ORDER BY episode_number) AS resolved_position
    FROM folded
), told AS (
    -- The folding is done in numbers; texts are fetched for the four streaks that a problem is told by: the one before
    -- it, its first and last failing one, and the one that ended it.
    SELECT
        c.series_id, o.test_id, o.project, o.branch, o.builder, o.kind, o.suite, o.name, c.episode_number,
        c.opened_position > c.first_failed_position AS is_reopened,
        c.good_position, g.last_revision AS good_revision,
        c.opened_position, o.first_revision AS opened_revision, o.first_build_id AS opened_build_id,
        o.first_at AS opened_at,
        c.last_failed_position, l.last_revision AS last_failed_revision, l.last_at AS last_failed_at,
        c.last_seen_position, c.failed_position_count, c.flaky_count, c.flaky_before_count,
        c.resolved_position, r.first_revision AS resolved_revision, r.first_build_id AS resolved_build_id,
        r.first_at AS resolved_at, o.message_id
    FROM chained AS c
    JOIN raw.streak AS o ON o.series_id = c.series_id AND o.first_position = c.opened_position
    JOIN raw.streak AS l ON l.series_id = c.series_id AND l.first_position = c.failed_again_position
    LEFT JOIN raw.streak AS g ON g.series_id = c.series_id AND g.first_position = c.pass_position
    LEFT JOIN raw.streak AS r ON r.series_id = c.series_id AND r.first_position = c.resolved_position
), threshold AS (
    SELECT CAST(value AS BIGINT) AS vanish_after FROM raw.setting WHERE name = 'vanish_after'
)
SELECT
    to_hex(e.series_id) || '-' || CAST(e.opened_position AS VARCHAR) AS problem_id,
    replace(e.project || '~' || e.branch, '/', ':') || '~'
        || coalesce(CAST(e.good_position AS VARCHAR), 'born') || '-' || CAST(e.opened_position AS VARCHAR)
        AS incident_id,
    e.series_id, e.test_id, e.project, e.branch, e.builder, e.kind, e.suite, e.name, e.episode_number,
    CASE
        WHEN e.resolved_position IS NOT NULL THEN 'resolved'
        WHEN gone.position IS NOT NULL THEN 'vanished'
        ELSE 'open'
    END AS state,
    CASE WHEN e.good_position IS NULL THEN 'born_failing' ELSE 'regression' END AS origin,
    e.is_reopened,
    e.good_position, e.good_revision,
    coalesce(o.committed_at, e.opened_at) AS opened_at, e.opened_position, e.opened_revision, e.opened_build_id,
    coalesce(l.committed_at, e.last_failed_at) AS last_failed_at, e.last_failed_position, e.last_failed_revision,
    e.last_seen_position, e.failed_position_count, e.flaky_count, e.flaky_before_count,
    coalesce(r.committed_at, e.resolved_at) AS resolved_at, e.resolved_position, e.resolved_revision,
    e.resolved_build_id,
    gone.tested_at AS vanished_at, gone.position AS vanished_position, gone.revision AS vanished_revision,
    e.message_id
FROM threshold AS t
CROSS JOIN told AS e
LEFT JOIN raw.change AS o ON o.project = e.project AND o.revision = e.opened_revision
LEFT JOIN raw.change AS l ON l.project = e.project AND l.revision = e.last_failed_revision
LEFT JOIN raw.change AS r ON r.project = e.project AND r.revision = e.resolved_revision
LEFT JOIN step.lane_position AS seen
    ON e.resolved_position IS NULL
    AND seen.project = e.project AND seen.branch = e.branch AND seen.builder = e.builder
    AND seen.position = e.last_seen_position
LEFT JOIN step.lane_position AS gone
    ON gone.is_complete
    AND gone.project = e.project AND gone.branch = e.branch AND gone.builder = e.builder
    AND gone.complete_ordinal = seen.complete_ordinal + t.vanish_after
