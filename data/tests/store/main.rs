//! The store's promises: whole ingests, exactly once, whatever is repeated or interrupted.

#![allow(clippy::unwrap_used)]

use annals_data::row::{Build, BuildResult, Change, File, Outcome, Status};
use annals_data::store::{BuildFacts, Ingest, Location, Store};
use annals_data::{Error, schema};
use datafusion::prelude::SessionContext;
use tempfile::TempDir;

mod compaction;
mod loss;
mod reader;
mod retention;
#[path = "../../../tests/shared/skip.rs"]
mod skip;

fn location(folder: &TempDir) -> Location {
    Location { root: folder.path().to_owned(), facts: None }
}

fn change(revision: &str) -> Change {
    Change {
        project: "pocket".into(),
        revision: revision.into(),
        parents: vec!["p1".into(), "p2".into()],
        author_name: "Ada".into(),
        author_email: "ada@example.org".into(),
        committer_name: "Bors".into(),
        committer_email: "bors@example.org".into(),
        authored_at: 1_700_000_000_000_000,
        committed_at: 1_700_000_001_000_000,
        subject: "print: less".into(),
        message: "print: less\n\nmore".into(),
        files: vec![File {
            path: "src/print.sh".into(),
            kind: "modified".into(),
            lines_added: Some(3),
            ..File::default()
        }],
    }
}

fn build(key: &str) -> BuildFacts {
    let outcome = |name: &str, status, message: Option<&str>| Outcome {
        duration_us: Some(1500),
        message: message.map(str::to_owned),
        ..Outcome::new("suite", name, status)
    };
    BuildFacts {
        build: Build {
            key: key.into(),
            project: "pocket".into(),
            branch: "main".into(),
            revision: "r1".into(),
            position: 7,
            builder: "unit".into(),
            number: None,
            result: BuildResult::Failure,
            reason: None,
            worker: None,
            environment: None,
            url: None,
            started_at: Some(1_700_000_002_000_000),
            finished_at: None,
            is_patch: false,
            patch_author_name: None,
            patch_author_email: None,
            is_failures_only: false,
        },
        steps: vec![],
        outcomes: vec![
            outcome("good", Status::Passed, None),
            outcome("bad", Status::Failed, Some("expected 3, got 4")),
            outcome("worse", Status::Errored, Some("expected 3, got 4")),
        ]
        .into(),
    }
}

async fn count(store: &Store, sql: &str) -> i64 {
    let context = SessionContext::new();
    for (table, provider) in store.providers(&store.publication().unwrap()).await.unwrap() {
        context.register_table(table.name, provider).unwrap();
    }
    let batches = context.sql(sql).await.unwrap().collect().await.unwrap();
    let values = batches[0].column(0);
    arrow::array::AsArray::as_primitive::<arrow::datatypes::Int64Type>(values).value(0)
}

#[tokio::test]
async fn a_replay_changes_nothing_and_says_so() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(&location(&folder)).await.unwrap();
    let ingest = || Ingest { changes: vec![change("r1")], builds: vec![build("k1")] };
    let first = store.commit(vec![ingest()]).await.unwrap();
    assert_eq!((first.change_count, first.build_count, first.outcome_count), (1, 1, 3));
    let publication = store.publication().unwrap();
    let second = store.commit(vec![ingest(), ingest()]).await.unwrap();
    assert_eq!(second.batch, None);
    assert_eq!(second.replayed, ["k1", "k1"]);
    assert_eq!(store.publication().unwrap(), publication);
    assert_eq!(count(&store, "SELECT count(*) FROM outcome").await, 3);
    assert_eq!(count(&store, "SELECT count(*) FROM message").await, 1);
    assert_eq!(count(&store, "SELECT count(*) FROM change WHERE cardinality(parents) = 2").await, 1);
    assert_eq!(count(&store, "SELECT failed_count FROM build").await, 2);
}

/// Has the state refuse publications, or take them again.
fn refuse_publications(folder: &TempDir, is_refused: bool) {
    let state = rusqlite::Connection::open(folder.path().join("state.sqlite")).unwrap();
    let sql = match is_refused {
        true => "CREATE TRIGGER refused BEFORE INSERT ON publication BEGIN SELECT raise(ABORT, 'refused'); END",
        false => "DROP TRIGGER refused",
    };
    state.execute_batch(sql).unwrap();
}

#[tokio::test]
async fn a_batch_that_was_not_published_is_there_once_at_the_next_opening() {
    let folder = TempDir::new().unwrap();
    let ingest = || Ingest { changes: vec![change("r1")], builds: vec![build("k1")] };
    let store = Store::open(&location(&folder)).await.unwrap();
    refuse_publications(&folder, true);
    assert!(store.commit(vec![ingest()]).await.unwrap_err().to_string().contains("state"));
    assert_eq!(count(&store, "SELECT count(*) FROM outcome").await, 0, "half a batch is seen");
    drop(store);
    refuse_publications(&folder, false);
    let store = Store::open(&location(&folder)).await.unwrap();
    assert_eq!(count(&store, "SELECT count(*) FROM outcome").await, 3);
    assert_eq!(count(&store, "SELECT count(*) FROM change").await, 1);
    assert_eq!(store.commit(vec![ingest()]).await.unwrap().replayed, ["k1"]);
    assert_eq!(std::fs::read_dir(folder.path().join("journal")).unwrap().count(), 0);
}

#[tokio::test]
async fn two_openings_of_one_store_write_in_turn() {
    let folder = TempDir::new().unwrap();
    let one = Store::open(&location(&folder)).await.unwrap();
    let two = Store::open(&location(&folder)).await.unwrap();
    for round in 0..3 {
        for (store, name) in [(&one, "one"), (&two, "two")] {
            let key = format!("{name}-{round}");
            store.commit(vec![Ingest { changes: vec![], builds: vec![build(&key)] }]).await.unwrap();
        }
    }
    assert_eq!(count(&one, "SELECT count(*) FROM outcome").await, 18);
    assert_eq!(count(&one, "SELECT count(DISTINCT batch) FROM outcome").await, 6);
}

#[tokio::test]
async fn compaction_keeps_every_row() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(&location(&folder)).await.unwrap();
    for number in 0..4 {
        store.commit(vec![Ingest { changes: vec![], builds: vec![build(&format!("k{number}"))] }]).await.unwrap();
    }
    let counts = store.compact().await.unwrap();
    let outcome = counts.iter().find(|(table, ..)| *table == "outcome").unwrap();
    assert_eq!((outcome.1, outcome.2), (4, 1));
    assert_eq!(count(&store, "SELECT count(*) FROM outcome").await, 12);
}

#[tokio::test]
async fn the_store_of_a_newer_annals_is_refused() {
    let folder = TempDir::new().unwrap();
    drop(Store::open(&location(&folder)).await.unwrap());
    let connection = rusqlite::Connection::open(folder.path().join("state.sqlite")).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let error = Store::open(&location(&folder)).await.err().unwrap();
    assert!(matches!(error, Error::NewerVersion { found: 99, .. }), "{error}");
    assert!(!error.to_string().contains('\n'));
}

#[tokio::test]
async fn facts_may_be_given_as_a_url() {
    let (folder, facts) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let url = format!("file://{}", facts.path().display());
    let store = Store::open(&Location { root: folder.path().to_owned(), facts: Some(url) }).await.unwrap();
    store.commit(vec![Ingest { changes: vec![], builds: vec![build("k")] }]).await.unwrap();
    for table in schema::TABLES {
        assert!(facts.path().join(table.name).join("_delta_log").is_dir(), "{}", table.name);
    }
    let location = Location { root: folder.path().join("other"), facts: Some("nowhere://bucket/facts".into()) };
    assert!(Store::open(&location).await.is_err());
}

#[tokio::test]
async fn a_person_goes_by_the_name_that_was_used_last() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(&location(&folder)).await.unwrap();
    let named =
        |revision: &str, name: &str, authored_at| Change { author_name: name.into(), authored_at, ..change(revision) };
    let changes = vec![named("r1", "Zoe", 1), named("r2", "Ada L.", 3), named("r3", "Mia", 2)];
    store.commit(vec![Ingest { changes, builds: vec![] }]).await.unwrap();
    let sql = "SELECT name FROM identity WHERE email = 'ada@example.org'";
    let name: String = store.state().read(|c| c.query_row(sql, [], |row| row.get(0))).unwrap();
    assert_eq!(name, "Ada L.");
}

#[tokio::test]
async fn positions_are_counted_from_what_was_built_also_after_the_state_is_gone() {
    let folder = TempDir::new().unwrap();
    let line = |revision: &str, parents: &[&str]| Change {
        parents: parents.iter().map(|parent| (*parent).to_owned()).collect(),
        ..change(revision)
    };
    let changes = vec![line("r3", &["r2", "s9"]), line("r2", &["r1"]), line("q1", &["q0"]), line("q0", &[])];
    let store = Store::open(&location(&folder)).await.unwrap();
    store.commit(vec![Ingest { changes, builds: vec![build("k")] }]).await.unwrap();
    let ask = |store: &Store| {
        let position = |branch: &str, revision: &str, fresh: &[Change]| {
            store.state().position("pocket", branch, revision, fresh).unwrap()
        };
        // `r1` was built at 7; `q0` is a root; nobody knows the parents of `s9`; a sender knows `r4` before the store does.
        assert_eq!([position("main", "r3", &[]), position("topic", "r2", &[])], [Some(9), Some(8)]);
        assert_eq!([position("main", "q1", &[]), position("main", "s9", &[])], [Some(1), None]);
        assert_eq!(position("main", "r4", &[line("r4", &["r3"])]), Some(10));
        assert_eq!(position("main", "x", &[line("x", &["y"]), line("y", &["x"])]), None, "a circle ends");
    };
    ask(&store);
    drop(store);
    // A state that was made before places were kept learns them from the tables; so does a new one.
    let state = rusqlite::Connection::open(folder.path().join("state.sqlite")).unwrap();
    state.execute_batch("DELETE FROM line; DELETE FROM place;").unwrap();
    drop(state);
    ask(&Store::open(&location(&folder)).await.unwrap());
    loss::lose_state(&folder);
    ask(&Store::open(&location(&folder)).await.unwrap());
}
