//! Saved queries by name: as data, on the page, and in mails.

use annals_analytics::outside::Answer;
use annals_analytics::saved::Saved;
use annals_web::mail::{News, Reader, Site, notice};
use axum::body::Body;
use axum::http::{Request, StatusCode};

use crate::fixture::{get, send, session, site};

#[tokio::test]
async fn a_query_is_asked_by_its_name() {
    let site = site().await;
    let all = get(&site, "/api/query/open_since?days=0").await;
    assert_eq!((all.status, all.json()["row_count"].as_i64()), (StatusCode::OK, Some(2)), "{}", all.text());
    let csv = get(&site, "/api/query/open_since.csv?days=3").await;
    assert_eq!(csv.text().lines().count(), 3, "{}", csv.text());
    assert!(csv.header("content-disposition").contains("open_since.csv"));
    let tag = all.header("etag").to_owned();
    assert!(!tag.is_empty() && tag != csv.header("etag"));
    for (address, status, says) in [
        ("/api/query/open_since?days=many", StatusCode::BAD_REQUEST, "`many` is no double"),
        ("/api/query/open_since?weeks=1", StatusCode::BAD_REQUEST, "it takes days"),
        ("/api/query/nothing", StatusCode::NOT_FOUND, "there is no query `nothing`"),
        ("/api/query/..%2Fsecret", StatusCode::NOT_FOUND, "no format"),
        ("/api/query/open_since.exe", StatusCode::NOT_FOUND, "no format `exe`"),
        ("/api/query/torn", StatusCode::BAD_REQUEST, "line 2: `sometimes` is no schedule"),
    ] {
        let reply = get(&site, address).await;
        assert_eq!(reply.status, status, "{address}");
        assert!(reply.text().contains(says), "{address}: {}", reply.text());
    }
}

#[tokio::test]
async fn the_page_lists_opens_and_asks_them() {
    let site = site().await;
    let list = get(&site, "/sql").await;
    assert!(list.text().contains("href=\"/sql?open=open_since\">Open since some days &#60;b&#62;"), "{}", list.text());
    let opened = get(&site, "/sql?open=open_since").await;
    assert!(opened.text().contains("name=\"value.days\" value=\"2\""), "{}", opened.text());
    assert!(opened.text().contains("2 rows in") && opened.text().contains("/api/query/open_since.csv?days=2"));
    let fewer = get(&site, "/sql?open=open_since&value.days=9").await;
    assert!(fewer.text().contains("0 rows in"), "{}", fewer.text());
    assert_eq!(get(&site, "/sql?open=nothing").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn addresses_of_readers_are_told_to_nobody_in_particular() {
    let site = site().await;
    for address in ["/api/query", "/sql?open=open_since"] {
        let reply = get(&site, address).await;
        assert!(reply.status == StatusCode::OK && reply.text().contains("-- Mail: (not shown)"), "{}", reply.text());
        assert!(!reply.text().contains("ada@example.org"), "{address}: {}", reply.text());
    }
}

#[tokio::test]
async fn nobody_keeps_a_query_without_a_token() {
    let site = site().await;
    for (method, path) in [("PUT", "/api/query/mine"), ("DELETE", "/api/query/open_since")] {
        let request = Request::builder().method(method).uri(path).body(Body::from("SELECT 1")).unwrap();
        let reply = send(&site, request).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{path}: {}", reply.text());
    }
    let form = Request::post("/sql").header("content-type", "application/x-www-form-urlencoded");
    let reply = send(&site, form.body(Body::from("name=mine&q=SELECT+1&token=x")).unwrap()).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{}", reply.text());
}

#[tokio::test]
async fn a_mail_says_what_has_changed() {
    let saved = Saved::parse("open_since", include_str!("queries/open_since.sql")).unwrap();
    let session = session(&[]).await;
    let frame = session.query("SELECT project, name, age_days FROM problem ORDER BY name").await.unwrap();
    let schema = frame.schema().inner().clone();
    let batches = frame.collect().await.unwrap();
    let answer = Answer { schema, batches, is_truncated: false, version: 7, elapsed: Default::default() };
    let reader = Reader { name: "Ada".into(), address: "ada@example.org".into(), why: "asked".into() };
    let site = Site { base_url: Some("https://annals.example.org".into()), host: "annals.example.org".into() };
    let raised = notice(&saved, News::Raised, &answer, 5, &reader, &site).unwrap();
    insta::assert_snapshot!(format!("Subject: {}\n\n{}", raised.subject, raised.text));
    assert!(!raised.html.contains("<script") && !raised.html.contains("days <b>"), "{}", raised.html);
    let over = notice(&saved, News::Over, &answer, 6, &reader, &site).unwrap();
    assert!(over.subject.starts_with("Over: "), "{}", over.subject);
}
