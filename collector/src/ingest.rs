//! Reports of builds that ran elsewhere, as one build.
//!
//! Either all files are readable or nothing is taken in. Where the build came from is said by the caller or read off
//! the surrounding checkout ([`Origin::from_checkout`]).

pub mod files;
mod origin;

use std::cell::RefCell;
use std::io::{self, Read};
use std::path::PathBuf;
use std::rc::Rc;

use annals_data::outcomes::Outcomes;
use annals_data::row::Build;
use annals_data::store::BuildFacts;

use crate::error::{Error, Result};
use crate::report::{self, Limits, LogRules};
use crate::run::{self, Attempts};

pub use origin::{Given, Origin};

/// Everything that the reports of one build say.
#[derive(Debug, Default)]
pub struct Reports {
    /// The outcomes, with their attempts numbered across the reports.
    pub outcomes: Outcomes,
    /// What their reader should know of them, each with file and line.
    pub warnings: Vec<String>,
    /// A report lists failures only.
    pub is_failures_only: bool,
    /// When the first test began, where a report says it.
    pub started_at: Option<i64>,
    /// Hashes of the reports, sorted: the same files in another order are the same build.
    hashes: Vec<String>,
}

/// So many outcomes of several reports stay in memory until all are read.
const IN_MEMORY: usize = 16_384;

/// Reads the reports of one build, each while it comes in: its name, as errors call it, and its content. What no format
/// recognises is a log and read by `rules`, where there are any.
///
/// Attempts of one test in several reports count on in the order in which the reports began, where they say it.
///
/// # Errors
///
/// The first report that cannot be read: all are taken in, or nothing is.
pub fn read<R: Read + 'static>(
    files: impl IntoIterator<Item = Result<(String, R)>>,
    rules: Option<&LogRules>,
    limits: &Limits,
) -> Result<Reports> {
    let mut all = Reports::default();
    let (mut reports, mut shelf, mut in_memory) = (Vec::new(), Outcomes::default(), 0);
    for file in files {
        let (label, input) = file?;
        let hasher = Rc::new(RefCell::new(blake3::Hasher::new()));
        let input = Hashed { input, hasher: hasher.clone() };
        let mut report = report::read_from(&label, input, rules, limits)?;
        all.hashes.push(short(&hasher.borrow().finalize()));
        all.warnings.extend(run::warnings(&label, &report));
        all.is_failures_only |= report.is_failures_only;
        in_memory += report.cases.len();
        if in_memory > IN_MEMORY && !reports.is_empty() {
            report.cases = report.cases.shelved(&mut shelf).map_err(Error::spilled)?;
        }
        reports.push(report);
    }
    if reports.iter().all(|report| report.started_at.is_some()) {
        reports.sort_by_key(|report| report.started_at);
    }
    all.started_at = reports.iter().filter_map(|report| report.started_at).min();
    all.hashes.sort_unstable();
    if let [report] = reports.as_mut_slice() {
        // Its attempts are numbered already.
        all.outcomes = std::mem::take(&mut report.cases);
        return Ok(all);
    }
    let mut attempts = Attempts::default();
    for report in reports {
        attempts.add(&report.cases, &mut all.outcomes).map_err(Error::spilled)?;
    }
    Ok(all)
}

/// A stream that is hashed while it is read.
struct Hashed<R> {
    input: R,
    hasher: Rc<RefCell<blake3::Hasher>>,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.hasher.borrow_mut().update(&buffer[..count]);
        Ok(count)
    }
}

/// Returns what tells a report's content from another one: of the bytes, because not every report is text.
pub(crate) fn hash(bytes: &[u8]) -> String {
    short(&blake3::hash(bytes))
}

/// Returns enough of a hash to tell contents apart.
pub(crate) fn short(hash: &blake3::Hash) -> String {
    hash.to_hex()[..16].to_owned()
}

/// Returns the reports as one build of `origin`.
///
/// # Errors
///
/// When the outcomes cannot be read back from the folder for temporary files.
pub fn build(origin: &Origin, reports: Reports) -> Result<BuildFacts> {
    let (result, reason) = run::judge(&[], &reports.outcomes)?;
    let described = origin.build(&reports.hashes);
    let started_at = described.started_at.or(reports.started_at);
    let build = Build { result, reason, started_at, is_failures_only: reports.is_failures_only, ..described };
    Ok(BuildFacts { build, steps: Vec::new(), outcomes: reports.outcomes })
}

/// Reads report files as one build of `origin`; beside it returns what its reader should know of the reports.
///
/// What stands for several files, and which may be compressed, is said at [`files`].
pub fn ingest(
    origin: &Origin,
    wanted: &[PathBuf],
    rules: Option<&LogRules>,
    limits: &Limits,
) -> Result<(BuildFacts, Vec<String>)> {
    let opened = files::find(wanted)?.into_iter().map(|path| {
        let input = files::open(&path).map_err(Error::file(&path))?;
        Ok((path.to_string_lossy().into_owned(), input))
    });
    let mut reports = read(opened, rules, limits)?;
    let warnings = std::mem::take(&mut reports.warnings);
    Ok((build(origin, reports)?, warnings))
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
