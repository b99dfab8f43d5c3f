//! Other engines read the facts with no Annals running: Polars, and DuckDB over the Python package `deltalake`.
//!
//! The Python is `ANNALS_PYTHON`, or the one that `make setup` puts into the user's cache; without its packages the
//! test is skipped, so that `cargo test` needs nothing but Rust, unless all tests are wanted.

use std::path::{Path, PathBuf};
use std::process::Command;

use annals_data::store::{Ingest, Store};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::skip::skip;
use super::{build, change, count, location};

#[tokio::test]
async fn other_engines_read_the_facts() {
    let Some(python) = python() else {
        return skip("there is no Python with deltalake, duckdb and polars");
    };
    let folder = TempDir::new().unwrap();
    let store = Store::open(&location(&folder)).await.unwrap();
    let commit = async |changes, key| store.commit(vec![Ingest { changes, builds: vec![build(key)] }]).await.unwrap();
    commit(vec![change("r1")], "k1").await;
    commit(vec![], "k2").await;
    // What compaction replaced stays on disk for readers of older versions: it must not be counted twice.
    store.compact().await.unwrap();
    commit(vec![], "k3").await;
    let mut counts = json!({});
    for table in ["message", "outcome", "step", "change", "build"] {
        counts[table] = count(&store, &format!("SELECT count(*) FROM \"{table}\"")).await.into();
    }
    drop(store);

    let answers = read(&python, &folder.path().join("facts"));
    assert_eq!(answers.len(), 2);
    for (answer, engine) in answers.iter().zip(["polars", "duckdb"]) {
        assert_eq!(answer["engine"], engine);
        assert_eq!(answer["counts"], counts, "{engine}");
        assert_eq!(answer["counts"]["outcome"], 9);
        assert_eq!(
            answer["change"],
            json!([["r1", "p1 p2", 1_700_000_001_000_000_i64, "src/print.sh", 3]]),
            "{engine}"
        );
        let failure = |key, name, outcome| json!([key, name, outcome, 1504, "expected 3, got 4"]);
        let failures = ["k1", "k2", "k3"].map(|key| [failure(key, "bad", "failed"), failure(key, "worse", "errored")]);
        assert_eq!(answer["failures"], json!(failures.concat()), "{engine}");
    }
}

/// Returns the Python to read with, if it has the packages.
fn python() -> Option<PathBuf> {
    let cached = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache/annals/venv/bin/python"));
    let python = std::env::var_os("ANNALS_PYTHON").map(PathBuf::from).or_else(cached)?;
    let packages = Command::new(&python).args(["-c", "import deltalake, duckdb, polars, pyarrow"]).output();
    packages.is_ok_and(|output| output.status.success()).then_some(python)
}

fn read(python: &Path, facts: &Path) -> Vec<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/store/reader.py");
    let output = Command::new(python).arg(script).arg(facts).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
