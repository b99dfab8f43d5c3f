-- Tests of an incident
-- Grain: one row per incident and test
-- incident_id: the incident: branch, last good and opening position
-- test_id: the test, whatever the builder and branch
-- kind: test, suite (as a whole), step or build
-- suite: everything that qualifies the test's name
-- name: the test's own name; may hold dots
-- builder: the builders on which it is a problem, by name
-- state: open while it is on any builder, else resolved when it was on any, else vanished
-- problem_id: its problem on one of the builders, an open one first
SELECT
    incident_id, test_id, kind, suite, name,
    string_agg(DISTINCT builder, ', ' ORDER BY builder) AS builder,
    CASE
        WHEN bool_or(state = 'open') THEN 'open'
        WHEN bool_or(state = 'resolved') THEN 'resolved'
        ELSE 'vanished'
    END AS state,
    first_value(problem_id ORDER BY CASE state WHEN 'open' THEN 1 ELSE 2 END, builder) AS problem_id
FROM mart.problem
GROUP BY incident_id, test_id, kind, suite, name
