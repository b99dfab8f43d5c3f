//! Builds that come in parts: open until the last word, whole when they are closed, and nothing is lost that is late.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use annals_collector::intake::{Bounds, Setup};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::site::{Form, REPORT, Site};

fn part(name: &str, is_final: bool) -> Form {
    let report = REPORT.replace("good", &format!("good-{name}"));
    Form::build(json!({ "key": "k", "part": name, "is_final": is_final })).report("a.xml", report)
}

#[tokio::test(flavor = "multi_thread")]
async fn shards_become_one_build_at_the_last_word() {
    let site = Site::new(Bounds::default()).await;
    let first = site.upload(&part("1", false)).await;
    assert_eq!((first.status, &first.body["is_open"]), (StatusCode::ACCEPTED, &json!(true)), "{first:?}");
    assert_eq!(site.upload(&part("1", false)).await.body["is_replay"], json!(true));
    let replaced = Form::build(json!({ "key": "k", "part": "1" })).report("a.xml", REPORT);
    assert_eq!(site.upload(&replaced).await.body["is_replay"], json!(false));
    assert!(!site.has("p", "k"));
    assert_eq!(site.intake.status().open_count, 1);
    let other = Form::build(json!({ "key": "k", "part": "2", "builder": "else" })).report("a.xml", REPORT);
    site.upload(&other).await.refuses(422, "one builder");
    let last = site.upload(&part("2", true)).await;
    assert_eq!((last.status, &last.body["outcome_count"]), (StatusCode::CREATED, &json!(4)), "{last:?}");
    assert_eq!(last.body["build_id"], first.body["build_id"]);
    assert!(site.has("p", "k") && site.intake.status().open_count == 0);
    let late = site.upload(&part("3", false)).await;
    assert_eq!((late.status, late.text("key")), (StatusCode::CREATED, "k#3"), "{late:?}");
    assert!(late.body["warnings"][0].as_str().unwrap().contains("closed before"), "{late:?}");
    assert_eq!(site.upload(&part("3", true)).await.body["is_replay"], json!(true));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_word_may_come_alone() {
    let site = Site::new(Bounds::default()).await;
    let word = |key: Value| Form::build(json!({ "key": key, "is_final": true }));
    site.upload(&word(json!("k"))).await.refuses(422, "no part");
    site.upload(&word(Value::Null)).await.refuses(422, "`key`");
    site.upload(&Form::build(json!({ "part": "1" })).report("a.xml", REPORT)).await.refuses(422, "`key`");
    site.upload(&part("1", false)).await;
    assert_eq!(site.upload(&word(json!("k"))).await.status, StatusCode::CREATED);
    assert_eq!(site.upload(&word(json!("k"))).await.body["is_replay"], json!(true));
    let whole = Form::build(json!({ "key": "whole", "is_final": true })).report("a.xml", REPORT);
    assert_eq!(site.upload(&whole).await.status, StatusCode::CREATED);
}

#[tokio::test(flavor = "multi_thread")]
async fn open_builds_outlive_a_restart_and_are_closed_in_time() {
    let site = Site::new(Bounds::default()).await;
    site.upload(&part("1", false)).await;
    site.upload(&part("2", false)).await;
    let Site { store, intake, router, folder, is_full: _ } = site;
    drop((store, intake, router));
    // Nobody waits an hour here: the parts came two hours ago. A third is damaged.
    for entry in std::fs::read_dir(folder.path().join("spool/open")).unwrap() {
        let damaged = entry.as_ref().unwrap().path().join("0000000000000000.part");
        for part in std::fs::read_dir(entry.unwrap().path()).unwrap() {
            let path = part.unwrap().path();
            let mut held: Value =
                serde_json::from_slice(&zstd::decode_all(&std::fs::read(&path).unwrap()[..]).unwrap()).unwrap();
            held["arrived_at"] = json!(held["arrived_at"].as_i64().unwrap() - 7_200_000_000);
            std::fs::write(&path, zstd::encode_all(held.to_string().as_bytes(), 1).unwrap()).unwrap();
        }
        std::fs::write(damaged, b"no frame").unwrap();
    }
    let setup = || Setup { bounds: Bounds::default(), is_local: true, ..Setup::default() };
    let site = Site::over(folder, setup()).await;
    while !site.has("p", "k") {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(site.upload(&part("3", false)).await.text("key"), "k#3");
    let left: Vec<_> = std::fs::read_dir(site.folder.path().join("spool/open")).unwrap().collect();
    assert!(left.len() == 1 && left[0].as_ref().unwrap().path().extension().unwrap() == "unreadable", "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_who_goes_away_leaves_no_build_half_closed() {
    let site = Site::new(Bounds { commit_every_ms: 10, ..Bounds::default() }).await;
    // Whoever goes, goes at one of the moments at which its request waits for something.
    for moment in 1.. {
        let key = format!("k{moment}");
        let part = |fields: Value| Form::build(fields).report("a.xml", REPORT);
        site.upload(&part(json!({ "key": key, "part": "1" }))).await;
        let is_answered = site.leave(&part(json!({ "key": key, "part": "2", "is_final": true })), moment).await;
        let begun_at = Instant::now();
        while !site.has("p", &key) || site.intake.status().open_count > 0 {
            assert!(begun_at.elapsed() < Duration::from_secs(20), "moment {moment}: nobody can close the build");
            site.upload(&Form::build(json!({ "key": key, "is_final": true }))).await;
        }
        if is_answered {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_of_the_spool_is_put_aside_and_holds_nothing_up() {
    let folder = tempfile::TempDir::new().unwrap();
    let spool = folder.path().join("spool");
    std::fs::create_dir_all(&spool).unwrap();
    std::fs::write(spool.join("00000000000000000007.ingest"), b"no frame").unwrap();
    std::fs::write(spool.join("00000000000000000008.unfinished"), b"half").unwrap();
    let site = Site::over(folder, Setup { is_local: true, ..Setup::default() }).await;
    let whole = Form::build(json!({ "key": "whole" })).report("a.xml", REPORT);
    assert_eq!(site.upload(&whole).await.status, StatusCode::CREATED);
    let mut names: Vec<_> =
        std::fs::read_dir(spool).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["00000000000000000007.unreadable", "lock", "open"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_set_aside_is_never_overwritten() {
    for (aside, next) in [
        ("00000000000000000007.unreadable", "00000000000000000008.ingest"),
        ("refused/00000000000000000009.ingest", "00000000000000000010.ingest"),
    ] {
        let folder = tempfile::TempDir::new().unwrap();
        let spool = folder.path().join("spool");
        std::fs::create_dir_all(spool.join("refused")).unwrap();
        std::fs::write(spool.join(aside), b"acknowledged").unwrap();
        let site = Site::over(folder, Setup { is_local: true, ..Setup::default() }).await;
        site.is_full.store(true, Ordering::SeqCst);
        let form = Form::build(json!({ "key": "whole" })).report("a.xml", REPORT);
        assert_eq!(site.post("/api/v1/ingest", &form).await.status, StatusCode::ACCEPTED);
        assert!(spool.join(next).is_file(), "the number of `{aside}` is taken");
    }
}
