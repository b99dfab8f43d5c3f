-- Hunts for culprits by builds: what they found and what they cost
-- `annals bisect`, or the automatic mode of `serve` and `collect`, built revisions of the blamelist until a culprit was
-- verified. Problems of one builder share builds, so the sum of their builds is more than what was built.
-- Grain: one row per problem and hunt
-- problem_id: the problem: series and opening position
-- series_id: one test on one builder of one branch
-- project: the project
-- branch: the branch
-- builder: the builder
-- suite: everything that qualifies the test's name
-- name: the test's own name; may hold dots
-- begun_at: when the hunt began
-- ended_at: when it ended
-- is_automatic: nobody asked for it
-- finding: culprit; nobody: it passed where it had failed; undecided: no build can tell more; interrupted
-- revision: the culprit; null where there is none
-- suspect_count: changes among which the culprit was
-- build_count: builds that said something of the test
-- plain_build_count: builds of a plain bisection, which checks nothing
-- round_build_count: builds of all hunts that ran together
SELECT
    e.problem_id, e.series_id, e.project, e.branch, e.builder, e.suite, e.name,
    b.begun_at, b.ended_at, b.is_automatic, b.finding, b.revision,
    b.suspect_count, b.build_count, b.plain_build_count, b.round_build_count
FROM raw.bisection AS b
JOIN step.episode AS e
    ON e.series_id = b.series_id AND e.opened_position <= b.opened_position
    AND (e.resolved_position IS NULL OR e.resolved_position > b.opened_position)
