//! SQL from outside: formats, refusals, bounds, errors with their place.

use std::io::Cursor;
use std::path::Path;
use std::time::Duration;

use annals_analytics::outside::{Bounds, Share};
use annals_web::Limits;
use arrow::array::RecordBatch;
use arrow::ipc::reader::StreamReader;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::json;

use crate::fixture::{get, post, send, session, site, site_of};

const QUERY: &str =
    "SELECT problem_id, name, opened_at, age_days, is_muted, change_count FROM problem ORDER BY problem_id";

#[tokio::test]
async fn json_names_columns_and_keeps_types() {
    let reply = post(&site().await, "/api/sql", "text/plain", QUERY).await;
    let answer = reply.json();
    assert_eq!(answer["columns"][0], json!({"name": "problem_id", "type": "Utf8"}));
    assert_eq!(answer["row_count"], 4);
    assert_eq!(answer["truncated"], false);
    assert_eq!(answer["version"], 7);
    assert_eq!(answer["rows"][3][5], json!(null));
    assert_eq!(answer["rows"][0][4], json!(false));
    assert!(answer["rows"][0][2].as_str().unwrap().starts_with("2026-11-18T08:00:00"));
}

#[tokio::test]
async fn columns_of_one_name_have_their_own_values() {
    let site = site().await;
    let twice = "SELECT p.name, q.state, q.name FROM problem p JOIN problem q USING (problem_id) ORDER BY 1, 2 LIMIT 1";
    let rows = post(&site, "/api/sql", "text/plain", twice).await.json();
    assert_eq!(rows["columns"][2]["name"], "name");
    assert!(rows["rows"][0][0].is_string() && rows["rows"][0][2] == rows["rows"][0][0], "{rows}");
    let columns = post(&site, "/api/sql?shape=columns", "text/plain", twice).await.json();
    assert_eq!(columns["columns"][2]["values"], columns["columns"][0]["values"]);
}

#[tokio::test]
async fn parameters_are_values_never_text() {
    let site = site().await;
    let body = json!({"sql": "SELECT count(*) FROM problem WHERE name = $1 OR change_count > $2", "params": ["' OR 1=1 --", 1]});
    let reply = post(&site, "/api/sql", "application/json", &body.to_string()).await;
    assert_eq!(reply.json()["rows"], json!([[2]]));
    let reply = get(&site, "/api/sql?q=SELECT+$1+%2B+1&params=[41]").await;
    assert_eq!(reply.json()["rows"], json!([[42]]));
    let reply = get(&site, "/api/sql?q=SELECT+9007199254740993+AS+id&int64=string").await;
    assert_eq!(reply.json()["rows"], json!([["9007199254740993"]]));
}

#[tokio::test]
async fn every_format_holds_the_same_rows() {
    let site = site().await;
    let ask = async |format: &str| post(&site, &format!("/api/sql?format={format}"), "text/plain", QUERY).await;
    let arrow = ask("arrow").await;
    let reader = StreamReader::try_new(Cursor::new(arrow.body), None).unwrap();
    let arrow: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    let parquet = ask("parquet").await;
    let reader =
        ParquetRecordBatchReaderBuilder::try_new(axum::body::Bytes::from(parquet.body)).unwrap().build().unwrap();
    let parquet: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    let print = |batches: &[RecordBatch]| arrow::util::pretty::pretty_format_batches(batches).unwrap().to_string();
    assert_eq!(print(&arrow), print(&parquet));
    let ndjson = ask("ndjson").await;
    let lines: Vec<serde_json::Value> = ndjson.text().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[3]["change_count"], json!(null));
    let csv = ask("csv").await;
    assert_eq!(csv.text().lines().count(), 5);
    assert!(csv.text().contains("p-2,=cmd|' /C calc'!A0,2026-11-18T08:00:00Z,3.17,true,2"), "{}", csv.text());
    assert_eq!(csv.header("content-disposition"), "attachment; filename=\"answer.csv\"");
}

#[tokio::test]
async fn the_accept_header_chooses() {
    let site = site().await;
    for (accept, kind) in [
        ("text/csv", "text/csv; charset=utf-8"),
        ("application/vnd.apache.arrow.stream", "application/vnd.apache.arrow.stream"),
        ("application/x-ndjson, */*", "application/x-ndjson"),
        ("text/html,*/*;q=0.8", "application/json"),
        ("*/*", "application/json"),
    ] {
        let request = Request::get("/api/sql?q=SELECT+1").header("accept", accept).body(Body::empty()).unwrap();
        assert_eq!(send(&site, request).await.header("content-type"), kind, "{accept}");
    }
}

#[tokio::test]
async fn what_is_not_a_question_is_refused() {
    let site = site().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.csv");
    let copy = format!("COPY (SELECT 1) TO '{}' STORED AS CSV", file.display());
    let external = format!("CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '{}'", file.display());
    for sql in [
        "INSERT INTO problem SELECT * FROM problem",
        "DELETE FROM problem",
        "UPDATE problem SET state = 'x'",
        "DROP TABLE problem",
        "CREATE TABLE x AS SELECT 1",
        "CREATE VIEW x AS SELECT 1",
        "EXPLAIN ANALYZE INSERT INTO problem SELECT * FROM problem",
        "EXPLAIN INSERT INTO problem SELECT * FROM problem",
        "SET datafusion.execution.batch_size = 1",
        "PREPARE p AS INSERT INTO problem SELECT * FROM problem",
        "BEGIN",
        "SELECT 1; DROP TABLE problem",
        &copy,
        &external,
        "SELECT * FROM '/etc/passwd'",
    ] {
        let reply = post(&site, "/api/sql", "text/plain", sql).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{sql}: {}", reply.text());
        assert_eq!(reply.header("content-type"), "application/problem+json");
    }
    assert!(!file.exists());
    let left = get(&site, "/api/sql?q=SELECT+count(*)+FROM+problem").await;
    assert_eq!(left.json()["rows"], json!([[4]]));
}

#[tokio::test]
async fn errors_say_where() {
    let site = site().await;
    let reply = post(&site, "/api/sql", "text/plain", "SELECT\n  nothing_like_this FROM problem").await;
    let error = reply.json();
    assert_eq!((&error["status"], &error["line"], &error["column"]), (&json!(400), &json!(2), &json!(3)), "{error}");
    assert!(error["message"].as_str().unwrap().contains("nothing_like_this"));
    let error = post(&site, "/api/sql", "text/plain", "SELECT 1\nFROM FROM").await.json();
    assert_eq!(error["line"], json!(2), "{error}");
    let page = get(&site, "/sql?q=SELECT+1+AS+a,%0A+nope+FROM+problem").await;
    assert!(page.text().contains("not run") && page.text().contains(" nope FROM problem\n ^"), "{}", page.text());
}

#[tokio::test]
async fn plans_of_every_shape_run_under_guard() {
    let site = site().await;
    let recursive =
        "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT sum(i) FROM n";
    let window =
        "SELECT max(n) FROM (SELECT row_number() OVER (PARTITION BY suite ORDER BY position) AS n FROM test_grid)";
    let join = "SELECT count(*) FROM problem p JOIN test_grid g USING (series_id) WHERE g.position >= (SELECT 60)";
    for (sql, answer) in [(recursive, 15), (window, 207), (join, 4)] {
        let reply = post(&site, "/api/sql", "text/plain", sql).await;
        assert_eq!(reply.json()["rows"], json!([[answer]]), "{sql}: {}", reply.text());
    }
    for sql in ["EXPLAIN ANALYZE SELECT count(*) FROM problem", "EXPLAIN SELECT 1", "SHOW TABLES", "DESCRIBE problem"] {
        assert_eq!(post(&site, "/api/sql", "text/plain", sql).await.status, StatusCode::OK, "{sql}");
    }
}

#[tokio::test]
async fn what_cannot_be_understood_is_said() {
    let site = site().await;
    for (kind, body, says) in [
        ("text/plain", "", "there is no query"),
        ("application/json", "{", "the body"),
        ("application/json", r#"{"sql": "SELECT 1", "lmit": 3}"#, "lmit"),
        ("application/json", r#"{"sql": "SELECT $1", "params": [[1]]}"#, "a parameter is"),
        ("application/json", r#"{"sql": "SELECT 1", "format": "doc"}"#, "no format `doc`"),
        ("application/xml", "<a/>", "not application/xml"),
    ] {
        let reply = post(&site, "/api/sql", kind, body).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{body}");
        assert!(reply.json()["message"].as_str().unwrap().contains(says), "{}", reply.text());
    }
}

const ENDLESS: &str =
    "SELECT sum(a.value * b.value % 7) FROM generate_series(1, 100000) a, generate_series(1, 100000000) b";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_time_memory_bytes_and_number_are_bounded() {
    let desk = Bounds { share: Share { time: Duration::from_millis(700), ..Share::default() }, ..Bounds::default() };
    let limits = Limits { rows: 10, desk, body: 1000, ..Limits::default() };
    let site = site_of(session(&[]).await, Path::new("/nonexistent"), limits);
    let reply = get(&site, "/api/sql?q=SELECT+*+FROM+test_grid").await;
    assert_eq!((&reply.json()["row_count"], &reply.json()["truncated"]), (&json!(10), &json!(true)));
    assert_eq!(reply.header("x-annals-truncated"), "true");

    let started = std::time::Instant::now();
    let reply = post(&site, "/api/sql", "text/plain", ENDLESS).await;
    assert_eq!(reply.status, StatusCode::GATEWAY_TIMEOUT, "{}", reply.text());
    assert!(started.elapsed() < Duration::from_secs(5));

    let desk = Bounds { memory: 4 << 20, concurrency: 1, waiting: 0, ..Bounds::default() };
    let patient = Limits { desk, ..Limits::default() };
    let patient_site = site_of(session(&[]).await, Path::new("/nonexistent"), patient);
    let greedy = "SELECT array_agg(repeat(CAST(value AS VARCHAR), 100)) FROM generate_series(1, 300000)";
    let reply = post(&patient_site, "/api/sql", "text/plain", greedy).await;
    assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE, "{}", reply.text());

    let reply = post(&site, "/api/sql", "text/plain", &format!("SELECT '{}'", "x".repeat(2000))).await;
    assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE);

    let site = patient_site;
    let other = site.clone();
    // Again until it is let in: what asks below may be in its place.
    let first = tokio::spawn(async move {
        while post(&other, "/api/sql", "text/plain", ENDLESS).await.status == StatusCode::TOO_MANY_REQUESTS {
            tokio::task::yield_now().await;
        }
    });
    let second = until(&site, StatusCode::TOO_MANY_REQUESTS).await;
    assert_eq!(second.header("retry-after"), "1");
    first.abort();
    let _ = first.await;
    until(&site, StatusCode::OK).await;
}

/// Any number of rows of any width would end the whole program: what repeats a long list is refused, and nothing else is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_may_be_long_but_not_beside_each_row() {
    let desk = Bounds { share: Share { time: Duration::from_secs(60), ..Share::default() }, ..Bounds::default() };
    let limits = Limits { desk, ..Limits::default() };
    let site = site_of(session(&[]).await, Path::new("/nonexistent"), limits);
    for sql in [
        "SELECT count(x[2]) FROM (SELECT range(0, 600000) AS x, value FROM generate_series(1, 100000)) q WHERE x[value] > 5",
        "SELECT array_length(array_agg(range(0, 600000))) FROM generate_series(1, 100000)",
        "SELECT array_length(range(0, (SELECT 600000))) + value FROM generate_series(1, 100000)",
        "SELECT count(r[value]) FROM (SELECT array_agg(value) AS r FROM generate_series(1, 600000)) a \
         CROSS JOIN generate_series(1, 100000)",
        "SELECT a.value + array_length(b.r) FROM generate_series(1, 100000) a \
         JOIN (SELECT 1 AS k, array_agg(value) AS r FROM generate_series(1, 600000)) b ON a.value % 2 = b.k",
        "SELECT (SELECT array_agg(value) FROM generate_series(1, 600000))[value] FROM generate_series(1, 100000)",
        "SELECT sum(r[u]) FROM (SELECT unnest(range(0, 9000)) AS u, r FROM \
         (SELECT array_agg(value) AS r FROM generate_series(1, 600000)) a) b",
        "SELECT array_length(array_repeat(array_repeat(1, 20000), 100000))",
        "WITH a AS (SELECT array_repeat(repeat('x', 1000), 100000 + value) AS r FROM generate_series(1, 1)) \
         SELECT array_length(array_concat(r, r, r)) FROM a",
        "SELECT length(array_to_string(range(0, 100000), repeat('x', 10000)))",
    ] {
        let reply = post(&site, "/api/sql", "text/plain", sql).await;
        assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE, "{sql}");
    }
    for (sql, answer) in [
        ("SELECT array_length(range(0, 100000))", json!(100_000)),
        ("SELECT sum(x) FROM (SELECT unnest(range(0, 100000)) AS x)", json!(4_999_950_000_i64)),
        ("SELECT array_length(array_agg(value)) FROM generate_series(1, 1000000)", json!(1_000_000)),
        ("SELECT count(*) FROM generate_series(1, 100000) WHERE value = ANY (range(0, 20000))", json!(19_999)),
        ("SELECT sum(r[2]) FROM (SELECT [1, 2, 3] AS r) a CROSS JOIN generate_series(1, 100000)", json!(200_000)),
        ("SELECT array_length(array_concat(range(0, 100000), range(0, 100000)))", json!(200_000)),
        // As the files of a large change stand beside each of its builds.
        (
            "SELECT sum(array_length(b.r)) FROM generate_series(1, 1000) a \
             JOIN (SELECT 1 AS k, array_agg(value) AS r FROM generate_series(1, 100000)) b ON a.value % 2 = b.k",
            json!(50_000_000),
        ),
    ] {
        let reply = post(&site, "/api/sql", "text/plain", sql).await;
        assert_eq!(reply.json()["rows"], json!([[answer]]), "{sql}: {}", reply.text());
    }
}

/// Asks until it is answered so: a query begins after it was sent, and ends after its connection.
pub async fn until(site: &axum::Router, status: StatusCode) -> crate::fixture::Reply {
    let asked = async {
        loop {
            let reply = get(site, "/api/sql?q=SELECT+1").await;
            if reply.status == status {
                return reply;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), asked).await.expect("a query begins and ends")
}
