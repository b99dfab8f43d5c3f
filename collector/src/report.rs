//! Reads the reports that test runners write: from the bytes of one file to the outcomes of its tests.
//!
//! A format is recognised by its content, never by its name, and each has one file below this one. A report is read
//! whole or refused with file, line and reason; smaller damage is repaired by a written rule and told as a warning.
//! Finding the files and writing rows are not here.

mod allure;
mod attempt;
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
use std::io::{self, Read};

use annals_data::outcomes::Outcomes;
use annals_data::row::{Outcome, Status};
use serde::Deserialize;
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

/// What one report says; its outcomes are in memory, or as many as there may be.
#[derive(Clone, Debug, PartialEq)]
pub struct Report<Cases = Vec<Outcome>> {
    /// The format that it was read as.
    pub format: &'static str,
    /// What wrote it, where the report says so or shows it: `pytest 9.0.1`, `xUnit.net v3`.
    pub tool: Option<String>,
    /// The outcomes, one per attempt, in the order of the report.
    pub cases: Cases,
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

impl Report<Outcomes> {
    /// Returns the report that says nothing.
    fn new(format: &'static str) -> Self {
        Self {
            format,
            tool: None,
            cases: Outcomes::default(),
            is_failures_only: false,
            started_at: None,
            words: BTreeMap::new(),
            ignored: BTreeMap::new(),
            warnings: Vec::new(),
        }
    }

    /// Returns the report with its outcomes in memory.
    fn in_memory(self, label: &str) -> Result<Report, Error> {
        let cases = self.cases.to_vec().map_err(|error| unreadable(label, &error))?;
        let Self { format, tool, is_failures_only, started_at, words, ignored, warnings, .. } = self;
        Ok(Report { format, tool, cases, is_failures_only, started_at, words, ignored, warnings })
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

/// Bounds on what a report may hold, because reports are hostile input; `[report]` of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of one report that must be read whole; a longer one is refused.
    pub bytes: usize,
    /// Bytes of one report that is read piece by piece.
    pub streamed_bytes: u64,
    /// Bytes of one tag with its attributes; a longer one is refused.
    pub attribute: usize,
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
        Self {
            bytes: 256 << 20,
            streamed_bytes: 4 << 30,
            attribute: 8 << 20,
            depth: 64,
            cases: 10_000_000,
            name: 2 << 10,
            message: 64 << 10,
            warnings: 100,
        }
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
    /// It is read piece by piece: the head of a report is enough to recognise it, and nobody has the whole text.
    is_streamed: bool,
    /// Reads it.
    read: fn(&Source, &Limits) -> Result<Report<Outcomes>, Error>,
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
    read_from(label, io::Cursor::new(bytes.to_vec()), rules, limits)?.in_memory(label)
}

/// Reads one report within `limits`.
///
/// # Errors
///
/// As [`read`].
pub fn read_with(label: &str, bytes: &[u8], limits: &Limits) -> Result<Report, Error> {
    read_any(label, bytes, None, limits)
}

/// Bytes of a report that tell its format.
const HEAD: u64 = 64 << 10;

/// Reads one report of any size while it comes in; what no format recognises is read by `rules`.
///
/// The formats of XML documents need the memory of one piece, the others that of the report.
///
/// # Errors
///
/// As [`read`].
pub fn read_from(
    label: &str,
    mut input: impl Read + 'static,
    rules: Option<&LogRules>,
    limits: &Limits,
) -> Result<Report<Outcomes>, Error> {
    let mut bytes = Vec::new();
    let failed = |error: io::Error| unreadable(label, &error);
    input.by_ref().take(HEAD).read_to_end(&mut bytes).map_err(failed)?;
    if let Some(format) = streamed(&bytes) {
        let bound = limits.streamed_bytes;
        let rest = Bounded { input, left: limits.streamed_bytes.saturating_sub(bytes.len() as u64), bound };
        let source = Source::open(label, &bytes, rest);
        let mut report = (format.read)(&source, limits)?;
        report.warnings.splice(0..0, source.into_warnings());
        return Ok(report);
    }
    input.take((limits.bytes as u64 + 1).saturating_sub(bytes.len() as u64)).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > limits.bytes {
        return Err(unreadable(label, &too_large(limits.bytes as u64)));
    }
    let source = Source::new(label, &bytes);
    match (FORMATS.iter().find(|format| (format.is_like)(&source)), rules) {
        (Some(format), _) => {
            let mut report = (format.read)(&source, limits)?;
            report.warnings.splice(0..0, source.into_warnings());
            Ok(report)
        }
        (None, Some(rules)) => read_log(label, &bytes, rules, limits),
        (None, None) => Err(unknown(&source)),
    }
}

/// Returns the name of the format that `bytes` are recognised as, by their content alone.
pub fn format_of(bytes: &[u8]) -> Option<&'static str> {
    let source = Source::new("", bytes);
    FORMATS.iter().find(|format| (format.is_like)(&source)).map(|format| format.name)
}

/// Returns whether `input` is a report of a known format, by its content alone.
///
/// # Errors
///
/// When it cannot be read.
pub fn is_report(mut input: impl Read) -> io::Result<bool> {
    let mut bytes = Vec::new();
    input.by_ref().take(HEAD).read_to_end(&mut bytes)?;
    if streamed(&bytes).is_some() {
        return Ok(true);
    }
    input.take(Limits::default().bytes as u64).read_to_end(&mut bytes)?;
    Ok(format_of(&bytes).is_some())
}

/// Returns the format of the XML document that `head` begins.
fn streamed(head: &[u8]) -> Option<&'static Format> {
    let source = Source::new("", head);
    FORMATS.iter().find(|format| format.is_streamed && (format.is_like)(&source))
}

/// A report that ends in an error where it is too large.
struct Bounded<R> {
    input: R,
    left: u64,
    bound: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| too_large(self.bound))?;
        Ok(count)
    }
}

fn too_large(bound: u64) -> io::Error {
    io::Error::other(format!("the report has more than {bound} bytes, which is the bound"))
}

fn unreadable(label: &str, error: &io::Error) -> Error {
    Error { file: label.to_owned(), line: 1, reason: error.to_string() }
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
