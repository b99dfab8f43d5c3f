//! What waits in the spool, as the tasks that fill and empty it share it.
//!
//! Files are [`super::spool`]'s, time and order of commits [`super::writer`]'s.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use annals_data::id;
use annals_data::store::Ingest;
use serde::Serialize;
use tokio::sync::{Notify, oneshot};

use super::spool::Filed;
use crate::clock;

/// So many outcomes are kept in memory for their commit; what is beyond is read again from the spool.
const IN_MEMORY: usize = 500_000;

/// A file of the spool that waits for its commit.
pub(super) struct Entry {
    pub(super) filed: Filed,
    /// What it holds, unless it must be read again.
    pub(super) ingests: Option<Vec<Ingest>>,
    /// How many uploads it holds.
    pub(super) count: usize,
    /// How many outcomes; what a commit costs follows them.
    pub(super) outcomes: usize,
    builds: Vec<i64>,
    /// Who wants to know that it is committed.
    waiters: Vec<oneshot::Sender<()>>,
}

/// A file and what it holds, unless it must be read again.
pub(super) type Waiting = (Filed, Option<Vec<Ingest>>);

/// How the intake does, for people and machines that look after it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Status {
    /// Uploads that are acknowledged and wait for their commit.
    pub waiting_count: usize,
    /// Their bytes on disk.
    pub waiting_bytes: u64,
    /// Builds that come in parts and are open.
    pub open_count: usize,
    /// Uploads that were committed since the start.
    pub committed_count: usize,
    /// Events that were acknowledged and say nothing of changes or tests, since the start.
    pub ignored_count: usize,
    /// When something was last committed, microseconds since 1970 UTC.
    pub committed_at: Option<i64>,
    /// Uploads that were acknowledged and could never be committed: they lie in the folder `refused` of the spool.
    pub refused_count: usize,
    /// Why the last commit failed; none if it did not.
    pub error: Option<String>,
}

#[derive(Default)]
struct Inner {
    entries: VecDeque<Entry>,
    builds: HashSet<i64>,
    outcomes_in_memory: usize,
    status: Status,
}

/// The queue.
#[derive(Default)]
pub(super) struct Queue {
    inner: Mutex<Inner>,
    filled: Notify,
    emptied: Notify,
}

impl Entry {
    /// Returns the entry of a file; `waiters` are told when it is committed.
    pub(super) fn new(filed: Filed, ingests: Vec<Ingest>, waiters: Vec<oneshot::Sender<()>>) -> Self {
        let builds = ingests.iter().flat_map(|ingest| &ingest.builds);
        let outcomes = builds.clone().map(|facts| facts.outcomes.len()).sum();
        let builds = builds.map(|facts| id::build_id(&facts.build.project, &facts.build.key)).collect();
        Self { filed, count: ingests.len(), outcomes, builds, waiters, ingests: Some(ingests) }
    }
}

impl Queue {
    /// Adds an entry at the end.
    pub(super) fn push(&self, mut entry: Entry) {
        let mut inner = self.lock();
        if inner.outcomes_in_memory + entry.outcomes > IN_MEMORY && !inner.entries.is_empty() {
            entry.ingests = None;
        } else {
            inner.outcomes_in_memory += entry.outcomes;
        }
        inner.builds.extend(&entry.builds);
        inner.status.waiting_count += entry.count;
        inner.status.waiting_bytes += entry.filed.bytes;
        inner.entries.push_back(entry);
        drop(inner);
        self.filled.notify_one();
    }

    /// Returns whether a build waits here.
    pub(super) fn holds(&self, build_id: i64) -> bool {
        self.lock().builds.contains(&build_id)
    }

    /// Waits until there is something, and takes the files and what is in memory of at most `outcomes`, and at least
    /// one file. The entries stay in the queue until [`Queue::done`].
    pub(super) async fn take(&self, files: usize, outcomes: usize) -> Vec<Waiting> {
        loop {
            let taken = self.peek(0, files, outcomes);
            if !taken.is_empty() {
                return taken;
            }
            self.filled.notified().await;
        }
    }

    /// Returns the same of what is queued behind the first `from` files, without waiting.
    pub(super) fn peek(&self, from: usize, files: usize, outcomes: usize) -> Vec<Waiting> {
        let mut inner = self.lock();
        let (mut taken, mut sum, mut freed) = (Vec::new(), 0, 0);
        for entry in inner.entries.iter_mut().skip(from).take(files) {
            sum += entry.outcomes;
            if sum > outcomes && !taken.is_empty() {
                break;
            }
            let ingests = entry.ingests.take();
            freed += ingests.as_ref().map_or(0, |_| entry.outcomes);
            taken.push((entry.filed.clone(), ingests));
        }
        inner.outcomes_in_memory = inner.outcomes_in_memory.saturating_sub(freed);
        taken
    }

    /// Lets `count` entries behind the first `from` go: they are committed, but for `refused` uploads that are set aside.
    pub(super) fn done(&self, from: usize, count: usize, refused: usize) {
        let mut inner = self.lock();
        let gone: Vec<Entry> = inner.entries.drain(from..from + count).collect();
        for entry in &gone {
            inner.builds.retain(|build| !entry.builds.contains(build));
            inner.status.waiting_count -= entry.count;
            inner.status.waiting_bytes -= entry.filed.bytes;
            inner.status.committed_count += entry.count;
        }
        inner.status.committed_count -= refused;
        inner.status.refused_count += refused;
        inner.status.committed_at = Some(clock::now());
        inner.status.error = None;
        drop(inner);
        // Where some were refused nobody is told of a commit: an upload that is kept is what the sender hears of then.
        for waiter in gone.into_iter().filter(|_| refused == 0).flat_map(|entry| entry.waiters) {
            // Who does not wait any more need not be told.
            let _ = waiter.send(());
        }
        self.emptied.notify_waiters();
    }

    /// Remembers why a commit failed.
    pub(super) fn failed(&self, reason: String) {
        self.lock().status.error = Some(reason);
    }

    /// Counts an event that says nothing.
    pub(super) fn ignored(&self) {
        self.lock().status.ignored_count += 1;
    }

    /// Waits until nothing waits, at most for `bound`; returns whether that is so.
    pub(super) async fn empty(&self, bound: Duration) -> bool {
        let end = Instant::now() + bound;
        loop {
            let emptied = self.emptied.notified();
            if self.lock().entries.is_empty() {
                return true;
            }
            let left = end.saturating_duration_since(Instant::now());
            if tokio::time::timeout(left, emptied).await.is_err() {
                return false;
            }
        }
    }

    /// Returns how things stand.
    pub(super) fn status(&self) -> Status {
        self.lock().status.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
