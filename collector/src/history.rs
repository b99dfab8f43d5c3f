//! What is read from a repository: which revisions there are, where they stand, and what each change did.
//!
//! Reading is libgit2 in process. Copying over the network is [`crate::mirror`].

mod change;
mod content;
mod file;
mod identifiers;
mod merge;
mod newest;
mod selection;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use git2::{Oid, Repository, Sort};

use crate::error::{Error, Result};

pub use change::Batch;
pub(crate) use newest::NewestFirst;
pub use selection::{Picked, Revision, Selection};

/// A repository to read from. Cheap to clone and shared between threads: each use opens its own handle.
#[derive(Clone, Debug)]
pub struct History {
    path: PathBuf,
    lender: Option<Lender>,
}

/// A checkout whose objects are looked up too, where a history has nothing but its commits.
#[derive(Clone, Debug)]
struct Lender {
    objects: PathBuf,
    /// What is checked out, for its `.mailmap`.
    head: Option<String>,
}

impl History {
    /// Opens the repository at `path`, bare or not.
    pub fn open(path: &Path) -> Result<Self> {
        let repository = Repository::open(path).map_err(Error::git(path))?;
        Ok(Self { path: repository.path().to_owned(), lender: None })
    }

    /// Opens the repository that surrounds `dir`; `None` where there is none.
    pub fn surrounding(dir: &Path) -> Result<Option<Self>> {
        match Repository::discover(dir) {
            Ok(repository) => Ok(Some(Self { path: repository.path().to_owned(), lender: None })),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
            Err(error) => Err(Error::git(dir)(error)),
        }
    }

    /// Opens the repository at `path`, which has commits only; trees and files are those of `checkout`, where it has them.
    pub(crate) fn open_with(path: &Path, checkout: &Self) -> Result<Self> {
        let lent = checkout.repository()?;
        let head = checkout.resolve("HEAD").ok();
        let lender = Lender { objects: lent.commondir().join("objects"), head };
        Ok(Self { lender: Some(lender), ..Self::open(path)? })
    }

    /// Returns the folder with the repository's objects and references.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns whether the repository lacks the older part of its history, so that positions and blamelists are wrong.
    pub fn is_shallow(&self) -> Result<bool> {
        Ok(self.repository()?.is_shallow())
    }

    /// Returns the branch that `HEAD` names, or, where it names a revision, a branch that ends there.
    pub fn default_branch(&self) -> Result<String> {
        let repository = self.repository()?;
        let unknown = |reason: &str| Error::Missing { what: "branch", reason: reason.to_owned(), option: "--branch" };
        let head = repository.head().map_err(|error| unknown(error.message()))?;
        if head.is_branch() {
            return Ok(String::from_utf8_lossy(head.shorthand_bytes()).into_owned());
        }
        let branches = repository.branches(None).map_err(Error::git(&self.path))?;
        let mut names: Vec<String> = branches
            .flatten()
            .filter(|(branch, _)| branch.get().target() == head.target())
            .filter_map(|(branch, _)| Some(branch.name().ok()??.trim_start_matches("origin/").to_owned()))
            .filter(|name| name != "HEAD")
            .collect();
        names.sort_by_key(|name| (name != "main" && name != "master", name.clone()));
        names.into_iter().next().ok_or_else(|| unknown("HEAD names no branch"))
    }

    /// Returns the branch that the remote `origin` calls its own, where the checkout knows it.
    pub(crate) fn remote_branch(&self) -> Option<String> {
        let repository = self.repository().ok()?;
        let head = repository.find_reference("refs/remotes/origin/HEAD").ok()?;
        Some(head.symbolic_target().ok()??.strip_prefix("refs/remotes/origin/")?.to_owned())
    }

    /// Returns the full id of the newest revision of a branch.
    pub fn tip(&self, branch: &str) -> Result<String> {
        let repository = self.repository()?;
        ["refs/heads/", "refs/remotes/origin/", "refs/remotes/", ""]
            .iter()
            .filter(|prefix| !prefix.is_empty() || branch.starts_with("refs/"))
            .filter_map(|prefix| repository.find_reference(&format!("{prefix}{branch}")).ok())
            .find_map(|reference| reference.peel_to_commit().ok())
            .map(|commit| commit.id().to_string())
            .ok_or_else(|| Error::Branch { branch: branch.to_owned(), path: self.path.clone() })
    }

    /// Returns the full id of a revision given in any way that git understands.
    pub fn resolve(&self, revision: &str) -> Result<String> {
        Ok(self.commit_id(&self.repository()?, revision)?.to_string())
    }

    /// Returns the position of a revision: the number of its first-parent ancestors.
    pub fn position(&self, revision: &str) -> Result<i64> {
        let repository = self.repository()?;
        let id = self.commit_id(&repository, revision)?;
        Ok(self.first_parents(&repository, id)?.len() as i64 - 1)
    }

    /// Returns a walk over a revision and its ancestors.
    pub(crate) fn newest_first(&self, revision: &str) -> Result<NewestFirst> {
        let repository = self.repository()?;
        let tip = self.commit_id(&repository, revision)?;
        Ok(NewestFirst::new(repository, tip))
    }

    pub(crate) fn repository(&self) -> Result<Repository> {
        // As for git itself: objects are verified when they come in, not whenever they are read, which is half the
        // time of reading a history. The switch is libgit2's own and holds for the process.
        git2::opts::strict_hash_verification(false);
        let repository = Repository::open(&self.path).map_err(Error::git(&self.path))?;
        if let Some(objects) = self.lender.as_ref().and_then(|lender| lender.objects.to_str()) {
            let lend = || repository.odb()?.add_disk_alternate(objects);
            lend().map_err(Error::git(&self.path))?;
        }
        Ok(repository)
    }

    fn commit_id(&self, repository: &Repository, revision: &str) -> Result<Oid> {
        repository
            .revparse_single(revision)
            .and_then(|object| object.peel_to_commit())
            .map(|commit| commit.id())
            .map_err(|_| Error::Revision { revision: revision.to_owned(), path: self.path.clone() })
    }

    /// Returns the first-parent line that ends at `tip`, newest first. A parent that is absent ends it.
    fn first_parents(&self, repository: &Repository, tip: Oid) -> Result<Vec<Oid>> {
        let mut line = Vec::new();
        let mut next = Some(tip);
        while let Some(id) = next {
            match repository.find_commit(id) {
                Ok(commit) => next = commit.parent_id(0).ok(),
                Err(error) if line.is_empty() => return Err(Error::git(&self.path)(error)),
                Err(_) => break,
            }
            line.push(id);
        }
        Ok(line)
    }

    /// Returns all ancestors of `tips`, themselves included and those of `hidden` left out, parents before children.
    fn ancestors(&self, repository: &Repository, tips: &[Oid], hidden: &[Oid]) -> Result<Vec<Oid>> {
        let walk = || -> Result<Vec<Oid>, git2::Error> {
            let mut walk = repository.revwalk()?;
            walk.set_sorting(Sort::TOPOLOGICAL | Sort::REVERSE)?;
            tips.iter().try_for_each(|id| walk.push(*id))?;
            hidden.iter().try_for_each(|id| walk.hide(*id))?;
            walk.collect()
        };
        walk().map_err(Error::git(&self.path))
    }

    /// Returns the position of every ancestor of `tip`.
    fn positions(&self, repository: &Repository, tip: Oid) -> Result<HashMap<Oid, i64>> {
        let mut positions = HashMap::new();
        for id in self.ancestors(repository, &[tip], &[])? {
            let commit = repository.find_commit(id).map_err(Error::git(&self.path))?;
            let before = commit.parent_id(0).ok().and_then(|parent| positions.get(&parent)).copied().unwrap_or(-1);
            positions.insert(id, before + 1);
        }
        Ok(positions)
    }
}
