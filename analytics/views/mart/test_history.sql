-- History of a test: every attempt
-- Ask for one test, series, build or project: this reads outcomes.
-- Grain: one row per attempt of a test in a build
-- test_id: the test, whatever the builder and branch
-- series_id: one test on one builder of one branch
-- project: the project
-- branch: the branch
-- builder: the builder
-- kind: test, suite (as a whole), step or build
-- suite: everything that qualifies the test's name
-- name: the test's own name; may hold dots
-- position: place of the revision in its branch's first-parent line
-- revision: commit id
-- build_id: the build
-- build_number: the builder's own number for it
-- committed_at: when the revision was committed; when the build began where the change is not known
-- started_at: when the build began
-- attempt: attempt in the build, from 1
-- outcome: passed, failed, errored, skipped, xfailed or xpassed
-- error_kind: timed_out or crashed, for errored outcomes
-- duration_ms: how long it took, milliseconds
-- message_id: failure text, joins raw.message
-- signature: the failure text's first line with its accidental parts masked
-- message: failure text
WITH attempt AS (
    SELECT
        batch, test_id, series_id, project, branch, builder, kind, suite, name, position, build_id, attempt,
        outcome, error_kind, duration_us, message_id
    FROM raw.outcome
)
SELECT
    a.test_id, a.series_id, a.project, a.branch, a.builder, a.kind, a.suite, a.name, a.position,
    b.revision, a.build_id, b.number AS build_number,
    coalesce(c.committed_at, b.started_at) AS committed_at, b.started_at, a.attempt, a.outcome, a.error_kind,
    a.duration_us / 1000.0 AS duration_ms, a.message_id, m.signature, m.text AS message
FROM attempt AS a
-- The batch of a build tells the files that can hold its outcomes.
JOIN raw.build AS b ON b.build_id = a.build_id AND b.batch = a.batch
LEFT JOIN raw.change AS c ON c.project = b.project AND c.revision = b.revision
LEFT JOIN raw.message AS m ON m.message_id = a.message_id
