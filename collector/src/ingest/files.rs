//! The files that words of a command line stand for: themselves, the reports in a folder and below it, what matches a
//! pattern, `-` for standard input. Files may be compressed by gzip or zstd.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::report;
use crate::search;
use crate::unpack::{self, Input};

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
            Err(error) => match search::matching(&word.to_string_lossy()) {
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

fn reports_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for file in search::below(folder) {
        let file = file.map_err(Error::file(folder))?;
        if open(&file).is_ok_and(|input| report::is_report(input).unwrap_or(false)) {
            files.push(file);
        }
    }
    if files.is_empty() {
        let reason = io::Error::other("there is no report of a known format in this folder");
        return Err(Error::file(folder)(reason));
    }
    Ok(files)
}
