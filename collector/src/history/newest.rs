//! A walk over ancestors, newest first, that reads no further than it is asked to.
//!
//! libgit2's own walks read the whole history before they give the first commit of a sorted one. Clocks are not trusted
//! for more than the order: a commit comes after at least one of its children, but it can come before a child of it on
//! another branch.

use std::collections::{BinaryHeap, HashSet};

use git2::{Error, Oid, Repository};

/// The walk.
pub(crate) struct NewestFirst {
    repository: Repository,
    next: BinaryHeap<(i64, Oid)>,
    seen: HashSet<Oid>,
}

impl NewestFirst {
    pub(super) fn new(repository: Repository, tip: Oid) -> Self {
        Self { repository, next: BinaryHeap::from([(i64::MAX, tip)]), seen: HashSet::from([tip]) }
    }

    /// Returns the next ancestors, at most so many. Those that are absent end their line.
    pub(crate) fn take(&mut self, count: usize) -> Result<Vec<String>, Error> {
        let mut taken = Vec::new();
        while taken.len() < count {
            let Some((_, id)) = self.next.pop() else { break };
            taken.push(id.to_string());
            for parent in self.repository.find_commit(id)?.parent_ids() {
                let Ok(commit) = self.repository.find_commit(parent) else { continue };
                if self.seen.insert(parent) {
                    self.next.push((commit.time().seconds(), parent));
                }
            }
        }
        Ok(taken)
    }
}
