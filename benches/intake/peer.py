"""Other tools with the same work: parsing a JUnit file, and taking in small reports one by one.

Arguments: `parse FILE`, or `insert FOLDER REPORTS CASES`. Prints one JSON object, with null where a tool is not
installed or does not work; standard error says why.
"""
import datetime
import json
import os
import subprocess
import sys
import time
from importlib.metadata import version


def timed(work):
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def measured(package, work):
    try:
        return {"version": version(package), **work()}
    except Exception as error:
        print(f"{package}: {type(error).__name__}: {error}", file=sys.stderr)
        return None


def test_results_parser(path):
    from test_results_parser import parse_junit_xml

    def parse():
        with open(path, "rb") as file:
            return len(parse_junit_xml(file.read()).testruns)

    seconds, cases = min(timed(parse) for _ in range(3))
    return {"seconds": seconds, "cases": cases}


def junitparser(path):
    from junitparser import JUnitXml

    def parse():
        return sum(1 for suite in JUnitXml.fromfile(path) for case in suite)

    seconds, cases = timed(parse)
    return {"seconds": seconds, "cases": cases}


def duckdb(folder, reports, cases):
    import duckdb

    connection = duckdb.connect(os.path.join(folder, "peer.duckdb"))
    connection.execute(
        "CREATE TABLE outcome (build TEXT, suite TEXT, name TEXT, outcome TEXT, duration_us BIGINT, message TEXT)"
    )
    insert = "INSERT INTO outcome VALUES " + ", ".join(["(?, ?, ?, ?, ?, ?)"] * cases)

    def work():
        for report in range(reports):
            rows = [(f"b{report}", "unit", f"t{case}", "passed", case, None) for case in range(cases)]
            connection.execute(insert, [value for row in rows for value in row])

    seconds, _ = timed(work)
    return {"seconds": seconds, "reports": reports}


def subunit2sql(folder, reports, cases):
    url = "sqlite:///" + os.path.join(folder, "peer.sqlite")
    manage = os.path.join(os.path.dirname(sys.executable), "subunit2sql-db-manage")
    subprocess.run([manage, "--database-connection", url, "upgrade", "head"], check=True, capture_output=True)

    import sqlalchemy
    from oslo_config import cfg
    from oslo_db import options
    from sqlalchemy.ext.compiler import compiles
    from subunit2sql import shell

    # SQLite numbers rows of its own accord only where their key is called INTEGER.
    compiles(sqlalchemy.BigInteger, "sqlite")(lambda *_, **__: "INTEGER")
    options.set_defaults(cfg.CONF, connection=url)
    begin = datetime.datetime(2026, 1, 1)
    case = {
        "status": "success", "start_time": begin, "end_time": begin + datetime.timedelta(seconds=1),
        "metadata": None, "attachments": None,
    }

    def work():
        for report in range(reports):
            results = {f"unit.t{number}": dict(case) for number in range(cases)}
            run = {"run_at": begin, "artifacts": "none", "run_id": str(report), "run_meta": {"build": str(report)}}
            shell.process_results({**results, "run_time": 1.0}, test_attr_prefix="none", **run)

    seconds, _ = timed(work)
    return {"seconds": seconds, "reports": reports}


if sys.argv[1] == "parse":
    path = sys.argv[2]
    print(json.dumps({
        "test_results_parser": measured("test-results-parser", lambda: test_results_parser(path)),
        "junitparser": measured("junitparser", lambda: junitparser(path)),
    }))
else:
    folder, reports, cases = sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    # One report of subunit2sql takes as long as a hundred others.
    few = max(reports // 100, 1)
    print(json.dumps({
        "duckdb": measured("duckdb", lambda: duckdb(folder, reports, cases)),
        "subunit2sql": measured("subunit2sql", lambda: subunit2sql(folder, few, cases)),
    }))
