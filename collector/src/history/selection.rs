//! Which revisions are to be built.

use std::collections::{HashMap, HashSet};

use git2::{Oid, Repository};

use super::History;
use crate::error::{Error, Result};

/// A choice of revisions of one branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The branch; the repository's own default where none is given.
    pub branch: Option<String>,
    /// `A..B`: what is in B and not in A; a missing B is the branch's newest revision.
    pub range: Option<String>,
    /// Only so many of the newest.
    pub last: Option<usize>,
    /// Only revisions whose position is a multiple of this, so that the choice stays the same as the branch grows, and
    /// the newest. The oldest too where the range or the number has one: without a tested good revision before it
    /// nothing can be told of the first break.
    pub every: usize,
    /// Whether the revisions that merges brought in count too.
    pub all_parents: bool,
}

impl Default for Selection {
    fn default() -> Self {
        Self { branch: None, range: None, last: None, every: 1, all_parents: false }
    }
}

/// One revision of a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// The full commit id.
    pub id: String,
    /// The number of its first-parent ancestors: a root has 0.
    pub position: i64,
}

/// The revisions that a selection picked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picked {
    /// The branch.
    pub branch: String,
    /// The revisions, oldest first.
    pub revisions: Vec<Revision>,
}

impl History {
    /// Returns the revisions that `selection` picks.
    pub fn select(&self, selection: &Selection) -> Result<Picked> {
        let repository = self.repository()?;
        let branch = selection.branch.clone().map_or_else(|| self.default_branch(), Ok)?;
        let (good, tip) = self.bounds(&repository, &branch, selection.range.as_deref())?;
        let mut revisions = if selection.all_parents {
            self.graph(&repository, good, tip)?
        } else {
            self.line(&repository, good, tip)?
        };
        let surplus = revisions.len().saturating_sub(selection.last.unwrap_or(usize::MAX));
        revisions.drain(..surplus);
        let is_bounded = selection.range.is_some() || selection.last.is_some();
        thin(&mut revisions, selection.every, is_bounded);
        Ok(Picked { branch, revisions })
    }

    /// Returns the excluded and the included end of a range.
    fn bounds(&self, repository: &Repository, branch: &str, range: Option<&str>) -> Result<(Option<Oid>, Oid)> {
        let tip = self.tip(branch)?;
        let Some(range) = range else { return Ok((None, self.commit_id(repository, &tip)?)) };
        let refused = |reason: &str| Error::Selection { given: range.to_owned(), reason: reason.to_owned() };
        let (good, bad) = range.split_once("..").ok_or_else(|| refused("a range is written `A..B`"))?;
        if bad.starts_with('.') {
            return Err(refused("a range has two dots"));
        }
        let good = if good.is_empty() { None } else { Some(self.commit_id(repository, good)?) };
        let bad = self.commit_id(repository, if bad.is_empty() { &tip } else { bad })?;
        Ok((good, bad))
    }

    fn line(&self, repository: &Repository, good: Option<Oid>, tip: Oid) -> Result<Vec<Revision>> {
        let line = self.first_parents(repository, tip)?;
        let count = match good.map(|good| (good, line.iter().position(|id| *id == good))) {
            None => line.len(),
            Some((_, Some(index))) => index,
            Some((good, None)) => {
                let old: HashSet<Oid> = self.ancestors(repository, &[good], &[])?.into_iter().collect();
                line.iter().position(|id| old.contains(id)).unwrap_or(line.len())
            }
        };
        let last = line.len() as i64 - 1;
        let revision = |(index, id): (usize, &Oid)| Revision { id: id.to_string(), position: last - index as i64 };
        Ok(line.iter().enumerate().take(count).map(revision).rev().collect())
    }

    fn graph(&self, repository: &Repository, good: Option<Oid>, tip: Oid) -> Result<Vec<Revision>> {
        let positions: HashMap<Oid, i64> = self.positions(repository, tip)?;
        let hidden: Vec<Oid> = good.into_iter().collect();
        let ids = self.ancestors(repository, &[tip], &hidden)?;
        let revision = |id: Oid| Revision { id: id.to_string(), position: positions.get(&id).copied().unwrap_or(0) };
        Ok(ids.into_iter().map(revision).collect())
    }
}

fn thin(revisions: &mut Vec<Revision>, every: usize, has_oldest: bool) {
    let every = every.max(1) as i64;
    let ends = [revisions.last().cloned(), revisions.first().filter(|_| has_oldest).cloned()];
    revisions.retain(|revision| revision.position % every == 0 || ends.iter().flatten().any(|end| end == revision));
}
