//! The reports of an upload: found by name, pattern or content, read here once to see that they can be, and packed.
//!
//! What no reader understands is left out and named: the rest of a build's reports is worth more than none.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern};

use crate::history::History;
use crate::ingest;
use crate::report;
use crate::run;

/// Names of files that test runners give to their reports; what they hold decides.
const NAMES: &[&str] = &[
    "TEST-*.xml",
    "*junit*.xml",
    "*test*.xml",
    "*result*.xml",
    "*report*.xml",
    "*.trx",
    "*.tap",
    "*.subunit",
    "*.ctrf.json",
    "*test*.json",
    "*result*.json",
    "*report*.json",
];
/// Folders that hold other people's files.
const FOREIGN: &[&str] = &[".git", ".hg", ".svn", ".venv", "node_modules"];
/// Some tools write `Test`, some `test`.
const ANY_CASE: MatchOptions =
    MatchOptions { case_sensitive: false, require_literal_separator: false, require_literal_leading_dot: false };
/// Folders are searched this deep.
const DEPTH_LIMIT: usize = 24;
/// More entries than this are not looked at.
const ENTRY_LIMIT: usize = 500_000;
/// More reports than this are not sent at once.
const COUNT_LIMIT: usize = 10_000;
/// zstd's level: reports shrink to a tenth, in less time than the network needs for the rest.
const LEVEL: i32 = 3;

/// One report, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// The file's path below the folder that the upload began in.
    pub name: String,
    /// Its content, compressed by zstd.
    pub bytes: Vec<u8>,
}

/// All reports of an upload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pack {
    /// The reports.
    pub reports: Vec<Packed>,
    /// The outcomes in them.
    pub outcome_count: usize,
    /// What was asked for and is not sent, with the reason.
    pub refused: Vec<String>,
    /// When the first test began, where a report says it.
    pub started_at: Option<i64>,
    /// Hashes of the contents.
    hashes: BTreeSet<String>,
}

impl Pack {
    /// Packs the files, folders and patterns that `wanted` names; none at all means those below `dir` that are called
    /// like reports, and that the checkout does not hold itself.
    pub fn gather(&mut self, dir: &Path, wanted: &[String], checkout: Option<&History>) {
        let mut seen = BTreeSet::new();
        let mut is_new = |path: &Path| seen.insert(fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()));
        if wanted.is_empty() {
            let names: Vec<_> = NAMES.iter().filter_map(|name| Pattern::new(name).ok()).collect();
            let found = below(dir, &|name| names.iter().any(|pattern| pattern.matches_with(name, ANY_CASE)));
            let is_tracked = tracked(checkout);
            for path in found.into_iter().filter(|path| !is_tracked(path)) {
                self.consider(dir, &path);
            }
        }
        for word in wanted {
            let path = dir.join(word);
            let found = if path.is_dir() { below(&path, &|_| true) } else { named(dir, word) };
            let mut is_any = false;
            for file in found {
                is_any |= !is_new(&file) || self.take(dir, &file, path.is_dir());
            }
            if !is_any {
                self.refused.push(format!("{word}: there is no such file, nor a report in such a folder"));
            }
        }
    }

    /// Takes a file that somebody named, or that lies in a folder that somebody named; returns whether it is a report,
    /// or was to be one.
    fn take(&mut self, dir: &Path, path: &Path, is_in_folder: bool) -> bool {
        if is_in_folder {
            return self.consider(dir, path);
        }
        let name = name(dir, path);
        match run::read_bounded(path) {
            Ok(bytes) => self.add(&name, &bytes),
            Err(error) => self.refused.push(format!("{name}: {error}")),
        }
        true
    }

    /// Takes a file if its content is like a report; returns whether it is.
    fn consider(&mut self, dir: &Path, path: &Path) -> bool {
        let Ok(bytes) = run::read_bounded(path) else { return false };
        let is_report = report::format_of(&bytes).is_some();
        if is_report {
            self.add(&name(dir, path), &bytes);
        }
        is_report
    }

    /// Reads a stream to its end and packs it; each piece is handed to `copy` as it comes.
    pub fn stream(&mut self, mut input: impl Read, mut copy: impl FnMut(&[u8])) {
        let (mut all, mut piece, mut is_whole) = (Vec::new(), vec![0; 64 * 1024], true);
        loop {
            match input.read(&mut piece) {
                Ok(0) => break,
                Ok(length) => {
                    copy(&piece[..length]);
                    // Beyond the bound it is only passed on, so that its writer is not stopped.
                    is_whole &= all.len() + length <= run::REPORT_LIMIT as usize;
                    if is_whole {
                        all.extend_from_slice(&piece[..length]);
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return self.refused.push(format!("standard input: {error}")),
            }
        }
        match is_whole {
            true => self.add("standard input", &all),
            false => self.refused.push(format!("standard input: longer than {} MiB", run::REPORT_LIMIT >> 20)),
        }
    }

    fn add(&mut self, name: &str, bytes: &[u8]) {
        if self.reports.len() >= COUNT_LIMIT {
            return self.refused.push(format!("{name}: at most {COUNT_LIMIT} reports are sent at once"));
        }
        match report::read(name, bytes) {
            Ok(report) => {
                self.outcome_count += report.cases.len();
                self.started_at = [self.started_at, report.started_at].into_iter().flatten().min();
            }
            Err(error) => return self.refused.push(error.to_string()),
        }
        match zstd::bulk::compress(bytes, LEVEL) {
            Ok(bytes_packed) => {
                self.hashes.insert(ingest::hash(bytes));
                self.reports.push(Packed { name: name.to_owned(), bytes: bytes_packed });
            }
            Err(error) => self.refused.push(format!("{name}: {error}")),
        }
    }

    /// Returns what tells these reports from others, whatever their order.
    pub(super) fn hash(&self) -> String {
        ingest::hash(self.hashes.iter().cloned().collect::<String>().as_bytes())
    }
}

/// Returns a file's path below the folder that the upload began in.
fn name(dir: &Path, path: &Path) -> String {
    path.strip_prefix(dir).unwrap_or(path).to_string_lossy().into_owned()
}

/// Returns what a word of the command line means: a file, or a pattern that no shell has expanded.
fn named(dir: &Path, word: &str) -> Vec<PathBuf> {
    let path = dir.join(word);
    if path.exists() {
        return vec![path];
    }
    let pattern = format!("{}/{word}", Pattern::escape(&dir.to_string_lossy()));
    let pattern = if Path::new(word).is_absolute() { word } else { pattern.as_str() };
    let found = glob::glob(pattern).into_iter().flatten().flatten().take(ENTRY_LIMIT);
    found.filter(|path| path.is_file()).collect()
}

/// Returns the test whether a file is part of the source: fixtures look like reports and are none.
fn tracked(checkout: Option<&History>) -> impl Fn(&Path) -> bool {
    let repository = checkout.and_then(|history| history.repository().ok());
    let root = repository.as_ref().and_then(|repository| fs::canonicalize(repository.workdir()?).ok());
    let index = repository.as_ref().and_then(|repository| repository.index().ok());
    move |path| {
        let (Some(root), Some(index), Ok(path)) = (&root, &index, fs::canonicalize(path)) else { return false };
        path.strip_prefix(root).is_ok_and(|path| index.get_path(path, 0).is_some())
    }
}

/// Returns the files below a folder whose names are liked, in order; links to folders are not followed.
fn below(folder: &Path, is_liked: &dyn Fn(&str) -> bool) -> Vec<PathBuf> {
    let (mut found, mut left) = (Vec::new(), ENTRY_LIMIT);
    let mut folders = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten().take(left) {
            left -= 1;
            let (name, kind) = (entry.file_name().to_string_lossy().into_owned(), entry.file_type());
            match kind {
                Ok(kind) if kind.is_dir() && depth < DEPTH_LIMIT && !FOREIGN.contains(&name.as_str()) => {
                    folders.push((entry.path(), depth + 1));
                }
                Ok(kind) if kind.is_file() && is_liked(&name) => found.push(entry.path()),
                _ => {}
            }
        }
    }
    found.sort();
    found
}
