"""A million rows through the wires, beside PostgreSQL and DuckDB. The arguments are the ports of Postgres and Flight."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

POSTGRES, FLIGHT = sys.argv[1:]
ROWS = 1_000_000
COLUMNS = "{0} AS id, {0} * 0.5 AS half, 'row ' || {0} AS name"
OURS = f"SELECT {COLUMNS.format('value')} FROM generate_series(1, {ROWS}) AS t"
THEIRS = f"SELECT {COLUMNS.format('value')} FROM generate_series(1, {ROWS}) AS t(value)"


def copied(target, query):
    """Returns the seconds to the first byte and to the last of a COPY by psql."""
    began = time.perf_counter()
    command = ["psql", "-X", "-q", target, "-c", f"COPY ({query}) TO STDOUT"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as psql:
        psql.stdout.read(1)
        first = time.perf_counter() - began
        count = 0
        while chunk := psql.stdout.read(1 << 20):
            count += chunk.count(b"\n")
    assert psql.returncode == 0 and count == ROWS, (psql.returncode, count)
    return first, time.perf_counter() - began


def best(measure):
    runs = [measure() for _ in range(3)]
    return min(first for first, _ in runs), min(whole for _, whole in runs)


def tell(name, ours, peer, theirs):
    print(f"{name}: {ROWS / ours[1]:,.0f} rows/s, first after {ours[0] * 1e3:.0f} ms; {peer} {ROWS / theirs[1]:,.0f} rows/s,"
          f" first after {theirs[0] * 1e3:.0f} ms; ratio of rates {theirs[1] / ours[1]:.2f}, of first rows {theirs[0] / ours[0]:.2f}")


def server(folder):
    """Starts a PostgreSQL of its own; nothing where there is none."""
    homes = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))
    home = homes[-1] if homes else pathlib.Path(shutil.which("initdb") or "/nowhere/initdb").parent
    if not (home / "initdb").exists():
        return None
    # It refuses to run as root.
    who = ["runuser", "-u", "nobody", "--"] if os.geteuid() == 0 else []
    if who:
        os.chmod(folder, 0o777)
    data = f"{folder}/data"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
    subprocess.run([*who, home / "initdb", "-D", data, "-A", "trust", "-U", "me"], check=True, **quiet)
    started = [*who, home / "pg_ctl", "-D", data, "-w", "-o", f"-c listen_addresses= -k {folder}", "-l", f"{data}/log", "start"]
    subprocess.run(started, check=True, **quiet)
    return lambda: subprocess.run([*who, home / "pg_ctl", "-D", data, "-m", "fast", "stop"], check=True, **quiet)


ours = best(lambda: copied(f"host=127.0.0.1 port={POSTGRES} dbname=annals user=bench", OURS))
with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
    stop = server(folder)
    if stop:
        try:
            tell("COPY by psql", ours, "PostgreSQL", best(lambda: copied(f"host={folder} dbname=postgres user=me", THEIRS)))
        finally:
            stop()
    else:
        print(f"COPY by psql: {ROWS / ours[1]:,.0f} rows/s, first after {ours[0] * 1e3:.0f} ms; there is no PostgreSQL to compare with")
try:
    import adbc_driver_flightsql.dbapi as flight
    import duckdb
except ImportError as error:
    sys.exit(print(f"Flight was not compared: {error}"))


def batches(reader, began):
    first, count = None, 0
    for batch in reader:
        first = first or time.perf_counter() - began
        count += batch.num_rows
    assert count == ROWS, count
    return first, time.perf_counter() - began


def flown():
    with flight.connect(f"grpc://127.0.0.1:{FLIGHT}") as connection, connection.cursor() as cursor:
        began = time.perf_counter()
        cursor.execute(OURS)
        return batches(cursor.fetch_record_batch(), began)


def embedded():
    connection = duckdb.connect()
    began = time.perf_counter()
    result = connection.execute(THEIRS)
    reader = result.to_arrow_reader(8192) if hasattr(result, "to_arrow_reader") else result.fetch_record_batch(8192)
    return batches(reader, began)


tell("Flight", best(flown), "DuckDB in process", best(embedded))
