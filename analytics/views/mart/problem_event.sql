-- What happened to each problem, in order
-- Grain: one row per event of a problem
-- problem_id: the problem: series and opening position
-- series_id: one test on one builder of one branch
-- at: when it happened; of a note, when it was written; of a range, when the build that changed it arrived
-- position: place of the revision in its branch's first-parent line
-- revision: commit id
-- build_id: the build that showed it
-- event: opened, reopened, flaky, range_changed, note, resolved, vanished
-- detail: the note's kind and text, or the range
WITH happened AS (
    SELECT
        series_id, first_at AS at, first_position AS low_position, first_position AS high_position,
        first_revision AS revision, first_build_id AS build_id, 'flaky' AS event,
        'passed and failed up to ' || last_revision AS detail
    FROM step.dated_streak
    WHERE verdict = 'flaky'
    UNION ALL
    SELECT
        series_id, noted_at AS at, first_position AS low_position, first_position AS high_position,
        CAST(NULL AS VARCHAR) AS revision, CAST(NULL AS BIGINT) AS build_id, 'note' AS event,
        CASE WHEN coalesce(text, '') = '' THEN kind ELSE kind || ': ' || text END AS detail
    FROM raw.note
    UNION ALL
    SELECT
        series_id, recorded_at AS at, good_position AS low_position, bad_position AS high_position,
        bad_revision AS revision, CAST(NULL AS BIGINT) AS build_id, 'range_changed' AS event,
        'between ' || good_revision || ' and ' || bad_revision AS detail
    FROM raw.range_history
), inside AS (
    SELECT
        e.problem_id, e.series_id, h.at, h.high_position AS position, h.revision, h.build_id, h.event, h.detail,
        -- By more than the problem, so that whoever names its series, too, reads no others.
        row_number() OVER (PARTITION BY e.problem_id, e.series_id, h.event ORDER BY h.at) AS place
    FROM step.episode AS e
    JOIN happened AS h ON h.series_id = e.series_id
    WHERE (
        h.event = 'range_changed' AND h.low_position <= e.good_position AND h.high_position >= e.opened_position
    ) OR (
        h.event <> 'range_changed' AND h.low_position >= e.opened_position
        AND (e.resolved_position IS NULL OR h.low_position < e.resolved_position)
    )
)
SELECT
    problem_id, series_id, at, position, revision, build_id,
    CASE WHEN edge = 'opened' AND is_reopened THEN 'reopened' ELSE edge END AS event,
    CAST(NULL AS VARCHAR) AS detail
FROM step.edge
UNION ALL
SELECT problem_id, series_id, at, position, revision, build_id, event, detail
FROM inside
WHERE event <> 'range_changed' OR place > 1
