-- Builds of the branches themselves, each with a time
-- Patch builds are left out.
-- Grain: one row per build that is no patch build
-- build_id: the build
-- project: the project
-- branch: the branch
-- builder: the builder
-- position: place of the revision in its branch's first-parent line
-- revision: commit id
-- result: Buildbot's word for how it ended
-- outcome_count: outcomes, attempts counted
-- passed_count: outcomes passed or xfailed
-- failed_count: outcomes failed, errored or xpassed
-- skipped_count: outcomes skipped
-- built_at: its start; its end, or when its revision was committed, where the start is not known
-- committed_at: when its revision was committed; built_at where the change is not known
-- duration_ms: length of the build
SELECT
    b.build_id, b.project, b.branch, b.builder, b.position, b.revision, b.result,
    b.outcome_count, b.passed_count, b.failed_count, b.skipped_count,
    coalesce(b.started_at, b.finished_at, c.committed_at, b.ingested_at) AS built_at,
    coalesce(c.committed_at, b.started_at, b.finished_at, b.ingested_at) AS committed_at,
    (date_part('epoch', b.finished_at) - date_part('epoch', b.started_at)) * 1000.0 AS duration_ms
FROM raw.build AS b
LEFT JOIN raw.change AS c ON c.project = b.project AND c.revision = b.revision
WHERE NOT b.is_patch
