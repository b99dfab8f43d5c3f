//! Pushes, as GitHub, GitLab, Gitea and Forgejo tell them, as changes.
//!
//! None of them tells the parents of a commit. They follow from the push where it is a straight line: it moved a branch
//! forward, all of its commits are listed, and none looks like a merge. Changes whose parents cannot be told are left
//! out, for a change with wrong parents would put its blame on others for ever; `annals upload` sends them whole.

use annals_data::row::{Change, File};
use chrono::DateTime;
use serde::Deserialize;

use super::super::change;
use crate::mirror;

/// A push; what is not needed is not read.
#[derive(Deserialize)]
pub(super) struct Push {
    #[serde(rename = "ref", default)]
    reference: String,
    #[serde(default)]
    before: String,
    #[serde(default)]
    after: String,
    #[serde(default)]
    forced: bool,
    #[serde(default)]
    commits: Vec<Commit>,
    #[serde(alias = "total_commits")]
    total_commits_count: Option<usize>,
    repository: Option<Repository>,
    project: Option<Repository>,
}

#[derive(Deserialize)]
struct Repository {
    #[serde(default)]
    name: String,
    path_with_namespace: Option<String>,
}

#[derive(Deserialize)]
struct Commit {
    id: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    timestamp: String,
    #[serde(default)]
    author: Person,
    committer: Option<Person>,
    #[serde(default)]
    added: Option<Vec<String>>,
    #[serde(default)]
    modified: Option<Vec<String>>,
    #[serde(default)]
    removed: Option<Vec<String>>,
}

#[derive(Clone, Default, Deserialize)]
struct Person {
    #[serde(default)]
    name: String,
    email: Option<String>,
}

/// What a push tells.
pub(super) enum Told {
    /// These changes.
    Changes(Vec<Change>),
    /// Nothing that can be used, and why.
    Nothing(String),
}

/// Reads the event.
pub(super) fn read(bytes: &[u8]) -> serde_json::Result<Push> {
    serde_json::from_slice(bytes)
}

impl Push {
    /// Returns the repository's name, which is the project's unless the address says otherwise.
    pub(super) fn project(&self) -> String {
        let path = self.project.as_ref().and_then(|project| project.path_with_namespace.as_deref());
        let name = path.and_then(mirror::project_name);
        name.or_else(|| self.repository.as_ref().map(|repository| repository.name.clone())).unwrap_or_default()
    }

    /// Returns the changes of the push, in the order of their parents.
    pub(super) fn changes(mut self, project: &str) -> Told {
        if let Some(reason) = self.flaw() {
            return Told::Nothing(reason.to_owned());
        }
        // GitHub and GitLab list the oldest first, Gitea the newest.
        if self.commits.first().is_some_and(|first| first.id == self.after) {
            self.commits.reverse();
        }
        let mut parent = self.before;
        let mut changes = Vec::new();
        for commit in self.commits {
            let change = commit.change(std::mem::take(&mut parent));
            parent.clone_from(&change.revision);
            match change::clean(project, change) {
                Ok(change) => changes.push(change),
                Err(reason) => return Told::Nothing(reason),
            }
        }
        Told::Changes(changes)
    }

    /// Returns why the parents of the commits cannot be told.
    fn flaw(&self) -> Option<&'static str> {
        let is_nothing = |id: &str| id.bytes().all(|byte| byte == b'0');
        let listed = [self.commits.first(), self.commits.last()].into_iter().flatten();
        let is_merge = |commit: &Commit| commit.message.starts_with("Merge ");
        match () {
            () if !self.reference.starts_with("refs/heads/") => Some("it is no push of a branch"),
            () if self.commits.is_empty() || is_nothing(&self.after) => Some("the push brings no commits"),
            () if is_nothing(&self.before) => Some("the branch is new: nobody tells the parent of its first commit"),
            () if self.forced => Some("the branch was rewritten: nobody tells the parents of its commits"),
            () if self.total_commits_count.is_some_and(|total| total != self.commits.len()) => {
                Some("the push does not list all of its commits")
            }
            () if !listed.into_iter().any(|commit| commit.id == self.after) => {
                Some("the push does not list its last commit")
            }
            () if self.commits.len() > 1 && self.commits.iter().any(is_merge) => {
                Some("the push has a merge: nobody tells its parents")
            }
            () => None,
        }
    }
}

impl Commit {
    fn change(self, parent: String) -> Change {
        let time = DateTime::parse_from_rfc3339(&self.timestamp).map_or(0, |time| time.timestamp_micros());
        let committer = self.committer.filter(|person| !person.name.is_empty()).unwrap_or_else(|| self.author.clone());
        let files = [("added", self.added), ("modified", self.modified), ("deleted", self.removed)];
        let file = |kind: &str, path: String| File { path, kind: kind.to_owned(), ..File::default() };
        let files =
            files.into_iter().flat_map(|(kind, paths)| paths.into_iter().flatten().map(move |path| file(kind, path)));
        Change {
            revision: self.id,
            parents: vec![parent],
            author_name: self.author.name,
            author_email: self.author.email.unwrap_or_default(),
            committer_name: committer.name,
            committer_email: committer.email.unwrap_or_default(),
            authored_at: time,
            committed_at: time,
            subject: self.message.lines().next().unwrap_or_default().to_owned(),
            message: self.message,
            files: files.collect(),
            ..Change::default()
        }
    }
}
