//! The reports of an upload: found by name, pattern or content, read here once to see that they can be, and packed.
//!
//! What no reader understands is left out and named: the rest of a build's reports is worth more than none.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use blake3::Hasher;
use glob::{MatchOptions, Pattern};

use crate::history::History;
use crate::ingest;
use crate::report::{self, Limits};
use crate::search;
use crate::unpack;

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
/// Some tools write `Test`, some `test`.
const ANY_CASE: MatchOptions =
    MatchOptions { case_sensitive: false, require_literal_separator: false, require_literal_leading_dot: false };
/// More reports than this are not sent at once.
const COUNT_LIMIT: usize = 10_000;
/// How a stream is called.
const INPUT: &str = "standard input";
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
    limits: Limits,
}

impl Pack {
    /// Returns a pack for reports within `limits`.
    pub fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Packs the files, folders and patterns that `wanted` names; none at all means those below `dir` that are called
    /// like reports, and that the checkout does not hold itself.
    pub fn gather(&mut self, dir: &Path, wanted: &[String], checkout: Option<&History>) {
        let mut seen = BTreeSet::new();
        let mut is_new = |path: &Path| seen.insert(fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()));
        if wanted.is_empty() {
            let names: Vec<_> = NAMES.iter().filter_map(|name| Pattern::new(name).ok()).collect();
            let is_tracked = tracked(checkout);
            let is_liked = |path: &Path| {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                names.iter().any(|pattern| pattern.matches_with(&name, ANY_CASE))
            };
            // A folder of a build that may not be read holds no report of it.
            for path in search::below(dir).flatten().filter(|path| is_liked(path) && !is_tracked(path)) {
                self.consider(dir, &path);
            }
        }
        for word in wanted {
            let path = dir.join(word);
            let found = if path.is_dir() { search::below(&path).flatten().collect() } else { named(dir, word) };
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
        self.add(&name(dir, path), path);
        true
    }

    /// Takes a file if its content is like a report; returns whether it is.
    fn consider(&mut self, dir: &Path, path: &Path) -> bool {
        let is_report = unpack::open(path).is_ok_and(|input| report::is_report(input).unwrap_or(false));
        if is_report {
            self.add(&name(dir, path), path);
        }
        is_report
    }

    /// Reads a stream to its end and packs it; each piece is handed to `copy` as it comes.
    pub fn stream(&mut self, input: impl Read, copy: impl FnMut(&[u8])) {
        let kept = tempfile::NamedTempFile::new().and_then(|mut file| {
            let is_whole = keep(input, file.as_file_mut(), self.limits.streamed_bytes, copy)?;
            Ok(is_whole.then_some(file))
        });
        match kept {
            Ok(Some(file)) => self.add(INPUT, file.path()),
            Ok(None) => self.refused.push(format!("{INPUT}: longer than {} bytes", self.limits.streamed_bytes)),
            Err(error) => self.refused.push(format!("{INPUT}: {error}")),
        }
    }

    fn add(&mut self, name: &str, path: &Path) {
        if self.reports.len() >= COUNT_LIMIT {
            return self.refused.push(format!("{name}: at most {COUNT_LIMIT} reports are sent at once"));
        }
        let open = || unpack::open(path).map_err(|error| format!("{name}: {error}"));
        let read = open()
            .and_then(|input| report::read_from(name, input, None, &self.limits).map_err(|error| error.to_string()));
        let packed = read.and_then(|report| {
            let (bytes, hash) = pack(open()?).map_err(|error| format!("{name}: {error}"))?;
            Ok((report, bytes, hash))
        });
        match packed {
            Ok((report, bytes, hash)) => {
                self.outcome_count += report.cases.len();
                self.started_at = [self.started_at, report.started_at].into_iter().flatten().min();
                self.hashes.insert(hash);
                self.reports.push(Packed { name: name.to_owned(), bytes });
            }
            Err(error) => self.refused.push(error),
        }
    }

    /// Returns what tells these reports from others, whatever their order.
    pub(super) fn hash(&self) -> String {
        ingest::hash(self.hashes.iter().cloned().collect::<String>().as_bytes())
    }
}

/// Copies a stream to `file`; returns whether all of it is there. What is beyond the bound is only passed on, so that
/// its writer is not stopped.
fn keep(mut input: impl Read, file: &mut File, bound: u64, mut copy: impl FnMut(&[u8])) -> io::Result<bool> {
    let (mut piece, mut left) = (vec![0; 64 * 1024], Some(bound));
    loop {
        match input.read(&mut piece) {
            Ok(0) => return Ok(left.is_some()),
            Ok(length) => {
                copy(&piece[..length]);
                left = left.and_then(|left| left.checked_sub(length as u64));
                if left.is_some() {
                    file.write_all(&piece[..length])?;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Returns what `input` is when it is compressed, and the hash of its content.
fn pack(mut input: impl Read) -> io::Result<(Vec<u8>, String)> {
    let (mut packer, mut hasher) = (zstd::Encoder::new(Vec::new(), LEVEL)?, Hasher::new());
    let mut piece = vec![0; 64 * 1024];
    loop {
        match input.read(&mut piece)? {
            0 => return Ok((packer.finish()?, ingest::short(&hasher.finalize()))),
            length => {
                hasher.update(&piece[..length]);
                packer.write_all(&piece[..length])?;
            }
        }
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
    search::matching(if Path::new(word).is_absolute() { word } else { &pattern })
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
