//! The reports of an upload: found by name, pattern or content, read here once to see that they can be, and packed.
//!
//! What no reader understands is left out and named: the rest of a build's reports is worth more than none.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

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

/// A file that may be a report.
struct Candidate {
    path: PathBuf,
    /// Somebody named it, so that it is said if it is none.
    is_named: bool,
}

impl Pack {
    /// Packs the files, folders and patterns that `wanted` names; none at all means those below `dir` that are called
    /// like reports.
    pub fn gather(&mut self, dir: &Path, wanted: &[String]) {
        let mut candidates = Vec::new();
        if wanted.is_empty() {
            candidates = below(dir, &|name| NAMES.iter().any(|pattern| matches(pattern, name)));
        }
        for one in wanted {
            let found = find(dir, one);
            if found.is_empty() {
                self.refused.push(format!("{one}: there is no such file, nor a report in such a folder"));
            }
            candidates.extend(found);
        }
        let mut seen = BTreeSet::new();
        for Candidate { path, is_named } in candidates {
            if seen.insert(fs::canonicalize(&path).unwrap_or_else(|_| path.clone())) {
                self.read(dir, &path, is_named);
            }
        }
    }

    fn read(&mut self, dir: &Path, path: &Path, is_named: bool) {
        let name = path.strip_prefix(dir).unwrap_or(path).to_string_lossy().into_owned();
        match run::read_bounded(path) {
            Ok(bytes) if is_named || report::format_of(&bytes).is_some() => self.add(&name, &bytes),
            Err(error) if is_named => self.refused.push(format!("{name}: {error}")),
            _ => {}
        }
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

/// Returns what a word of the command line means: a file, a folder, or a pattern that no shell has expanded.
fn find(dir: &Path, word: &str) -> Vec<Candidate> {
    let path = dir.join(word);
    if path.is_dir() {
        let mut found = below(&path, &|_| true);
        found.retain(|candidate| {
            run::read_bounded(&candidate.path).is_ok_and(|bytes| report::format_of(&bytes).is_some())
        });
        return found;
    }
    if path.exists() {
        return vec![Candidate { path, is_named: true }];
    }
    let pattern = format!("{}/{word}", glob::Pattern::escape(&dir.to_string_lossy()));
    let pattern = if Path::new(word).is_absolute() { word } else { pattern.as_str() };
    let found = glob::glob(pattern).into_iter().flatten().flatten().take(ENTRY_LIMIT);
    found.filter(|path| path.is_file()).map(|path| Candidate { path, is_named: true }).collect()
}

/// Returns the files below a folder whose names are liked, in order; links to folders are not followed.
fn below(folder: &Path, is_liked: &dyn Fn(&str) -> bool) -> Vec<Candidate> {
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
    found.into_iter().map(|path| Candidate { path, is_named: false }).collect()
}

fn matches(pattern: &str, name: &str) -> bool {
    let options = glob::MatchOptions { case_sensitive: false, ..glob::MatchOptions::new() };
    glob::Pattern::new(pattern).is_ok_and(|pattern| pattern.matches_with(name, options))
}
