"""Ways out of the sandbox, each tried by every protocol: none may be answered.

The arguments are the address of HTTP, the port of Postgres, the port of Flight, and a folder that must stay empty. `FILE`
stands for a file in that folder, `SECRET` for a file that may not be read.
"""

import json
import os
import sys
import urllib.error
import urllib.request

import adbc_driver_flightsql.dbapi as flight
import psycopg
import pyarrow

WRITES = [
    "INSERT INTO problem SELECT * FROM problem",
    "INSERT INTO raw.note SELECT * FROM raw.note",
    "INSERT INTO raw.outcome SELECT * FROM raw.outcome",
    "INSERT INTO annals.raw.person VALUES (1, 'x', 'x', true)",
    "UPDATE raw.person SET name = 'x'",
    "DELETE FROM raw.change",
    "MERGE INTO raw.person p USING raw.person q ON p.person_id = q.person_id WHEN MATCHED THEN DELETE",
    "TRUNCATE TABLE raw.change",
    "WITH x AS (INSERT INTO raw.note SELECT * FROM raw.note RETURNING *) SELECT * FROM x",
    "WITH x AS (DELETE FROM raw.note RETURNING *) SELECT * FROM x",
    "WITH x AS (UPDATE raw.note SET text = '' RETURNING *) SELECT * FROM x",
    "SELECT * INTO stolen FROM problem",
    "SELECT * FROM raw.note FOR UPDATE",
    "EXPLAIN INSERT INTO raw.note SELECT * FROM raw.note",
    "EXPLAIN ANALYZE INSERT INTO raw.note SELECT * FROM raw.note",
    "EXPLAIN ANALYZE VERBOSE DELETE FROM raw.note",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO 'FILE' STORED AS CSV",
    "EXPLAIN EXPLAIN ANALYZE INSERT INTO raw.note SELECT * FROM raw.note",
    "PREPARE p AS INSERT INTO raw.note SELECT * FROM raw.note",
    "EXECUTE p",
    "DECLARE c CURSOR FOR INSERT INTO raw.note SELECT * FROM raw.note",
    "LOCK TABLE raw.note",
    "CALL anything()",
    "DO $$ BEGIN END $$",
    "SELECT 1; DROP TABLE raw.note",
]

DEFINITIONS = [
    "CREATE TABLE x (a INT)",
    "CREATE TABLE x AS SELECT * FROM problem",
    "CREATE TEMPORARY TABLE x AS SELECT 1",
    "CREATE VIEW x AS SELECT 1",
    "CREATE OR REPLACE VIEW problem AS SELECT 1",
    "CREATE MATERIALIZED VIEW x AS SELECT 1",
    "CREATE SCHEMA x",
    "CREATE DATABASE x",
    "CREATE FUNCTION f(INT) RETURNS INT RETURN 1",
    "CREATE INDEX i ON raw.note (note_id)",
    "CREATE ROLE x",
    "CREATE EXTENSION dblink",
    "CREATE SERVER s FOREIGN DATA WRAPPER w",
    "DROP TABLE raw.change",
    "DROP VIEW problem",
    "DROP SCHEMA mart CASCADE",
    "DROP FUNCTION wilson_low",
    "ALTER TABLE raw.note RENAME TO x",
    "ALTER VIEW problem AS SELECT 1",
    "ALTER SYSTEM SET a = 1",
    "GRANT ALL ON raw.note TO anybody",
    "COMMENT ON TABLE raw.note IS 'x'",
    "ANALYZE raw.note",
    "VACUUM",
]

FILES = [
    "COPY (SELECT 1) TO 'FILE'",
    "COPY (SELECT 1) TO 'FILE' STORED AS CSV",
    "COPY problem TO 'FILE' STORED AS PARQUET",
    "COPY problem TO 'file://FILE' STORED AS JSON",
    "COPY problem TO PROGRAM 'touch FILE'",
    "COPY raw.note FROM 'SECRET'",
    "COPY raw.note FROM PROGRAM 'cat SECRET'",
    "COPY INTO 's3://bucket/x' FROM problem",
    "UNLOAD (SELECT 1) TO 'FILE'",
    "CREATE EXTERNAL TABLE x STORED AS CSV LOCATION 'SECRET'",
    "CREATE EXTERNAL TABLE x STORED AS PARQUET LOCATION 'file:///'",
    "CREATE EXTERNAL TABLE x STORED AS DELTATABLE LOCATION 'FILE'",
    "CREATE UNBOUNDED EXTERNAL TABLE x STORED AS CSV LOCATION 'SECRET'",
    "SELECT * FROM 'SECRET'",
    "SELECT * FROM \"SECRET\"",
    "SELECT * FROM 'file://SECRET'",
    "SELECT * FROM \"http://127.0.0.1:1/x.csv\"",
    "SELECT * FROM 's3://bucket/x.parquet'",
    "SELECT * FROM read_csv('SECRET')",
    "SELECT * FROM read_parquet('SECRET')",
    "SELECT * FROM read_json('SECRET')",
    "SELECT * FROM parquet_metadata('SECRET')",
    "SELECT * FROM metadata_cache()",
    "SELECT * FROM statistics_cache()",
    "SELECT * FROM list_files_cache()",
    "SELECT * FROM pg_read_file('SECRET')",
    "SELECT * FROM TABLE(pg_ls_dir('/'))",
    "SELECT pg_read_file('SECRET')",
    "SELECT pg_ls_dir('/')",
    "SELECT lo_import('SECRET')",
    "SELECT lo_export(1, 'FILE')",
    "SELECT dblink('host=127.0.0.1', 'SELECT 1')",
    "SELECT getenv('HOME')",
    "SELECT pg_sleep(100)",
    "LOAD 'SECRET'",
    "ATTACH DATABASE 'FILE' AS x",
]

SETTINGS = [
    "SET datafusion.execution.batch_size = 1",
    "SET datafusion.runtime.memory_limit = '100G'",
    "SET datafusion.runtime.temp_directory = 'FILE'",
    "SET datafusion.catalog.location = '/'",
    "SET datafusion.sql_parser.dialect = 'mysql'",
    "SET SESSION AUTHORIZATION postgres",
    "SET ROLE postgres",
    "RESET datafusion.runtime.memory_limit",
    "SHOW datafusion.runtime.temp_directory",
    "SELECT * FROM information_schema.df_settings",
    "SELECT * FROM pg_catalog.pg_authid",
    "SELECT * FROM pg_catalog.pg_shadow",
]

# Private columns by their names, by the star, by a view's inside, by words of errors.
PRIVATE = [
    "SELECT author_email FROM raw.change",
    "SELECT committer_email FROM raw.change",
    "SELECT email FROM raw.identity",
    "SELECT c.author_email FROM (SELECT * FROM raw.change) c",
    "SELECT * FROM raw.change ORDER BY author_email",
    "SELECT count(*) FROM raw.change WHERE author_email LIKE 'a%'",
    "SELECT * FROM raw.token",
    "SELECT * FROM raw.reader",
    "SELECT * FROM sqlite_master",
]

STEPS = "WITH c0 AS (SELECT age_days AS x FROM problem)"
BOMBS = [
    "SELECT repeat('x', 2000000000)",
    "SELECT length(repeat(repeat('x', 100000), 100000))",
    "SELECT lpad('x', 2000000000, 'y')",
    "SELECT rpad('x', 2000000000)",
    "SELECT array_repeat(1, 2000000000)",
    "SELECT range(0, 100000000000)",
    "SELECT generate_series(0, 100000000000)",
    "SELECT replace(repeat('x', 100000), 'x', repeat('y', 100000))",
    "SELECT " + "(" * 5000 + "1" + ")" * 5000,
    "SELECT " + "-" * 5000 + "1",
    "SELECT '" + "x" * 300_000 + "'",
    # Time: the server of this test gives a query two seconds.
    "SELECT sum(a.value * b.value % 7) FROM generate_series(1, 100000) a, generate_series(1, 100000000) b",
    "SELECT count(*) FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b, generate_series(1, 1000000) c "
    "WHERE a.value + b.value = c.value * 3 + 1",
    "SELECT sum(value % 3) FROM generate_series(1, 1000000000000)",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r",
    # Memory: of what is gathered, joined, sorted.
    "SELECT array_agg(repeat(CAST(value AS VARCHAR), 1000)) FROM generate_series(1, 3000000)",
    "SELECT string_agg(repeat(CAST(value AS VARCHAR), 1000), ',') FROM generate_series(1, 3000000)",
    "SELECT array_length(array_agg(range(0, 1000000))) FROM generate_series(1, 100000)",
    "SELECT array_length(flatten(array_repeat(array_repeat(1, 100000), 100000)))",
    # Lists that would stand beside each row of a batch.
    "SELECT array_length(array_agg(range(0, 600000))) FROM generate_series(1, 100000)",
    "SELECT count(r[value]) FROM (SELECT array_agg(value) AS r FROM generate_series(1, 200000)) a "
    "CROSS JOIN generate_series(1, 100000)",
    "SELECT (SELECT array_agg(value) FROM generate_series(1, 600000))[value] FROM generate_series(1, 100000)",
    "SELECT array_length(array_repeat(array_repeat(1, 20000), 100000))",
    # Expressions: programs for the regular expressions, and plans that double with every line.
    "SELECT regexp_like('a', '((a{1000}){1000}){1000}')",
    "SELECT regexp_replace('a', '(x{0,1000}){0,1000}', 'y')",
    "WITH c0 AS (SELECT 1 AS x)"
    + "".join(f", c{i} AS (SELECT a.x FROM c{i - 1} a, c{i - 1} b)" for i in range(1, 60))
    + " SELECT count(*) FROM c59",
    "WITH c0 AS (SELECT name FROM problem)"
    + "".join(f", c{i} AS (SELECT name FROM c{i - 1} UNION ALL SELECT name FROM c{i - 1})" for i in range(1, 40))
    + " SELECT count(*) FROM c39",
    "SELECT count(*) FROM problem GROUP BY CUBE (" + ", ".join(f"age_days + {i}" for i in range(30)) + ")",
    "SELECT " + "CASE WHEN true THEN " * 3000 + "1" + " END" * 3000,
    "SELECT count(*) FROM problem WHERE " + "NOT (" * 3000 + "true" + ")" * 3000,
    "SELECT " + "abs(" * 4000 + "1" + ")" * 4000,
    "SELECT * FROM " + "(SELECT * FROM " * 3000 + "problem" + ") x" * 3000,
    # Chains, which go deep without brackets.
    "SELECT 1" + "+1" * 100_000,
    "SELECT 1 FROM problem WHERE name = 'a'" + " OR name = 'b'" * 15_000,
    "SELECT 1" + "::INT" * 50_000,
    "SELECT 1" + " IS NULL" * 30_000,
    "SELECT a" + "[1]" * 80_000,
    "SELECT 1" + " UNION ALL SELECT 1" * 12_000,
    "SELECT " + "INTERVAL " * 2000 + "'1'",
    "SELECT " + "ARRAY[" * 40,
    # What is said twice at each step, and what the engine says twice.
    STEPS + "".join(f", c{i + 1} AS (SELECT x + x AS x FROM c{i})" for i in range(60)) + " SELECT x FROM c60 WHERE x > 5",
    STEPS + "".join(f", c{i + 1} AS (SELECT struct(x, x) AS x FROM c{i})" for i in range(60)) + " SELECT x FROM c60",
    "SELECT b" + " BETWEEN false AND true" * 60 + " FROM (SELECT age_days > 1 AS b FROM problem)",
    "SELECT 1" + " <> ALL(ARRAY[true])" * 60,
    "SELECT " + ", ".join(f"age_days + {i}" for i in range(1700)) + " FROM problem",
]

# What is as deep as it may be: it is answered, by threads whose stacks are deep enough.
DEEP = [
    "SELECT count(*) FROM problem WHERE true" + " AND true" * 900,
    "SELECT 1" + "::INT" * 900,
    "SELECT 1" + " IS NULL" * 900,
]

# What may be asked, and must not tell of private columns, of settings, files or the environment.
LEAKS = [
    "SHOW ALL",
    "SHOW TABLES",
    "SHOW COLUMNS FROM raw.change",
    "SHOW COLUMNS FROM raw.identity",
    "DESCRIBE raw.change",
    "SELECT * FROM raw.change",
    "SELECT c.* FROM raw.change c LIMIT 3",
    "SELECT * FROM raw.identity",
    "TABLE raw.change",
    "SELECT to_json(c) FROM raw.change c",
    "SELECT c FROM raw.change c",
    "SELECT author_emai FROM raw.change",
    "SELECT nothing FROM raw.change",
    "SELECT x.author_mail FROM raw.change x",
    "EXPLAIN SELECT * FROM raw.change",
    "EXPLAIN VERBOSE SELECT * FROM raw.change",
    "EXPLAIN ANALYZE VERBOSE SELECT * FROM raw.change WHERE revision > 'a'",
    "EXPLAIN FORMAT TREE SELECT * FROM raw.change",
    "SELECT * FROM information_schema.columns",
    "SELECT * FROM information_schema.views",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM system.column",
    "SELECT * FROM system.lineage",
    "SELECT * FROM system.store",
    "SELECT * FROM pg_catalog.pg_attribute",
    "SELECT * FROM pg_catalog.pg_stats",
    "SELECT * FROM pg_catalog.pg_statistic",
    "SELECT * FROM pg_catalog.pg_settings",
    "SELECT current_setting('data_directory')",
    "SELECT min(person_id), max(name) FROM raw.person",
    "SELECT 1 FROM raw.reader",
]

# Addresses that name what is not theirs to give.
ADDRESSES = [
    "/api/query/..%2F..%2Fannals.toml",
    "/api/query/%2e%2e%2fstate.sqlite",
    "/api/view/..%2Fsecret.csv",
    "/api/view/raw.reader.csv",
    "/api/view/sqlite_master.json",
    "/api/view/problem.csv?author_email=x",
    "/api/view/problem.csv?1%3D1%3B--=x",
    "/api/sql?q=SELECT+1&params=[\"a\",{\"b\":1}]",
    "/api/sql?q=SELECT+*+FROM+%27SECRET%27&format=../x",
    "/asset/..%2F..%2Fstate.sqlite",
    "/log/..%2F..%2Fstate.sqlite",
]
SECRETS = ["author_email", "committer_email", "@example", "datafusion.", "verifier", "SQLite format", "/root", "/home", "/etc"]


def http(address, sql):
    body = json.dumps({"sql": sql}).encode()
    request = urllib.request.Request(f"http://{address}/api/sql", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return f"answered: {answer.read()[:200]!r}"
    except urllib.error.HTTPError as error:
        assert error.code in (400, 413, 504), f"{error.code}: {error.read()[:300]!r}"
        assert "application/problem+json" in error.headers["Content-Type"]
        return None


def postgres(port, sql, prepare):
    with psycopg.connect(f"host=127.0.0.1 port={port} user=guest dbname=annals", autocommit=True) as connection:
        cursor = connection.cursor() if prepare else psycopg.ClientCursor(connection)
        try:
            cursor.execute(sql, prepare=prepare)
            if sql.startswith("DECLARE"):
                cursor.execute("FETCH ALL FROM c")
            return f"answered: {cursor.statusmessage}"
        except psycopg.Error as error:
            assert error.sqlstate and error.sqlstate != "XX000", f"{error.sqlstate}: {error}"
            assert connection.execute("SELECT 1").fetchone() == (1,), "the connection goes on"
            return None


def adbc(port, sql):
    with flight.connect(f"grpc://127.0.0.1:{port}") as connection, connection.cursor() as cursor:
        try:
            cursor.execute(sql)
            return f"answered: {cursor.fetchall()[:3]!r}"
        except Exception as error:
            assert "(Internal;" not in str(error) and "(Unknown;" not in str(error), str(error)
            return None


def assistant(address, sql):
    call = {"name": "query", "arguments": {"sql": sql}}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}).encode()
    request = urllib.request.Request(f"http://{address}/mcp", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            result = json.load(answer)["result"]
            return None if result["isError"] else f"answered: {result['content'][0]['text'][:200]}"
    except urllib.error.HTTPError as error:
        assert error.code == 413, f"{error.code}: {error.read()[:300]!r}"
        return None


def leaks(address, postgres_port, flight_port):
    """What is told, as it is told by each protocol."""
    for sql in LEAKS:
        body = json.dumps({"sql": sql}).encode()
        request = urllib.request.Request(f"http://{address}/api/sql", body, {"Content-Type": "application/json"})
        try:
            yield sql, "http", urllib.request.urlopen(request, timeout=60).read().decode()
        except urllib.error.HTTPError as error:
            assert error.code == 400, f"{sql}: {error.code}"
            yield sql, "http", error.read().decode().replace(json.dumps(sql)[1:-1], "")
        with psycopg.connect(f"host=127.0.0.1 port={postgres_port} user=guest dbname=annals", autocommit=True) as connection:
            try:
                cursor = connection.execute(sql)
                yield sql, "postgres", repr((cursor.description, cursor.fetchall()))
            except psycopg.Error as error:
                yield sql, "postgres", str(error).split("\nLINE")[0]
        with flight.connect(f"grpc://127.0.0.1:{flight_port}") as connection, connection.cursor() as cursor:
            try:
                cursor.execute(sql)
                yield sql, "flight", repr((cursor.description, cursor.fetchall()))
            except Exception as error:
                yield sql, "flight", str(error)
    for path in ADDRESSES:
        try:
            yield path, "http", urllib.request.urlopen(f"http://{address}{path}", timeout=60).read().decode(errors="replace")
            assert path.startswith("/api/sql"), f"{path} is answered"
        except urllib.error.HTTPError as error:
            assert error.code in (400, 404), f"{path}: {error.code}"
            yield path, "http", error.read().decode()
    with flight.connect(f"grpc://127.0.0.1:{flight_port}") as connection:
        yield "objects", "flight", repr(connection.adbc_get_objects(depth="all").read_all().to_pylist())
        with connection.cursor() as cursor:
            try:
                cursor.adbc_ingest("stolen", pyarrow.table({"a": [1]}), mode="create")
                raise AssertionError("a table was taken in")
            except Exception as error:
                assert not isinstance(error, AssertionError), error


def main():
    address, postgres_port, flight_port, folder = sys.argv[1:]
    secret = os.path.join(os.path.dirname(folder), "secret.csv")
    ways = WRITES + DEFINITIONS + FILES + SETTINGS + PRIVATE + BOMBS
    # Two statements at once, and words of a session, mean something to Postgres; they are tried there as they are.
    answered = {"SET ROLE postgres", "SET SESSION AUTHORIZATION postgres"}
    out = []
    for way in ways:
        sql = way.replace("FILE", os.path.join(folder, "out")).replace("SECRET", secret)
        try:
            tried = {
                "http": http(address, sql),
                "postgres, simple": postgres(postgres_port, sql, False),
                "postgres, prepared": postgres(postgres_port, sql, True),
                "flight": adbc(flight_port, sql),
                "assistant": assistant(address, sql),
            }
        except Exception as error:
            raise AssertionError(way[:100]) from error
        out += [(way[:100], wire, what) for wire, what in tried.items() if what and way not in answered]
    for sql in DEEP:
        for told in (http(address, sql), postgres(postgres_port, sql, True), adbc(flight_port, sql)):
            assert told, f"{sql[:100]} is refused"
    for sql, wire, told in leaks(address, postgres_port, flight_port):
        out += [(sql, wire, secret, told[:300]) for secret in SECRETS if secret in told and secret not in sql]
    assert not out, "\n".join(map(str, out))
    assert os.listdir(folder) == [], os.listdir(folder)
    count = len(ways) + len(DEEP) + len(LEAKS) + len(ADDRESSES)
    assert count >= 60
    print(count, "ways out, all closed")


main()
