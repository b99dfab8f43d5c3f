"""DuckDB over the files of a store: answers questions, or writes the outcomes anew; prints one JSON value."""

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
    files = DeltaTable(f"{facts}/{table}").file_uris()
    connection.execute(f"CREATE VIEW raw.{table} AS SELECT * FROM read_parquet({files!r})")


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
    order = "test_id, series_id, position, build_id, attempt"
    connection.execute(f"COPY (FROM raw.outcome ORDER BY {order}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
    return os.path.getsize(path)


print(json.dumps({"ask": ask, "size": size}[job](*arguments)))
