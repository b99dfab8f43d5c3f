//! Pauses, reasons and addresses; the servers that fail are in the binary's own tests.

use chrono::DateTime;
use ureq::http::StatusCode;

use super::answer::{reason, retry_after};
use super::*;

#[test]
fn pauses_grow_and_differ() {
    let first = Duration::from_millis(100);
    for number in 1..12 {
        let whole = first.saturating_mul(1 << (number - 1)).min(LONGEST);
        let pause = pause(first, number);
        assert!(pause >= whole / 2 && pause <= whole, "{number}: {pause:?}");
    }
    let some: std::collections::BTreeSet<_> = (0..20).map(|_| pause(first, 5)).collect();
    assert!(some.len() > 1);
}

#[test]
fn a_server_says_when_to_come_again() {
    let now = DateTime::parse_from_rfc3339("2026-01-02T03:04:05Z").unwrap().to_utc();
    assert_eq!(retry_after("17", now), Some(Duration::from_secs(17)));
    assert_eq!(retry_after("Fri, 02 Jan 2026 03:04:35 GMT", now), Some(Duration::from_secs(30)));
    assert_eq!(retry_after("Fri, 02 Jan 2026 03:00:00 GMT", now), Some(Duration::ZERO));
    assert_eq!(retry_after("soon", now), None);
    assert_eq!(retry_after("-1", now), None);
}

#[test]
fn what_is_wrong_is_read_from_problems_and_texts() {
    assert_eq!(reason(r#"{"title": "Too large", "detail": "at most 3 reports"}"#, StatusCode::OK), "at most 3 reports");
    assert_eq!(reason("nginx says no\nand more", StatusCode::OK), "nginx says no");
    assert_eq!(reason("", StatusCode::FORBIDDEN), "Forbidden");
}

#[test]
fn addresses_are_of_http_and_shown_without_passwords() {
    assert!(Client::new("annals.example.org", None, Patience::default()).is_err());
    let client = Client::new("https://me:secret@annals.example.org/", Some(" "), Patience::default()).unwrap();
    assert_eq!((client.server().as_str(), client.token), ("https://annals.example.org", None));
}

#[test]
fn a_token_is_overheard_between_machines_without_tls() {
    let cases = [
        ("http://annals.example.org", true),
        ("http://127.0.0.1@annals.example.org", true),
        ("http://127.0.0.1:8010", false),
        ("http://localhost:8010", false),
        ("https://annals.example.org", false),
    ];
    for (server, is_overheard) in cases {
        let client = |token| Client::new(server, token, Patience::default()).unwrap();
        assert_eq!(client(Some("sesame")).is_overheard(), is_overheard, "{server}");
        assert!(!client(None).is_overheard());
    }
}
