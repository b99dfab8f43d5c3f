-- Tested positions of each lane
-- A lane is one builder on one branch of one project. Patch builds and excluded builds test no position.
-- Grain: one row per project, branch, builder and tested position
-- Kept: whatever counts positions stands on it, and that they are few is known when it is joined
-- project: the project
-- branch: the branch
-- builder: the builder
-- position: place of the revision in its branch's first-parent line
-- revision: commit id
-- tested_at: when its revision was committed; the first build's own time where the change is not known
-- is_complete: some build there reported every test, so that absence means "did not run"
-- ordinal: place among the lane's tested positions, from 1
-- complete_ordinal: how many complete positions the lane has up to here
-- previous_revision: revision of the lane's tested position before this one
WITH tested AS (
    SELECT
        b.project, b.branch, b.builder, b.position,
        max(b.revision) AS revision,
        min(coalesce(c.committed_at, b.started_at, b.finished_at, b.ingested_at)) AS tested_at,
        bool_or(NOT b.is_failures_only) AS is_complete
    FROM raw.build AS b
    LEFT JOIN raw.change AS c ON c.project = b.project AND c.revision = b.revision
    WHERE NOT b.is_patch
        AND NOT EXISTS (SELECT 1 FROM raw.excluded_build AS x WHERE x.build_id = b.build_id)
    GROUP BY b.project, b.branch, b.builder, b.position
)
SELECT
    project, branch, builder, position, revision, tested_at, is_complete,
    CAST(row_number() OVER lane AS BIGINT) AS ordinal,
    sum(CASE WHEN is_complete THEN 1 ELSE 0 END) OVER lane AS complete_ordinal,
    lag(revision) OVER lane AS previous_revision
FROM tested
WINDOW lane AS (PARTITION BY project, branch, builder ORDER BY position)
