"""Reads the fact tables as any other engine would, with no Annals running: one JSON line per engine."""

import json
import sys

import duckdb
import polars
from deltalake import DeltaTable

TABLES = ["message", "outcome", "step", "change", "build"]

FAILURES = """
    SELECT b.ingest_key AS key, o.name, o.outcome, o.duration_us, m.text
    FROM outcome AS o JOIN build AS b USING (build_id) JOIN message AS m USING (message_id)
    ORDER BY ALL
"""
CHANGE = """
    SELECT revision, array_to_string(parents, ' ') AS parents, epoch_us(committed_at) AS committed_at,
        files[1].path AS path, files[1].lines_added AS lines_added
    FROM change
"""


def by_polars(root):
    """Reads with polars alone: lazy frames over the Delta log."""
    frames = {table: polars.read_delta(f"{root}/{table}") for table in TABLES}
    failures = (
        frames["outcome"]
        .join(frames["build"].select("build_id", key="ingest_key"), on="build_id")
        .join(frames["message"].select("message_id", "text"), on="message_id")
        .select("key", "name", "outcome", "duration_us", "text")
        .sort(polars.all())
    )
    files = polars.col("files").list.first()
    change = frames["change"].select(
        "revision",
        polars.col("parents").list.join(" "),
        polars.col("committed_at").dt.epoch("us"),
        files.struct.field("path"),
        files.struct.field("lines_added"),
    )
    return {table: frame.height for table, frame in frames.items()}, failures.rows(), change.rows()


def by_duckdb(root):
    """Reads with DuckDB over the arrow tables that the package deltalake gives."""
    connection = duckdb.connect()
    for table in TABLES:
        connection.register(table, DeltaTable(f"{root}/{table}").to_pyarrow_table())
    counts = {table: connection.sql(f"SELECT count(*) FROM {table}").fetchall()[0][0] for table in TABLES}
    return counts, connection.sql(FAILURES).fetchall(), connection.sql(CHANGE).fetchall()


for name, read in {"polars": by_polars, "duckdb": by_duckdb}.items():
    counts, failures, change = read(sys.argv[1])
    print(json.dumps({"engine": name, "counts": counts, "failures": failures, "change": change}))
