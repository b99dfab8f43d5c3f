"""Bounds of a reader and of a role, held by every protocol. The arguments are the address of HTTP, the ports of Postgres and of
Flight, the token of `grafana` (7 rows, 4 MB) and that of `lead` (a role of 2 seconds)."""

import json
import sys
import time
import urllib.error
import urllib.request

import adbc_driver_flightsql.dbapi as flight
import psycopg

address, postgres_port, flight_port, grafana, lead = sys.argv[1:]
ROWS = "SELECT value FROM generate_series(1, 8)"
MEMORY = "SELECT cardinality(array_agg(repeat(CAST(value AS VARCHAR), 100))) FROM generate_series(1, 100000)"
ENDLESS = "SELECT sum(a.value * b.value % 7) FROM generate_series(1, 100000) a, generate_series(1, 100000000) b"
TOLD = "SELECT name, value FROM system.bound"


def http(name, token, sql):
    head = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    request = urllib.request.Request(f"http://{address}/api/sql", json.dumps({"sql": sql}).encode(), head)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            told = json.load(answer)
            return f"cut at {told['row_count']}" if told["truncated"] else told["rows"]
    except urllib.error.HTTPError as error:
        return f"{error.code} {json.load(error)['message']}"


def postgres(name, token, sql):
    login = f"host=127.0.0.1 port={postgres_port} user={name} password={token} dbname=annals sslmode=require"
    with psycopg.connect(login, autocommit=True) as connection:
        try:
            return [list(row) for row in connection.execute(sql).fetchall()]
        except psycopg.Error as error:
            return f"{error.sqlstate} {error}"


def adbc(name, token, sql):
    options = {"adbc.flight.sql.authorization_header": f"Bearer {token}"}
    with flight.connect(f"grpc://127.0.0.1:{flight_port}", db_kwargs=options) as connection:
        with connection.cursor() as cursor:
            try:
                cursor.execute(sql)
                return [list(row) for row in cursor.fetchall()]
            except Exception as error:
                return str(error)


for ask in (http, postgres, adbc):
    told = dict(ask("grafana", grafana, TOLD))
    assert (told["row_count"], told["memory_bytes"], told["time_ms"]) == (7, 4000000, 30000), (ask, told)
    told = dict(ask("lead", lead, TOLD))
    assert (told["row_count"], told["time_ms"]) == (1000000, 2000), (ask, told)

    answer = ask("grafana", grafana, ROWS)
    assert answer == "cut at 7" or "more rows than are let out" in answer, (ask, answer)
    assert len(ask("lead", lead, ROWS)) == 8, ask
    answer = ask("grafana", grafana, MEMORY)
    assert "more memory than is allowed" in answer, (ask, answer)
    assert "more memory" not in str(ask("lead", lead, MEMORY)), ask

    started = time.monotonic()
    answer = ask("lead", lead, ENDLESS)
    assert "stopped after 2 s" in answer and time.monotonic() - started < 10, (ask, answer)

asked = postgres("lead", lead, "SELECT DISTINCT asker, wire FROM system.query WHERE asker = 'grafana' ORDER BY wire")
assert [wire for _, wire in asked] == ["flight", "http", "postgres"] and {name for name, _ in asked} == {"grafana"}, asked
