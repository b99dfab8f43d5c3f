-- Tests that a patch breaks
-- Failing tests of patch builds that do not fail at the patch's baseline. Only the patch's author has to do with them.
-- Grain: one row per patch build and failing test
-- build_id: the build
-- project: the project
-- branch: the branch
-- builder: the builder
-- suite: everything that qualifies the test's name
-- name: the test's own name; may hold dots
-- series_id: one test on one builder of one branch
-- patch_author_id: hash of the patch author's address
-- patch_author_name: who wrote the patch
-- outcome: what the last attempt did
-- message: failure text
WITH patch AS (
    SELECT build_id, position, patch_author_id, patch_author_name FROM raw.build WHERE is_patch
), failed AS (
    SELECT
        v.build_id, v.project, v.branch, v.builder, v.suite, v.name, v.series_id, p.position,
        p.patch_author_id, p.patch_author_name, v.last_outcome, v.message_id
    FROM step.build_verdict AS v
    JOIN patch AS p ON p.build_id = v.build_id
    WHERE v.verdict = 'fail'
)
SELECT
    f.build_id, f.project, f.branch, f.builder, f.suite, f.name, f.series_id,
    f.patch_author_id, f.patch_author_name, f.last_outcome AS outcome, m.text AS message
FROM failed AS f
LEFT JOIN raw.message AS m ON m.message_id = f.message_id
WHERE NOT EXISTS (
    SELECT 1 FROM step.episode AS e
    WHERE e.series_id = f.series_id AND e.opened_position <= f.position
        AND (e.resolved_position IS NULL OR e.resolved_position > f.position)
)
