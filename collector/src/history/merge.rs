//! Which lines of a merge are its own: those that no parent has, or that every parent has and the merge has not.
//!
//! Everything else that differs from the first parent came in from the other parents. That is an approximation of
//! git's combined diff (`git diff --cc`): lines are told apart by number on the new side and by content on the old one.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use git2::{DiffDelta, Error, Oid, Tree};

use super::content::{Contents, Line, Middle};

/// Files with more differing lines than this are taken to come from the other parents whole.
const LINE_LIMIT: usize = 50_000;

/// The lines in which two versions of a file differ.
#[derive(Default)]
struct Lines {
    /// Numbers of lines that only the new version has, rising.
    added: Vec<usize>,
    /// How often each line (by hash) stands in the old version only.
    removed: HashMap<u64, usize>,
}

/// Returns how many of the `count` lines that differ from the first parent (`middle`), added and removed, no other
/// parent accounts for.
pub(super) fn own_lines(
    contents: &Contents<'_>,
    middle: &Middle<'_>,
    count: usize,
    delta: &DiffDelta<'_>,
    others: &[Tree<'_>],
) -> Result<(usize, usize), Error> {
    let versions: Vec<Option<Oid>> = others.iter().map(|tree| version(tree, delta)).collect();
    let id = delta.new_file().id();
    if versions.contains(&Some(id).filter(|id| !id.is_zero())) || count > LINE_LIMIT {
        return Ok((0, 0));
    }
    let Some(new) = contents.text(id) else { return Ok((0, 0)) };
    let mut own = lines(middle)?;
    for old in versions.into_iter().flatten().filter_map(|id| contents.text(id)) {
        own.keep_common(&lines(&Middle::of(&old, &new))?);
    }
    Ok((own.added.len(), own.removed.values().sum()))
}

/// Returns the blob that a parent has in the file's place, by its present or its former path.
fn version(tree: &Tree<'_>, delta: &DiffDelta<'_>) -> Option<Oid> {
    let paths = [delta.new_file().path(), delta.old_file().path()];
    paths.into_iter().flatten().find_map(|path| tree.get_path(path).ok()).map(|entry| entry.id())
}

fn lines(middle: &Middle<'_>) -> Result<Lines, Error> {
    let mut lines = Lines::default();
    middle.lines(&mut |line| match line {
        Line::Begin(_) => {}
        Line::Added(number, _) => lines.added.push(number),
        Line::Removed(content) => *lines.removed.entry(hash(content)).or_default() += 1,
    })?;
    Ok(lines)
}

impl Lines {
    fn keep_common(&mut self, other: &Self) {
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
