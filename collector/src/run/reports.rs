//! Reports found in a worktree: by pattern, inside it only, each read once.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use annals_data::outcomes::Outcomes;
use annals_data::row::Status;

use crate::builder::Builder;
use crate::report::{self, Limits, LogRules, Report};
use crate::unpack;

use super::tally::Attempts;

/// More reports than this are refused: a pattern that matches everything.
const COUNT_LIMIT: usize = 20_000;

/// A file's state: when it was written and how large it is.
type Stamp = (SystemTime, u64);

/// The reports of one build.
#[derive(Debug)]
pub(super) struct Reports {
    root: PathBuf,
    limits: Limits,
    seen: HashMap<PathBuf, Stamp>,
    attempts: Attempts,
}

/// What the reports of one step say.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) cases: Outcomes,
    /// One of them failed.
    pub(super) has_failure: bool,
    pub(super) is_failures_only: bool,
    /// Why reports could not be read.
    pub(super) errors: Vec<String>,
    /// Patterns that no new file matches.
    pub(super) warnings: Vec<String>,
}

impl Reports {
    /// Returns the reports of a build that begins; files that the revision itself holds are none.
    pub(super) fn new(worktree: &Path, builder: &Builder, limits: Limits) -> io::Result<Self> {
        let root = fs::canonicalize(worktree)?;
        let mut reports = Self { root, limits, seen: HashMap::new(), attempts: Attempts::default() };
        for pattern in builder.step.iter().flat_map(|step| &step.reports) {
            reports.fresh(pattern);
        }
        Ok(reports)
    }

    /// Reads the reports that have appeared or changed since they were last looked for.
    pub(super) fn read(&mut self, patterns: &[String]) -> Found {
        let mut found = Found::default();
        for pattern in patterns {
            let files = self.fresh(pattern);
            if files.is_empty() {
                found.warnings.push(format!("no report matches `{pattern}`"));
            }
            if files.len() > COUNT_LIMIT {
                found.errors.push(format!("more than {COUNT_LIMIT} files match `{pattern}`"));
                continue;
            }
            for file in files {
                self.add(&file, &mut found);
            }
        }
        found
    }

    /// Reads what a step printed by the rules for it.
    pub(super) fn read_log(&mut self, step: &str, log: &[u8], rules: &LogRules, found: &mut Found) {
        let label = format!("log of {step}");
        match report::read_log(&label, log, rules, &self.limits) {
            Ok(report) => self.take(&label, report, found),
            Err(error) => found.errors.push(error.to_string()),
        }
    }

    fn add(&mut self, file: &Path, found: &mut Found) {
        let label = file.strip_prefix(&self.root).unwrap_or(file).to_string_lossy().into_owned();
        let opened = unpack::open(file).map_err(|error| format!("{label}: {error}"));
        let read = |input| report::read_from(&label, input, None, &self.limits).map_err(|error| error.to_string());
        match opened.and_then(read) {
            Ok(report) => self.take(&label, report, found),
            Err(error) => found.errors.push(error),
        }
    }

    fn take(&mut self, label: &str, report: Report<Outcomes>, found: &mut Found) {
        found.is_failures_only |= report.is_failures_only;
        let is_failure = |status: &Status| matches!(status, Status::Failed | Status::Errored | Status::Xpassed);
        found.has_failure |= report.words.keys().any(|(_, status)| is_failure(status));
        warnings(label, &report).iter().for_each(|warning| tracing::warn!("{warning}"));
        if let Err(error) = self.attempts.add(&report.cases, &mut found.cases) {
            found.errors.push(format!("{label}: {error}"));
        }
    }

    /// Returns the files inside the worktree that match and are new or changed, and remembers them.
    fn fresh(&mut self, pattern: &str) -> Vec<PathBuf> {
        let whole = format!("{}/{pattern}", glob::Pattern::escape(&self.root.to_string_lossy()));
        let matches = glob::glob(&whole).into_iter().flatten().flatten();
        let inside: Vec<(PathBuf, Stamp)> = matches.filter_map(|path| self.inside(&path)).collect();
        let mut fresh = Vec::new();
        for (path, stamp) in inside {
            if self.seen.insert(path.clone(), stamp) != Some(stamp) {
                fresh.push(path);
            }
        }
        fresh
    }

    /// Returns the true path of a regular file below the root, wherever links lead.
    fn inside(&self, path: &Path) -> Option<(PathBuf, Stamp)> {
        let path = fs::canonicalize(path).ok()?;
        let below = path.strip_prefix(&self.root).ok()?;
        let metadata = fs::metadata(&path).ok()?;
        let is_report = metadata.is_file() && !below.starts_with(".git");
        let stamp = (metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH), metadata.len());
        is_report.then_some((path, stamp))
    }
}

/// Returns what a report's reader should know, each with file and line.
pub(crate) fn warnings<Cases>(label: &str, report: &Report<Cases>) -> Vec<String> {
    report.warnings.iter().map(|warning| format!("{label}:{}: {}", warning.line, warning.text)).collect()
}
