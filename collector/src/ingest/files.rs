//! The files that words of a command line stand for: themselves, the reports in a folder and below it, what matches a
//! pattern, `-` for standard input. Files may be compressed by gzip or zstd.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::report;
use crate::unpack::{self, Input};

/// Folders that hold other people's files.
const FOREIGN: &[&str] = &[".git", ".hg", ".svn", ".venv", "node_modules"];
/// Folders are searched this deep.
const DEPTH_LIMIT: usize = 24;
/// More entries than this are not looked at.
const ENTRY_LIMIT: usize = 500_000;

/// Stands for standard input.
const INPUT: &str = "-";

/// Returns the files, in order.
///
/// # Errors
///
/// When a word stands for no file, or a folder holds no report.
pub fn find(wanted: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for word in wanted {
        match fs::metadata(word) {
            _ if word.as_os_str() == INPUT => files.push(word.clone()),
            Ok(found) if found.is_dir() => files.extend(reports_in(word)?),
            Ok(_) => files.push(word.clone()),
            Err(error) => match matching(word) {
                matches if matches.is_empty() => return Err(Error::file(word)(error)),
                matches => files.extend(matches),
            },
        }
    }
    Ok(files)
}

/// Opens such a file.
pub fn open(path: &Path) -> io::Result<Input> {
    if path.as_os_str() == INPUT { unpack::unpack(io::stdin()) } else { unpack::open(path) }
}

/// Returns what a pattern matches that no shell has expanded.
fn matching(word: &Path) -> Vec<PathBuf> {
    let found = word.to_str().and_then(|pattern| glob::glob(pattern).ok());
    found.into_iter().flatten().flatten().filter(|path| path.is_file()).take(ENTRY_LIMIT).collect()
}

fn reports_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = below(folder)?;
    files.retain(|path| open(path).is_ok_and(|input| report::is_report(input).unwrap_or(false)));
    if files.is_empty() {
        let reason = io::Error::other("there is no report of a known format in this folder");
        return Err(Error::file(folder)(reason));
    }
    Ok(files)
}

/// Returns the files in a folder and below it, in order; links to folders are not followed.
fn below(folder: &Path) -> Result<Vec<PathBuf>> {
    let (mut files, mut folders, mut left) = (Vec::new(), vec![(folder.to_owned(), 0)], ENTRY_LIMIT);
    while let Some((folder, depth)) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(Error::file(&folder))?.take(left) {
            let entry = entry.map_err(Error::file(&folder))?;
            left -= 1;
            let is_foreign = FOREIGN.iter().any(|foreign| entry.file_name() == *foreign);
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && !is_foreign && depth < DEPTH_LIMIT => {
                    folders.push((entry.path(), depth + 1));
                }
                Ok(kind) if !kind.is_dir() && entry.path().is_file() => files.push(entry.path()),
                _ => {}
            }
        }
    }
    files.sort();
    Ok(files)
}
