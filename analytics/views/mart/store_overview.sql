-- The whole store in one row
-- Grain: one row
-- project_count: projects
-- branch_count: branches
-- builder_count: builders
-- test_count: tests that ever gave a verdict
-- build_count: builds
-- outcome_count: outcomes of tests, as the builds count them
-- change_count: changes in the range
-- open_problem_count: open problems
-- open_incident_count: open incidents
-- first_built_at: start of the earliest build
-- last_built_at: when the last build began
WITH built AS (
    SELECT
        count(DISTINCT project) AS project_count,
        count(DISTINCT project || '~' || branch) AS branch_count,
        count(DISTINCT project || '~' || builder) AS builder_count,
        count(*) AS build_count,
        coalesce(sum(outcome_count), 0) AS outcome_count,
        min(coalesce(started_at, finished_at)) AS first_built_at,
        max(coalesce(started_at, finished_at)) AS last_built_at
    FROM raw.build
), tested AS (
    SELECT count(DISTINCT test_id) AS test_count FROM raw.streak WHERE kind = 'test'
), changed AS (
    SELECT count(*) AS change_count FROM raw.change
), opened AS (
    SELECT count(*) AS open_problem_count, count(DISTINCT m.incident_id) AS open_incident_count
    FROM step.episode AS e
    JOIN step.incident_member AS m ON m.problem_id = e.problem_id
    WHERE e.state = 'open'
)
SELECT
    b.project_count, b.branch_count, b.builder_count, t.test_count, b.build_count, b.outcome_count, c.change_count,
    o.open_problem_count, o.open_incident_count, b.first_built_at, b.last_built_at
FROM built AS b
CROSS JOIN tested AS t
CROSS JOIN changed AS c
CROSS JOIN opened AS o
