//! kill -9 at any moment: what was acknowledged is there, nothing counts twice, and a rerun completes.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;

use crate::world::{annals, ask, binary, configuration, demo};

/// How often a command is killed before it may complete.
const KILLS: u64 = 10;

/// Runs a command and kills it after a random part of `bound`; returns whether it had ended well by itself.
fn killed(store: &Path, arguments: &[&str], bound: Duration) -> bool {
    let mut command = binary(store, arguments);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let share = RandomState::new().hash_one(arguments) % 1000;
    std::thread::sleep(bound * u32::try_from(share).unwrap() / 1000);
    child.kill().unwrap();
    child.wait().unwrap().success()
}

fn builds(store: &Path) -> BTreeSet<String> {
    let listed = ask(store, "SELECT ingest_key FROM raw.build");
    let keys: BTreeSet<String> = listed.iter().cloned().collect();
    assert_eq!(keys.len(), listed.len(), "a build is there twice");
    keys
}

#[test]
fn a_killed_collection_loses_nothing_and_goes_on() {
    let folder = TempDir::new().unwrap();
    let (store, config) = (folder.path(), configuration(folder.path()));
    let repository = demo().store.join("repository").to_string_lossy().into_owned();
    let collect = ["collect", &repository, "--config", &config, "--last", "12"];
    let mut before = BTreeSet::new();
    for _ in 0..KILLS {
        killed(store, &collect, Duration::from_secs(8));
        annals(store, &["check"]).good();
        let now = builds(store);
        assert!(before.is_subset(&now), "{before:?} {now:?}");
        before = now;
    }
    annals(store, &collect).good();
    annals(store, &["check"]).good();
    assert_eq!(builds(store).len(), 24);
    // Tests, not outcomes: what is flaky has more attempts at one time than at another.
    let tests = "SELECT b.ingest_key, count(DISTINCT o.test_id) FROM raw.build AS b \
        JOIN raw.outcome AS o ON o.build_id = b.build_id GROUP BY b.ingest_key";
    let [here, there] = [store, &demo().store].map(|store| ask(store, tests).into_iter().collect::<BTreeSet<_>>());
    assert!(here.len() == 24 && here.is_subset(&there), "{here:?} {there:?}");
}

#[test]
fn a_killed_ingest_is_there_whole_or_not_at_all() {
    let folder = TempDir::new().unwrap();
    let store = folder.path();
    let case = |number: usize| format!("<testcase classname=\"a\" name=\"t{number}\"/>");
    let cases: String = (0..500).map(case).collect();
    std::fs::write(store.join("report.xml"), format!("<testsuite name=\"unit\">{cases}</testsuite>")).unwrap();
    let mut acknowledged = BTreeSet::new();
    for number in 1..=2 * KILLS {
        let (key, position) = (format!("k{number}"), number.to_string());
        let origin = ["--project", "p", "--branch", "main", "--revision", "r", "--builder", "linux"];
        let ingest = [&["ingest", "report.xml", "--key", &key, "--position", &position], &origin[..]].concat();
        if killed(store, &ingest, Duration::from_millis(1500)) {
            acknowledged.insert(key);
        } else if number % 3 == 0 {
            annals(store, &ingest).good();
            acknowledged.insert(key);
        }
    }
    annals(store, &["check"]).good();
    assert!(acknowledged.is_subset(&builds(store)), "{acknowledged:?}");
    let torn = "SELECT build_id FROM raw.outcome GROUP BY build_id HAVING count(*) <> 500";
    assert_eq!(ask(store, torn), Vec::<String>::new());
    assert_eq!(ask(store, "SELECT count(*) = 500 * (SELECT count(*) FROM raw.build) FROM raw.outcome"), ["true"]);
}
/// A builder's report of as many cases, with the arguments that ingest it at a position.
fn ingest_arguments(number: u64) -> Vec<String> {
    let (key, position) = (format!("k{number}"), number.to_string());
    let origin = "--project p --branch main --revision r --builder linux";
    let given = ["ingest", "report.xml", "--key", &key, "--position", &position];
    given.into_iter().chain(origin.split(' ')).map(str::to_owned).collect()
}

#[test]
fn ingest_compaction_and_rebuild_are_killed_together_and_nothing_is_lost() {
    let folder = TempDir::new().unwrap();
    let store = folder.path();
    let case = |number: usize| format!("<testcase classname=\"a\" name=\"t{number}\"/>");
    let cases: String = (0..200).map(case).collect();
    std::fs::write(store.join("report.xml"), format!("<testsuite name=\"unit\">{cases}</testsuite>")).unwrap();
    let rules = "vacuum = \"0h\"\n[[retention]]\nbuilder = \"nothing\"\noutcomes = \"1d\"\n";
    std::fs::write(store.join("annals.toml"), rules).unwrap();
    let mut acknowledged = BTreeSet::new();
    for round in 0..2 * KILLS {
        let ingests: Vec<_> = (0..2).map(|n| ingest_arguments(2 * round + n)).collect();
        let upkeep = [vec!["compact"], vec!["rebuild"], vec!["retain"], vec!["check"]];
        let done: Vec<bool> = std::thread::scope(|scope| {
            let ingests = ingests.iter().map(|arguments| arguments.iter().map(String::as_str).collect::<Vec<_>>());
            let all = ingests.chain([upkeep[round as usize % 4].clone(), vec!["compact"]]).collect::<Vec<_>>();
            let runs: Vec<_> = all
                .into_iter()
                .map(|arguments| scope.spawn(move || killed(store, &arguments, Duration::from_millis(2500))))
                .collect();
            runs.into_iter().map(|run| run.join().unwrap()).collect()
        });
        acknowledged.extend((0..2).filter(|n| done[*n as usize]).map(|n| format!("k{}", 2 * round + n)));
        let torn = "SELECT build_id FROM raw.outcome GROUP BY build_id HAVING count(*) <> 200";
        assert_eq!(ask(store, torn), Vec::<String>::new(), "a reader saw a half");
    }
    annals(store, &["compact"]).good();
    annals(store, &["check"]).good();
    assert!(!acknowledged.is_empty() && acknowledged.is_subset(&builds(store)), "{acknowledged:?}");
    assert_eq!(ask(store, "SELECT count(*) = 200 * (SELECT count(*) FROM raw.build) FROM raw.outcome"), ["true"]);
    assert_eq!(ask(store, "SELECT sum(outcome_count) = (SELECT count(*) FROM raw.outcome) FROM raw.tally"), ["true"]);
}
