//! What is too much, too slow, damaged or unreadable: each has its status and its sentence, and nothing is kept.

use annals_collector::intake::Bounds;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use futures::stream;
use serde_json::json;

use super::site::{Form, REPORT, Site, gzip, zstd};

const QUERY: &str = "/api/v1/ingest?project=p&revision=r&builder=b&position=1";

fn post(address: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Request<Body> {
    let request = headers.iter().fold(Request::post(address), |request, (name, value)| request.header(*name, *value));
    request.body(body.into()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bound_is_named_when_it_is_passed() {
    let bounds =
        Bounds { request_bytes: 100_000, decompressed_bytes: 1 << 20, reports: 3, changes: 2, ..Bounds::default() };
    let site = Site::new(bounds).await;
    let plain = |bytes: usize| "x".repeat(bytes).into_bytes();
    let sent = site.send(post(QUERY, &[], plain(100_001))).await;
    sent.refuses(413, "`request_bytes`");
    assert_eq!((&sent.body["bound"], &sent.body["value"]), (&json!("request_bytes"), &json!(100_000)));
    for bomb in [gzip(&plain(2 << 20)), zstd(&plain(2 << 20)), zstd(&zstd(&plain(2 << 20)))] {
        let encoding = if bomb.starts_with(&[0x1f]) { "gzip" } else { "zstd" };
        site.send(post(QUERY, &[("content-encoding", encoding)], bomb)).await.refuses(413, "decompressed_bytes");
    }
    site.send(post(QUERY, &[], gzip(&plain(2 << 20)))).await.refuses(413, "decompressed_bytes");
    let many = (0..4).fold(Form::build(json!({})), |form, number| form.report(&format!("{number}.xml"), REPORT));
    site.upload(&many).await.refuses(413, "`reports`");
    let [a, b, c] = ["a", "b", "c"].map(|digit| digit.repeat(40));
    let changes: [(&str, &[&str]); 3] = [(&a, &[]), (&b, &[]), (&c, &[])];
    site.upload(&Form::build(json!({})).changes(&changes)).await.refuses(413, "`changes`");
    assert_eq!(site.intake.status().waiting_count + site.intake.status().committed_count, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ratio_that_no_report_has_is_a_bomb() {
    let site = Site::new(Bounds { ratio: 10, ..Bounds::default() }).await;
    let blanks = REPORT.replace("><testcase", &format!(">{}<testcase", " ".repeat(17 << 20)));
    site.send(post(QUERY, &[], zstd(blanks.as_bytes()))).await.refuses(413, "decompressed_bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_request_is_ended_and_a_crowd_is_sent_away() {
    let site = Site::new(Bounds { request_s: 1, concurrency: 1, ..Bounds::default() }).await;
    let never = || Body::from_stream(stream::pending::<Result<Vec<u8>, std::io::Error>>());
    let waiting = site.send(post(QUERY, &[], never()));
    let (slow, crowd) = tokio::join!(waiting, async {
        tokio::task::yield_now().await;
        site.send(post(QUERY, &[], REPORT)).await
    });
    slow.refuses(408, "`request_s`");
    crowd.refuses(429, "`concurrency`");
    assert_eq!(crowd.retry_after, Some(1));
    assert_eq!(site.send(post(QUERY, &[], REPORT)).await.status, StatusCode::ACCEPTED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_spool_asks_to_come_again() {
    let site = Site::new(Bounds { spool_count: 1, ..Bounds::default() }).await;
    site.is_full.store(true, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(site.send(post(QUERY, &[], REPORT)).await.status, StatusCode::ACCEPTED);
    let full = site.send(post(QUERY, &[], REPORT)).await;
    full.refuses(503, "`spool_count`");
    assert!(full.retry_after.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_named_and_nothing_of_it_is_kept() {
    let site = Site::new(Bounds::default()).await;
    let torn =
        site.upload(&Form::build(json!({})).report("good.xml", REPORT).report("x/torn.xml", &REPORT[..90])).await;
    torn.refuses(422, "x/torn.xml:2:");
    assert_eq!((torn.text("file"), &torn.body["line"]), ("x/torn.xml", &json!(2)));
    site.send(post(QUERY, &[], "no report")).await.refuses(422, "known formats");
    site.send(post(QUERY, &[], gzip(REPORT.as_bytes())[..30].to_vec())).await.refuses(400, "ends too early");
    site.send(post(QUERY, &[("content-type", "image/png")], REPORT)).await.refuses(415, "image/png");
    site.send(post(QUERY, &[("content-encoding", "br")], REPORT)).await.refuses(415, "gzip and zstd");
    site.send(post("/api/v1/ingest?project=p", &[], REPORT)).await.refuses(422, "`revision`");
    site.send(post(&format!("{QUERY}&nonsense=1"), &[], REPORT)).await.refuses(400, "nonsense");
    site.send(post(&format!("{QUERY}&url=javascript:x"), &[], REPORT)).await.refuses(422, "`url`");
    let form = Form::build(json!({})).report("a.xml", REPORT);
    let half = form.body();
    for end in [0, 1, 50, 200, half.len() - 20] {
        let kind = [("content-type", "multipart/form-data; boundary=b0undary")];
        site.send(post("/api/v1/ingest", &kind, half[..end].to_vec())).await.refuses(400, "not whole");
    }
    site.upload(&Form::default().report("a.xml", REPORT)).await.refuses(400, "`build` is missing");
    site.upload(&Form::build(json!({ "nonsense": 1 }))).await.refuses(400, "nonsense");
    site.upload(&Form::build(json!({ "position": -1 }))).await.refuses(422, "`position`");
    site.upload(&Form::build(json!({}))).await.refuses(422, "nothing was sent");
    site.upload(&Form::build(json!({})).with("extra", None, b"")).await.refuses(400, "`extra`");
    site.upload(&Form::build(json!({})).changes(&[("abc", &[])])).await.refuses(422, "changes:1: `abc`");
    let status = site.intake.status();
    assert_eq!((status.waiting_count, status.committed_count), (0, 0));
}
