-- Rows of `tally` from the outcomes of a store that did not count them as they came, without the ids.
WITH dated AS (
    SELECT
        b.build_id,
        date_trunc('day', coalesce(c.committed_at, b.started_at, b.finished_at, b.ingested_at)) AS day
    FROM build AS b
    LEFT JOIN change AS c ON c.project = b.project AND c.revision = b.revision
    WHERE NOT b.is_patch
)
SELECT
    max(o.batch) AS batch, d.day, o.project, o.branch, o.builder, o.suite,
    count(DISTINCT o.build_id) AS build_count,
    count(*) AS outcome_count,
    count(*) FILTER (WHERE o.outcome IN ('passed', 'xfailed')) AS passed_count,
    count(*) FILTER (WHERE o.outcome IN ('failed', 'errored', 'xpassed')) AS failed_count,
    count(*) FILTER (WHERE o.outcome = 'skipped') AS skipped_count,
    count(o.duration_us) FILTER (WHERE o.outcome <> 'skipped') AS timed_count,
    coalesce(sum(o.duration_us) FILTER (WHERE o.outcome <> 'skipped'), 0) AS duration_us
FROM outcome AS o
JOIN dated AS d ON d.build_id = o.build_id
WHERE o.kind = 'test'
GROUP BY d.day, o.project, o.branch, o.builder, o.suite
