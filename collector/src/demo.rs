//! Writes the repository that `annals demo` builds: a pocket project in POSIX sh, with a history in which things break.
//!
//! It is an ordinary repository of about eighty changes by six people. Nothing in it says which change broke what,
//! except what its authors say in their messages; finding that out is the demonstration. What is built from it, and
//! what it shows, is not here.

mod author;
mod story;

use std::path::{Path, PathBuf};

use git2::build::CheckoutBuilder;
use git2::{Repository, RepositoryInitOptions};

use story::Story;

/// The configuration with the project's builders.
pub const CONFIGURATION: &str = include_str!("demo/annals.toml");

/// What can go wrong while the repository is written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Git cannot write it.
    #[error("{path}: {reason}", reason = .source.message())]
    Git {
        /// The folder of the repository.
        path: PathBuf,
        /// What git says.
        source: git2::Error,
    },
    /// An edit of the story does not fit the text that it is to change; a mistake in the story itself.
    #[error("{path}: the change `{subject}` does not fit")]
    Edit {
        /// The file within the repository.
        path: String,
        /// The first line of the change's message.
        subject: String,
    },
}

/// A result of writing the repository.
pub type Result<T> = std::result::Result<T, Error>;

/// Creates the repository in `dir`, with its newest revision checked out; every commit id is the same on every machine.
///
/// # Errors
///
/// Returns what git says where `dir` cannot be written or already holds a repository.
pub fn write(dir: &Path) -> Result<()> {
    let git = |source| Error::Git { path: dir.to_owned(), source };
    let mut options = RepositoryInitOptions::new();
    options.external_template(false).mkpath(true).no_reinit(true).initial_head("main");
    let repository = Repository::init_opts(dir, &options).map_err(git)?;
    story::tell(&mut Story::new(&repository, dir))?;
    repository.checkout_head(Some(CheckoutBuilder::new().force())).map_err(git)
}

#[cfg(test)]
mod tests;
