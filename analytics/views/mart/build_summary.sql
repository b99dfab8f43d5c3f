-- Builds at a glance
-- Grain: one row per build
-- Kept: most pages list builds
-- build_id: the build
-- project: the project
-- branch: the branch
-- builder: the builder
-- number: the builder's own number for it
-- revision: commit id
-- position: place of the revision in its branch's first-parent line
-- author: of the revision; of a patch build, who wrote the patch
-- person_id: the author's person
-- subject: first line of the message
-- result: Buildbot's word for how it ended
-- reason: why it is not a success
-- worker: machine that ran it
-- url: its own page elsewhere
-- started_at: when the build began
-- finished_at: when the build ended
-- duration_ms: how long it took, milliseconds
-- outcome_count: outcomes, attempts counted
-- passed_count: outcomes passed or xfailed
-- failed_count: outcomes failed, errored or xpassed
-- skipped_count: outcomes skipped
-- opened_count: problems that this build opened
-- resolved_count: problems that this build resolved
-- is_patch: a try build of a patch
-- is_excluded: its test outcomes give no verdicts
-- exclusion_rule: patch, exception, retry, cancelled, skipped, mass_failure
-- exclusion_detail: what the rule saw
WITH edge AS (
    SELECT
        build_id,
        count(*) FILTER (WHERE edge = 'opened') AS opened_count,
        count(*) FILTER (WHERE edge = 'resolved') AS resolved_count
    FROM step.edge
    WHERE build_id IS NOT NULL
    GROUP BY build_id
)
SELECT
    b.build_id, b.project, b.branch, b.builder, b.number, b.revision, b.position,
    CASE WHEN b.is_patch THEN b.patch_author_name ELSE c.author END AS author,
    CASE WHEN b.is_patch THEN coalesce(i.person_id, b.patch_author_id) ELSE c.person_id END AS person_id,
    c.subject, b.result, b.reason, b.worker, b.url, b.started_at, b.finished_at,
    (date_part('epoch', b.finished_at) - date_part('epoch', b.started_at)) * 1000.0 AS duration_ms,
    b.outcome_count, b.passed_count, b.failed_count, b.skipped_count,
    coalesce(e.opened_count, 0) AS opened_count, coalesce(e.resolved_count, 0) AS resolved_count,
    b.is_patch, x.build_id IS NOT NULL AS is_excluded, x.rule AS exclusion_rule, x.detail AS exclusion_detail
FROM raw.build AS b
LEFT JOIN step.authored AS c ON c.project = b.project AND c.revision = b.revision
LEFT JOIN raw.identity AS i ON i.identity_id = b.patch_author_id
LEFT JOIN raw.excluded_build AS x ON x.build_id = b.build_id
LEFT JOIN edge AS e ON e.build_id = b.build_id
