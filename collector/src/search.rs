//! The files below a folder, and those that a pattern matches; whether they are reports is not asked here.

use std::io;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

/// Folders that hold other people's files.
const FOREIGN: &[&str] = &[".git", ".hg", ".svn", ".venv", "node_modules"];
/// Folders are searched this deep.
const DEPTH_LIMIT: usize = 24;
/// More entries than this are not looked at.
const ENTRY_LIMIT: usize = 500_000;

/// Returns the files in a folder and below it, in order, and what could not be looked at; links to folders are not
/// followed.
pub(crate) fn below(folder: &Path) -> impl Iterator<Item = io::Result<PathBuf>> {
    let walk = WalkDir::new(folder).max_depth(DEPTH_LIMIT).sort_by_file_name().into_iter();
    let own = walk.filter_entry(|entry| entry.depth() == 0 || !FOREIGN.iter().any(|name| entry.file_name() == *name));
    let paths = own.take(ENTRY_LIMIT).map(|entry| entry.map(walkdir::DirEntry::into_path).map_err(io::Error::from));
    paths.filter(|path| path.as_ref().map_or(true, |path| path.is_file()))
}

/// Returns the files that a pattern matches, if it is one.
pub(crate) fn matching(pattern: &str) -> Vec<PathBuf> {
    let found = glob::glob(pattern).into_iter().flatten().flatten();
    found.filter(|path| path.is_file()).take(ENTRY_LIMIT).collect()
}
