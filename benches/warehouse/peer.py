"""Streaks and open problems by DuckDB, from the same files that Annals reads; prints one JSON object."""

import json
import sys
import time

import duckdb
from deltalake import DeltaTable

facts = sys.argv[1]
connection = duckdb.connect()
# It would go to standard output, beside the answer.
connection.execute("SET enable_progress_bar = false")
for table in ["outcome", "build"]:
    files = DeltaTable(f"{facts}/{table}").file_uris()
    connection.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet({files!r})")

STREAK = """
CREATE OR REPLACE TABLE streak AS
WITH verdict AS (
    SELECT
        o.series_id, o.position, any_value(o.test_id) AS test_id,
        CASE
            WHEN bool_or(outcome IN ('failed', 'errored', 'xpassed')) AND bool_or(outcome IN ('passed', 'xfailed'))
                THEN 'flaky'
            WHEN bool_or(outcome IN ('failed', 'errored', 'xpassed')) THEN 'fail'
            WHEN bool_or(outcome IN ('passed', 'xfailed')) THEN 'pass'
            ELSE 'skip'
        END AS verdict,
        count(*) AS outcome_count
    FROM outcome AS o
    SEMI JOIN (SELECT build_id FROM build WHERE result NOT IN ('retry', 'cancelled') AND NOT is_patch) AS b
        ON b.build_id = o.build_id
    GROUP BY ALL
), edge AS (
    SELECT *, verdict IS DISTINCT FROM lag(verdict) OVER (PARTITION BY series_id ORDER BY position) AS is_first
    FROM verdict
), numbered AS (
    SELECT *, sum(CAST(is_first AS INTEGER)) OVER (PARTITION BY series_id ORDER BY position) AS number FROM edge
)
SELECT
    series_id, any_value(test_id) AS test_id, any_value(verdict) AS verdict, min(position) AS first_position,
    max(position) AS last_position, count(*) AS position_count, sum(outcome_count) AS outcome_count
FROM numbered
GROUP BY series_id, number
"""

PROBLEM = """
WITH standing AS (
    SELECT
        series_id, verdict, first_position,
        row_number() OVER (PARTITION BY series_id ORDER BY first_position DESC) AS place
    FROM streak WHERE verdict IN ('pass', 'fail')
)
SELECT count(*) FROM standing WHERE place = 1 AND verdict = 'fail'
"""


def timed(sql):
    start = time.perf_counter()
    rows = connection.execute(sql).fetchall()
    return time.perf_counter() - start, rows


streak_seconds, _ = timed(STREAK)
problem_seconds, problems = min(timed(PROBLEM) for _ in range(3))
streaks = connection.execute("SELECT count(*) FROM streak").fetchone()[0]
print(json.dumps({
    "version": duckdb.__version__,
    "streaks": streaks,
    "streak_seconds": streak_seconds,
    "problems": problems[0][0],
    "problem_seconds": problem_seconds,
}))
