-- Incidents: problems with one likely cause
-- The problems of a branch with one range are one incident, whatever the builder: the same changes stand against all of
-- them. Those born failing at one position are one, too. A mass failure is one problem of its builder. The same failure
-- in a wider range of another builder belongs to it, and people may put incidents together and take problems out
-- (step.incident_member); range and blamelist are then the main problem's, which has the narrower range.
-- Grain: one row per incident
-- Kept: most pages list incidents
-- incident_id: the incident: branch, last good and opening position
-- project: the project
-- branch: the branch
-- builder: the builders, by name
-- state: open while any problem is open, else resolved when any was, else vanished
-- title: the main problem and how many there are besides
-- kind: of the main problem: test or suite (as a whole), else step, else build
-- opened_at: when the first failing revision was committed
-- opened_position: first failing position of the main problem
-- opened_revision: first failing revision of the main problem
-- opened_build_id: first failing build of the main problem
-- good_revision: last tested good revision before; null when born failing
-- range_id: range of the blamelist, joins raw.range_change; null when born failing
-- change_count: changes in the range
-- problem_count: problems
-- test_count: tests, whatever the builder
-- open_count: problems still open
-- resolved_at: when its last problem was resolved; null while one is open
-- resolved_revision: where its last problem was resolved
-- signature: the failure text's first line with its accidental parts masked
-- message: failure text
-- main_problem_id: the problem that names the incident
WITH member AS (
    SELECT
        p.problem_id, p.incident_id, p.test_id, p.project, p.branch, p.builder, p.kind, p.suite, p.name, p.state,
        p.opened_at, p.opened_position, p.opened_revision, p.opened_build_id, p.good_revision, p.range_id,
        p.change_count, p.resolved_at, p.resolved_position, p.resolved_revision, p.signature, p.message,
        CASE m.rule WHEN 'range' THEN 0 ELSE 100 END
            + CASE p.kind WHEN 'build' THEN 30 WHEN 'step' THEN 20 ELSE 10 END
            + CASE p.state WHEN 'open' THEN 1 ELSE 2 END AS place
    FROM mart.problem AS p
    JOIN step.incident_member AS m ON m.problem_id = p.problem_id
), folded AS (
    SELECT
        incident_id, project, branch, string_agg(DISTINCT builder, ', ' ORDER BY builder) AS builder,
        min(opened_at) AS opened_at,
        first_value(opened_position ORDER BY place, suite, name, builder) AS opened_position,
        first_value(opened_revision ORDER BY place, suite, name, builder) AS opened_revision,
        first_value(good_revision ORDER BY place, suite, name, builder) AS good_revision,
        first_value(range_id ORDER BY place, suite, name, builder) AS range_id,
        first_value(change_count ORDER BY place, suite, name, builder) AS change_count,
        first_value(opened_build_id ORDER BY place, suite, name, builder) AS opened_build_id,
        count(*) AS problem_count,
        count(DISTINCT test_id) AS test_count,
        count(*) FILTER (WHERE state = 'open') AS open_count,
        count(*) FILTER (WHERE state = 'resolved') AS resolved_count,
        max(resolved_at) AS resolved_at,
        last_value(resolved_revision ORDER BY resolved_position) FILTER (WHERE resolved_position IS NOT NULL)
            AS resolved_revision,
        first_value(kind ORDER BY place, suite, name, builder) AS kind,
        first_value(suite ORDER BY place, suite, name, builder) AS suite,
        first_value(name ORDER BY place, suite, name, builder) AS name,
        first_value(signature ORDER BY place, suite, name, builder) AS signature,
        first_value(message ORDER BY place, suite, name, builder) AS message,
        first_value(problem_id ORDER BY place, suite, name, builder) AS main_problem_id
    FROM member
    GROUP BY incident_id, project, branch
)
SELECT
    incident_id, project, branch, builder,
    CASE WHEN open_count > 0 THEN 'open' WHEN resolved_count > 0 THEN 'resolved' ELSE 'vanished' END AS state,
    CASE kind
        WHEN 'build' THEN 'most tests fail'
        WHEN 'step' THEN 'step ' || name || ' fails'
        ELSE CASE WHEN suite = '' THEN '' ELSE suite || ' ' END || name || ' fails'
    END || CASE WHEN test_count > 1 THEN ', and ' || CAST(test_count - 1 AS VARCHAR) || ' more' ELSE '' END
        AS title,
    kind, opened_at, opened_position, opened_revision, opened_build_id, good_revision, range_id, change_count,
    problem_count, test_count, open_count,
    CASE WHEN open_count = 0 THEN resolved_at END AS resolved_at,
    CASE WHEN open_count = 0 THEN resolved_revision END AS resolved_revision,
    signature, message, main_problem_id
FROM folded
