//! The history of the demonstration's repository, change by change: one file per week.
//!
//! This file is the pen: branches, edits, commits and merges. A week only says who changes what, when and why.

mod week1;
mod week2;
mod week3;
mod week4;
mod week5;
mod week6;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use git2::build::TreeUpdateBuilder;
use git2::{Commit, FileMode, Oid, Repository, Tree};

use super::author::{Author, Moment};
use super::{Error, Result};

/// Tells the whole story.
pub(super) fn tell(story: &mut Story) -> Result<()> {
    week1::tell(story)?;
    week2::tell(story)?;
    week3::tell(story)?;
    week4::tell(story)?;
    week5::tell(story)?;
    week6::tell(story)
}

/// One edit of one file: its path, and texts.
#[derive(Clone, Copy, Debug)]
enum Edit {
    /// A new file.
    Write(&'static str, &'static str),
    /// Text at the end of a file.
    Append(&'static str, &'static str),
    /// A text that stands in a file exactly once, and what replaces it.
    Replace(&'static str, &'static str, &'static str),
}

impl Edit {
    fn path(&self) -> &'static str {
        match *self {
            Self::Write(path, _) | Self::Append(path, _) | Self::Replace(path, ..) => path,
        }
    }

    /// Returns the file's text after the edit, or nothing where it does not fit.
    fn apply(&self, before: Option<String>) -> Option<String> {
        match (*self, before) {
            (Self::Write(_, text), None) => Some(text.to_owned()),
            (Self::Append(_, text), Some(before)) => Some(before + text),
            (Self::Replace(_, old, new), Some(before)) if before.matches(old).count() == 1 => {
                Some(before.replacen(old, new, 1))
            }
            _ => None,
        }
    }
}

/// A repository whose history is being written.
pub(super) struct Story<'r> {
    repository: &'r Repository,
    dir: PathBuf,
    branch: &'static str,
    /// The newest commit of each branch.
    tips: HashMap<&'static str, Oid>,
}

impl<'r> Story<'r> {
    /// Returns a story that begins with an empty repository in `dir`.
    pub(super) fn new(repository: &'r Repository, dir: &Path) -> Self {
        Self { repository, dir: dir.to_owned(), branch: "main", tips: HashMap::new() }
    }

    /// Goes to a branch, which begins at the current commit if it is new.
    fn switch(&mut self, branch: &'static str) {
        if let Some(&tip) = self.tips.get(self.branch) {
            self.tips.entry(branch).or_insert(tip);
        }
        self.branch = branch;
    }

    /// Commits edits on the current branch and returns the commit.
    fn commit(&mut self, author: Author, at: Moment, message: &str, edits: &[Edit]) -> Result<Oid> {
        let parent = self.tip(self.branch)?;
        let tree = parent.as_ref().map(Commit::tree).transpose().map_err(|error| self.git(error))?;
        let mut texts: BTreeMap<&str, String> = BTreeMap::new();
        for edit in edits {
            let path = edit.path();
            let before = texts.remove(path).map_or_else(|| self.text(tree.as_ref(), path), |text| Ok(Some(text)))?;
            texts.insert(path, edit.apply(before).ok_or_else(|| unfit(path, message))?);
        }
        let tree = self.updated(tree, &texts).map_err(|error| self.git(error))?;
        self.write(author, at, message, &tree, &parent.iter().collect::<Vec<_>>())
    }

    /// Merges a branch into `main`, with the texts that git finds.
    fn merge(&mut self, author: Author, at: Moment, branch: &'static str) -> Result<Oid> {
        self.switch("main");
        let message = format!("Merge branch '{branch}'");
        let (Some(ours), Some(theirs)) = (self.tip("main")?, self.tip(branch)?) else {
            return Err(unfit(branch, &message));
        };
        let merged = self.repository.merge_commits(&ours, &theirs, None);
        let tree = merged.and_then(|mut index| index.write_tree_to(self.repository));
        let tree = tree.and_then(|tree| self.repository.find_tree(tree)).map_err(|error| self.git(error))?;
        self.write(author, at, &message, &tree, &[&ours, &theirs])
    }

    /// Takes back a commit of `main`, as `git revert` does.
    fn revert(&mut self, author: Author, at: Moment, commit: Oid) -> Result<Oid> {
        let reverted = self.repository.find_commit(commit).map_err(|error| self.git(error))?;
        let subject = reverted.summary().ok().flatten().unwrap_or_default();
        let message = format!("Revert \"{subject}\"\n\nThis reverts commit {commit}.");
        let Some(ours) = self.tip("main")? else { return Err(unfit("main", &message)) };
        let index = self.repository.revert_commit(&reverted, &ours, 0, None);
        let tree = index.and_then(|mut index| index.write_tree_to(self.repository));
        let tree = tree.and_then(|tree| self.repository.find_tree(tree)).map_err(|error| self.git(error))?;
        self.write(author, at, &message, &tree, &[&ours])
    }

    fn write(&mut self, author: Author, at: Moment, message: &str, tree: &Tree, parents: &[&Commit]) -> Result<Oid> {
        let reference = (self.branch == "main").then_some("refs/heads/main");
        let commit = author
            .at(at)
            .and_then(|signature| self.repository.commit(reference, &signature, &signature, message, tree, parents));
        let commit = commit.map_err(|error| self.git(error))?;
        self.tips.insert(self.branch, commit);
        Ok(commit)
    }

    /// Returns `tree` with files that have new texts.
    fn updated(
        &self,
        tree: Option<Tree<'r>>,
        texts: &BTreeMap<&str, String>,
    ) -> std::result::Result<Tree<'r>, git2::Error> {
        let mut update = TreeUpdateBuilder::new();
        for (path, text) in texts {
            update.upsert(*path, self.repository.blob(text.as_bytes())?, FileMode::Blob);
        }
        let base = tree.map_or_else(|| self.empty_tree(), Ok)?;
        self.repository.find_tree(update.create_updated(self.repository, &base)?)
    }

    /// Returns the text of a file, if there is one.
    fn text(&self, tree: Option<&Tree>, path: &str) -> Result<Option<String>> {
        let Some(entry) = tree.and_then(|tree| tree.get_path(Path::new(path)).ok()) else { return Ok(None) };
        let blob = self.repository.find_blob(entry.id()).map_err(|error| self.git(error))?;
        Ok(String::from_utf8(blob.content().to_vec()).ok())
    }

    fn empty_tree(&self) -> std::result::Result<Tree<'r>, git2::Error> {
        let tree = self.repository.treebuilder(None)?.write()?;
        self.repository.find_tree(tree)
    }

    fn tip(&self, branch: &str) -> Result<Option<Commit<'r>>> {
        let tip = self.tips.get(branch).map(|&tip| self.repository.find_commit(tip));
        tip.transpose().map_err(|error| self.git(error))
    }

    fn git(&self, source: git2::Error) -> Error {
        Error::Git { path: self.dir.clone(), source }
    }
}

fn unfit(path: &str, message: &str) -> Error {
    Error::Edit { path: path.to_owned(), subject: message.lines().next().unwrap_or_default().to_owned() }
}
