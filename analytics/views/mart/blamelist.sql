-- Blamelists: the changes among which each problem began
-- The ancestors of the first bad revision that are no ancestors of the last tested good one. Born failing: none.
-- Grain: one row per problem and change of its blamelist
-- problem_id: the problem: series and opening position
-- series_id: one test on one builder of one branch
-- range_id: range of the blamelist, joins raw.range_change; null when born failing
-- ordinal: 1 is the newest change
-- revision: commit id
-- author_id: hash of the author's address; joins raw.identity
-- person_id: the person
-- author: name of the author
-- team: the person's team
-- is_bot: a robot, by the people table or its name
-- is_merge: it has several parents
-- subject: first line of the message
-- committed_at: when it was committed
-- file_count: files touched
-- lines_added: lines added
-- lines_removed: lines removed
SELECT
    e.problem_id, e.series_id, r.range_id, c.ordinal, c.revision, a.author_id, a.person_id, a.author, a.team, a.is_bot,
    a.is_merge, a.subject, a.committed_at, a.file_count,
    coalesce(z.lines_added, 0) AS lines_added, coalesce(z.lines_removed, 0) AS lines_removed
FROM step.episode AS e
JOIN raw.range AS r
    ON r.project = e.project AND r.good_revision = e.good_revision AND r.bad_revision = e.opened_revision
JOIN raw.range_change AS c ON c.range_id = r.range_id
LEFT JOIN step.authored AS a ON a.project = e.project AND a.revision = c.revision
LEFT JOIN step.change_size AS z ON z.change_id = a.change_id
