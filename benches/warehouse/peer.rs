//! DuckDB, asked by SQL over the same files.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// What DuckDB found and how long it took.
#[derive(Deserialize)]
pub(crate) struct Answer {
    pub(crate) version: String,
    pub(crate) streaks: i64,
    pub(crate) streak_seconds: f64,
    /// Problems that are open, found from the streaks.
    pub(crate) problems: i64,
    /// Seconds for that, the streaks being there.
    pub(crate) problem_seconds: f64,
}

/// Has DuckDB compute streaks and open problems from the fact tables; nothing where there is no DuckDB.
pub(crate) fn streaks(facts: &Path) -> Result<Option<Answer>> {
    let Some(python) = super::python::path() else {
        println!("no Python with DuckDB: no ratios (`make setup` installs it)");
        return Ok(None);
    };
    let output = Command::new(python).arg("-c").arg(include_str!("peer.py")).arg(facts).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(Some(serde_json::from_slice(&output.stdout).context("DuckDB's answer")?))
}
