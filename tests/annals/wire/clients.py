"""What people connect with: psycopg, asyncpg, SQLAlchemy, pandas. The argument is the port."""

import asyncio
import datetime
import sys
import threading
from decimal import Decimal

import asyncpg
import pandas
import psycopg
import sqlalchemy

PORT = sys.argv[1]
DSN = f"host=127.0.0.1 port={PORT} user=me dbname=annals"
ENDLESS = "SELECT sum(a.value * b.value) FROM generate_series(1, 100000) a, generate_series(1, 100000000) b"


def psycopg_binds_in_texts_and_in_binary():
    with psycopg.connect(DSN) as connection:
        query = "SELECT name, opened_at, is_muted FROM problem WHERE state = %s AND change_count > %s ORDER BY name, opened_at, builder"
        rows = connection.execute(query, ("open", 0)).fetchall()
        assert rows and isinstance(rows[0][1], datetime.datetime) and rows[0][1].tzinfo, rows
        assert connection.cursor(binary=True).execute(query, ("open", 0)).fetchall() == rows
        assert [connection.execute("SELECT %s::bigint + 1", (i,), prepare=True).fetchone()[0] for i in range(8)] == [
            *range(1, 9)
        ]
        values = "SELECT 1::int, 2.5, true, NULL, 'ü', DATE '2026-01-02', INTERVAL '1 day', array[1, 2]"
        for binary in (False, True):
            row = connection.cursor(binary=binary).execute(values).fetchone()
            assert row[0] == 1 and float(row[1]) == 2.5 and row[2:5] == (True, None, "ü"), row
            assert row[5:] == (datetime.date(2026, 1, 2), datetime.timedelta(days=1), [1, 2]), row


def values_are_what_was_sent_or_an_error():
    numbers = ["8000000000000000000", "9223372036854775807", 2**70, "-1.50", "1E+10", "0.0000000001", "0"]
    refused = ["1.23456789012345", "0.00000000001234", "1E+30", "NaN"]
    with psycopg.connect(DSN, autocommit=True) as connection:
        one = lambda query, *values: connection.execute(query, values).fetchone()
        for form in ("%s", "%t", "%b"):
            for number in map(Decimal, numbers):
                assert one(f"SELECT {form}::numeric = '{number:f}'::numeric", number) == (True,), (form, number)
            for number in refused:
                try:
                    raise AssertionError((form, number, one(f"SELECT {form}::numeric", Decimal(number))))
                except psycopg.DataError:
                    pass
        assert one("SELECT %s, %s", None, "x") == (None, "x")
        assert one("SELECT %s", '{"a": 1}') == ('{"a": 1}',)
        assert one("SELECT %s::numeric", Decimal("12.50")) == (Decimal("12.50"),)
        position = one("SELECT max(opened_position) FROM problem WHERE opened_position IS NOT NULL")[0]
        count = lambda condition, *values: one(f"SELECT count(*) FROM problem WHERE {condition}", *values)[0]
        whole = count("opened_position = %s", position)
        assert whole > 0 and whole == count("opened_position = %s", Decimal(position)) == count("opened_position = %s", float(position))
        assert count("opened_position = %s", Decimal(position) + Decimal("0.7")) == 0
        assert count("opened_position = %s", 2**70) == 0
        assert count("opened_position > %s", position - 0.5) == whole == count("opened_position >= %s", Decimal(position) - Decimal("0.5"))
        every = count("opened_at IS NOT NULL")
        assert count("opened_at >= now() - %s", datetime.timedelta(days=30000)) == every > 0
        days = [row[0] for row in connection.execute("SELECT DISTINCT opened_at::date FROM problem WHERE opened_at IS NOT NULL")]
        assert count("opened_at::date = ANY(%s)", days) == every and count("opened_at::date = ANY(%s::date[])", days[:1]) > 0
        for binary in ("%s", "%b"):
            assert one(f"SELECT array_length({binary}::text[]), 'NULL' = ANY({binary}::text[])", ["", "NULL", 'a"\\{'], ["NULL"]) == (3, True)
        assert one("SELECT 1.5::numeric = ANY(%s), 1.6::numeric = ANY(%s)", *[[Decimal("1.5"), Decimal("100")]] * 2) == (True, False)


def numbers_have_all_their_digits():
    numbers = ["9223372036854775807", "-0.0000000001", "0", "10000", "1234567890123456789012345678.9"]
    query = "SELECT " + ", ".join(f"'{number}'::numeric" for number in numbers)
    with psycopg.connect(DSN) as connection:
        for binary in (False, True):
            assert connection.cursor(binary=binary).execute(query).fetchone() == tuple(map(Decimal, numbers)), binary


def psycopg_copies_streams_and_pipelines():
    with psycopg.connect(DSN) as connection:
        names = connection.execute("SELECT name FROM problem ORDER BY name").fetchall()
        with connection.cursor().copy("COPY (SELECT name FROM problem ORDER BY name) TO STDOUT") as copied:
            assert list(copied.rows()) == names
        with connection.cursor().copy("COPY (SELECT value FROM range(0, 3)) TO STDOUT (FORMAT binary)") as copied:
            copied.set_types(["int8"])
            assert list(copied.rows()) == [(0,), (1,), (2,)]
        assert sum(row[0] for row in connection.cursor().stream("SELECT value FROM generate_series(1, 5000)")) == 12502500
    with psycopg.connect(DSN) as connection:
        with connection.pipeline():
            first, second = connection.execute("SELECT 1"), connection.execute("SELECT 2")
        assert (first.fetchone(), second.fetchone()) == ((1,), (2,))
        connection.execute("DECLARE c CURSOR FOR SELECT value FROM range(0, 5)")
        assert connection.execute("FETCH 2 FROM c").fetchall() == [(0,), (1,)]
        assert connection.execute("FETCH ALL FROM c").fetchall() == [(2,), (3,), (4,)]


def psycopg_reads_through_named_cursors():
    query = "SELECT name, opened_at FROM problem WHERE state = %s ORDER BY name, opened_at, builder"
    with psycopg.connect(DSN) as connection:
        rows = connection.execute(query, ("open",)).fetchall()
        for binary in (False, True):
            with connection.cursor("Named", binary=binary) as cursor:
                cursor.execute(query, ("open",))
                assert [column.name for column in cursor.description] == ["name", "opened_at"]
                cursor.itersize = 1
                assert list(cursor) == rows and len(rows) > 1
        with connection.cursor("plain") as cursor:
            assert cursor.execute("SELECT value FROM range(0, 5)").fetchmany(2) == [(0,), (1,)]
            listed = connection.execute("SELECT name, is_holdable FROM pg_cursors").fetchall()
            assert listed == [("plain", False)], listed
        assert connection.execute("SELECT count(*) FROM pg_catalog.pg_cursors").fetchone() == (0,)
        for _ in range(8):
            connection.cursor("never").close()
        with connection.cursor("held", withhold=True) as cursor:
            cursor.execute("SELECT value FROM range(0, 3)")
            connection.commit()
            assert cursor.fetchall() == [(0,), (1,), (2,)]
        connection.cursor("left").execute("SELECT 1")
        connection.rollback()
        assert connection.execute("SELECT count(*) FROM pg_cursors").fetchone() == (0,)
    engine = sqlalchemy.create_engine(f"postgresql+psycopg://me@127.0.0.1:{PORT}/annals")
    with engine.connect().execution_options(stream_results=True, max_row_buffer=2) as connection:
        assert [tuple(row) for row in connection.execute(sqlalchemy.text("SELECT value FROM range(0, 5)"))] == [
            (value,) for value in range(5)
        ]
        parts = pandas.read_sql(sqlalchemy.text("SELECT name FROM problem"), connection, chunksize=2)
        assert sum(len(part) for part in parts) == connection.scalar(sqlalchemy.text("SELECT count(*) FROM problem"))


def errors_end_a_copy():
    cut = "COPY (SELECT value FROM range(0, 1500000)) TO STDOUT"
    late = "COPY (SELECT 1 / (900000 - value) FROM range(0, 1000000)) TO STDOUT (FORMAT binary)"
    with psycopg.connect(DSN, autocommit=True) as connection:
        for query, state in ((cut, "54000"), (late, "22012")):
            try:
                with connection.cursor().copy(query) as copied:
                    for _ in copied:
                        pass
                raise AssertionError(query)
            except psycopg.Error as error:
                assert error.sqlstate == state, (query, str(error))
            assert connection.execute("SELECT 1").fetchone() == (1,)
        # Several statements of one message are answered one after another.
        cursor, found = connection.execute("BEGIN; SELECT 1; SELECT 2; COMMIT"), []
        while cursor.nextset():
            found += cursor.fetchall() if cursor.description else []
        assert found == [(1,), (2,)], found
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def psycopg_cancels_and_times_out():
    with psycopg.connect(DSN, autocommit=True) as connection:
        threading.Timer(0.5, connection.cancel).start()
        for prepare in ("", "SET statement_timeout = '300ms'"):
            if prepare:
                connection.execute(prepare)
            try:
                connection.execute(ENDLESS)
                raise AssertionError("it ended")
            except psycopg.errors.QueryCanceled:
                pass
        assert connection.execute("SELECT 1").fetchone() == (1,)


def errors_have_a_state_and_a_place():
    expected = {
        "SELECT nope FROM problem": ("42703", "8"),
        "SELECT 1\nFROM nothing": ("42P01", "15"),
        "INSERT INTO problem VALUES (1)": ("25006", None),
        "SELEC": ("42601", None),
        "SELECT 1 / 0": ("22012", None),
        "SELECT nope(1)": ("42883", "8"),
        "SHOW nope": ("42704", None),
    }
    with psycopg.connect(DSN, autocommit=True) as connection:
        for query, (state, place) in expected.items():
            try:
                connection.execute(query)
                raise AssertionError(query)
            except psycopg.Error as error:
                assert (error.sqlstate, error.diag.statement_position) == (state, place), (query, str(error))


async def asyncpg_prepares_fetches_and_pools():
    connection = await asyncpg.connect(host="127.0.0.1", port=PORT, user="me", database="annals")
    query = "SELECT name, age_days, opened_at FROM problem WHERE state = $1 AND age_days > $2"
    rows = await connection.fetch(query, "open", 0.5)
    assert rows and rows[0]["opened_at"].tzinfo
    statement = await connection.prepare("SELECT $1::text AS a, $2::int AS b")
    assert dict((await statement.fetch("x", 3))[0]) == {"a": "x", "b": 3}
    async with connection.transaction():
        assert sum([row[0] async for row in connection.cursor("SELECT value FROM generate_series(1, 500)")]) == 125250
    try:
        await asyncio.wait_for(connection.fetch(ENDLESS), 0.5)
        raise AssertionError("it ended")
    except asyncio.TimeoutError:
        pass
    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()
    async with asyncpg.create_pool(host="127.0.0.1", port=PORT, user="me", database="annals", min_size=1, max_size=2) as pool:
        for _ in range(3):
            async with pool.acquire() as pooled:
                assert await pooled.fetchval("SELECT 2") == 2


def sqlalchemy_looks_around():
    engine = sqlalchemy.create_engine(f"postgresql+psycopg://me@127.0.0.1:{PORT}/annals")
    frame = pandas.read_sql(
        sqlalchemy.text("SELECT name, age_days, opened_at FROM problem WHERE state = :s"), engine, params={"s": "open"}
    )
    assert len(frame) and str(frame.dtypes["age_days"]) == "float64", frame.dtypes
    inspector = sqlalchemy.inspect(engine)
    assert {"mart", "raw", "step", "system"} <= set(inspector.get_schema_names())
    assert "problem" in inspector.get_view_names(schema="mart")
    assert "streak" in inspector.get_table_names(schema="raw")
    assert inspector.has_table("problem", schema="mart") and not inspector.has_table("nothing", schema="mart")
    assert inspector.get_view_definition("problem", schema="mart").startswith("-- Problems")
    assert inspector.get_table_comment("problem", schema="mart")["text"]
    assert inspector.get_pk_constraint("problem", schema="mart")["constrained_columns"] == []
    assert inspector.get_foreign_keys("problem", schema="mart") == []
    assert inspector.get_indexes("problem", schema="mart") == []
    columns = {column["name"]: column for column in inspector.get_columns("problem", schema="mart")}
    assert isinstance(columns["age_days"]["type"], sqlalchemy.types.Double), columns["age_days"]
    assert columns["opened_at"]["type"].timezone and columns["opened_at"]["comment"], columns["opened_at"]
    raw = {column["name"] for column in inspector.get_columns("change", schema="raw")}
    assert "author_name" in raw and not {"author_email", "committer_email"} & raw, raw
    assert inspector.default_schema_name == "mart"
    assert {"problem", "blamelist"} <= set(inspector.get_view_names()) and "note" in inspector.get_table_names()
    reflected = sqlalchemy.MetaData()
    reflected.reflect(engine, schema="mart", views=True)
    assert len(reflected.tables["mart.problem"].columns) == len(columns)
    whole = pandas.read_sql_table("problem", engine, schema="mart", columns=["name", "opened_at"])
    assert len(whole) and str(whole["opened_at"].dtype).startswith("datetime64"), whole.dtypes
    with engine.connect() as connection:
        table = sqlalchemy.table("problem", sqlalchemy.column("name"), schema="mart")
        count = connection.execute(sqlalchemy.select(sqlalchemy.func.count()).select_from(table)).scalar()
        assert count == connection.execute(sqlalchemy.text("SELECT count(*) FROM problem")).scalar() > 0


def a_session_says_what_it_does():
    with psycopg.connect(DSN, autocommit=True, options="-c statement_timeout=2s -c TimeZone=Europe/Berlin") as connection:
        one = lambda query: connection.execute(query).fetchone()[0]
        assert (one("SHOW TimeZone"), one("SELECT current_setting('statement_timeout')")) == ("UTC", "2s")
        try:
            connection.execute(ENDLESS)
            raise AssertionError("it ended")
        except psycopg.errors.QueryCanceled:
            pass
        try:
            connection.execute("SET TimeZone = 'America/New_York'")
            raise AssertionError("times are UTC")
        except psycopg.errors.InvalidParameterValue as error:
            assert "UTC" in str(error)
        assert one("SHOW TimeZone") == "UTC"
        assert (one("SELECT current_schema()"), one("SELECT 'change'::regclass = 'raw.change'::regclass")) == ("mart", True)
        count = one("SELECT count(*) FROM change")
        assert count == one("SELECT count(*) FROM raw.change") > 0, "what mart lacks is looked for below it"
        mart = one("SELECT count(*) FROM mart.streak")
        connection.execute("SET search_path = raw")
        assert one("SELECT current_schema()") == "raw" and one("SELECT to_regclass('problem')") is None
        assert one("SELECT count(*) FROM streak") >= mart
        connection.execute("DISCARD ALL")
        assert one("SELECT current_schema()") == "mart" and one("SHOW statement_timeout") == "0"


def functions_are_there():
    with psycopg.connect(DSN, autocommit=True) as connection:
        one = lambda query: connection.execute(query).fetchone()
        assert one("SELECT round(wilson_low(9, 10), 4), round(wilson_high(0, 20), 4), wilson_low(1, 0)") == (
            0.5958,
            0.1611,
            None,
        )
        assert one("SELECT flip_rate(array['a', 'b', 'b']), entropy(array[1, 2]), flip_rate(array['a'])") == (0.5, 1.0, None)
        assert one("SELECT signature('at 0x7f after 12 s')") == ("at <address> after # s",)
        assert str(one("SELECT time_bucket(INTERVAL '1 hour', TIMESTAMP '2026-11-20 10:42:00')")[0]) == "2026-11-20 10:00:00"
        changes = dict(connection.execute("SELECT revision, parents FROM raw.change").fetchall())

        def ancestors(revision):
            found, left = set(), [revision]
            while left:
                one = left.pop()
                if one in changes and one not in found:
                    found.add(one)
                    left += changes[one]
            return found

        newest = connection.execute("SELECT revision FROM raw.change ORDER BY committed_at DESC LIMIT 1").fetchone()[0]
        for good in list(changes)[::9]:
            query = f"SELECT revision, ordinal FROM blamelist('{good[:10]}', '{newest}') ORDER BY ordinal"
            listed = connection.execute(query).fetchall()
            assert {row[0] for row in listed} == ancestors(newest) - ancestors(good), good
            assert [row[1] for row in listed] == list(range(1, len(listed) + 1))
        joined = f"SELECT c.author_name FROM blamelist('{list(changes)[0]}', '{newest}') JOIN raw.change c USING (revision)"
        assert len(connection.execute(joined).fetchall()) == len(ancestors(newest) - ancestors(list(changes)[0]))


for check in (
    functions_are_there,
    psycopg_binds_in_texts_and_in_binary,
    values_are_what_was_sent_or_an_error,
    numbers_have_all_their_digits,
    psycopg_copies_streams_and_pipelines,
    psycopg_reads_through_named_cursors,
    errors_end_a_copy,
    psycopg_cancels_and_times_out,
    errors_have_a_state_and_a_place,
    lambda: asyncio.run(asyncpg_prepares_fetches_and_pools()),
    sqlalchemy_looks_around,
    a_session_says_what_it_does,
):
    check()
