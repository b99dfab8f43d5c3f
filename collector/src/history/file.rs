//! The files of a change: what happened to each against the first parent, and how many lines.

use annals_data::row::File;
use git2::{Commit, Delta, Diff, DiffDelta, DiffFindOptions, DiffOptions, Error, Patch, Repository, Tree};

use super::merge;

/// A change's files beyond this many are left out: only imports of whole trees have so many.
const FILE_LIMIT: usize = 10_000;
/// Files larger than this (bytes) count as binary: no line counts, no search for renames.
const SIZE_LIMIT: i64 = 4 << 20;
/// Beyond this many pairs of added and deleted files only exact renames are looked for.
const PAIR_LIMIT: usize = 100_000;

/// Returns the files that a commit touches.
pub(super) fn files(repository: &Repository, commit: &Commit<'_>) -> Result<Vec<File>, Error> {
    let tree = commit.tree()?;
    let parents = commit.parents().map(|parent| parent.tree()).collect::<Result<Vec<_>, _>>()?;
    let diff = difference(repository, parents.first(), &tree)?;
    let others = parents.get(1..).unwrap_or_default();
    let count = diff.deltas().len().min(FILE_LIMIT);
    let files = (0..count).filter_map(|index| file(repository, &diff, index, others).transpose());
    files.collect()
}

/// Returns options that all comparisons of contents share.
pub(super) fn options() -> DiffOptions {
    let mut options = DiffOptions::new();
    options.context_lines(0).include_typechange(true).ignore_submodules(false).max_size(SIZE_LIMIT);
    options
}

fn difference<'r>(repository: &'r Repository, old: Option<&Tree<'_>>, new: &Tree<'_>) -> Result<Diff<'r>, Error> {
    let mut diff = repository.diff_tree_to_tree(old, Some(new), Some(&mut options()))?;
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

fn file(repository: &Repository, diff: &Diff<'_>, index: usize, others: &[Tree<'_>]) -> Result<Option<File>, Error> {
    // Contents that cannot be read (a partial clone) leave the line counts unknown.
    let patch = Patch::from_diff(diff, index).ok().flatten();
    let Some(delta) = diff.get_delta(index) else { return Ok(None) };
    let mut file = named(&delta);
    let Some(patch) = patch.filter(|_| !delta.flags().is_binary()) else { return Ok(Some(file)) };
    let (_, added, removed) = patch.line_stats()?;
    let own = match others {
        [] => (added, removed),
        _ => merge::own_lines(repository, &patch, &delta, others)?,
    };
    file.lines_added = Some(own.0 as i64);
    file.lines_removed = Some(own.1 as i64);
    file.merge_lines_added = (added - own.0.min(added)) as i64;
    file.merge_lines_removed = (removed - own.1.min(removed)) as i64;
    Ok(Some(file))
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
