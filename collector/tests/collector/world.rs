//! A scripted repository and the folders that a collection needs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use annals_collector::builder::{Builder, Project};
use annals_collector::history::{History, Picked, Revision, Selection};
use annals_data::row::{Change, File, Outcome};
use annals_data::store::BuildFacts;
use git2::{Oid, Repository, Signature, Time};
use tempfile::TempDir;

/// Returns the outcomes of a build for as long as the tests run.
pub(crate) fn outcomes(facts: &BuildFacts) -> &'static [Outcome] {
    facts.outcomes.to_vec().unwrap().leak()
}

/// Files by path; they are whole trees, nothing is inherited from the parents.
pub(crate) type Files<'a> = &'a [(&'a str, &'a [u8])];

/// A repository on branch `main` in a temporary folder.
pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) repository: Repository,
    clock: i64,
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = git2::RepositoryInitOptions::new();
        options.initial_head("main").external_template(false);
        let repository = Repository::init_opts(folder.path().join("source"), &options).unwrap();
        Self { folder, repository, clock: 1_700_000_000 }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn source(&self) -> PathBuf {
        self.path("source")
    }

    pub(crate) fn history(&self) -> History {
        History::open(&self.source()).unwrap()
    }

    /// Commits `files` on `branch` by Ada.
    pub(crate) fn commit(&mut self, branch: &str, message: &str, parents: &[Oid], files: Files<'_>) -> Oid {
        self.commit_as(("Ada", "ada@example.org"), branch, message, parents, files)
    }

    pub(crate) fn commit_as(
        &mut self,
        (name, address): (&str, &str),
        branch: &str,
        message: &str,
        parents: &[Oid],
        files: Files<'_>,
    ) -> Oid {
        self.clock += 60;
        let author = Signature::new(name, address, &Time::new(self.clock, 120)).unwrap();
        let committer = Signature::new("Robot", "robot@example.org", &Time::new(self.clock + 30, 0)).unwrap();
        let tree = self.repository.find_tree(self.tree(files)).unwrap();
        let parents: Vec<_> = parents.iter().map(|id| self.repository.find_commit(*id).unwrap()).collect();
        let parents: Vec<_> = parents.iter().collect();
        let id = self.repository.commit(None, &author, &committer, message, &tree, &parents).unwrap();
        self.repository.reference(&format!("refs/heads/{branch}"), id, true, "test").unwrap();
        id
    }

    fn tree(&self, files: Files<'_>) -> Oid {
        let mut index = git2::Index::new().unwrap();
        for (path, content) in files {
            let id = self.repository.blob(content).unwrap();
            let entry = git2::IndexEntry {
                ctime: git2::IndexTime::new(0, 0),
                mtime: git2::IndexTime::new(0, 0),
                dev: 0,
                ino: 0,
                mode: 0o100_644,
                uid: 0,
                gid: 0,
                file_size: 0,
                id,
                flags: 0,
                flags_extended: 0,
                path: path.as_bytes().to_vec(),
            };
            index.add(&entry).unwrap();
        }
        index.write_tree_to(&self.repository).unwrap()
    }

    /// Commits so many changes of one file on `main`.
    pub(crate) fn line(&mut self, count: usize) -> Vec<Oid> {
        let mut ids: Vec<Oid> = Vec::new();
        for number in 0..count {
            let text = format!("{number}\n");
            let parents: Vec<Oid> = ids.last().copied().into_iter().collect();
            ids.push(self.commit("main", &format!("change {number}"), &parents, &[("number", text.as_bytes())]));
        }
        ids
    }

    pub(crate) fn changes(&self, tip: Oid) -> BTreeMap<String, Change> {
        let mut all = BTreeMap::new();
        let mut each = |batch: annals_collector::history::Batch| -> annals_collector::Result<()> {
            all.extend(batch.changes.into_iter().map(|change| (change.subject.clone(), change)));
            Ok(())
        };
        self.history().changes("demo", &[tip.to_string()], &|_| false, &mut each).unwrap();
        all
    }

    pub(crate) fn pick(&self, selection: &Selection) -> Picked {
        self.history().select(selection).unwrap()
    }
}

pub(crate) fn file<'a>(change: &'a Change, path: &str) -> &'a File {
    change.files.iter().find(|file| file.path == path).unwrap_or_else(|| panic!("{path} in {:?}", change.files))
}

pub(crate) fn builder(text: &str) -> Builder {
    Project::parse(Path::new("annals.toml"), &format!("[[builder]]\n{text}")).unwrap().builder.remove(0)
}

pub(crate) fn revision(id: Oid, position: i64) -> Revision {
    Revision { id: id.to_string(), position }
}

pub(crate) fn step<'a>(facts: &'a BuildFacts, name: &str) -> &'a annals_data::row::Step {
    facts.steps.iter().find(|step| step.name == name).unwrap()
}
