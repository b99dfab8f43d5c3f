-- Circumstances under which tests fail by chance, or break
-- The words of the failure, the worker of the first failing build and the hour (UTC) at which it began are compared
-- with those of all other incidents of the project: how often such an incident was a lonely failure between two
-- passes, and how often one that lasted. Each factor is the ratio of both shares, drawn to 1 as if
-- `circumstance_prior` incidents had said nothing. With fewer than `circumstance_min` incidents of either kind there
-- is no row. Problems of one incident count as one together, and an incident says nothing of itself.
-- Grain: one row per problem and circumstance
-- Judged: nobody's probability stands on it
-- problem_id: the problem: series and opening position
-- series_id: one test on one builder of one branch
-- project: the project
-- circumstance: same_words, worker or hour
-- value: the words, the worker, or the hour
-- chance_share: share of the lonely failures that had it
-- lasting_share: share of the lasting ones that had it
-- factor: how many times likelier chance is by it; below 1 it speaks for a break
WITH threshold AS (
    SELECT
        max(value) FILTER (WHERE name = 'circumstance_prior') AS prior,
        max(value) FILTER (WHERE name = 'circumstance_min') AS least
    FROM raw.setting
), sized AS (
    SELECT incident_id, 1.0 / count(*) AS share FROM step.episode GROUP BY incident_id
), failed AS (
    SELECT
        e.problem_id, e.series_id, e.incident_id, e.project, nullif(m.signature, '') AS same_words, b.worker,
        CAST(date_part('hour', b.started_at) AS VARCHAR) AS hour,
        CASE WHEN e.failed_position_count = 1 AND e.state = 'resolved' THEN 1.0 ELSE 0.0 END AS is_chance,
        s.share
    FROM step.episode AS e
    JOIN sized AS s ON s.incident_id = e.incident_id
    LEFT JOIN raw.build AS b ON b.build_id = e.opened_build_id
    LEFT JOIN raw.message AS m ON m.message_id = e.message_id
), listed AS (
    SELECT
        problem_id, series_id, incident_id, project, is_chance, share, 'same_words' AS circumstance, same_words AS value
    FROM failed
    WHERE same_words IS NOT NULL
    UNION ALL
    SELECT
        problem_id, series_id, incident_id, project, is_chance, share, 'worker' AS circumstance, worker AS value
    FROM failed
    WHERE worker IS NOT NULL
    UNION ALL
    SELECT
        problem_id, series_id, incident_id, project, is_chance, share, 'hour' AS circumstance, hour AS value
    FROM failed
    WHERE hour IS NOT NULL
), held AS (
    SELECT
        incident_id, project, circumstance, value,
        sum(share * is_chance) AS chance, sum(share * (1.0 - is_chance)) AS lasting
    FROM listed
    GROUP BY incident_id, project, circumstance, value
), added AS (
    SELECT
        incident_id, project, circumstance, value,
        sum(chance) OVER everywhere - sum(chance) OVER itself AS chance_count,
        sum(lasting) OVER everywhere - sum(lasting) OVER itself AS lasting_count,
        sum(chance) OVER alike - chance AS alike_chance,
        sum(lasting) OVER alike - lasting AS alike_lasting
    FROM held
    WINDOW
        everywhere AS (PARTITION BY project, circumstance),
        itself AS (PARTITION BY project, circumstance, incident_id),
        alike AS (PARTITION BY project, circumstance, value)
), drawn AS (
    SELECT
        a.incident_id, a.project, a.circumstance, a.value, t.prior,
        greatest(a.chance_count, 0.0) AS chance_count, greatest(a.lasting_count, 0.0) AS lasting_count,
        greatest(a.alike_chance, 0.0) AS alike_chance, greatest(a.alike_lasting, 0.0) AS alike_lasting,
        -- What was never seen before has some share of all, too.
        (greatest(a.alike_chance, 0.0) + greatest(a.alike_lasting, 0.0) + 1.0)
            / (a.chance_count + a.lasting_count + 1.0) AS common_share
    FROM threshold AS t
    CROSS JOIN added AS a
    WHERE a.chance_count >= t.least AND a.lasting_count >= t.least
)
SELECT
    l.problem_id, l.series_id, l.project, l.circumstance, l.value,
    d.alike_chance / d.chance_count AS chance_share, d.alike_lasting / d.lasting_count AS lasting_share,
    (d.alike_chance + d.prior * d.common_share) / (d.chance_count + d.prior)
        / ((d.alike_lasting + d.prior * d.common_share) / (d.lasting_count + d.prior)) AS factor
FROM listed AS l
JOIN drawn AS d
    ON d.incident_id = l.incident_id AND d.project = l.project
    AND d.circumstance = l.circumstance AND d.value = l.value
