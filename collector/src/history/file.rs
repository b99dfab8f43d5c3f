//! The files of a change: what happened to each against the first parent, and how many lines.

use std::rc::Rc;

use annals_data::row::File;
use git2::{Commit, Delta, Diff, DiffDelta, DiffFile, DiffFindOptions, DiffOptions, Error, FileMode, Repository, Tree};

use super::content::{Contents, Line, Middle, SIZE_LIMIT};
use super::identifiers::{FILE_MOST, Identifiers};
use super::merge;

/// A change's files beyond this many are left out: only imports of whole trees have so many.
const FILE_LIMIT: usize = 10_000;
/// Beyond this many pairs of added and deleted files only exact renames are looked for.
const PAIR_LIMIT: usize = 100_000;
/// Identifiers after which the further files of a change have none: so many say nothing of what it is about.
const IDENTIFIER_LIMIT: usize = 2000;

/// Returns the files that a commit touches.
pub(super) fn files(repository: &Repository, contents: &Contents<'_>, commit: &Commit<'_>) -> Result<Vec<File>, Error> {
    let tree = commit.tree()?;
    let parents = commit.parents().map(|parent| parent.tree()).collect::<Result<Vec<_>, _>>()?;
    let diff = difference(repository, parents.first(), &tree)?;
    let others = parents.get(1..).unwrap_or_default();
    let mut left = IDENTIFIER_LIMIT;
    let each = |delta| {
        let file = file(contents, &delta, others, left.min(FILE_MOST))?;
        left -= file.identifiers.as_ref().map_or(0, Vec::len);
        Ok(file)
    };
    diff.deltas().take(FILE_LIMIT).map(each).collect()
}

fn difference<'r>(repository: &'r Repository, old: Option<&Tree<'_>>, new: &Tree<'_>) -> Result<Diff<'r>, Error> {
    let mut options = DiffOptions::new();
    options.include_typechange(true).max_size(SIZE_LIMIT as i64);
    let mut diff = repository.diff_tree_to_tree(old, Some(new), Some(&mut options))?;
    let count = |status| diff.deltas().filter(|delta| delta.status() == status).count();
    let pairs = count(Delta::Added) * count(Delta::Deleted);
    if pairs > 0 {
        let mut find = DiffFindOptions::new();
        find.renames(true).rename_limit(1000).exact_match_only(pairs > PAIR_LIMIT);
        // A partial clone lacks contents; its changes are still worth having, with renames as pairs.
        if let Err(error) = diff.find_similar(Some(&mut find)) {
            tracing::debug!("renames not looked for: {}", error.message());
        }
    }
    Ok(diff)
}

/// Returns what a change does to one file, with up to `most` identifiers.
fn file(contents: &Contents<'_>, delta: &DiffDelta<'_>, others: &[Tree<'_>], most: usize) -> Result<File, Error> {
    let mut file = named(delta);
    // A file whose text cannot be had (binary, too large, a partial clone) has no lines.
    let texts = text(contents, &delta.old_file()).zip(text(contents, &delta.new_file()));
    let Some((old, new)) = texts else { return Ok(file) };
    let middle = Middle::of(&old, &new);
    let (mut added, mut removed, mut identifiers) = (0, 0, Identifiers::new(&new, most));
    middle.lines(&mut |line| match line {
        Line::Begin(above) => identifiers.begin(above),
        Line::Added(_, content) => {
            added += 1;
            identifiers.add(content);
        }
        Line::Removed(content) => {
            removed += 1;
            identifiers.add(content);
        }
    })?;
    let own = match others {
        [] => (added, removed),
        _ => merge::own_lines(contents, &middle, added + removed, delta, others)?,
    };
    file.lines_added = Some(own.0 as i64);
    file.lines_removed = Some(own.1 as i64);
    file.merge_lines_added = (added - own.0.min(added)) as i64;
    file.merge_lines_removed = (removed - own.1.min(removed)) as i64;
    file.identifiers = (most > 0).then(|| identifiers.finish());
    Ok(file)
}

/// Returns a file's text; a submodule's is the one line that git shows for it.
fn text(contents: &Contents<'_>, file: &DiffFile<'_>) -> Option<Rc<[u8]>> {
    match file.mode() {
        FileMode::Commit => Some(format!("Subproject commit {}\n", file.id()).into_bytes().into()),
        _ => contents.text(file.id()),
    }
}

fn named(delta: &DiffDelta<'_>) -> File {
    let path = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
    let (old, new) = (path(delta.old_file().path_bytes()), path(delta.new_file().path_bytes()));
    let kind = match delta.status() {
        Delta::Added => "added",
        Delta::Deleted => "deleted",
        Delta::Renamed => "renamed",
        Delta::Copied => "copied",
        Delta::Typechange => "typechange",
        _ => "modified",
    };
    let path = if new.is_empty() { old.clone() } else { new };
    let old_path = matches!(kind, "renamed" | "copied").then_some(old);
    File { path, old_path, kind: kind.to_owned(), ..File::default() }
}
