//! Which lines of a merge are its own: those that no parent has, or that every parent has and the merge has not.
//!
//! Everything else that differs from the first parent came in from the other parents. That is an approximation of
//! git's combined diff (`git diff --cc`): lines are told apart by number on the new side and by content on the old one.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use git2::{Blob, DiffDelta, DiffLineType, Error, Oid, Patch, Repository, Tree};

use super::file;

/// Files with more differing lines than this are taken to come from the other parents whole.
const LINE_LIMIT: usize = 50_000;

/// The lines in which two versions of a file differ.
#[derive(Default)]
struct Lines {
    /// Numbers of lines that only the new version has.
    added: Vec<u32>,
    /// How often each line (by hash) stands in the old version only.
    removed: HashMap<u64, usize>,
}

/// Returns how many of the lines added and removed against the first parent no other parent accounts for.
pub(super) fn own_lines(
    repository: &Repository,
    patch: &Patch<'_>,
    delta: &DiffDelta<'_>,
    others: &[Tree<'_>],
) -> Result<(usize, usize), Error> {
    let (_, added, removed) = patch.line_stats()?;
    let versions: Vec<Option<Oid>> = others.iter().map(|tree| version(tree, delta)).collect();
    let new = Some(delta.new_file().id()).filter(|id| !id.is_zero());
    if versions.contains(&new) || added + removed > LINE_LIMIT {
        return Ok((0, 0));
    }
    let mut own = lines(patch)?;
    let new = new.and_then(|id| repository.find_blob(id).ok());
    for old in versions.into_iter().flatten().filter_map(|id| repository.find_blob(id).ok()) {
        own.keep_common(&compare(&old, new.as_ref())?);
    }
    Ok((own.added.len(), own.removed.values().sum()))
}

/// Returns the blob that a parent has in the file's place, by its present or its former path.
fn version(tree: &Tree<'_>, delta: &DiffDelta<'_>) -> Option<Oid> {
    let paths = [delta.new_file().path(), delta.old_file().path()];
    paths.into_iter().flatten().find_map(|path| tree.get_path(path).ok()).map(|entry| entry.id())
}

fn compare(old: &Blob<'_>, new: Option<&Blob<'_>>) -> Result<Lines, Error> {
    let mut options = file::options();
    let patch = match new {
        Some(new) => Patch::from_blobs(old, None, new, None, Some(&mut options))?,
        None => Patch::from_blob_and_buffer(old, None, &[], None, Some(&mut options))?,
    };
    lines(&patch)
}

fn lines(patch: &Patch<'_>) -> Result<Lines, Error> {
    let mut lines = Lines::default();
    for hunk in 0..patch.num_hunks() {
        for index in 0..patch.num_lines_in_hunk(hunk)? {
            let line = patch.line_in_hunk(hunk, index)?;
            match line.origin_value() {
                DiffLineType::Addition => lines.added.extend(line.new_lineno()),
                DiffLineType::Deletion => *lines.removed.entry(hash(line.content())).or_default() += 1,
                _ => {}
            }
        }
    }
    Ok(lines)
}

impl Lines {
    fn keep_common(&mut self, other: &Self) {
        // Line numbers rise within a patch.
        self.added.retain(|number| other.added.binary_search(number).is_ok());
        for (line, count) in &mut self.removed {
            *count = (*count).min(other.removed.get(line).copied().unwrap_or(0));
        }
    }
}

fn hash(content: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    hasher.finish()
}
