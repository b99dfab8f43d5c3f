//! Reports of builds that ran elsewhere, as one build.
//!
//! Either all files are readable or nothing is taken in. Where the build came from is said by the caller or read off
//! the surrounding checkout ([`Origin::from_checkout`]).

mod origin;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use annals_data::row::{Build, Outcome};
use annals_data::store::BuildFacts;

use crate::error::{Error, Result};
use crate::report::{self, Limits, LogRules};
use crate::run;

pub use origin::{Given, Origin};

/// Everything that the reports of one build say.
#[derive(Debug, Default)]
pub struct Reports {
    /// The outcomes, with their attempts numbered across the reports.
    pub outcomes: Vec<Outcome>,
    /// What their reader should know of them, each with file and line.
    pub warnings: Vec<String>,
    /// A report lists failures only.
    pub is_failures_only: bool,
    /// When the first test began, where a report says it.
    pub started_at: Option<i64>,
    /// Hashes of the reports, sorted: the same files in another order are the same build.
    hashes: Vec<String>,
}

/// Reads the reports of one build: each with the name that errors call it by.
///
/// Attempts of one test in several reports count on in the order in which the reports began, where they say it.
///
/// # Errors
///
/// The first report that cannot be read: all are taken in, or nothing is.
pub fn read<'r>(files: impl IntoIterator<Item = (&'r str, &'r [u8])>) -> Result<Reports> {
    read_with(files, None)
}

/// As [`read`]; what no format recognises is a log and read by `rules`, where there are any.
pub fn read_with<'r>(
    files: impl IntoIterator<Item = (&'r str, &'r [u8])>,
    rules: Option<&LogRules>,
) -> Result<Reports> {
    let mut all = Reports::default();
    let mut reports = Vec::new();
    for (label, bytes) in files {
        all.hashes.push(hash(bytes));
        let report = report::read_any(label, bytes, rules, &Limits::default())?;
        all.warnings.extend(run::warnings(label, &report));
        all.is_failures_only |= report.is_failures_only;
        reports.push(report);
    }
    if reports.iter().all(|report| report.started_at.is_some()) {
        reports.sort_by_key(|report| report.started_at);
    }
    all.started_at = reports.iter().filter_map(|report| report.started_at).min();
    all.hashes.sort_unstable();
    if let [report] = reports.as_mut_slice() {
        // Its attempts are numbered already, and counting them on would copy the name of every test.
        all.outcomes = std::mem::take(&mut report.cases);
        return Ok(all);
    }
    let mut attempts = HashMap::new();
    for report in reports {
        all.outcomes.extend(run::renumber(report.cases, &mut attempts));
    }
    Ok(all)
}

/// Returns what tells a report's content from another one: of the bytes, because not every report is text.
pub(crate) fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex()[..16].to_owned()
}

/// Returns the reports as one build of `origin`.
pub fn build(origin: &Origin, reports: Reports) -> BuildFacts {
    let (result, reason) = run::judge(&[], &reports.outcomes);
    let described = origin.build(&reports.hashes);
    let started_at = described.started_at.or(reports.started_at);
    let build = Build { result, reason, started_at, is_failures_only: reports.is_failures_only, ..described };
    BuildFacts { build, steps: Vec::new(), outcomes: reports.outcomes }
}

/// Reads report files as one build of `origin`; beside it returns what its reader should know of the reports.
///
/// A folder stands for the files in it that are reports of a known format.
pub fn ingest(origin: &Origin, files: &[PathBuf], rules: Option<&LogRules>) -> Result<(BuildFacts, Vec<String>)> {
    let files = expand(files)?;
    let named: Vec<(String, &[u8])> =
        files.iter().map(|(path, bytes)| (path.to_string_lossy().into_owned(), bytes.as_slice())).collect();
    let mut reports = read_with(named.iter().map(|(label, bytes)| (label.as_str(), *bytes)), rules)?;
    let warnings = std::mem::take(&mut reports.warnings);
    Ok((build(origin, reports), warnings))
}

fn expand(files: &[PathBuf]) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut all = Vec::new();
    for path in files {
        if fs::metadata(path).map_err(Error::file(path))?.is_dir() {
            all.extend(reports_in(path)?);
        } else {
            all.push((path.clone(), run::read_bounded(path).map_err(Error::file(path))?));
        }
    }
    Ok(all)
}

fn reports_in(folder: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let entries = fs::read_dir(folder).map_err(Error::file(folder))?;
    let entries = entries.collect::<Result<Vec<_>, _>>().map_err(Error::file(folder))?;
    let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.retain(|path| path.is_file());
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        let bytes = run::read_bounded(&path).map_err(Error::file(&path))?;
        if report::format_of(&bytes).is_some() {
            files.push((path, bytes));
        }
    }
    if files.is_empty() {
        let reason = std::io::Error::other("there is no report of a known format in this folder");
        return Err(Error::file(folder)(reason));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::hash;

    #[test]
    fn reports_that_are_no_text_are_told_apart() {
        assert_ne!(hash(b"\xb3\x29\xff"), hash(b"\xb3\x29\xfe"));
        assert_eq!(hash(b"ok 1").len(), 16);
    }
}
