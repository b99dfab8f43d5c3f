//! Where a build came from: said by the caller, completed from the surrounding checkout.

use std::path::Path;

use annals_data::id;
use annals_data::row::{Build, BuildResult};

use crate::error::{Error, Result};
use crate::history::History;
use crate::mirror;

/// What is known of a build that ran elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The project.
    pub project: String,
    /// The branch.
    pub branch: String,
    /// The full id of the revision.
    pub revision: String,
    /// The number of the revision's first-parent ancestors.
    pub position: i64,
    /// The builder.
    pub builder: String,
    /// What the caller said beside these.
    pub given: Given,
}

/// What the caller says; what is `None` is read off the checkout where that is possible.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// The project: else the name of the remote's repository, or of the checkout's folder.
    pub project: Option<String>,
    /// The branch: else the one that is checked out.
    pub branch: Option<String>,
    /// The revision, in any way that git understands: else the one that is checked out.
    pub revision: Option<String>,
    /// Its position: else counted in the checkout.
    pub position: Option<i64>,
    /// The builder; nothing but the caller knows it.
    pub builder: Option<String>,
    /// The idempotency key: else made of the origin and the files' contents.
    pub key: Option<String>,
    /// The builder's own number for the build.
    pub number: Option<i64>,
    /// The build's own page.
    pub url: Option<String>,
    /// The machine that ran it.
    pub worker: Option<String>,
    /// The environment as a JSON object of strings.
    pub environment: Option<String>,
    /// When it began, microseconds since 1970 UTC.
    pub started_at: Option<i64>,
    /// When it ended, microseconds since 1970 UTC.
    pub finished_at: Option<i64>,
    /// The name and address of who wrote the patch, where the build is one of a patch.
    pub patch_author: Option<(String, String)>,
}

impl Given {
    /// Returns the project: as given, else the name of the remote's repository or of the checkout's folder.
    pub(crate) fn project(&self, checkout: Option<&History>) -> Result<String> {
        match &self.project {
            Some(project) => Ok(project.clone()),
            None => project(checkout.ok_or_else(|| no_checkout("project", "--project"))?),
        }
    }

    /// Returns the branch: as given, else the one that is checked out.
    pub(crate) fn branch(&self, checkout: Option<&History>) -> Result<String> {
        match &self.branch {
            Some(branch) => Ok(branch.clone()),
            None => checkout.ok_or_else(|| no_checkout("branch", "--branch"))?.default_branch(),
        }
    }

    /// Returns the revision's full id: as given, else the one that is checked out.
    ///
    /// With `is_elsewhere` the given one need not be in the checkout.
    pub(crate) fn revision(&self, checkout: Option<&History>, is_elsewhere: bool) -> Result<String> {
        match (&self.revision, checkout) {
            (Some(revision), None) => Ok(revision.clone()),
            (Some(revision), Some(history)) if is_elsewhere => {
                Ok(history.resolve(revision).unwrap_or_else(|_| revision.clone()))
            }
            (Some(revision), Some(history)) => history.resolve(revision),
            (None, _) => checkout.ok_or_else(|| no_checkout("revision", "--revision"))?.resolve("HEAD"),
        }
    }

    /// Returns the builder, which must be given.
    pub(crate) fn builder(&self) -> Result<String> {
        let nobody =
            || Error::Missing { what: "builder", reason: "no report names it".to_owned(), option: "--builder" };
        self.builder.clone().ok_or_else(nobody)
    }
}

fn no_checkout(what: &'static str, option: &'static str) -> Error {
    Error::Missing { what, reason: "no checkout is around".to_owned(), option }
}

impl Origin {
    /// Completes what was given by the checkout that surrounds `dir`; returns it too, for its changes.
    ///
    /// Without a checkout project, branch, revision and position must all be given.
    pub fn from_checkout(dir: &Path, given: Given) -> Result<(Self, Option<History>)> {
        let history = History::surrounding(dir)?;
        let checkout = history.as_ref();
        let project = given.project(checkout)?;
        let branch = given.branch(checkout)?;
        let revision = given.revision(checkout, given.position.is_some())?;
        let position = match given.position {
            Some(position) => position,
            None => checkout.ok_or_else(|| no_checkout("position", "--position"))?.position(&revision)?,
        };
        let builder = given.builder()?;
        Ok((Self { project, branch, revision, position, builder, given }, history))
    }

    /// Returns the build without its result; `hashes` are those of the reports, sorted.
    pub(super) fn build(&self, hashes: &[String]) -> Build {
        let given = &self.given;
        let patch_author = given.patch_author.clone();
        Build {
            key: given.key.clone().unwrap_or_else(|| self.key(hashes)),
            project: self.project.clone(),
            branch: self.branch.clone(),
            revision: self.revision.clone(),
            position: self.position,
            builder: self.builder.clone(),
            number: given.number,
            result: BuildResult::Success,
            reason: None,
            worker: given.worker.clone(),
            environment: given.environment.clone(),
            url: given.url.as_deref().map(mirror::without_credentials),
            started_at: given.started_at,
            finished_at: given.finished_at,
            is_patch: patch_author.is_some(),
            patch_author_name: patch_author.as_ref().map(|(name, _)| name.clone()),
            patch_author_email: patch_author.map(|(_, email)| email),
            is_failures_only: false,
        }
    }

    fn key(&self, hashes: &[String]) -> String {
        let number = self.given.number.map(|number| number.to_string()).unwrap_or_default();
        let mut parts = vec![self.project.as_str(), &self.branch, &self.revision, &self.builder, &number];
        parts.extend(hashes.iter().map(String::as_str));
        format!("ingest/{:016x}", id::id(&parts))
    }
}

/// Returns the project's name: that of the remote `origin`, or of the checkout's folder.
fn project(history: &History) -> Result<String> {
    let repository = history.repository()?;
    let remote = repository.find_remote("origin").ok();
    let url = remote.as_ref().and_then(|remote| remote.url().ok());
    let folder = repository.workdir().unwrap_or(repository.path()).to_string_lossy().into_owned();
    let name = url.and_then(mirror::project_name).or_else(|| mirror::project_name(&folder));
    let reason = "neither the remote nor the folder has a name".to_owned();
    name.ok_or(Error::Missing { what: "project", reason, option: "--project" })
}
