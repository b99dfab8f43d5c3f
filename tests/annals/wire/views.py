"""All views give the same rows in DuckDB as in Annals. The arguments are the file of `annals views --dialect duckdb` and the
address of a server on the same store."""

import io
import math
import sys
import urllib.request

import duckdb
import pyarrow.parquet

script, server = sys.argv[1:]
connection = duckdb.connect()
connection.execute(open(script).read())
views = connection.execute("SELECT view_name FROM duckdb_views() WHERE schema_name = 'mart' ORDER BY 1").fetchall()
assert len(views) > 30, views
# These are counted from the time of asking.
MOVING = {"age_days", "days_ago", "age_hours"}
# It has rows for every two builds, which nobody asks for whole.
WITHOUT = {"compare"}


def plain(value):
    if isinstance(value, (list, tuple)):
        return tuple(map(plain, value))
    return float(value) if hasattr(value, "as_integer_ratio") and not isinstance(value, bool) else value


def is_same(column, one, other):
    one, other = plain(one), plain(other)
    if isinstance(one, float) and isinstance(other, float):
        # Seconds since 1970 as a fraction have no digits left for microseconds.
        nearly = 1e-3 if column.endswith("_ms") else 1e-9
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=nearly)
    return one == other


def key(row):
    return [(value is None, str(plain(value)) if not isinstance(value, float) else f"{value:.6g}") for value in row]


compared = 0
for (name,) in views:
    if name in WITHOUT:
        continue
    with urllib.request.urlopen(f"http://{server}/api/view/{name}.parquet") as answer:
        ours = pyarrow.parquet.read_table(io.BytesIO(answer.read()))
    theirs = connection.sql(f"SELECT * FROM mart.{name}").to_arrow_table()
    assert ours.column_names == theirs.column_names, (name, ours.column_names, theirs.column_names)
    still = [column for column in ours.column_names if column not in MOVING]
    rows = [
        sorted((tuple(row[column] for column in still) for row in table.select(still).to_pylist()), key=key)
        for table in (ours, theirs)
    ]
    assert len(rows[0]) == len(rows[1]), (name, len(rows[0]), len(rows[1]))
    for one, other in zip(*rows):
        different = [(c, a, b) for c, a, b in zip(still, one, other) if not is_same(c, a, b)]
        assert not different, (name, different)
    compared += len(rows[0])
print(f"{len(views)} views, {compared} rows")
# DuckDB's threads must have ended when the interpreter does.
connection.close()
