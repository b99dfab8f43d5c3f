//! The other tools, which Python runs: how long they took.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// How long each parser took; none where it is not installed.
#[derive(Default, Deserialize)]
pub(crate) struct Parsers {
    pub(crate) test_results_parser: Option<Parsed>,
    pub(crate) junitparser: Option<Parsed>,
}

/// How long a parser took for how many cases.
#[derive(Deserialize)]
pub(crate) struct Parsed {
    pub(crate) version: String,
    pub(crate) seconds: f64,
    pub(crate) cases: usize,
}

/// How long each database took; none where it is not installed.
#[derive(Default, Deserialize)]
pub(crate) struct Databases {
    pub(crate) duckdb: Option<Inserted>,
    pub(crate) subunit2sql: Option<Inserted>,
}

/// How long a database took for how many reports, one after the other.
#[derive(Deserialize)]
pub(crate) struct Inserted {
    pub(crate) version: String,
    pub(crate) seconds: f64,
    pub(crate) reports: usize,
}

/// Has other parsers read a file.
pub(crate) fn parse(file: &Path) -> Result<Parsers> {
    run(&["parse", &file.to_string_lossy()])
}

/// Has databases take in so many reports of so many cases in files below `folder`.
pub(crate) fn insert(folder: &Path, reports: usize, cases: usize) -> Result<Databases> {
    run(&["insert", &folder.to_string_lossy(), &reports.to_string(), &cases.to_string()])
}

fn run<T: DeserializeOwned + Default>(arguments: &[&str]) -> Result<T> {
    let Some(python) = python() else {
        println!("no Python with other tools: no ratios (`make bench` installs them)");
        return Ok(T::default());
    };
    let output = Command::new(python).args(["-W", "ignore", "-c", include_str!("peer.py")]).args(arguments).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{said}");
    if !said.is_empty() {
        println!("  {}", said.trim());
    }
    serde_json::from_slice(&output.stdout).context("the other tools' answer")
}

fn python() -> Option<PathBuf> {
    let cached = || Some(Path::new(&std::env::var_os("HOME")?).join(".cache/annals/venv/bin/python"));
    std::env::var_os("ANNALS_PYTHON").map(PathBuf::from).or_else(cached).filter(|path| path.exists())
}
