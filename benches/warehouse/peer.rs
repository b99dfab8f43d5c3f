//! DuckDB, asked the same over the same files.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::python;
use super::questions::Question;

/// What DuckDB said to questions.
#[derive(Deserialize)]
pub(crate) struct Answers {
    pub(crate) version: String,
    pub(crate) answers: BTreeMap<String, Answer>,
}

/// How one question went.
#[derive(Deserialize)]
pub(crate) struct Answer {
    pub(crate) seconds: f64,
    pub(crate) rows: usize,
}

/// What DuckDB found by SQL from the outcomes, and how long it took.
#[derive(Deserialize)]
pub(crate) struct Streaks {
    pub(crate) version: String,
    pub(crate) streaks: i64,
    pub(crate) streak_seconds: f64,
    /// Problems that are open, found from the streaks.
    pub(crate) problems: i64,
    /// Seconds for that, the streaks being there.
    pub(crate) problem_seconds: f64,
}

/// Has DuckDB answer; nothing where there is no DuckDB, here and below.
pub(crate) fn answers(facts: &Path, questions: &[Question], rounds: usize) -> Result<Option<Answers>> {
    let texts: BTreeMap<&str, &str> = questions.iter().map(|q| (q.name.as_str(), q.sql.as_str())).collect();
    let file = tempfile::NamedTempFile::new()?;
    serde_json::to_writer(&file, &texts)?;
    ask(facts, &["ask", &file.path().to_string_lossy(), &rounds.to_string()])
}

/// Has DuckDB compute streaks and open problems.
pub(crate) fn streaks(facts: &Path) -> Result<Option<Streaks>> {
    ask(facts, &["streaks"])
}

/// Has DuckDB write the outcomes in their order; returns the size of its file.
pub(crate) fn size(facts: &Path) -> Result<Option<u64>> {
    let folder = tempfile::tempdir_in(facts)?;
    ask(facts, &["size", &folder.path().join("outcome.parquet").to_string_lossy()])
}

fn ask<T: DeserializeOwned>(facts: &Path, arguments: &[&str]) -> Result<Option<T>> {
    let Some(python) = python::path() else {
        println!("no Python with DuckDB: no ratios (`make setup` installs it)");
        return Ok(None);
    };
    let output = Command::new(python).arg("-c").arg(include_str!("peer.py")).arg(facts).args(arguments).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(Some(serde_json::from_slice(&output.stdout).context("DuckDB's answer")?))
}
