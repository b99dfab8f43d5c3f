-- Quarantine: tests whose failures shall not count
-- What people quarantined by a note, until the note ends, and what the rule of step.flakiness holds flaky.
-- Grain: one row per test of a branch and builder
-- series_id: one test on one builder of one branch
-- project: the project
-- branch: the branch
-- builder: the builder
-- suite: everything that qualifies the test's name
-- name: the test's own name; may hold dots
-- why: note or rule
-- owner: names of the owners of its suite, else of who wrote the note; null where there are none
-- until: when the note ends; null where it does not, and where the rule says so
-- reason: the note's text, or the rule's figures
-- flake_rate: estimated share of positions at which it fails by chance; null where it never did
WITH noted AS (
    SELECT
        series_id,
        last_value(person_id ORDER BY noted_at) AS person_id,
        last_value(text ORDER BY noted_at) AS text,
        last_value(until ORDER BY noted_at) AS until
    FROM step.note_episode
    WHERE kind = 'quarantine' AND is_active
    GROUP BY series_id
), series AS (
    SELECT DISTINCT series_id, project, branch, builder, suite, name
    FROM raw.streak
    WHERE kind = 'test'
), named AS (
    SELECT o.project, o.pattern, p.name
    FROM raw.module_owner AS o
    JOIN raw.person AS p ON p.person_id = o.person_id
), listed AS (
    SELECT
        s.series_id, s.project, s.branch, s.builder, s.suite, s.name,
        CASE WHEN n.series_id IS NULL THEN 'rule' ELSE 'note' END AS why,
        p.name AS noted_by, n.until,
        CASE
            WHEN n.series_id IS NOT NULL THEN n.text
            ELSE CAST(f.same_revision_count AS VARCHAR) || ' flaky and ' || CAST(f.lonely_count AS VARCHAR)
                || ' lonely of ' || CAST(f.position_count AS VARCHAR) || ' positions'
        END AS reason,
        f.flake_rate
    FROM series AS s
    LEFT JOIN noted AS n ON n.series_id = s.series_id
    LEFT JOIN raw.person AS p ON p.person_id = n.person_id
    LEFT JOIN step.flakiness AS f ON f.series_id = s.series_id
    WHERE n.series_id IS NOT NULL OR f.is_flaky
)
SELECT
    l.series_id, l.project, l.branch, l.builder, l.suite, l.name, l.why,
    coalesce(string_agg(DISTINCT o.name, ', ' ORDER BY o.name), l.noted_by) AS owner,
    l.until, l.reason, l.flake_rate
FROM listed AS l
LEFT JOIN named AS o ON o.project = l.project AND l.suite LIKE o.pattern
GROUP BY
    l.series_id, l.project, l.branch, l.builder, l.suite, l.name, l.why, l.noted_by, l.until, l.reason, l.flake_rate
