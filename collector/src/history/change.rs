//! Changes: commits with their people, times, messages and files, read by several threads in bounded batches.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use annals_data::row::{Change, File};
use git2::{Commit, Mailmap, Oid, Repository, Signature};

use super::content::Contents;
use super::{History, file};
use crate::clock;
use crate::error::{Error, Result};

/// Changes per batch: bounds the memory, and makes a commit of the store worth its cost.
const BATCH: usize = 1000;
/// Neighbours share most of their trees, so a thread takes several at once.
const CHUNK: usize = 16;
/// A message is cut to this many bytes.
const MESSAGE_LIMIT: usize = 64 * 1024;
/// A subject is cut to this many bytes.
const SUBJECT_LIMIT: usize = 1024;

/// Changes that one thread read in a row, with their place among the others.
type Chunk = (usize, Vec<Change>);

/// Some changes of a history, parents before children.
#[derive(Debug)]
pub struct Batch {
    /// The changes.
    pub changes: Vec<Change>,
    /// How many changes were read, these included.
    pub done: usize,
    /// How many there are to read.
    pub total: usize,
}

impl History {
    /// Reads all ancestors of `tips` that are not `known` and hands them to `each`; returns how many there were.
    ///
    /// People are named by the `.mailmap` of the first tip. An error of `each` ends the reading.
    pub fn changes<E: From<Error>>(
        &self,
        project: &str,
        tips: &[String],
        known: &dyn Fn(&str) -> bool,
        each: &mut dyn FnMut(Batch) -> Result<(), E>,
    ) -> Result<usize, E> {
        let ids = self.unknown(tips, known)?;
        let workers = thread::available_parallelism().map_or(1, usize::from).min(ids.len().div_ceil(CHUNK));
        let tip = tips.first().map(String::as_str).unwrap_or_default();
        let mut readers = (0..workers).map(|_| Reader::new(self, project, tip)).collect::<Result<Vec<_>>>()?;
        let mut done = 0;
        for batch in ids.chunks(BATCH) {
            let changes = read(&mut readers, batch)?;
            done += changes.len();
            each(Batch { changes, done, total: ids.len() })?;
        }
        Ok(done)
    }

    /// Reads the changes `ids`, in their order; the files of those before the last `with_files` are left out.
    ///
    /// People are named by the `.mailmap` of `tip`.
    pub(crate) fn read(&self, project: &str, tip: &str, ids: &[String], with_files: usize) -> Result<Vec<Change>> {
        let repository = self.repository()?;
        let ids = ids.iter().map(|id| self.commit_id(&repository, id)).collect::<Result<Vec<_>>>()?;
        let (old, new) = ids.split_at(ids.len().saturating_sub(with_files));
        let mut changes = Vec::with_capacity(ids.len());
        for (ids, has_files) in [(old, false), (new, true)] {
            let mut readers = [Reader { has_files, ..Reader::new(self, project, tip)? }];
            changes.extend(read(&mut readers, ids)?);
        }
        Ok(changes)
    }

    fn unknown(&self, tips: &[String], known: &dyn Fn(&str) -> bool) -> Result<Vec<Oid>> {
        let repository = self.repository()?;
        let tips = tips.iter().map(|tip| self.commit_id(&repository, tip)).collect::<Result<Vec<_>>>()?;
        let mut ids = self.ancestors(&repository, &tips, &[])?;
        ids.retain(|id| !known(&id.to_string()));
        Ok(ids)
    }
}

/// Reads `ids` by all readers at once; the order stays.
fn read(readers: &mut [Reader], ids: &[Oid]) -> Result<Vec<Change>> {
    let next = AtomicUsize::new(0);
    let mut chunks = thread::scope(|scope| {
        let next = &next;
        let threads: Vec<_> = readers.iter_mut().map(|reader| scope.spawn(move || reader.take(ids, next))).collect();
        let mut chunks: Vec<Chunk> = Vec::new();
        for thread in threads {
            chunks.extend(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        Ok::<_, Error>(chunks)
    })?;
    chunks.sort_by_key(|(index, _)| *index);
    Ok(chunks.into_iter().flat_map(|(_, changes)| changes).collect())
}

/// One thread's handle on the repository: libgit2's handles are not shared between threads.
struct Reader {
    history: History,
    project: String,
    repository: Repository,
    /// The text of `.mailmap`: what libgit2 makes of it cannot move between threads.
    mailmap: String,
    is_shallow: bool,
    /// Trees may be absent: the history has commits only, or was cloned without them.
    is_partial: bool,
    has_files: bool,
}

/// What a thread needs beside its reader and cannot be sent to another one.
struct Desk<'r> {
    mailmap: Mailmap,
    contents: Contents<'r>,
}

impl Reader {
    fn new(history: &History, project: &str, tip: &str) -> Result<Self> {
        let repository = history.repository()?;
        let is_partial = history.lender.is_some() || is_promised(&repository);
        let mailmap = match mailmap(&repository, tip) {
            Err(_) if is_partial => lent_mailmap(history, &repository),
            mailmap => mailmap.map_err(Error::git(&history.path))?,
        };
        let is_shallow = repository.is_shallow();
        let (history, project) = (history.clone(), project.to_owned());
        Ok(Self { history, project, repository, mailmap, is_shallow, is_partial, has_files: true })
    }

    fn take(&mut self, ids: &[Oid], next: &AtomicUsize) -> Result<Vec<Chunk>> {
        let mut parts = Vec::new();
        let desk = self.desk().map_err(Error::git(&self.history.path))?;
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(chunk) = ids.chunks(CHUNK).nth(index) else { return Ok(parts) };
            let changes = chunk.iter().map(|id| self.change(*id, &desk)).collect::<Result<_, _>>();
            parts.push((index, changes.map_err(Error::git(&self.history.path))?));
        }
    }

    fn desk(&self) -> Result<Desk<'_>, git2::Error> {
        Ok(Desk { mailmap: Mailmap::from_buffer(&self.mailmap)?, contents: Contents::new(&self.repository)? })
    }

    fn change(&self, id: Oid, desk: &Desk<'_>) -> Result<Change, git2::Error> {
        let commit = self.repository.find_commit(id)?;
        let encoding = commit.message_encoding().ok().flatten().unwrap_or_default().to_lowercase();
        let text = |bytes: &[u8]| decode(bytes, &encoding);
        let (author_name, author_email) = person(&desk.mailmap, &commit.author(), &text);
        let (committer_name, committer_email) = person(&desk.mailmap, &commit.committer(), &text);
        let parents = self.parents(&commit);
        // A commit at the edge of a shallow history has no tree to be compared with.
        let is_edge = commit.parent_count() < parents.len();
        Ok(Change {
            project: self.project.clone(),
            revision: id.to_string(),
            author_name,
            author_email,
            committer_name,
            committer_email,
            authored_at: clock::from_seconds(commit.author().when().seconds()),
            committed_at: clock::from_seconds(commit.time().seconds()),
            subject: cut(text(commit.summary_bytes().unwrap_or_default()), SUBJECT_LIMIT),
            message: cut(text(commit.message_bytes()), MESSAGE_LIMIT),
            files: if is_edge || !self.has_files { Vec::new() } else { self.files(&commit, desk)? },
            parents,
        })
    }

    fn files(&self, commit: &Commit<'_>, desk: &Desk<'_>) -> Result<Vec<File>, git2::Error> {
        match file::files(&self.repository, &desk.contents, commit) {
            Err(error) if self.is_partial && error.code() == git2::ErrorCode::NotFound => Ok(Vec::new()),
            files => files,
        }
    }

    /// Returns the parents that the commit itself names; libgit2 hides those beyond the edge of a shallow history.
    fn parents(&self, commit: &Commit<'_>) -> Vec<String> {
        if !self.is_shallow {
            return commit.parent_ids().map(|id| id.to_string()).collect();
        }
        let header = String::from_utf8_lossy(commit.raw_header_bytes());
        header.lines().filter_map(|line| line.strip_prefix("parent ")).map(str::to_owned).collect()
    }
}

fn person(mailmap: &Mailmap, signature: &Signature<'_>, text: &dyn Fn(&[u8]) -> String) -> (String, String) {
    match mailmap.resolve_signature(signature) {
        Ok(resolved) => (text(resolved.name_bytes()), text(resolved.email_bytes())),
        Err(_) => (text(signature.name_bytes()), text(signature.email_bytes())),
    }
}

fn mailmap(repository: &Repository, tip: &str) -> Result<String, git2::Error> {
    let tree = repository.revparse_single(tip)?.peel_to_tree()?;
    let blob = tree.get_name(".mailmap").and_then(|entry| entry.to_object(repository).ok()?.into_blob().ok());
    Ok(blob.map(|blob| String::from_utf8_lossy(blob.content()).into_owned()).unwrap_or_default())
}

/// What is checked out has a `.mailmap` where the tip's tree is not at hand.
fn lent_mailmap(history: &History, repository: &Repository) -> String {
    let head = history.lender.as_ref().and_then(|lender| lender.head.as_deref()).unwrap_or("HEAD");
    mailmap(repository, head).unwrap_or_default()
}

/// Returns whether a remote has promised objects that are not here: `git clone --filter`.
fn is_promised(repository: &Repository) -> bool {
    let config = repository.config().and_then(|mut config| config.snapshot());
    config.is_ok_and(|config| config.get_bool("remote.origin.promisor").unwrap_or(false))
}

/// Returns text as UTF-8; old commits say when they are Latin-1.
fn decode(bytes: &[u8], encoding: &str) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) if matches!(encoding, "iso-8859-1" | "latin1" | "latin-1") => {
            bytes.iter().copied().map(char::from).collect()
        }
        Err(_) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

fn cut(mut text: String, limit: usize) -> String {
    text.truncate(text.floor_char_boundary(limit));
    text
}
