//! Histories from one SELECT, and from files of every kind.

use std::fs;
use std::path::Path;

use annals_collector::import::{Import, Plan, ROWS, Statements};
use annals_collector::{CancellationFlag, Error};
use annals_data::row::{BuildResult, Status};
use annals_data::store::BuildFacts;
use datafusion::prelude::SessionContext;

use crate::world::outcomes;

/// Two revisions, three builds, one of them without outcomes; a failure text and a commit message.
const FLAT: &str = "build_id,sha,pos,parent,author,at,note,paths,state,test,verdict,text
1,aaa,0,,Ada,2026-01-01T10:00:00Z,begin,a.rs|b.rs,,one,pass,
1,aaa,0,,Ada,2026-01-01T10:00:00Z,begin,a.rs|b.rs,,two,pass,
2,bbb,1,aaa,Bob,2026-01-02T10:00:00Z,break,a.rs,,one,pass,
2,bbb,1,aaa,Bob,2026-01-02T10:00:00Z,break,a.rs,,two,fail,expected 1
2,bbb,1,aaa,Bob,2026-01-02T10:00:00Z,break,a.rs,,two,pass,
3,bbb,1,aaa,Bob,2026-01-02T10:00:00Z,break,a.rs,exception,,,
";

fn plan(text: &str) -> Plan {
    let name = |text: &str| text.to_owned();
    let statements = Statements::One { changes: None, rows: name(text) };
    Plan { project: name("thing"), branch: name("main"), builder: name("nightly"), statements }
}

/// The SELECT of a file with the columns of [`FLAT`].
fn flat(file: &Path) -> String {
    format!(
        "SELECT build_id AS key, sha AS revision, pos AS position, parent AS parents, author AS author_name,
                at AS committed_at, note AS change_message, paths AS files, state AS result, test AS name,
                verdict AS outcome, text AS message FROM '{}'",
        file.display()
    )
}

async fn facts(import: &Import) -> Result<Vec<BuildFacts>, Error> {
    let builds = import.builds().await?;
    Ok(import.facts(&builds, &CancellationFlag::default()).await?.unwrap())
}

/// Everything that is told of a history, to compare two.
async fn told(text: &str) -> String {
    let import = Import::plan(plan(text)).await.unwrap();
    let mut changes = import.changes().await.unwrap();
    changes.sort_by(|a, b| a.revision.cmp(&b.revision));
    let mut facts = facts(&import).await.unwrap();
    for build in &mut facts {
        let mut outcomes = build.outcomes.to_vec().unwrap();
        outcomes.sort_by(|a, b| (&a.name, a.attempt).cmp(&(&b.name, b.attempt)));
        build.outcomes = outcomes.into();
    }
    format!("{changes:#?}{facts:#?}")
}

#[tokio::test]
async fn one_select_gives_changes_builds_and_outcomes() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("flat.csv");
    fs::write(&file, FLAT).unwrap();
    let import = Import::plan(plan(&flat(&file))).await.unwrap();
    let mut changes = import.changes().await.unwrap();
    changes.sort_by(|a, b| a.revision.cmp(&b.revision));
    let seen: Vec<_> = changes.iter().map(|c| (c.revision.as_str(), c.parents.len(), c.message.as_str())).collect();
    assert_eq!(seen, [("aaa", 0, "begin"), ("bbb", 1, "break")]);
    assert_eq!((changes[0].files.len(), changes[1].author_name.as_str()), (2, "Bob"));
    let facts = facts(&import).await.unwrap();
    let builds: Vec<_> =
        facts.iter().map(|f| (f.build.key.as_str(), f.build.position, f.build.result, f.outcomes.len())).collect();
    let (good, broken) = (BuildResult::Success, BuildResult::Exception);
    assert_eq!((builds[0], builds[2]), (("1", 0, good, 2), ("3", 1, broken, 0)));
    let two: Vec<_> = outcomes(&facts[1]).iter().filter(|o| o.name == "two").map(|o| (o.status, o.attempt)).collect();
    assert_eq!(two, [(Status::Failed, 1), (Status::Passed, 2)]);
    assert!(outcomes(&facts[1]).iter().any(|outcome| outcome.message.as_deref() == Some("expected 1")));
}

#[tokio::test]
async fn a_preview_of_one_select_counts_and_names_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("flat.csv");
    fs::write(&file, FLAT).unwrap();
    let preview = Import::plan(plan(&flat(&file))).await.unwrap().preview(&|_| false).await.unwrap();
    assert_eq!((preview.change_count, preview.build_count, preview.outcome_count), (2, 3, 5));
    assert_eq!((preview.empty_builds, preview.unknown_words, preview.stray_count), (vec!["3".to_owned()], vec![], 0));
    let missing: Vec<_> = preview.missing.iter().map(|(select, column)| format!("{select} {}", column.name)).collect();
    assert!(missing.contains(&"select duration_ms".to_owned()), "{missing:?}");
    assert!(!missing.iter().any(|what| what.ends_with("message")), "{missing:?}");
}

#[tokio::test]
async fn a_revision_of_which_nothing_is_said_is_no_change() {
    let text = "SELECT 1 AS key, 'aaa' AS revision, 0 AS position, 'one' AS name, 'ok' AS outcome";
    let import = Import::plan(plan(text)).await.unwrap();
    assert!(import.changes().await.unwrap().is_empty());
    assert_eq!(import.preview(&|_| false).await.unwrap().unknown_revisions, ["aaa"]);
    assert_eq!(facts(&import).await.unwrap()[0].outcomes.len(), 1);
}

#[tokio::test]
async fn changes_of_their_own_come_before_those_of_the_rows() {
    let text =
        "SELECT 1 AS key, 'aaa' AS revision, 0 AS position, 'Ada' AS author_name, 'one' AS name, 'ok' AS outcome";
    let mut plan = plan(text);
    if let Statements::One { changes, .. } = &mut plan.statements {
        *changes = Some("SELECT column1 AS revision FROM (VALUES ('aaa'), ('bbb'))".to_owned());
    }
    let changes = Import::plan(plan).await.unwrap().changes().await.unwrap();
    assert_eq!(changes.iter().map(|change| change.revision.as_str()).collect::<Vec<_>>(), ["aaa", "bbb"]);
}

#[tokio::test]
async fn lists_are_told_apart_as_texts_are() {
    let text = "SELECT 1 AS key, 'm' AS revision, 0 AS position, ['a', 'b'] AS parents, ['x y', 'z'] AS files,
                       column1 AS name, 'ok' AS outcome FROM (VALUES ('one'), ('two'))";
    let changes = Import::plan(plan(text)).await.unwrap().changes().await.unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!((changes[0].parents.len(), changes[0].files[0].path.as_str()), (2, "x y"));
}

#[tokio::test]
async fn every_column_of_the_three_statements_has_its_name_once() {
    let mut names: Vec<_> = ROWS.columns.iter().map(|column| column.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), ROWS.columns.len());
    let must: Vec<_> = ROWS.columns.iter().filter(|column| column.absent.is_none()).map(|c| c.name).collect();
    assert_eq!(must, ["key", "revision", "position", "name", "outcome"]);
}

#[tokio::test]
async fn what_one_select_cannot_give_is_said_of_it() {
    let error = async |text: &str| {
        let import = match Import::plan(plan(text)).await {
            Ok(import) => import,
            Err(error) => return error.to_string(),
        };
        facts(&import).await.unwrap_err().to_string()
    };
    let good = "SELECT 1 AS key, 'aaa' AS revision, 0 AS position, 'one' AS name, 'ok' AS outcome";
    let twice = format!("{good} UNION ALL {}", good.replace("'aaa'", "'bbb'"));
    let messages = [
        error(&good.replace("0 AS position", "0 AS pos")).await,
        error(&good.replace(", 0 AS position", "")).await,
        error(&good.replace("'ok'", "'great'")).await,
        error(&good.replace("'one'", "NULL")).await,
        error(&good.replace("1 AS key", "NULL AS key")).await,
        error(&twice).await,
    ];
    insta::assert_snapshot!(messages.join("\n"));
}

#[tokio::test]
async fn files_of_every_kind_tell_the_same_history() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    fs::write(path("flat.csv"), FLAT).unwrap();
    let expected = told(&flat(&path("flat.csv"))).await;
    let engine = SessionContext::new().enable_url_table();
    // Texts throughout, so that files without types tell the same.
    let all =
        "SELECT cast(build_id AS varchar) build_id, sha, pos, parent, author, cast(at AS varchar) at, note, paths,
                      state, test, verdict, text";
    for (name, how) in [
        ("flat.parquet", "PARQUET"),
        ("snappy.parquet", "PARQUET OPTIONS ('format.compression' 'snappy')"),
        ("flat.arrow", "ARROW"),
        ("flat.json", "JSON"),
        ("flat.ndjson", "JSON"),
        ("flat.jsonl", "JSON"),
        ("flat.json.gz", "JSON OPTIONS ('format.compression' 'gzip')"),
        ("flat.ndjson.zst", "JSON OPTIONS ('format.compression' 'zstd')"),
        ("flat.csv.gz", "CSV OPTIONS ('format.compression' 'gzip')"),
        ("flat.csv.bz2", "CSV OPTIONS ('format.compression' 'bzip2')"),
        ("flat.csv.xz", "CSV OPTIONS ('format.compression' 'xz')"),
        ("flat.csv.zst", "CSV OPTIONS ('format.compression' 'zstd')"),
    ] {
        let (from, to) = (path("flat.csv"), path(name));
        let copy = format!("COPY ({all} FROM '{}') TO '{}' STORED AS {how}", from.display(), to.display());
        engine.sql(&copy).await.unwrap().collect().await.unwrap();
        assert_eq!(told(&flat(&to)).await, expected, "{name}");
    }
}

#[tokio::test]
async fn folders_and_patterns_are_one_table() {
    let dir = tempfile::tempdir().unwrap();
    let lines: Vec<&str> = FLAT.lines().collect();
    let whole = dir.path().join("whole.csv");
    fs::write(&whole, FLAT).unwrap();
    fs::create_dir(dir.path().join("parts")).unwrap();
    for (part, rows) in [("a", &lines[1..3]), ("b", &lines[3..])] {
        let text = format!("{}\n{}\n", lines[0], rows.join("\n"));
        fs::write(dir.path().join(format!("parts/{part}.csv")), text).unwrap();
    }
    let expected = told(&flat(&whole)).await;
    assert_eq!(told(&flat(&dir.path().join("parts/"))).await, expected);
    assert_eq!(told(&flat(&dir.path().join("parts/*.csv"))).await, expected);
}
