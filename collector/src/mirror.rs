//! Repositories copied once and kept up to date, by the `git` command.
//!
//! The command has the person's credentials, proxies and ssh configuration, so nothing of that is needed here.
//! Reading is [`crate::history`].

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::{Error, Result};
use crate::history::History;

/// A bare copy of a repository with all its branches and tags.
#[derive(Clone, Debug)]
pub struct Mirror {
    history: History,
    moved_from: Option<String>,
}

impl Mirror {
    /// Copies the repository `source` (URL or path) to `dir`, or updates the copy that is there.
    ///
    /// A copy appears whole or not at all, and two processes that want the same one wait for each other. One that was
    /// of another address follows `source` from now on.
    ///
    /// # Errors
    ///
    /// Also when `source` and the branch of a copy of another address share no commit.
    pub fn open_or_clone(source: &str, dir: &Path) -> Result<Self> {
        let parent = dir.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(Error::file(parent))?;
        let lock_path = beside(dir, "lock");
        let lock = File::create(&lock_path).map_err(Error::file(&lock_path))?;
        lock.lock().map_err(Error::file(&lock_path))?;
        if !dir.exists() {
            clone(source, dir)?;
            return Self::open(dir);
        }
        let moved_from = follow(source, dir)?;
        update(source, dir)?;
        Ok(Self { moved_from, ..Self::open(dir)? })
    }

    /// Opens the copy at `dir` as it is.
    pub fn open(dir: &Path) -> Result<Self> {
        Ok(Self { history: History::open(dir)?, moved_from: None })
    }

    /// Returns the address that the copy had until now, without passwords; none where it is the same.
    pub fn moved_from(&self) -> Option<&str> {
        self.moved_from.as_deref()
    }

    /// Returns what can be read from it.
    pub fn history(&self) -> &History {
        &self.history
    }
}

/// Returns a project's name for a repository: the last part of its path without `.git`.
pub fn project_name(source: &str) -> Option<String> {
    let path = source.trim_end_matches('/');
    let path = path.strip_suffix("/.git").unwrap_or(path);
    let name = path.rsplit(['/', ':', '\\']).next()?;
    let name = name.strip_suffix(".git").unwrap_or(name);
    (!name.is_empty() && name != "." && name != "..").then(|| name.to_owned())
}

/// Returns a URL without user name and password.
pub fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let host_end = rest.find('/').unwrap_or(rest.len());
    match rest[..host_end].rfind('@') {
        Some(at) => format!("{scheme}://{}", &rest[at + 1..]),
        None => url.to_owned(),
    }
}

fn clone(source: &str, dir: &Path) -> Result<()> {
    let partial = beside(dir, "partial");
    if partial.exists() {
        fs::remove_dir_all(&partial).map_err(Error::file(&partial))?;
    }
    // After `--` nothing is an option, whatever it begins with.
    let mut command = git(None);
    command.args(["clone", "--quiet", "--mirror", "--", source]).arg(&partial);
    if let Err(error) = run(command, source) {
        let _ = fs::remove_dir_all(&partial);
        return Err(error);
    }
    fs::rename(&partial, dir).map_err(Error::file(dir))
}

/// Makes `source` the address that the copy is updated from; returns the former one where the repository moved.
fn follow(source: &str, dir: &Path) -> Result<Option<String>> {
    let repository = History::open(dir)?.repository()?;
    let config = repository.config().and_then(|config| config.get_string("remote.origin.url"));
    let former = config.map_err(Error::git(dir))?;
    let address = address(source);
    if former == address {
        return Ok(None);
    }
    let named = |address: &str| fs::canonicalize(address).map_err(|_| without_credentials(address));
    let is_moved = named(&former) != named(&address);
    let former = without_credentials(&former);
    if is_moved && !meets(&address, dir, &repository)? {
        let reason = format!("it shares no commit with `{former}`, of which {} is the copy", dir.display());
        let reason = format!("{reason}; collect it as another project");
        return Err(Error::Copy { repository: without_credentials(source), reason });
    }
    repository.remote_set_url("origin", &address).map_err(Error::git(dir))?;
    Ok(is_moved.then_some(former))
}

/// Returns an address as `git clone` keeps it: that of a folder does not depend on where one stands.
fn address(source: &str) -> String {
    let path = std::path::absolute(source).ok().filter(|path| path.exists());
    path.map_or_else(|| source.to_owned(), |path| path.to_string_lossy().into_owned())
}

/// Returns whether the default branch of another address and that of the copy have a commit in common.
fn meets(address: &str, dir: &Path, repository: &git2::Repository) -> Result<bool> {
    // Without a branch there is nothing to be mixed up.
    let Ok(own) = repository.head().and_then(|head| head.peel_to_commit()) else { return Ok(true) };
    let mut command = git(Some(dir));
    command.args(["fetch", "--quiet", "--no-tags", "--", address, "HEAD"]);
    run(command, address)?;
    let other = repository.refname_to_id("FETCH_HEAD").map_err(Error::git(dir))?;
    match repository.merge_base(own.id(), other) {
        Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(false),
        found => found.map(|_| true).map_err(Error::git(dir)),
    }
}

fn update(source: &str, dir: &Path) -> Result<()> {
    let history = History::open(dir)?;
    let mut command = git(Some(dir));
    command.args(["remote", "update", "--prune"]);
    run(command, source)?;
    if history.repository()?.head().is_err() {
        follow_head(source, dir)?;
    }
    Ok(())
}

/// Points `HEAD` to where the source's own points: its default branch was renamed.
fn follow_head(source: &str, dir: &Path) -> Result<()> {
    let mut command = git(Some(dir));
    command.args(["ls-remote", "--symref", "--", "origin", "HEAD"]);
    let said = run(command, source)?;
    let target = said.lines().find_map(|line| line.strip_prefix("ref: ")?.split_whitespace().next());
    let Some(target) = target.filter(|target| target.starts_with("refs/heads/")) else { return Ok(()) };
    let mut command = git(Some(dir));
    command.args(["symbolic-ref", "HEAD", target]);
    run(command, source).map(drop)
}

fn git(dir: Option<&Path>) -> Command {
    let mut command = Command::new("git");
    command.env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C").stdin(Stdio::null());
    // A surrounding git hook sets these, and they would name another repository.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"] {
        command.env_remove(name);
    }
    if let Some(dir) = dir {
        command.arg("--git-dir").arg(dir);
    }
    command
}

fn run(mut command: Command, source: &str) -> Result<String> {
    let repository = without_credentials(source);
    let refused = |reason: String| Error::Copy { repository: repository.clone(), reason };
    let output = command.output().map_err(|error| refused(format!("the `git` command does not start: {error}")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).replace(source, &repository);
    let line = said.lines().find(|line| line.starts_with("fatal: ")).or_else(|| said.lines().last());
    let line = line.unwrap_or_default().trim_start_matches("fatal: ").trim();
    Err(refused(if line.is_empty() { output.status.to_string() } else { line.to_owned() }))
}

fn beside(dir: &Path, extension: &str) -> PathBuf {
    let mut name = dir.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(extension);
    dir.with_file_name(name)
}
