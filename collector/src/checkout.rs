//! Private working directories: one per worker, made anew for every build.
//!
//! Objects are shared with the mirror, so that making one costs the writing of its files only. Submodules and large
//! files (LFS) are left to a builder's setup.

use std::fmt::Write as _;
use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use git2::build::CheckoutBuilder;
use git2::{Oid, Repository, RepositoryInitOptions};

use crate::error::{Error, Result};
use crate::history::History;

/// A working directory that belongs to one worker as long as this value lives.
#[derive(Debug)]
pub struct Slot {
    dir: PathBuf,
    objects: PathBuf,
    /// Tags as git packs them, so that `git describe` answers in a build.
    tags: String,
    _lock: File,
}

impl Slot {
    /// Takes the first free directory below `work` for builds of `history`.
    pub fn claim(work: &Path, history: &History) -> Result<Self> {
        fs::create_dir_all(work).map_err(Error::file(work))?;
        let work = fs::canonicalize(work).map_err(Error::file(work))?;
        let repository = history.repository()?;
        let objects = repository.commondir().join("objects");
        let objects = fs::canonicalize(&objects).map_err(Error::file(&objects))?;
        let tags = tags(&repository).map_err(Error::git(history.path()))?;
        let mut number = 0;
        loop {
            let path = work.join(format!("slot-{number}.lock"));
            let lock = File::create(&path).map_err(Error::file(&path))?;
            match lock.try_lock() {
                Ok(()) => return Ok(Self { dir: work.join(format!("slot-{number}")), objects, tags, _lock: lock }),
                Err(TryLockError::WouldBlock) => number += 1,
                Err(TryLockError::Error(error)) => return Err(Error::file(&path)(error)),
            }
        }
    }

    /// Returns the working directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Makes the directory hold exactly `revision` and nothing else.
    ///
    /// Even `.git` is made anew: an earlier build may have changed its configuration, hooks or index.
    pub fn prepare(&self, revision: &str) -> Result<()> {
        remove(&self.dir)?;
        let mut options = RepositoryInitOptions::new();
        options.external_template(false).mkpath(true).no_reinit(true);
        let repository = Repository::init_opts(&self.dir, &options).map_err(Error::git(&self.dir))?;
        self.share(&repository)?;
        // A handle opened before would not know the shared objects.
        let repository = Repository::open(&self.dir).map_err(Error::git(&self.dir))?;
        check_out(&repository, revision).map_err(Error::git(&self.dir))
    }

    fn share(&self, repository: &Repository) -> Result<()> {
        let info = repository.path().join("objects/info");
        let alternates = info.join("alternates");
        fs::create_dir_all(&info).map_err(Error::file(&info))?;
        fs::write(&alternates, format!("{}\n", self.objects.display())).map_err(Error::file(&alternates))?;
        let packed = repository.path().join("packed-refs");
        fs::write(&packed, &self.tags).map_err(Error::file(&packed))
    }
}

fn check_out(repository: &Repository, revision: &str) -> Result<(), git2::Error> {
    let commit = repository.find_commit(Oid::from_str(revision)?)?;
    repository.checkout_tree(commit.as_object(), Some(CheckoutBuilder::new().force()))?;
    repository.set_head_detached(commit.id())
}

fn tags(repository: &Repository) -> Result<String, git2::Error> {
    let mut lines = String::new();
    for reference in repository.references_glob("refs/tags/*")?.flatten() {
        if let (Some(target), Ok(name)) = (reference.target(), reference.name()) {
            let _ = writeln!(lines, "{target} {name}");
        }
    }
    Ok(lines)
}

/// Removes a directory with everything in it, folders that a build made read-only included.
fn remove(dir: &Path) -> Result<()> {
    match fs::remove_dir_all(dir) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            unlock(dir);
            fs::remove_dir_all(dir).map_err(Error::file(dir))
        }
        Err(error) => Err(Error::file(dir)(error)),
    }
}

/// Makes all folders below `dir` writable, as far as that is allowed; links are not followed.
fn unlock(dir: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let _ = fs::set_permissions(dir, fs::Permissions::from_mode(0o700));
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            unlock(&entry.path());
        }
    }
}
