-- Problems by the change that is suspected of them
-- Every change of a blamelist with the problem that it may have made, whatever its rank there.
-- Grain: one row per problem and change that may be to blame
-- project: the project
-- revision: commit id
-- problem_id: the problem: series and opening position
-- test_id: the test, whatever the builder and branch
-- branch: the branch
-- builder: the builder
-- kind: test, suite (as a whole), step or build
-- suite: everything that qualifies the test's name
-- name: the test's own name; may hold dots
-- state: open, resolved or vanished
-- opened_at: when the first failing revision was committed
-- rank: 1 is the most suspicious of the problem's changes
-- suspicion: probability, 0 to 1
-- is_confirmed: whether it was found out to be the culprit, or not to be; null where nothing was
-- evidence: why, in words
SELECT
    s.project, s.revision, s.problem_id, e.test_id, e.branch, e.builder, e.kind, e.suite, e.name, e.state,
    e.opened_at, s.rank, s.suspicion, s.is_confirmed, s.evidence
FROM mart.suspect AS s
JOIN step.episode AS e ON e.problem_id = s.problem_id
