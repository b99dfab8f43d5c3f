//! Where revisions stand: the position of one whose sender does not know it, counted from one that is known.
//!
//! First parents of changes and positions of builds are kept by id, so that a question costs by the commits up to the
//! nearest revision that was built, never by the history.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Transaction};

use super::State;
use crate::row::{Build, Change};
use crate::{Result, id};

/// A change and its first parent; a root has none.
pub type Line = (i64, Option<i64>);
/// A place, as [`ids`] names it, and the position there.
pub type Place = (i64, i64);

/// So many first parents are followed at most.
const BOUND: usize = 50_000;
/// So many further ones are followed in search of the branch itself, once another branch gave an answer.
const FURTHER: usize = 1_000;

impl State {
    /// Returns the position of a revision: the number of first parents down to the nearest one that a build has placed,
    /// preferably on the same branch, or down to the root.
    ///
    /// `fresh` are changes that the store may not know yet. `None` when the line breaks off before.
    pub fn position(&self, project: &str, branch: &str, revision: &str, fresh: &[Change]) -> Result<Option<i64>> {
        let fresh: HashMap<i64, Option<i64>> = lines(fresh).into_iter().collect();
        let start = id::change_id(project, revision);
        self.read(|c| walk(c, branch, start, &fresh))
    }

    /// Returns whether the state was made before places were kept, and knows of changes or builds.
    pub(crate) fn lacks_places(&self) -> Result<bool> {
        const LACKS: &str = "SELECT NOT EXISTS (SELECT 1 FROM line) AND NOT EXISTS (SELECT 1 FROM place) \
            AND EXISTS (SELECT 1 FROM known WHERE kind IN ('change', 'build'))";
        self.read(|c| c.query_row(LACKS, [], |row| row.get(0)))
    }
}

fn walk(c: &Connection, branch: &str, start: i64, fresh: &HashMap<i64, Option<i64>>) -> rusqlite::Result<Option<i64>> {
    let mut position = c.prepare_cached("SELECT position FROM place WHERE place_id = ?1")?;
    let mut parent = c.prepare_cached("SELECT parent_id FROM line WHERE change_id = ?1")?;
    let mut place = |branch: &str, id: i64| position.query_row([place_id(branch, id)], |row| row.get(0)).optional();
    let (mut elsewhere, mut change, mut bound) = (None, start, BOUND);
    for depth in 0.. {
        if let Some(position) = place(branch, change)? {
            return Ok(Some(position + depth as i64));
        }
        if elsewhere.is_none() {
            elsewhere = place("", change)?.map(|position: i64| position + depth as i64);
            bound = elsewhere.map_or(bound, |_| bound.min(depth + FURTHER));
        }
        let next = match fresh.get(&change) {
            Some(parent) => Some(*parent),
            None => parent.query_row([change], |row| row.get(0)).optional()?,
        };
        match next {
            Some(Some(id)) if depth < bound => change = id,
            Some(None) => return Ok(Some(elsewhere.unwrap_or(depth as i64))),
            _ => break,
        }
    }
    Ok(elsewhere)
}

/// Returns the places of a revision: on its branch, and on whichever branch.
pub fn ids(project: &str, branch: &str, revision: &str) -> [i64; 2] {
    let change = id::change_id(project, revision);
    [place_id(branch, change), place_id("", change)]
}

fn place_id(branch: &str, change: i64) -> i64 {
    id::id(&["place", branch, &change.to_string()])
}

/// Returns the changes with their first parents.
pub(crate) fn lines(changes: &[Change]) -> Vec<Line> {
    let of = |revision: &str, change: &Change| id::change_id(&change.project, revision);
    changes.iter().map(|c| (of(&c.revision, c), c.parents.first().map(|parent| of(parent, c)))).collect()
}

/// Returns the places that a build gives to its revision; the revision of a patch is on nobody's branch.
pub(crate) fn places(build: &Build) -> Vec<Place> {
    let ids = ids(&build.project, &build.branch, &build.revision);
    if build.is_patch { Vec::new() } else { ids.map(|id| (id, build.position)).to_vec() }
}

/// Remembers lines and places; what is known stays as it is.
pub(crate) fn learn(transaction: &Transaction<'_>, lines: &[Line], places: &[Place]) -> rusqlite::Result<()> {
    let mut line = transaction.prepare_cached("INSERT OR IGNORE INTO line VALUES (?1, ?2)")?;
    lines.iter().try_for_each(|row| line.execute(*row).map(drop))?;
    let mut place = transaction.prepare_cached("INSERT OR IGNORE INTO place VALUES (?1, ?2)")?;
    places.iter().try_for_each(|row| place.execute(*row).map(drop))
}
