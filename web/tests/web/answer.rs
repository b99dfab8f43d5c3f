//! Answers as files: streamed, tagged, by row and by column, and stopped when nobody takes them.

use annals_web::Limits;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use futures::StreamExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::fixture::{get, post, send, session, site, site_of};
use crate::sql::until;

const LONG: &str = "SELECT value, repeat('x', 100) AS text FROM generate_series(1, 60000)";

#[tokio::test]
async fn a_long_answer_is_the_same_in_every_format() {
    let site = site().await;
    for format in ["json", "ndjson", "csv", "tsv", "arrow", "parquet"] {
        let reply = post(&site, &format!("/api/sql?format={format}"), "text/plain", LONG).await;
        assert_eq!(reply.status, StatusCode::OK, "{format}");
        let (rows, first) = match format {
            "json" => (reply.json()["rows"].as_array().unwrap().len(), reply.json()["rows"][0][0].to_string()),
            "ndjson" => {
                let first: Value = serde_json::from_str(reply.text().lines().next().unwrap()).unwrap();
                (reply.text().lines().count(), first["value"].to_string())
            }
            "csv" | "tsv" => {
                let first = reply.text().lines().nth(1).unwrap();
                (reply.text().lines().count() - 1, first.split([',', '\t']).next().unwrap().to_owned())
            }
            "arrow" => {
                let reader = arrow::ipc::reader::StreamReader::try_new(&reply.body[..], None).unwrap();
                (reader.map(|batch| batch.unwrap().num_rows()).sum(), "1".into())
            }
            _ => {
                let bytes = axum::body::Bytes::from(reply.body);
                let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
                (reader.build().unwrap().map(|batch| batch.unwrap().num_rows()).sum(), "1".into())
            }
        };
        assert_eq!((rows, first.as_str()), (60000, "1"), "{format}");
    }
}

#[tokio::test]
async fn a_short_answer_says_its_length_and_a_long_one_streams() {
    let site = site().await;
    let short = get(&site, "/api/sql?q=SELECT+1&format=csv").await;
    assert_eq!((short.header("x-annals-row-count"), short.header("x-annals-truncated")), ("1", "false"));
    let long = post(&site, "/api/sql?format=csv", "text/plain", LONG).await;
    assert_eq!(long.header("x-annals-row-count"), "");
    let json = post(&site, "/api/sql", "text/plain", LONG).await.json();
    assert_eq!((&json["row_count"], &json["truncated"]), (&json!(60000), &json!(false)));
}

#[tokio::test]
async fn columns_stand_beside_their_values() {
    let reply = get(&site().await, "/api/sql?shape=columns&q=SELECT+value+AS+a+FROM+generate_series(1,3)").await;
    assert_eq!(reply.json()["columns"], json!([{"name": "a", "type": "Int64", "values": [1, 2, 3]}]));
    let wrong = get(&site().await, "/api/sql?shape=heap&q=SELECT+1").await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_query_is_explained_instead() {
    let site = site().await;
    let plan = get(&site, "/api/sql?explain=plan&q=SELECT+count(*)+FROM+problem").await;
    assert!(plan.text().contains("logical_plan"), "{}", plan.text());
    let run = get(&site, "/api/sql?explain=analyze&q=SELECT+count(*)+FROM+problem").await;
    assert!(run.text().contains("metrics"), "{}", run.text());
    let sly = get(&site, "/api/sql?explain=analyze&q=INSERT+INTO+problem+SELECT+*+FROM+problem").await;
    assert_eq!(sly.status, StatusCode::BAD_REQUEST);
}

async fn again(site: &axum::Router, path: &str, tag: &str) -> StatusCode {
    let request = Request::get(path).header("if-none-match", tag).body(Body::empty()).unwrap();
    send(site, request).await.status
}

#[tokio::test]
async fn an_unchanged_store_answers_with_nothing() {
    let site = site().await;
    let path = "/api/sql?q=SELECT+name+FROM+problem";
    let tag = get(&site, path).await.header("etag").to_owned();
    assert!(tag.starts_with("\"7-"), "{tag}");
    assert_eq!(again(&site, path, &tag).await, StatusCode::NOT_MODIFIED);
    assert_eq!(again(&site, path, &format!("\"x\", W/{tag}")).await, StatusCode::NOT_MODIFIED);
    assert_eq!(again(&site, &format!("{path}&format=csv"), &tag).await, StatusCode::OK, "another format");
    assert_eq!(again(&site, &format!("{path}+LIMIT+1"), &tag).await, StatusCode::OK, "another query");
    let bound = "/api/sql?q=SELECT+$1&params=[1]";
    let tag = get(&site, bound).await.header("etag").to_owned();
    assert_eq!(again(&site, &bound.replace("[1]", "[2]"), &tag).await, StatusCode::OK, "another parameter");
    assert_eq!(get(&site, "/api/sql?q=SELECT+random()").await.header("etag"), "", "chance has no tag");
    for changing in ["count(*)+FROM+system.query", "1+WHERE+2+IN+(SELECT+count(*)+FROM+system.store)"] {
        let reply = get(&site, &format!("/api/sql?q=SELECT+{changing}")).await;
        assert_eq!((reply.status.as_u16(), reply.header("etag")), (200, ""), "{changing}");
    }
    // The fixture's clock stands still, so the minute of an answer that reads it does not pass.
    let now = get(&site, "/api/sql?q=SELECT+now()").await.header("etag").to_owned();
    assert_eq!(again(&site, "/api/sql?q=SELECT+now()", &now).await, StatusCode::NOT_MODIFIED);
    let mut wrong = session(&[]).await;
    std::sync::Arc::get_mut(&mut wrong).unwrap().version = 8;
    let newer = site_of(wrong, std::path::Path::new("/nonexistent"), Limits::default());
    let tag = get(&site, path).await.header("etag").to_owned();
    assert_eq!(again(&newer, path, &tag).await, StatusCode::OK, "another version");
}

#[tokio::test]
async fn a_view_is_data_filtered_by_its_columns() {
    let site = site().await;
    let reply = get(&site, "/api/view/problem.json?problem_id=p-1").await;
    assert_eq!(reply.json()["row_count"], json!(1), "{}", reply.text());
    let tag = reply.header("etag").to_owned();
    assert_eq!(again(&site, "/api/view/problem.json?problem_id=p-1", &tag).await, StatusCode::NOT_MODIFIED);
    assert_eq!(again(&site, "/api/view/problem.json?problem_id=p-2", &tag).await, StatusCode::OK);
    assert_eq!(get(&site, "/api/view/problem.csv").await.header("x-annals-row-count"), "4");
    for (path, status) in [
        ("/api/view/nothing.csv", 404),
        ("/api/view/problem.doc", 404),
        ("/api/view/problem", 404),
        ("/api/view/raw.change';--.csv", 404),
        ("/api/view/problem.csv?nothing=1", 400),
        ("/api/view/problem.csv?change_count=many", 400),
    ] {
        let reply = get(&site, path).await;
        assert_eq!(reply.status, status, "{path}: {}", reply.text());
        assert_eq!(reply.header("content-type"), "application/problem+json", "{path}");
    }
}

#[tokio::test]
async fn a_token_that_nobody_knows_is_refused() {
    let request =
        |value: &str| Request::get("/api/sql?q=SELECT+1").header("authorization", value).body(Body::empty()).unwrap();
    for value in ["Bearer annals_r_0", "Basic YTpi", ""] {
        let reply = send(&site().await, request(value)).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{value}");
        assert_eq!(reply.header("www-authenticate"), "Bearer");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_leaves_a_stream_stops_its_query() {
    let mut limits = Limits::default();
    (limits.desk.concurrency, limits.desk.waiting, limits.rows) = (1, 0, usize::MAX);
    let site = site_of(session(&[]).await, std::path::Path::new("/nonexistent"), limits);
    let endless = "SELECT value FROM generate_series(1, 100000000000)";
    let request = Request::post("/api/sql?format=csv").body(Body::from(endless)).unwrap();
    let mut body = site.clone().oneshot(request).await.unwrap().into_body().into_data_stream();
    assert!(body.next().await.unwrap().unwrap().len() > 100_000);
    assert_eq!(get(&site, "/api/sql?q=SELECT+1").await.status, StatusCode::TOO_MANY_REQUESTS, "it runs");
    drop(body);
    until(&site, StatusCode::OK).await;
}
