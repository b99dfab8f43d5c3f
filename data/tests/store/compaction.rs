//! Files are merged and removed, and no reader notices: neither who reads an older publication nor who commits
//! meanwhile.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use annals_data::row::{Outcome, Status};
use annals_data::store::{BuildFacts, Ingest, Store};
use deltalake::parquet::file::reader::{FileReader, SerializedFileReader};
use tempfile::TempDir;

use super::{build, change, count, location};

const OUTCOMES: &str = "SELECT count(*) FROM outcome";

/// A day: nothing in a test is so old.
const LONG: Duration = Duration::from_secs(86_400);

fn at(position: i64) -> BuildFacts {
    of(position, 20)
}

/// Returns a build of so many tests, every second of which fails.
fn of(position: i64, count: i64) -> BuildFacts {
    let mut facts = build(&format!("k{position}"));
    facts.build.position = position;
    let outcome = |number: i64| {
        let status = if number % 2 == 0 { Status::Passed } else { Status::Failed };
        let duration_us = Some(1000 * number);
        Outcome { duration_us, ..Outcome::new("suite", format!("test {number}"), status) }
    };
    facts.outcomes = (0..count).map(outcome).collect::<Vec<_>>().into();
    facts
}

async fn commit(store: &Store, position: i64) {
    let ingest = Ingest { changes: vec![change(&format!("r{position}"))], builds: vec![at(position)] };
    store.commit(vec![ingest]).await.unwrap();
}

fn files(folder: &TempDir, table: &str) -> usize {
    let path = folder.path().join("facts").join(table);
    let is_data = |path: &Path| path.extension().is_some_and(|extension| extension == "parquet");
    std::fs::read_dir(path).unwrap().filter(|entry| is_data(&entry.as_ref().unwrap().path())).count()
}

/// Everything of the outcomes that hangs together, as one number.
const CONTENT: &str = "SELECT sum(test_id % 1000003 * (position + 1) + series_id % 10007 * coalesce(duration_us, 7) \
    + build_id % 7919 * attempt + character_length(name) * position) FROM outcome";

#[tokio::test]
async fn every_row_is_in_one_file_and_in_order() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(&location(&folder)).await.unwrap();
    for position in 0..10 {
        commit(&store, position).await;
    }
    let before = count(&store, CONTENT).await;
    let counts = store.compact().await.unwrap();
    assert_eq!(counts.iter().find(|(table, ..)| *table == "outcome"), Some(&("outcome", 10, 1)));
    assert_eq!((count(&store, CONTENT).await, count(&store, OUTCOMES).await), (before, 200));
    let turns = "SELECT count(*) FROM (SELECT outcome <> lag(outcome) OVER () AS is_turn FROM outcome) WHERE is_turn";
    assert_eq!(count(&store, turns).await, 1);
    let unordered = "SELECT count(*) FROM (SELECT outcome = lag(outcome) OVER () AND test_id < lag(test_id) OVER () AS is_less \
        FROM outcome) WHERE is_less";
    assert_eq!(count(&store, unordered).await, 0);
    // What is merged stays so: there is nothing to do.
    let publication = store.publication().unwrap();
    store.compact().await.unwrap();
    assert_eq!(store.publication().unwrap(), publication);
}

#[tokio::test]
async fn a_large_file_says_where_its_failures_are() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(&location(&folder)).await.unwrap();
    for (position, groups) in [(1, vec![("failed", "passed")]), (2, vec![("failed", "failed"), ("passed", "passed")])] {
        let size = [20, 40_000][position as usize - 1];
        store.commit(vec![Ingest { changes: Vec::new(), builds: vec![of(position, size)] }]).await.unwrap();
        let paths = store.file_paths().await.unwrap();
        let (_, paths) = paths.iter().find(|(table, _)| *table == "outcome").unwrap();
        let files = paths.iter().map(|path| File::open(folder.path().join("facts").join(path)).unwrap());
        let files = files.map(|file| SerializedFileReader::new(file).unwrap());
        let file = files.max_by_key(|file| file.metadata().file_metadata().num_rows()).unwrap();
        let text = |bytes: Option<&[u8]>| String::from_utf8(bytes.unwrap().to_vec()).unwrap();
        let bounds = file.metadata().row_groups().iter().map(|group| {
            let column = group.columns().iter().find(|column| column.column_path().string() == "outcome").unwrap();
            let statistics = column.statistics().unwrap();
            (text(statistics.min_bytes_opt()), text(statistics.max_bytes_opt()))
        });
        let groups: Vec<_> = groups.into_iter().map(|(low, high)| (low.to_owned(), high.to_owned())).collect();
        assert_eq!(bounds.collect::<Vec<_>>(), groups);
    }
}

#[tokio::test]
async fn only_what_has_become_worth_it_is_merged_by_itself() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(&location(&folder)).await.unwrap();
    for position in 0..7 {
        commit(&store, position).await;
    }
    assert!(store.compact_due().await.unwrap().iter().all(|(_, before, after)| before == after));
    commit(&store, 7).await;
    let counts = store.compact_due().await.unwrap();
    assert_eq!(counts.iter().find(|(table, ..)| *table == "outcome"), Some(&("outcome", 8, 1)));
    assert_eq!(count(&store, OUTCOMES).await, 160);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_go_on_while_files_are_merged() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(&location(&folder)).await.unwrap();
    for position in 0..10 {
        commit(&store, position).await;
    }
    let commits = async {
        for position in 10..25 {
            commit(&store, position).await;
        }
    };
    let merges = async {
        for _ in 0..5 {
            store.compact().await.unwrap();
        }
    };
    tokio::join!(commits, merges);
    assert_eq!(count(&store, OUTCOMES).await, 500);
    assert_eq!(count(&store, "SELECT count(DISTINCT build_id) FROM outcome").await, 25);
    assert!(Store::open(&location(&folder)).await.unwrap().compact().await.unwrap().iter().all(|(_, _, n)| *n <= 1));
}

#[tokio::test]
async fn files_stay_as_long_as_somebody_may_read_them() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(&location(&folder)).await.unwrap();
    for position in 0..5 {
        commit(&store, position).await;
    }
    let old = store.publication().unwrap();
    store.compact().await.unwrap();
    assert_eq!((store.vacuum(LONG).await.unwrap(), files(&folder, "outcome")), (0, 6));
    let providers = store.providers(&old).await.unwrap();
    // A killed merge leaves such a file.
    std::fs::copy(first(&folder), folder.path().join("facts/outcome/part-waste.zstd.parquet")).unwrap();
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert!(store.vacuum(Duration::ZERO).await.unwrap() >= 6);
    assert_eq!(files(&folder, "outcome"), 1);
    assert_eq!(count(&store, OUTCOMES).await, 100);
    drop(providers);
    commit(&store, 5).await;
    let again = Store::open(&location(&folder)).await.unwrap();
    assert_eq!(count(&again, OUTCOMES).await, 120);
}

fn first(folder: &TempDir) -> std::path::PathBuf {
    let mut entries =
        std::fs::read_dir(folder.path().join("facts/outcome")).unwrap().map(|entry| entry.unwrap().path());
    entries.find(|path| path.is_file()).unwrap()
}
