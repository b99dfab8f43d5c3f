-- Failure texts by count, their accidental parts masked
-- Texts that differ in words are different signatures; failure_cluster puts those together that say nearly the same.
-- Grain: one row per project and signature
-- project: the project
-- signature: failure text with numbers, addresses, paths and times masked
-- problem_count: problems
-- open_count: problems still open
-- incident_count: incidents
-- test_count: tests, whatever the builder
-- builder: the builders, by name
-- failed_position_count: tested positions at which these problems failed
-- first_at: when the first problem opened
-- last_at: when the newest one opened
-- last_problem_id: the newest problem
SELECT
    e.project, m.signature,
    count(*) AS problem_count,
    count(*) FILTER (WHERE e.state = 'open') AS open_count,
    count(DISTINCT i.incident_id) AS incident_count,
    count(DISTINCT e.test_id) AS test_count,
    string_agg(DISTINCT e.builder, ', ' ORDER BY e.builder) AS builder,
    CAST(sum(e.failed_position_count) AS BIGINT) AS failed_position_count,
    min(e.opened_at) AS first_at,
    max(e.opened_at) AS last_at,
    last_value(e.problem_id ORDER BY e.opened_at, e.problem_id) AS last_problem_id
FROM step.episode AS e
JOIN raw.message AS m ON m.message_id = e.message_id
JOIN step.incident_member AS i ON i.problem_id = e.problem_id
WHERE m.signature <> ''
GROUP BY e.project, m.signature
