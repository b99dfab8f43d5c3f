-- Revisions that were tested as they are
-- A revision is tested when a build of exactly that revision ran to its end; patch builds and builds that the machinery
-- lost do not count, mass failures do.
-- Grain: one row per project and tested revision
-- project: the project
-- revision: commit id
-- build_count: builds that count
-- is_green: all of them are a success, with warnings or without
SELECT
    b.project, b.revision, count(*) AS build_count,
    bool_and(b.result IN ('success', 'warnings')) AS is_green
FROM raw.build AS b
WHERE NOT b.is_patch
    AND NOT EXISTS (
        SELECT 1 FROM raw.excluded_build AS x WHERE x.build_id = b.build_id AND x.rule <> 'mass_failure'
    )
GROUP BY b.project, b.revision
