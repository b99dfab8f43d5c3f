-- What has not been tested lately
-- Each builder beside the newest position that any builder of its branch has tested, and its tests that no longer run.
-- Grain: one row per project, branch and builder
-- project: the project
-- branch: the branch
-- builder: the builder
-- last_position: its newest tested position
-- last_tested_at: when the revision there was committed
-- head_position: the newest tested position of the branch
-- untested_position_count: positions of the branch that others have tested since its own newest
-- hours_behind: from its newest tested revision to the branch's, hours
-- live_test_count: tests that still run
-- missed_test_count: of these, tests that did not run at its newest position
-- vanished_test_count: tests that ran once, and not at the newest `vanish_after` positions
WITH lane AS (
    SELECT
        project, branch, builder, max(position) AS last_position,
        last_value(tested_at ORDER BY position) AS last_tested_at
    FROM step.lane_position
    GROUP BY project, branch, builder
), place AS (
    SELECT project, branch, position, min(tested_at) AS tested_at
    FROM step.lane_position
    GROUP BY project, branch, position
), head AS (
    SELECT project, branch, max(position) AS head_position, last_value(tested_at ORDER BY position) AS head_at
    FROM place
    GROUP BY project, branch
), behind AS (
    SELECT l.project, l.branch, l.builder, count(p.position) AS untested_position_count
    FROM lane AS l
    LEFT JOIN place AS p ON p.project = l.project AND p.branch = l.branch AND p.position > l.last_position
    GROUP BY l.project, l.branch, l.builder
), ran AS (
    SELECT project, branch, builder, count(*) AS test_count
    FROM raw.streak
    WHERE kind = 'test' AND is_head
    GROUP BY project, branch, builder
), live AS (
    SELECT
        s.project, s.branch, s.builder, count(*) AS live_test_count,
        count(*) FILTER (WHERE s.last_position < l.last_position) AS missed_test_count
    FROM step.live_series AS s
    JOIN lane AS l ON l.project = s.project AND l.branch = s.branch AND l.builder = s.builder
    WHERE s.kind = 'test'
    GROUP BY s.project, s.branch, s.builder
)
SELECT
    l.project, l.branch, l.builder, l.last_position, l.last_tested_at, h.head_position, b.untested_position_count,
    (date_part('epoch', h.head_at) - date_part('epoch', l.last_tested_at)) / 3600.0 AS hours_behind,
    coalesce(v.live_test_count, 0) AS live_test_count,
    coalesce(v.missed_test_count, 0) AS missed_test_count,
    coalesce(r.test_count, 0) - coalesce(v.live_test_count, 0) AS vanished_test_count
FROM lane AS l
JOIN head AS h ON h.project = l.project AND h.branch = l.branch
JOIN behind AS b ON b.project = l.project AND b.branch = l.branch AND b.builder = l.builder
LEFT JOIN ran AS r ON r.project = l.project AND r.branch = l.branch AND r.builder = l.builder
LEFT JOIN live AS v ON v.project = l.project AND v.branch = l.branch AND v.builder = l.builder
