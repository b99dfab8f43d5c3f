//! The changes that a server lacks: asked for newest first, so that the usual upload costs one short question.

use std::collections::{BTreeSet, HashMap};

use annals_data::row::Change;

use super::client::{Client, Failure};
use crate::error::Error;
use crate::history::History;
use crate::wire::{Head, Question};

/// How many revisions are asked for: few first, because mostly only the newest are unknown.
const CHUNKS: [usize; 3] = [100, 1_000, 10_000];
/// Ancestors further back are not asked for.
const LIMIT: usize = 50_000;
/// Of the newest so many changes the files are read, which takes most of the time.
const WITH_FILES: usize = 5_000;
/// Bytes of all changes before they are packed; without their files if they have more.
const SIZE_LIMIT: usize = 64 << 20;
/// zstd's level, as for reports.
const LEVEL: i32 = 3;

/// The changes of an upload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Lines of JSON, compressed.
    pub bytes: Vec<u8>,
    /// How many.
    pub count: usize,
}

/// Why changes are not sent with an upload, which can go without them.
#[derive(Debug, thiserror::Error)]
pub enum Missed {
    /// The server did not say what it lacks.
    #[error(transparent)]
    Server(#[from] Failure),
    /// The history cannot be read.
    #[error(transparent)]
    History(#[from] Error),
}

/// Returns the changes of the head's history that the server lacks, parents before children; `None` if it has all.
pub fn lacking(client: &Client, history: &History, head: &Head) -> Result<Option<Changes>, Missed> {
    let mut revisions = unknown(client, history, head)?;
    if revisions.is_empty() {
        return Ok(None);
    }
    revisions.reverse();
    for with_files in [WITH_FILES, 0] {
        let changes = parents_first(history.read(&head.project, &head.revision, &revisions, with_files)?);
        let lines = lines(&changes);
        if lines.len() <= SIZE_LIMIT || with_files == 0 {
            let bytes = zstd::bulk::compress(&lines, LEVEL).map_err(Error::file(history.path()))?;
            return Ok(Some(Changes { bytes, count: changes.len() }));
        }
    }
    Ok(None)
}

/// Asks in growing chunks until one is wholly known.
fn unknown(client: &Client, history: &History, head: &Head) -> Result<Vec<String>, Missed> {
    let mut walk = history.newest_first(&head.revision)?;
    let mut unknown = Vec::new();
    let mut left = LIMIT;
    for size in CHUNKS.into_iter().chain(std::iter::repeat(CHUNKS[CHUNKS.len() - 1])) {
        let revisions = walk.take(size.min(left)).map_err(Error::git(history.path()))?;
        if revisions.is_empty() {
            break;
        }
        left -= revisions.len();
        let question = Question { project: head.project.clone(), revisions };
        // Only what was asked for: a server has no say in what else of the history is read.
        let answer: BTreeSet<String> = client.unknown(&question)?.unknown.into_iter().collect();
        let before = unknown.len();
        unknown.extend(question.revisions.into_iter().filter(|revision| answer.contains(revision)));
        if unknown.len() == before {
            break;
        }
    }
    Ok(unknown)
}

/// Puts every change behind its parents; commits can be as old as their parents, or older.
fn parents_first(changes: Vec<Change>) -> Vec<Change> {
    let places: HashMap<&str, usize> =
        changes.iter().enumerate().map(|(place, change)| (change.revision.as_str(), place)).collect();
    let mut order = Vec::with_capacity(changes.len());
    let mut is_seen = vec![false; changes.len()];
    for place in 0..changes.len() {
        // Each stands on the stack with the number of its parents that have been looked at.
        let mut stack = if is_seen[place] { Vec::new() } else { vec![(place, 0)] };
        is_seen[place] = true;
        while let Some((place, parent)) = stack.pop() {
            let Some(name) = changes[place].parents.get(parent) else {
                order.push(place);
                continue;
            };
            stack.push((place, parent + 1));
            if let Some(&place) = places.get(name.as_str()).filter(|place| !is_seen[**place]) {
                is_seen[place] = true;
                stack.push((place, 0));
            }
        }
    }
    let mut changes: Vec<Option<Change>> = changes.into_iter().map(Some).collect();
    order.into_iter().filter_map(|place| changes[place].take()).collect()
}

fn lines(changes: &[Change]) -> Vec<u8> {
    let mut lines = Vec::new();
    for change in changes {
        serde_json::to_writer(&mut lines, change).expect("a change is made of texts and numbers");
        lines.push(b'\n');
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_come_first_whatever_the_clocks_say() {
        let change = |revision: &str, parents: &[&str]| Change {
            revision: revision.to_owned(),
            parents: parents.iter().map(|parent| (*parent).to_owned()).collect(),
            ..Change::default()
        };
        let changes = vec![
            change("merge", &["left", "right"]),
            change("right", &["root"]),
            change("root", &["beyond"]),
            change("left", &["root"]),
        ];
        let order: Vec<String> = parents_first(changes).into_iter().map(|change| change.revision).collect();
        assert_eq!(order, ["root", "left", "right", "merge"]);
        // As long a line as is ever sent needs no deep stack.
        let line: Vec<Change> = (0..LIMIT).map(|n| change(&n.to_string(), &[&(n + 1).to_string()])).collect();
        assert_eq!(parents_first(line)[0].revision, (LIMIT - 1).to_string());
    }
}
