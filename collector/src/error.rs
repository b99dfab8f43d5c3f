//! Errors of collecting: what keeps a build or a report from being taken in at all.
//!
//! A failing test, step or build is data and never stands here.

use std::path::{Path, PathBuf};

/// What can go wrong while collecting.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// A repository cannot be copied or updated.
    #[error("cannot copy the repository `{repository}`: {reason}")]
    Copy {
        /// The repository, without passwords.
        repository: String,
        /// The last line of what git said, or why the copy does not follow.
        reason: String,
    },
    /// A repository cannot be read.
    #[error("{path}: {reason}", reason = .source.message())]
    Git {
        /// The repository.
        path: PathBuf,
        /// The reason.
        source: git2::Error,
    },
    /// There is no such branch.
    #[error("there is no branch `{branch}` in {path}")]
    Branch {
        /// As given.
        branch: String,
        /// The repository.
        path: PathBuf,
    },
    /// There is no such revision.
    #[error("there is no revision `{revision}` in {path}")]
    Revision {
        /// As given.
        revision: String,
        /// The repository.
        path: PathBuf,
    },
    /// A choice of revisions makes no sense.
    #[error("`{given}` is no choice of revisions: {reason}")]
    Selection {
        /// As given.
        given: String,
        /// The reason.
        reason: String,
    },
    /// The configuration cannot be understood.
    #[error("{path}{at}: {reason}", at = .line.map(|line| format!(":{line}")).unwrap_or_default())]
    Configuration {
        /// The file.
        path: PathBuf,
        /// The line, from 1, where it is known.
        line: Option<usize>,
        /// The reason, naming the key.
        reason: String,
    },
    /// Something must be said that cannot be found out.
    #[error("the {what} is not known: {reason}; give {option}")]
    Missing {
        /// What is missing.
        what: &'static str,
        /// Why it could not be found.
        reason: String,
        /// The option that says it.
        option: &'static str,
    },
    /// A report cannot be read.
    #[error(transparent)]
    Report(#[from] crate::report::Error),
    /// Outcomes that lie in the folder for temporary files cannot be read back.
    #[error("the folder for temporary files: {source}")]
    Spilled {
        /// The reason.
        source: std::io::Error,
    },
    /// A SELECT of an import cannot be run, or gives what cannot be taken in.
    #[error("{select}: {reason}")]
    Import {
        /// Which of them: `changes`, `builds`, `outcomes` or `select`.
        select: &'static str,
        /// The reason, naming column and value.
        reason: String,
    },
    /// Somebody asked to stop.
    #[error("stopped on request")]
    Cancelled,
}

/// Result of the collector's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Returns a function that adds the path to an input or output error.
    pub(crate) fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::File { path: path.to_owned(), source }
    }

    /// Returns the error of outcomes that cannot be read back.
    pub(crate) fn spilled(source: std::io::Error) -> Self {
        Self::Spilled { source }
    }

    /// Returns a function that adds the repository to an error of git.
    pub(crate) fn git(path: &Path) -> impl FnOnce(git2::Error) -> Self + '_ {
        move |source| Self::Git { path: path.to_owned(), source }
    }
}
