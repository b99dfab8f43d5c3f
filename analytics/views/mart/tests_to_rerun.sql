-- Which tests to run first for the newest change
-- In the order of how likely the newest change of each project breaks them: by what names and paths share, and by
-- how often test and suite broke lately. For any change ask `annals rerun`, or `rerun_order` of docs/functions.md.
-- Grain: one row per project and test that still runs
-- project: the project
-- revision: the newest change
-- rank: 1 is to be run first
-- test_id: the test, whatever the builder and branch
-- suite: everything that qualifies the test's name
-- name: the test's own name; may hold dots
-- share: probability that it is the test that breaks, if one does
-- score: logarithm of the odds that it breaks, up to what is the same for all tests
SELECT project, revision, rank, test_id, suite, name, share, score
FROM rerun_order('')
