-- Problems: failing streaks seen as cases
-- A problem opens at the first failing verdict after a pass, or at the first verdict of all (born failing), and is
-- resolved by the next pass. Skipped, flaky and missing runs change nothing; a test that is gone for `vanish_after`
-- tested positions leaves its problem vanished.
-- Grain: one row per problem
-- Kept: most pages list problems
-- problem_id: the problem: series and opening position
-- incident_id: the incident that it belongs to (step.incident_member)
-- series_id: one test on one builder of one branch
-- test_id: the test, whatever the builder and branch
-- project: the project
-- branch: the branch
-- builder: the builder
-- kind: test, suite (as a whole), step or build
-- suite: everything that qualifies the test's name
-- name: the test's own name; may hold dots
-- state: open, resolved or vanished
-- origin: regression, or born_failing: failing since its first verdict
-- is_reopened: an earlier problem of the series was resolved
-- opened_at: when the first failing revision was committed
-- opened_position: first failing position
-- opened_revision: first failing revision
-- opened_build_id: first failing build
-- good_position: last tested good position before; null when born failing
-- good_revision: last tested good revision before; null when born failing
-- range_id: range of the blamelist, joins raw.range_change; null when born failing
-- change_count: size of the blamelist; null when born failing
-- last_failed_position: last failing position
-- last_failed_at: when the last failing revision was committed
-- failed_position_count: positions that failed
-- flaky_count: flaky streaks inside the problem
-- resolved_at: when the revision that passed again was committed
-- resolved_position: first position that passed again
-- resolved_revision: first revision that passed again
-- resolved_build_id: first build that passed again
-- age_days: days from opening to the end, or until now
-- hours_to_resolve: hours from opening to resolution; null while open
-- message_id: failure text, joins raw.message
-- signature: the failure text's first line with its accidental parts masked
-- message: failure text
-- is_muted: somebody muted or quarantined it, and that still holds
-- is_acknowledged: somebody acknowledged it
-- assigned_person_id: whom the newest assignment names
WITH noted AS (
    SELECT
        series_id, episode_number,
        bool_or(kind IN ('mute', 'quarantine') AND is_active) AS is_muted,
        bool_or(kind = 'acknowledge') AS is_acknowledged,
        last_value(person_id ORDER BY noted_at) FILTER (WHERE kind = 'assign') AS assigned_person_id
    FROM step.note_episode
    GROUP BY series_id, episode_number
)
SELECT
    e.problem_id, i.incident_id, e.series_id, e.test_id, e.project, e.branch, e.builder, e.kind, e.suite, e.name,
    e.state, e.origin, e.is_reopened,
    e.opened_at, e.opened_position, e.opened_revision, e.opened_build_id, e.good_position, e.good_revision,
    r.range_id, r.change_count,
    e.last_failed_position, e.last_failed_at, e.failed_position_count, e.flaky_count,
    e.resolved_at, e.resolved_position, e.resolved_revision, e.resolved_build_id,
    (date_part('epoch', coalesce(e.resolved_at, e.vanished_at, now())) - date_part('epoch', e.opened_at)) / 86400.0
        AS age_days,
    (date_part('epoch', e.resolved_at) - date_part('epoch', e.opened_at)) / 3600.0 AS hours_to_resolve,
    e.message_id, m.signature, m.text AS message,
    coalesce(n.is_muted, false) AS is_muted,
    coalesce(n.is_acknowledged, false) AS is_acknowledged,
    n.assigned_person_id
FROM step.episode AS e
JOIN step.incident_member AS i ON i.problem_id = e.problem_id
LEFT JOIN raw.range AS r
    ON r.project = e.project AND r.good_revision = e.good_revision AND r.bad_revision = e.opened_revision
LEFT JOIN raw.message AS m ON m.message_id = e.message_id
LEFT JOIN noted AS n ON n.series_id = e.series_id AND n.episode_number = e.episode_number
