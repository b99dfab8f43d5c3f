-- What was found out later about the changes of blamelists
-- A note `broken_by` says which change it was, or `nobody` (people write it, and bisection when it has verified a
-- culprit); so does a note `fixed_by` whose text is a change of the blamelist. A revert confirms the change that it
-- takes back when the test passes again in its range, and denies it when the test goes on failing behind it. A line
-- "Fixes: REVISION" in the range in which the test was mended confirms.
-- Grain: one row per problem, change of its blamelist and source
-- Judged: suspicion and its quality stand on it
-- problem_id: the problem: series and opening position
-- project: the project
-- revision: a change of its blamelist
-- is_confirmed: it was the culprit; false where it was not
-- rule: note, revert or fixes_trailer
-- source: the note's text, or the change that names it
WITH listed AS (
    SELECT
        j.problem_id, j.project, j.revision, j.series_id, e.episode_number, e.opened_at, e.last_failed_at
    FROM step.judgement AS j
    JOIN step.episode AS e ON e.problem_id = j.problem_id
    WHERE j.turn = 'break'
), said AS (
    SELECT
        series_id, episode_number, kind,
        last_value(text ORDER BY noted_at) AS text,
        split_part(trim(last_value(text ORDER BY noted_at)), ' ', 1) AS named_revision
    FROM step.note_episode
    WHERE kind IN ('broken_by', 'fixed_by') AND trim(text) <> ''
    GROUP BY series_id, episode_number, kind
), named AS (
    SELECT
        l.problem_id, l.project, l.revision, n.rule, n.revision AS source,
        CASE
            WHEN m.revision IS NOT NULL THEN true
            WHEN n.rule = 'revert' AND n.committed_at > l.opened_at AND n.committed_at <= l.last_failed_at THEN false
        END AS is_confirmed
    FROM listed AS l
    JOIN step.naming AS n ON n.project = l.project AND starts_with(l.revision, n.named_revision)
    LEFT JOIN step.judgement AS m
        ON m.turn = 'fix' AND m.problem_id = l.problem_id AND m.revision = n.revision
    WHERE length(n.named_revision) >= 7 OR n.named_revision = l.revision
), noted AS (
    SELECT
        l.problem_id, l.project, l.revision, s.kind, s.text, s.named_revision,
        l.revision = s.named_revision
            OR (length(s.named_revision) >= 7 AND starts_with(l.revision, s.named_revision)) AS is_named
    FROM listed AS l
    JOIN said AS s ON s.series_id = l.series_id AND s.episode_number = l.episode_number
), told AS (
    SELECT
        problem_id, project, revision, kind, text, named_revision, is_named,
        max(CASE WHEN is_named THEN 1 ELSE 0 END) OVER (PARTITION BY problem_id, kind) AS named_count
    FROM noted
)
SELECT problem_id, project, revision, is_confirmed, rule, source
FROM named
WHERE is_confirmed IS NOT NULL
UNION ALL
SELECT problem_id, project, revision, is_named AS is_confirmed, 'note' AS rule, text AS source
FROM told
-- A note that names no change of the blamelist says nothing of the others.
WHERE is_named OR (kind = 'broken_by' AND (named_count > 0 OR named_revision = 'nobody'))
