//! Reads the reports that test runners write: from the bytes of one file to the outcomes of its tests.
//!
//! A format is recognised by its content, never by its name, and each has one file below this one. A report is read
//! whole or refused with file, line and reason; smaller damage is repaired by a written rule and told as a warning.
//! Finding the files and writing rows are not here.

mod allure;
mod buildkite;
mod cases;
mod clock;
mod ctest;
mod ctrf;
mod dart;
mod dejagnu;
mod dotnet;
mod duration;
mod error_kind;
mod exit_code;
mod go_test;
mod jenkins;
mod jest;
mod json;
mod junit;
mod libtest;
mod log_rules;
mod mocha;
mod notes;
mod nunit;
mod otr;
mod path;
mod playwright;
mod reportlog;
mod robot;
mod subunit;
mod tap;
#[cfg(test)]
mod tests;
mod text;
mod trx;
mod xml;
mod xunit;

use std::collections::BTreeMap;

use annals_data::row::{Outcome, Status};
use text::Source;

pub use log_rules::{LogRules, read_log};

/// Every known format, in the order in which they are tried.
const FORMATS: &[Format] = &[
    junit::FORMAT,
    buildkite::FORMAT,
    trx::FORMAT,
    xunit::FORMAT,
    nunit::FORMAT,
    jenkins::FORMAT,
    ctest::FORMAT,
    otr::FORMAT,
    robot::FORMAT,
    tap::FORMAT,
    subunit::FORMAT,
    dejagnu::FORMAT,
    exit_code::FORMAT,
    go_test::FORMAT,
    libtest::FORMAT,
    ctrf::FORMAT,
    allure::FORMAT,
    jest::FORMAT,
    mocha::FORMAT,
    playwright::FORMAT,
    dart::FORMAT,
    reportlog::FORMAT,
];

/// What one report says.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The format that it was read as.
    pub format: &'static str,
    /// What wrote it, where the report says so or shows it: `pytest 9.0.1`, `xUnit.net v3`.
    pub tool: Option<String>,
    /// The outcomes, one per attempt, in the order of the report.
    pub cases: Vec<Outcome>,
    /// The report lists failures only, so that absence says nothing.
    pub is_failures_only: bool,
    /// When the tests began, microseconds since 1970 UTC, where the report says it: attempts of one test in several
    /// reports of a build are put in this order.
    pub started_at: Option<i64>,
    /// How many outcomes each word of the report for a status became which status.
    pub words: BTreeMap<(String, Status), usize>,
    /// What the report has and what is no outcome, with its number.
    pub ignored: BTreeMap<String, usize>,
    /// What was repaired, ignored or doubtful.
    pub warnings: Vec<Warning>,
}

impl Report {
    /// Returns the report that says nothing.
    fn new(format: &'static str) -> Self {
        Self {
            format,
            tool: None,
            cases: Vec::new(),
            is_failures_only: false,
            started_at: None,
            words: BTreeMap::new(),
            ignored: BTreeMap::new(),
            warnings: Vec::new(),
        }
    }
}

/// Something about a report that its reader should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The line in the file, from 1.
    pub line: u64,
    /// What is the matter.
    pub text: String,
}

/// A report that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {reason}")]
pub struct Error {
    /// The file, as the caller names it.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// Why it cannot be read.
    pub reason: String,
}

/// Bounds on what a report may hold, because reports are hostile input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one report; a longer one is refused.
    pub bytes: usize,
    /// Nested elements; deeper ones are refused.
    pub depth: usize,
    /// Outcomes of one report; more are refused.
    pub cases: usize,
    /// Bytes of a suite or a name; a longer one is cut and gets a hash of the whole, so that it stays distinct.
    pub name: usize,
    /// Bytes of a failure text; of a longer one head and tail are kept, and the gap is marked.
    pub message: usize,
    /// Warnings; further ones are only counted.
    pub warnings: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 256 << 20, depth: 64, cases: 2_000_000, name: 2 << 10, message: 64 << 10, warnings: 100 }
    }
}

/// One format: how it is called, recognised and read.
struct Format {
    /// The tool's own word for it.
    name: &'static str,
    /// What people call it.
    title: &'static str,
    /// Whether the content looks like it; must be cheap.
    is_like: fn(&Source) -> bool,
    /// Reads it.
    read: fn(&Source, &Limits) -> Result<Report, Error>,
}

/// Reads one report with the default bounds; `label` names the file in errors.
///
/// # Errors
///
/// Returns file, line and reason when the format is not known or the report is damaged, truncated or too large.
pub fn read(label: &str, bytes: &[u8]) -> Result<Report, Error> {
    read_with(label, bytes, &Limits::default())
}

/// Reads a report of a known format, or by `rules` what no format recognises.
///
/// # Errors
///
/// As [`read`].
pub fn read_any(label: &str, bytes: &[u8], rules: Option<&LogRules>, limits: &Limits) -> Result<Report, Error> {
    match rules {
        Some(rules) if format_of(bytes).is_none() => read_log(label, bytes, rules, limits),
        _ => read_with(label, bytes, limits),
    }
}

/// Returns the name of the format that `bytes` are recognised as, by their content alone.
pub fn format_of(bytes: &[u8]) -> Option<&'static str> {
    let source = Source::new("", bytes);
    FORMATS.iter().find(|format| (format.is_like)(&source)).map(|format| format.name)
}

/// Reads one report within `limits`.
///
/// # Errors
///
/// As [`read`].
pub fn read_with(label: &str, bytes: &[u8], limits: &Limits) -> Result<Report, Error> {
    check_size(label, bytes, limits)?;
    let source = Source::new(label, bytes);
    let format = FORMATS.iter().find(|format| (format.is_like)(&source)).ok_or_else(|| unknown(&source))?;
    let mut report = (format.read)(&source, limits)?;
    report.warnings.splice(0..0, source.warnings);
    Ok(report)
}

/// Refuses what is larger than the bound.
fn check_size(label: &str, bytes: &[u8], limits: &Limits) -> Result<(), Error> {
    if bytes.len() <= limits.bytes {
        return Ok(());
    }
    let reason = format!("the report has {} bytes; at most {} are read", bytes.len(), limits.bytes);
    Err(Error { file: label.to_owned(), line: 1, reason })
}

/// Returns the refusal of a file that no format claims, with what it seems to be and what is known.
fn unknown(source: &Source) -> Error {
    let titles: Vec<&str> = FORMATS.iter().map(|format| format.title).collect();
    let seen = match source.root() {
        _ if source.text.trim_start().is_empty() => "the file is empty".to_owned(),
        Some(root) => format!("not a report of a known format: its root element is `{}`", text::line(root, 40)),
        None => format!("not a report of a known format: it begins with `{}`", text::line(&source.text, 40)),
    };
    source.error(0, format!("{seen} (known formats: {})", titles.join(", ")))
}
