//! What is old goes by rules: never more than they say, also when the store is opened anew, and never twice.

use std::collections::HashSet;
use std::time::Duration;

use annals_data::row::{Outcome, Status, Step};
use annals_data::store::{BuildFacts, Horizon, Ingest, Retained, Rule, Store};
use tempfile::TempDir;

use super::{build, count, location};

const DAY: u64 = 86_400;
const MICROS: i64 = 86_400_000_000;

fn days(days: u64) -> Option<Duration> {
    Some(Duration::from_secs(days * DAY))
}

/// A build that began so many days ago; every tenth text is one of all builds.
fn aged(builder: &str, position: i64, days: i64) -> BuildFacts {
    let mut facts = build(&format!("{builder}/{position}"));
    let now = chrono::Utc::now().timestamp_micros();
    (facts.build.builder, facts.build.position) = (builder.into(), position);
    facts.build.started_at = Some(now - days * MICROS);
    let failed = |name: &str, text: String| Outcome { message: Some(text), ..Outcome::new("s", name, Status::Failed) };
    facts.outcomes = vec![
        failed("own", format!("{builder} at {position}")),
        failed("shared", "the same everywhere".into()),
        Outcome::new("s", "good", Status::Passed),
    ]
    .into();
    facts
}

async fn store(folder: &TempDir) -> Store {
    let store = Store::open(&location(folder)).await.unwrap();
    for position in 0..10 {
        let builds = vec![aged("linux", position, 100 - 10 * position), aged("mac", position, 100 - 10 * position)];
        store.commit(vec![Ingest { changes: vec![], builds }]).await.unwrap();
    }
    store
}

/// Lets go when all batches are folded.
async fn retain(store: &Store, rules: &[Rule], is_told: &HashSet<i64>, is_dry: bool) -> Retained {
    store.retain(rules, is_told, store.publication().unwrap().batch, is_dry).await.unwrap()
}

fn linux() -> Vec<Rule> {
    vec![
        Rule { builder: "lin*".into(), outcomes: days(45), ..Rule::default() },
        Rule { builder: "mac".into(), texts: days(15), ..Rule::default() },
    ]
}

#[tokio::test]
async fn outcomes_go_by_lane_and_age_and_leave_a_horizon() {
    let folder = TempDir::new().unwrap();
    let store = store(&folder).await;
    let (rules, nothing) = (linux(), HashSet::new());
    let planned = retain(&store, &rules, &nothing, true).await;
    assert_eq!(count(&store, "SELECT count(*) FROM outcome").await, 60);
    assert_eq!(store.horizons().unwrap(), []);
    let done = retain(&store, &rules, &nothing, false).await;
    assert_eq!(planned, done);
    // Positions 0 to 5 are 50 days old and older.
    let lane = |builder: &str| (String::from("pocket"), String::from("main"), String::from(builder));
    let (project, branch, builder) = lane("linux");
    let horizon = Horizon { project, branch, builder, position: 5, batch: 10 };
    assert_eq!((done.lanes, done.outcome_count), (vec![(horizon.clone(), 6, 18)], 18));
    assert_eq!(store.horizons().unwrap(), [horizon]);
    assert_eq!(count(&store, "SELECT count(*) FROM outcome WHERE builder = 'mac'").await, 30);
    assert_eq!(count(&store, "SELECT min(position) FROM outcome WHERE builder = 'linux'").await, 6);
    assert_eq!(count(&store, "SELECT count(*) FROM outcome WHERE builder = 'linux'").await, 12);
    // Builds and tallies stay.
    assert_eq!(count(&store, "SELECT count(*) FROM build").await, 20);
    assert_eq!(count(&store, "SELECT sum(outcome_count) FROM tally").await, 60);
    // Nothing is left to do, also for who opens the store anew.
    let publication = store.publication().unwrap();
    drop(store);
    let store = Store::open(&location(&folder)).await.unwrap();
    let again = retain(&store, &rules, &nothing, false).await;
    assert_eq!((again.outcome_count, again.text_count), (0, 0));
    assert_eq!(store.publication().unwrap(), publication);
}

#[tokio::test]
async fn a_late_build_behind_the_horizon_goes_at_the_next_time() {
    let folder = TempDir::new().unwrap();
    let store = store(&folder).await;
    retain(&store, &linux(), &HashSet::new(), false).await;
    let mut late = aged("linux", 3, 70);
    late.build.key = "late".into();
    store.commit(vec![Ingest { changes: vec![], builds: vec![late] }]).await.unwrap();
    assert_eq!(count(&store, "SELECT count(*) FROM outcome WHERE builder = 'linux'").await, 15);
    let done = retain(&store, &linux(), &HashSet::new(), false).await;
    assert_eq!((done.outcome_count, store.horizons().unwrap()[0].batch), (3, 11));
    assert_eq!(count(&store, "SELECT count(*) FROM outcome WHERE builder = 'linux'").await, 12);
}

#[tokio::test]
async fn a_revision_that_is_built_again_keeps_what_is_new_and_holds_nothing_back() {
    let folder = TempDir::new().unwrap();
    let store = store(&folder).await;
    retain(&store, &linux(), &HashSet::new(), false).await;
    let mut again = aged("linux", 3, 0);
    again.build.key = "again".into();
    store.commit(vec![Ingest { changes: vec![], builds: vec![again] }]).await.unwrap();
    assert_eq!(retain(&store, &linux(), &HashSet::new(), false).await.outcome_count, 0);
    let rules = [Rule { builder: "linux".into(), outcomes: days(25), ..Rule::default() }];
    assert_eq!(retain(&store, &rules, &HashSet::new(), false).await.outcome_count, 6);
    assert_eq!(store.horizons().unwrap()[0].position, 7);
    assert_eq!(count(&store, "SELECT min(position) FROM outcome WHERE builder = 'linux'").await, 3);
}

#[tokio::test]
async fn what_is_not_folded_stays() {
    let folder = TempDir::new().unwrap();
    let store = store(&folder).await;
    let mut unfolded = aged("mac", 0, 100);
    unfolded.build.key = "unfolded".into();
    let says = Outcome { message: Some("linux at 2".into()), ..Outcome::new("s", "own", Status::Failed) };
    unfolded.outcomes = vec![says].into();
    store.commit(vec![Ingest { changes: vec![], builds: vec![unfolded] }]).await.unwrap();
    let done = store.retain(&linux(), &HashSet::new(), 4, false).await.unwrap();
    // Of the positions 0 to 3, with the texts that no later batch refers to.
    assert_eq!((done.outcome_count, done.text_count, store.horizons().unwrap()[0].batch), (12, 3 + 4, 4));
    assert_eq!(count(&store, "SELECT count(*) FROM outcome WHERE batch > 4").await, 37);
    assert_eq!(count(&store, "SELECT count(*) FROM message WHERE text = 'linux at 2'").await, 1);
    let done = retain(&store, &linux(), &HashSet::new(), false).await;
    assert_eq!((done.outcome_count, store.horizons().unwrap()[0].batch), (6, 11));
}

#[tokio::test]
async fn texts_go_when_nobody_refers_to_them_and_come_again() {
    let folder = TempDir::new().unwrap();
    let store = store(&folder).await;
    assert_eq!(count(&store, "SELECT count(*) FROM message").await, 21);
    let told = annals_data::id::message_id("linux at 0");
    let done = retain(&store, &linux(), &HashSet::from([told]), false).await;
    // Of linux those of 1 to 5, as their outcomes went; of mac all but the newest, at 9.
    assert_eq!(done.text_count, 5 + 9);
    assert_eq!(count(&store, "SELECT count(*) FROM message WHERE text = 'linux at 0'").await, 1);
    assert_eq!(count(&store, "SELECT count(*) FROM message WHERE text = 'the same everywhere'").await, 1);
    let mut again = aged("linux", 11, 0);
    let says = Outcome { message: Some("linux at 2".into()), ..Outcome::new("s", "own", Status::Failed) };
    again.outcomes = vec![says].into();
    store.commit(vec![Ingest { changes: vec![], builds: vec![again] }]).await.unwrap();
    assert_eq!(count(&store, "SELECT count(*) FROM message WHERE text = 'linux at 2'").await, 1);
    assert_eq!(count(&store, "SELECT count(*) FROM message").await, 8);
}

#[tokio::test]
async fn logs_go_and_nothing_beside_them() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(&location(&folder)).await.unwrap();
    std::fs::create_dir_all(store.log_folder()).unwrap();
    let outside = folder.path().join("state.sqlite");
    for (name, days) in [("old.zst", 40), ("young.zst", 4), ("../state.sqlite", 40)] {
        let mut facts = aged("linux", days, days);
        facts.build.key = name.into();
        let step = Step { log_path: Some(name.into()), ..step(&facts) };
        facts.steps = vec![step];
        std::fs::write(store.log_folder().join("old.zst"), "log").unwrap();
        std::fs::write(store.log_folder().join("young.zst"), "log").unwrap();
        store.commit(vec![Ingest { changes: vec![], builds: vec![facts] }]).await.unwrap();
    }
    let rules = [Rule { logs: days(30), ..Rule::default() }];
    let done = retain(&store, &rules, &HashSet::new(), false).await;
    assert_eq!((done.log_count, done.byte_count), (1, 3));
    assert!(!store.log_folder().join("old.zst").exists() && store.log_folder().join("young.zst").exists());
    assert!(outside.exists());
}

fn step(facts: &BuildFacts) -> Step {
    Step {
        project: facts.build.project.clone(),
        build_key: facts.build.key.clone(),
        number: 1,
        name: "test".into(),
        command: String::new(),
        result: annals_data::row::BuildResult::Success,
        reason: None,
        exit_status: None,
        started_at: None,
        duration_us: None,
        log_path: None,
        log_size: None,
        is_log_truncated: false,
    }
}
