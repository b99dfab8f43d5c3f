"""DuckDB over the files of a store: answers questions, computes streaks and open problems, or writes the outcomes anew;
prints one JSON value."""

import json
import os
import sys
import time

import duckdb
from deltalake import DeltaTable

facts, job, *arguments = sys.argv[1:]
connection = duckdb.connect()
# It would go to standard output, beside the answer.
connection.execute("SET enable_progress_bar = false")
connection.execute("SET TimeZone = 'UTC'")
connection.execute("CREATE SCHEMA raw")
for table in ["outcome", "build", "change", "message"]:
    delta = DeltaTable(f"{facts}/{table}")
    files = delta.file_uris()
    # It knows no Parquet of no files.
    nothing = ", ".join(f"NULL AS {field.name}" for field in delta.schema().fields)
    rows = f"SELECT * FROM read_parquet({files!r})" if files else f"SELECT {nothing} WHERE false"
    connection.execute(f"CREATE VIEW raw.{table} AS {rows}")

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
    FROM raw.outcome AS o
    SEMI JOIN (SELECT build_id FROM raw.build WHERE result NOT IN ('retry', 'cancelled') AND NOT is_patch) AS b
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


def streaks():
    streak_seconds, _ = timed(STREAK)
    problem_seconds, problems = min(timed(PROBLEM) for _ in range(3))
    return {
        "version": duckdb.__version__,
        "streaks": connection.execute("SELECT count(*) FROM streak").fetchone()[0],
        "streak_seconds": streak_seconds,
        "problems": problems[0][0],
        "problem_seconds": problem_seconds,
    }


def ask(questions, rounds):
    with open(questions) as file:
        questions = json.load(file)
    answers = {}
    for name, sql in questions.items():
        seconds = []
        for _ in range(int(rounds)):
            start = time.perf_counter()
            rows = connection.execute(sql).to_arrow_table()
            seconds.append(time.perf_counter() - start)
        answers[name] = {"seconds": min(seconds), "rows": rows.num_rows}
    return {"version": duckdb.__version__, "answers": answers}


def size(path):
    order = "outcome, test_id, series_id, position, build_id, attempt"
    connection.execute(f"COPY (FROM raw.outcome ORDER BY {order}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
    return os.path.getsize(path)


print(json.dumps({"ask": ask, "size": size, "streaks": streaks}[job](*arguments)))
