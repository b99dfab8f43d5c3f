-- Tests with the change that brought them
-- A test belongs to a change when it is first seen on its branch at a revision that is no merge and whose parent was
-- tested just before; what is there at the branch's first tested position is nobody's addition.
-- Grain: one row per test and branch whose change is known
-- project: the project
-- branch: the branch
-- test_id: the test, whatever the builder and branch
-- revision: commit id
-- committed_at: when it was committed
-- person_id: the person
-- author: name of the author
-- team: the person's team
-- is_bot: a robot, by the people table or its name
WITH first_seen AS (
    SELECT project, branch, test_id, min(first_position) AS position
    FROM raw.streak
    WHERE kind = 'test'
    GROUP BY project, branch, test_id
), branch_position AS (
    SELECT project, branch, position, max(revision) AS revision
    FROM step.lane_position
    GROUP BY project, branch, position
), neighbour AS (
    SELECT
        project, branch, position, revision,
        lag(revision) OVER (PARTITION BY project, branch ORDER BY position) AS previous_revision
    FROM branch_position
)
SELECT f.project, f.branch, f.test_id, c.revision, c.committed_at, c.person_id, c.author, c.team, c.is_bot
FROM first_seen AS f
JOIN neighbour AS n ON n.project = f.project AND n.branch = f.branch AND n.position = f.position
JOIN step.authored AS c ON c.project = n.project AND c.revision = n.revision
WHERE n.previous_revision IS NOT NULL AND NOT c.is_merge AND c.parents[1] = n.previous_revision
