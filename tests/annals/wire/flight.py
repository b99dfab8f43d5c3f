"""Arrow Flight SQL by its ADBC driver, into pandas and Polars. The arguments are the port, and a name and token or nothing."""

import sys

import adbc_driver_flightsql.dbapi as flight
import polars
from adbc_driver_flightsql import DatabaseOptions

PORT, *login = sys.argv[1:]
options = {}
if login:
    options = {"username": login[0], "password": login[1], DatabaseOptions.TLS_SKIP_VERIFY.value: "true"}
uri = f"grpc+tls://127.0.0.1:{PORT}" if login else f"grpc://127.0.0.1:{PORT}"

with flight.connect(uri, db_kwargs=options) as connection, connection.cursor() as cursor:
    cursor.execute("SELECT name, age_days, opened_at FROM problem ORDER BY name")
    table = cursor.fetch_arrow_table()
    assert table.num_rows and str(table.schema.field("opened_at").type).startswith("timestamp"), table.schema
    cursor.execute("SELECT name FROM problem ORDER BY name")
    assert len(cursor.fetch_df()) == table.num_rows
    cursor.execute("SELECT value, 'x' AS text FROM range(0, 100000)")
    assert sum(batch.num_rows for batch in cursor.fetch_record_batch()) == 100000
    for query, values, answer in [
        ("SELECT $1 + 1 AS n", (41,), [(42,)]),
        ("SELECT ? || 'b' AS t, ? AS n", ("a", 2.5), [("ab", 2.5)]),
        ("SELECT count(*) FROM problem WHERE name = $1", ("' OR 1=1 --",), [(0,)]),
    ]:
        cursor.execute(query, values)
        assert cursor.fetchall() == answer, (query, values)
    for query in ("SELECT nope FROM problem", "DROP TABLE raw.change", "SELECT"):
        try:
            cursor.execute(query)
            raise AssertionError(query)
        except flight.ProgrammingError:
            pass
        except flight.Error as error:
            assert "denied" in str(error).lower() or "PERMISSION" in str(error).upper(), (query, str(error))
    frame = polars.read_database("SELECT name, age_days FROM problem", connection)
    assert frame.height == table.num_rows
    objects = connection.adbc_get_objects(depth="all").read_all().to_pylist()
    layers = {layer["db_schema_name"]: layer for layer in objects[0]["catalog_db_schemas"]}
    assert {"mart", "raw", "step", "system"} <= set(layers), set(layers)
    tables = {table["table_name"]: table for table in layers["mart"]["db_schema_tables"]}
    assert "age_days" in {column["column_name"] for column in tables["problem"]["table_columns"]}
    assert connection.adbc_get_table_schema("problem", db_schema_filter="mart").field("age_days")
    assert connection.adbc_get_info()["vendor_name"] == "Annals"
    private = login and login[0] == "lead"
    change = {column["column_name"] for t in layers["raw"]["db_schema_tables"] if t["table_name"] == "change"
              for column in t["table_columns"]}
    assert ("author_email" in change) == bool(private), change
