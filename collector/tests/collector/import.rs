//! Histories from files by SELECT statements.

use std::fs;
use std::path::Path;

use annals_collector::import::{
    BUILDS, CHANGES, GroupSize, Import, OUTCOME_WORDS, OUTCOMES, Plan, RESULT_WORDS, ROWS, Statements, Table,
};
use annals_collector::{CancellationFlag, Error};
use annals_data::row::{BuildResult, Status};
use annals_data::store::BuildFacts;
use tempfile::TempDir;

use crate::world::outcomes;

/// A history kept as intervals: three changes, four runs (two of one revision), two tests.
fn history() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
    write(
        "commits.csv",
        "pos,sha,committed,author,subject,files\n\
         0,aaa,2026-01-01T10:00:00Z,Ada,begin,a.rs|b.rs\n\
         1,bbb,2026-01-02T12:00:00+02:00,Bob,\"break, alas\",a.rs\n\
         2,ccc,2026-01-03T10:00:00Z,Ada,mend,\n",
    );
    write("runs.csv", "run,commit,time\n0,aaa,2026-01-01T11:00:00Z\n1,bbb,\n2,bbb,2026-01-02T12:00:00Z\n3,ccc,\n");
    write("intervals.csv", "test,outcome,first_run,last_run\none,pass,0,3\ntwo,ok,0,0\ntwo,panic,1,2\ntwo,O,3,3\n");
    dir
}

fn plan(dir: &Path) -> Plan {
    let file = |name: &str| format!("'{}'", dir.join(name).display());
    let (commits, runs, intervals) = (file("commits.csv"), file("runs.csv"), file("intervals.csv"));
    Plan {
        project: "thing".to_owned(),
        branch: "main".to_owned(),
        builder: "nightly".to_owned(),
        statements: Statements::Three {
            changes: Some(format!(
                "SELECT sha AS revision, lag(sha) OVER (ORDER BY pos) AS parents, author AS author_name,
                        committed AS committed_at, subject, files FROM {commits}"
            )),
            builds: format!(
                "SELECT run AS key, commit AS revision, pos AS position, time AS started_at
                 FROM {runs} JOIN {commits} ON sha = commit"
            ),
            outcomes: format!(
                "SELECT run AS key, test AS name, outcome
                 FROM {intervals} JOIN {runs} ON run BETWEEN first_run AND last_run"
            ),
        },
    }
}

/// The statement of changes, builds or outcomes, to be changed.
fn statement<'p>(plan: &'p mut Plan, table: &Table) -> &'p mut String {
    match &mut plan.statements {
        Statements::Three { changes, builds, outcomes } => match table.name {
            "changes" => changes.get_or_insert_default(),
            "builds" => builds,
            _ => outcomes,
        },
        Statements::One { rows, .. } => rows,
    }
}

fn replace(plan: &mut Plan, table: &Table, from: &str, to: &str) {
    let statement = statement(plan, table);
    *statement = statement.replace(from, to);
}

async fn all(plan: Plan) -> Result<Vec<BuildFacts>, Error> {
    let import = Import::plan(plan).await?;
    let builds = import.builds().await?;
    Ok(import.facts(&builds, &CancellationFlag::default()).await?.unwrap())
}

async fn error(change: impl Fn(&mut Plan)) -> String {
    let dir = history();
    let mut plan = plan(dir.path());
    change(&mut plan);
    let text = all(plan).await.unwrap_err().to_string();
    assert!(!text.contains('\n'), "{text}");
    text.replace(&dir.path().display().to_string(), "DIR")
}

#[tokio::test]
async fn changes_have_parents_files_and_times() {
    let dir = history();
    let changes = Import::plan(plan(dir.path())).await.unwrap().changes().await.unwrap();
    let parents: Vec<_> = changes.iter().map(|c| (c.revision.as_str(), c.parents.join(" "))).collect();
    assert_eq!(parents, [("aaa", String::new()), ("bbb", "aaa".to_owned()), ("ccc", "bbb".to_owned())]);
    let files: Vec<_> = changes.iter().map(|c| c.files.iter().map(|f| f.path.as_str()).collect::<Vec<_>>()).collect();
    assert_eq!(files, [vec!["a.rs", "b.rs"], vec!["a.rs"], vec![]]);
    assert_eq!(changes[1].committed_at - changes[0].committed_at, 24 * 3_600_000_000);
    assert_eq!((changes[1].author_name.as_str(), changes[1].subject.as_str()), ("Bob", "break, alas"));
    assert_eq!(changes[1].message, changes[1].subject);
}

#[tokio::test]
async fn intervals_become_outcomes_of_each_run() {
    let dir = history();
    let facts = all(plan(dir.path())).await.unwrap();
    let builds: Vec<_> = facts.iter().map(|f| (f.build.key.as_str(), f.build.position, f.build.result)).collect();
    let (good, bad) = (BuildResult::Success, BuildResult::Failure);
    assert_eq!(builds, [("0", 0, good), ("1", 1, bad), ("2", 1, bad), ("3", 2, good)]);
    assert_eq!(facts[1].build.reason.as_deref(), Some("1 of 2 tests failed"));
    assert_eq!((facts[0].build.builder.as_str(), facts[0].build.branch.as_str()), ("nightly", "main"));
    assert_eq!((facts[0].build.started_at.is_some(), facts[1].build.started_at), (true, None));
    let two = outcomes(&facts[2]).iter().find(|outcome| outcome.name == "two").unwrap();
    assert_eq!((two.status, two.error_kind.as_deref(), two.attempt), (Status::Errored, Some("crashed"), 1));
}

#[tokio::test]
async fn texts_of_many_lines_with_quotes_and_backslashes_are_read() {
    let dir = history();
    let texts: String = (0..20_000).map(|n| format!("0,t{n},fail,\"line \\\"\"{n}\nanother\\\"\n")).collect();
    fs::write(dir.path().join("messages.csv"), format!("key,name,outcome,message\n{texts}")).unwrap();
    let mut plan = plan(dir.path());
    *statement(&mut plan, &OUTCOMES) = format!("SELECT * FROM '{}'", dir.path().join("messages.csv").display());
    let facts = all(plan).await.unwrap();
    assert_eq!(facts[0].outcomes.len(), 20_000);
    assert_eq!(outcomes(&facts[0])[19_999].message.as_deref(), Some("line \\\"19999\nanother\\"));
}

#[tokio::test]
async fn a_folder_is_one_table_whose_columns_fit_all_files() {
    let dir = history();
    let folder = dir.path().join("results");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("a.csv"), "key,name,outcome\n0,1,ok\n").unwrap();
    fs::write(folder.join("b.csv"), "key,name,outcome\n0,two,fail\n").unwrap();
    let mut plan = plan(dir.path());
    *statement(&mut plan, &OUTCOMES) = format!("SELECT * FROM '{}/'", folder.display());
    let facts = all(plan).await.unwrap();
    let mut names: Vec<_> = outcomes(&facts[0]).iter().map(|outcome| outcome.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["1", "two"]);
}

/// The intervals as fastavro 1.13 writes them, in the types of a warehouse's export: every column may be null.
#[tokio::test]
async fn avro_gives_the_same_outcomes() {
    let dir = history();
    let expected = all(plan(dir.path())).await.unwrap();
    for codec in ["deflate", "snappy"] {
        let file = format!("{}/tests/fixtures/import/intervals.{codec}.avro", env!("CARGO_MANIFEST_DIR"));
        let mut plan = plan(dir.path());
        replace(&mut plan, &OUTCOMES, &dir.path().join("intervals.csv").display().to_string(), &file);
        assert_eq!(all(plan).await.unwrap(), expected, "{codec}");
    }
}

#[tokio::test]
async fn a_group_has_the_outcomes_of_its_builds_only() {
    let dir = history();
    let text_keys = |mut plan: Plan| {
        replace(&mut plan, &BUILDS, "run AS key", "concat('run-', run) AS key");
        replace(&mut plan, &OUTCOMES, "run AS key", "concat('run-', run) AS key");
        plan
    };
    for plan in [plan(dir.path()), text_keys(plan(dir.path()))] {
        let import = Import::plan(plan).await.unwrap();
        let builds = import.builds().await.unwrap();
        let facts = import.facts(&builds[1..2], &CancellationFlag::default()).await.unwrap().unwrap();
        assert_eq!((facts.len(), facts[0].outcomes.len()), (1, 2));
        assert_eq!(facts[0].build.key, builds[1].key());
    }
}

#[tokio::test]
async fn rows_without_an_attempt_are_numbered_and_stated_ones_kept() {
    let dir = history();
    let rows = "SELECT * FROM (VALUES ('0', 'one', 'fail', 1.5), ('0', 'two', 'ok', NULL), ('0', 'one', 'ok', 2.0))";
    let mut counted = plan(dir.path());
    *statement(&mut counted, &OUTCOMES) = format!("{rows} AS t(key, name, outcome, duration_ms)");
    let facts = all(counted).await.unwrap();
    let attempts: Vec<_> = outcomes(&facts[0]).iter().map(|o| (o.name.as_str(), o.attempt, o.duration_us)).collect();
    assert_eq!(attempts, [("one", 1, Some(1500)), ("two", 1, None), ("one", 2, Some(2000))]);
    let mut stated = plan(dir.path());
    *statement(&mut stated, &OUTCOMES) =
        "SELECT 0 AS key, 'one' AS name, 'XFAIL ' AS outcome, '3' AS attempt".to_owned();
    let facts = all(stated).await.unwrap();
    assert_eq!((outcomes(&facts[0])[0].attempt, outcomes(&facts[0])[0].status), (3, Status::Xfailed));
}

#[tokio::test]
async fn parents_and_files_may_be_lists() {
    let dir = history();
    let mut plan = plan(dir.path());
    *statement(&mut plan, &CHANGES) =
        "SELECT 'm' AS revision, ['a', 'b'] AS parents, ['x y', 'z'] AS files, 'one\n\ntwo' AS message".into();
    let change = Import::plan(plan).await.unwrap().changes().await.unwrap().remove(0);
    assert_eq!(change.parents, ["a", "b"]);
    assert_eq!(change.files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["x y", "z"]);
    assert_eq!((change.subject.as_str(), change.message.as_str()), ("one", "one\n\ntwo"));
}

#[tokio::test]
async fn what_cannot_be_taken_in_is_said_in_one_line() {
    let messages = [
        error(|plan| replace(plan, &BUILDS, "time AS started_at", "time AS began")).await,
        error(|plan| replace(plan, &BUILDS, "pos AS position, ", "")).await,
        error(|plan| replace(plan, &BUILDS, "run AS key", "1 AS key")).await,
        error(|plan| replace(plan, &BUILDS, "pos AS position", "'aaa' AS position")).await,
        error(|plan| replace(plan, &BUILDS, "time AS started_at", "'aaa' AS started_at")).await,
        error(|plan| replace(plan, &BUILDS, "time AS started_at", "run AS started_at")).await,
        error(|plan| replace(plan, &BUILDS, "runs.csv", "absent.csv")).await,
        error(|plan| replace(plan, &OUTCOMES, ", outcome", ", 'great' AS outcome")).await,
        error(|plan| *statement(plan, &OUTCOMES) = "DROP TABLE x".to_owned()).await,
        error(|plan| *statement(plan, &OUTCOMES) = "COPY (SELECT 1) TO 'x.csv'".to_owned()).await,
    ];
    insta::assert_snapshot!(messages.join("\n"));
}

#[tokio::test]
async fn a_preview_names_what_does_not_fit() {
    let dir = history();
    let mut plan = plan(dir.path());
    *statement(&mut plan, &BUILDS) += " WHERE run <> 3";
    *statement(&mut plan, &BUILDS) += " UNION ALL SELECT 9, 'ddd', 3, NULL";
    replace(&mut plan, &OUTCOMES, ", outcome", ", CASE outcome WHEN 'panic' THEN 'boom' ELSE outcome END AS outcome");
    let import = Import::plan(plan).await.unwrap();
    let preview = import.preview(&|_| false).await.unwrap();
    assert_eq!((preview.change_count, preview.build_count, preview.outcome_count), (3, 4, 6));
    assert_eq!(preview.empty_builds, ["9"]);
    assert_eq!((preview.stray_keys.as_slice(), preview.stray_count), (["3".to_owned()].as_slice(), 2));
    assert_eq!(preview.unknown_revisions, ["ddd"]);
    assert_eq!(preview.unknown_words, ["boom"]);
    assert!(preview.missing.iter().any(|(select, column)| (*select, column.name) == ("outcomes", "duration_ms")));
    assert!(import.preview(&|revision| revision == "ddd").await.unwrap().unknown_revisions.is_empty());
}

#[tokio::test]
async fn a_raised_flag_hands_nothing_over() {
    let dir = history();
    let import = Import::plan(plan(dir.path())).await.unwrap();
    let builds = import.builds().await.unwrap();
    let flag = CancellationFlag::default();
    flag.cancel();
    assert!(matches!(import.facts(&builds, &flag).await, Err(Error::Cancelled)));
}

#[test]
fn groups_grow_to_what_memory_allows_and_shrink_again() {
    let mut size = GroupSize::default();
    let first = size.get();
    size.learn(first, 10);
    assert_eq!(size.get(), 4 * first);
    size.learn(100, 5_000_000);
    assert_eq!(size.get(), 10);
    size.halve(3);
    assert_eq!(size.get(), 1);
    size.learn(1, 100_000_000);
    assert_eq!(size.get(), 1);
}

#[test]
fn the_documentation_names_every_column_and_every_word() {
    let text = include_str!("../../../docs/import.md");
    for table in [CHANGES, BUILDS, OUTCOMES, ROWS] {
        for column in table.columns {
            let presence = column.absent.unwrap_or("must be there");
            let line = format!("| {} | {} | {presence} |", column.name, column.doc.replace('|', "\\|"));
            assert!(text.contains(&line), "docs/import.md lacks the line\n{line}");
        }
    }
    let word_line = |meaning: &str, words: &[&str]| format!("| {meaning} | {} |", words.join(", "));
    for (status, kind, words) in OUTCOME_WORDS {
        let meaning = kind.map_or(status.as_str().to_owned(), |kind| format!("{}, {kind}", status.as_str()));
        assert!(text.contains(&word_line(&meaning, words)), "{}", word_line(&meaning, words));
    }
    for (result, words) in RESULT_WORDS {
        assert!(text.contains(&word_line(result.as_str(), words)), "{}", word_line(result.as_str(), words));
    }
}
