//! The ready SELECTs of `docs/import.md`, run as a person would copy them.
//!
//! Databases are made by the bundled SQLite; `sqlite3`'s part, its CSV, is played here.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use tempfile::TempDir;

use crate::world::{annals, ask};

/// A checkout of two commits in a folder of its own, and a store.
struct Place {
    folder: TempDir,
    first: String,
    second: String,
}

impl Place {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let mut place = Self { folder, first: String::new(), second: String::new() };
        place
            .sh("git init -q -b main . && git config user.name 'Ada \"A\" L' && git config user.email ada@example.org");
        place.sh("git commit -q --allow-empty -m 'begin, \"well\"'");
        place.first = place.sh("git rev-parse HEAD").trim().to_owned();
        place.sh("git commit -q --allow-empty -m break");
        place.second = place.sh("git rev-parse HEAD").trim().to_owned();
        place
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn store(&self) -> PathBuf {
        self.path().join("store")
    }

    /// Runs a text as the shell does; returns what it prints.
    fn sh(&self, text: &str) -> String {
        let binary = Path::new(env!("CARGO_BIN_EXE_annals")).parent().unwrap();
        let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
        let mut command = Command::new("sh");
        command.args(["-ec", text]).current_dir(self.path()).env("PATH", path).env("HOME", self.path());
        let output = command.env("ANNALS_STORE", self.store()).env_remove("ANNALS_CONFIG").output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && !error.contains("left out"), "{text}\n{error}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Writes a text with the revisions in their places.
    fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, self.fill(text)).unwrap();
    }

    fn fill(&self, text: &str) -> String {
        text.replace("{first}", &self.first).replace("{second}", &self.second)
    }

    /// Makes a database and runs the queries of a block of `sqlite3` commands over it.
    fn export(&self, database: &str, block: &str) {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(&self.fill(database)).unwrap();
        for command in block.split("sqlite3 -header -csv ").skip(1) {
            let (_, rest) = command.split_once(" \"").unwrap();
            let (query, file) = rest.rsplit_once("\" > ").unwrap();
            self.write(file.trim(), &csv(&connection, &query.replace("\\\"", "\"")));
        }
    }
}

/// Returns the rows of a query as `sqlite3 -header -csv` prints them.
fn csv(connection: &Connection, query: &str) -> String {
    let mut statement = connection.prepare(query).unwrap();
    let mut text = statement.column_names().collect::<Vec<_>>().join(",") + "\n";
    let width = statement.column_count();
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let cell = |place| match row.get_ref(place).unwrap() {
            ValueRef::Null => String::new(),
            ValueRef::Integer(number) => number.to_string(),
            ValueRef::Real(number) => number.to_string(),
            ValueRef::Text(text) => format!("\"{}\"", String::from_utf8_lossy(text).replace('"', "\"\"")),
            ValueRef::Blob(_) => panic!("no blobs"),
        };
        text += &((0..width).map(cell).collect::<Vec<_>>().join(",") + "\n");
    }
    text
}

/// Returns the commands under a heading of the documentation.
fn blocks(heading: &str) -> Vec<&'static str> {
    let text = include_str!("../../docs/import.md");
    let (_, rest) = text.split_once(&format!("### {heading}\n")).unwrap();
    let chapter = rest.split("\n### ").next().unwrap();
    chapter.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap()).collect()
}

const OUTCOMES: &str = "SELECT b.position, b.builder, o.suite, o.name, o.outcome
    FROM raw.outcome o JOIN raw.build b ON b.build_id = o.build_id ORDER BY b.position, o.suite, o.name, o.attempt";

#[test]
fn buildbots_database_comes_in() {
    let place = Place::new();
    place.sh(blocks("Changes and positions, from a checkout")[0]);
    let [export, import] = blocks("Buildbot's database")[..] else { panic!("two blocks") };
    place.export(include_str!("import/buildbot.sql"), export);
    let preview = place.sh(&format!("{} --dry-run", import.trim()));
    assert!(preview.starts_with("2 changes, 2 builds, 8 outcomes would come in"), "{preview}");
    place.sh(import);
    let changes = ask(&place.store(), "SELECT author_name, subject FROM raw.change ORDER BY subject");
    assert_eq!(changes, [r#""Ada ""A"" L","begin, ""well""""#, r#""Ada ""A"" L",break"#]);
    insta::assert_snapshot!(ask(&place.store(), OUTCOMES).join("\n"));
}

#[test]
fn a_database_of_subunit2sql_comes_in() {
    let place = Place::new();
    place.sh(blocks("Changes and positions, from a checkout")[0]);
    let [export, import] = blocks("subunit2sql")[..] else { panic!("two blocks") };
    place.export(include_str!("import/subunit2sql.sql"), export);
    place.sh(import);
    insta::assert_snapshot!(ask(&place.store(), OUTCOMES).join("\n"));
    let lengths = ask(&place.store(), "SELECT max(duration_us) FROM raw.outcome");
    // 1.75 seconds, as precisely as lengths are kept.
    assert_eq!(lengths, ["1736704"]);
}

#[test]
fn an_export_of_bigquery_comes_in() {
    let place = Place::new();
    place.sh(blocks("Changes and positions, from a checkout")[0]);
    let row = |number: u32, revision: &str, passed: bool, test: &str| {
        format!(
            r#"{{"elapsed":60.0,"started":"2026-01-0{number} 10:00:00 UTC","finished":"2026-01-0{number} 10:01:00 UTC","passed":{passed},"version":"v1.20.0-alpha.1.5+{}","path":"gs://logs/ci/{number}","job":"ci-unit","number":"{number}","executor":"node","metadata":[],"test":[{{"name":"[sig] reads","time":1.5}},{test}]}}"#,
            &revision[..14]
        )
    };
    let text = [
        row(1, &place.first, true, r#"{"name":"[sig] writes","time":0.5}"#),
        row(2, &place.second, false, r#"{"name":"[sig] writes","time":0.5,"failed":true,"failure_text":"no\nspace"}"#),
    ];
    place.write("build/build-000.json", &(text.join("\n") + "\n"));
    place.sh("gzip build/build-000.json");
    place.sh(blocks("BigQuery exports")[0]);
    insta::assert_snapshot!(ask(&place.store(), OUTCOMES).join("\n"));
}

#[test]
fn folders_of_artefacts_come_in() {
    let place = Place::new();
    let report = r#"<testsuite name="s"><testcase classname="C" name="reads"/></testsuite>"#;
    place.write(&format!("artefacts/{}/101/unit-linux/report.xml", place.first), report);
    let broken = report.replace("/></", "><failure>no</failure></testcase></");
    place.write(&format!("artefacts/{}/102/unit-linux/deep/report.xml", place.second), &broken);
    let [_, ingest] = blocks("GitHub Actions' artefacts")[..] else { panic!("two blocks") };
    place.sh(ingest);
    place.sh(ingest);
    insta::assert_snapshot!(ask(&place.store(), OUTCOMES).join("\n"));
}

#[test]
fn the_results_that_jenkins_keeps_come_in() {
    let place = Place::new();
    let report = include_str!("../../collector/tests/fixtures/jenkins/junitResult.xml");
    for number in ["1", "2"] {
        place.write(&format!("jenkins/jobs/unit/builds/{number}/junitResult.xml"), report);
        place.write(&format!("jenkins/jobs/unit/builds/{number}/build.xml"), include_str!("import/build.xml"));
    }
    place.sh(&format!("JENKINS_HOME=jenkins\n{}", blocks("Jenkins' results")[0]));
    insta::assert_snapshot!(ask(&place.store(), OUTCOMES).join("\n"));
}

#[test]
fn one_select_or_builds_and_outcomes_must_be_given() {
    let folder = TempDir::new().unwrap();
    for arguments in [&["--builds", "SELECT 1"][..], &[], &["--select", "SELECT 1", "--builds", "SELECT 1"]] {
        let run = annals(folder.path(), &[&["import", "--project", "p"], arguments].concat());
        assert_eq!(run.code, Some(2), "{}", run.err);
    }
}

#[test]
fn a_repository_gives_the_changes() {
    let mut place = Place::new();
    place.write("dates.py", "def parse_date(text):\n    return text\n");
    place.second =
        place.sh("git add dates.py && git commit -q --amend -m break && git rev-parse HEAD").trim().to_owned();
    place.write("builds.csv", "key,revision,position\n1,{first},0\n2,{second},1\n3,0123456789abcdef,2\n");
    place.write("outcomes.csv", "key,name,outcome\n1,parse,pass\n2,parse,fail\n3,parse,fail\n");
    let import = "annals import --project p --repository . \
        --builds \"SELECT * FROM 'builds.csv'\" --outcomes \"SELECT * FROM 'outcomes.csv'\"";
    let unknown = "1 revisions without a change: blamelists end there: `0123456789abcdef`";
    let tried = place.sh(&format!("{import} --dry-run"));
    assert!(tried.contains(unknown) && tried.contains("2 changes, 3 builds, 3 outcomes would come in"), "{tried}");
    let told = place.sh(&format!("{import} 2>&1"));
    assert!(told.contains("1 revisions that the repository does not have"), "{told}");
    let files = "SELECT revision, file['path'], file['lines_added'], array_to_string(file['identifiers'], ' ') \
        FROM (SELECT revision, unnest(files) AS file FROM raw.change) AS c";
    assert_eq!(ask(&place.store(), files), [format!("{},dates.py,2,def parse_date text return", place.second)]);
    assert_eq!(ask(&place.store(), "SELECT revision FROM suspect"), [place.second.as_str()]);
    let both = ["import", "--project", "p", "--repository", ".", "--changes", "SELECT 1", "--select", "SELECT 1"];
    assert_eq!(annals(place.path(), &both).code, Some(2));
}
