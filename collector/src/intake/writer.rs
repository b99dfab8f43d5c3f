//! One writer for all uploads: a thread makes them durable, a task commits them, many at once, in their order.
//!
//! An upload is acknowledged when its file is in the spool; uploads that come while a file is written share the next
//! one, and files that come while a commit runs share the next commit. A commit that fails keeps the spool; an upload
//! that fails for a reason of its own is set aside, so that those behind it do not wait for ever.

use std::sync::Arc;
use std::time::{Duration, Instant};

use annals_data::id;
use annals_data::store::Ingest;
use tokio::sync::{mpsc, oneshot};

use super::queue::{Entry, Queue, Waiting};
use super::spool::{Filed, Spool};
use super::stored::Stored;
use super::{Behind, Bounds};
use crate::error::Result;

/// Uploads that share a file at most.
const GROUP: usize = 256;
/// Files that share a commit at most, and outcomes.
const FILES: usize = 2000;
const OUTCOMES: usize = 1_000_000;
/// A file that fails so often by itself, while another one does not, is at fault itself.
const TRIES: u32 = 3;
/// The longest pause after commits that failed.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// An upload that is to be kept.
struct Offer {
    frame: Stored,
    ingest: Ingest,
    reply: oneshot::Sender<Result<Taken, String>>,
}

/// An upload that is durable.
#[derive(Debug)]
pub(super) struct Taken {
    /// Its build had come before.
    pub(super) is_replay: bool,
    /// Tells when it is committed.
    pub(super) committed: oneshot::Receiver<()>,
}

/// The way to the writer; clones share it.
#[derive(Clone)]
pub(super) struct Writer {
    offers: mpsc::Sender<Offer>,
}

impl Writer {
    /// Starts the writer on a spool and what was left in it.
    pub(super) fn start(
        spool: Spool,
        left: Vec<Filed>,
        queue: &Arc<Queue>,
        behind: &Arc<dyn Behind>,
        bounds: &Bounds,
    ) -> Result<Self> {
        for filed in left {
            let ingests = filed.read()?;
            queue.push(Entry::new(filed, ingests, Vec::new()));
        }
        let (offers, offered) = mpsc::channel(GROUP);
        let (shelf, store) = (queue.clone(), behind.clone());
        std::thread::spawn(move || keep(spool, offered, &shelf, store.as_ref()));
        tokio::spawn(commit(queue.clone(), behind.clone(), Duration::from_millis(bounds.commit_every_ms)));
        Ok(Self { offers })
    }

    /// Makes an upload durable; `frame` is what the spool holds of it.
    ///
    /// # Errors
    ///
    /// Says why it could not be written; nothing of it is kept then.
    pub(super) async fn take(&self, frame: Stored, ingest: Ingest) -> Result<Taken, String> {
        let (reply, taken) = oneshot::channel();
        let ended = "the writer of uploads has ended";
        self.offers.send(Offer { frame, ingest, reply }).await.map_err(|_| ended)?;
        taken.await.map_err(|_| ended)?
    }
}

/// Writes what is offered until nobody offers any more.
fn keep(mut spool: Spool, mut offered: mpsc::Receiver<Offer>, queue: &Queue, behind: &dyn Behind) {
    while let Some(first) = offered.blocking_recv() {
        let mut group = vec![first];
        while group.len() < GROUP
            && let Ok(offer) = offered.try_recv()
        {
            group.push(offer);
        }
        match spool.write(group.iter().map(|offer| &offer.frame)) {
            Ok(filed) => shelve(filed, group, queue, behind),
            Err(error) => {
                tracing::error!(%error, "uploads cannot be kept");
                group.into_iter().for_each(|offer| drop(offer.reply.send(Err(error.to_string()))));
            }
        }
    }
}

/// Queues a file that is written and answers for what is in it.
fn shelve(filed: Filed, group: Vec<Offer>, queue: &Queue, behind: &dyn Behind) {
    let (mut ingests, mut waiters, mut replies) = (Vec::new(), Vec::new(), Vec::new());
    let mut here = std::collections::HashSet::new();
    for Offer { ingest, reply, .. } in group {
        let mut is_replay = false;
        for facts in &ingest.builds {
            let (project, key) = (&facts.build.project, &facts.build.key);
            let build_id = id::build_id(project, key);
            let is_known =
                || behind.store().known_builds(project, std::slice::from_ref(key)).is_ok_and(|k| !k.is_empty());
            is_replay |= !here.insert(build_id) || queue.holds(build_id) || is_known();
        }
        let (waiter, committed) = oneshot::channel();
        ingests.push(ingest);
        waiters.push(waiter);
        replies.push((reply, Taken { is_replay, committed }));
    }
    queue.push(Entry::new(filed, ingests, waiters));
    for (reply, taken) in replies {
        // Who went away meanwhile finds it when it comes again.
        let _ = reply.send(Ok(taken));
    }
}

/// Commits what is queued, for ever; two commits begin at least `every` apart.
async fn commit(queue: Arc<Queue>, behind: Arc<dyn Behind>, every: Duration) {
    let mut failures = 0;
    loop {
        // After a failure one file at a time, so that what stands behind a bad one is not held responsible.
        let files = if failures == 0 { FILES } else { 1 };
        let taken = queue.take(files, OUTCOMES).await;
        let begun_at = Instant::now();
        let pause = match round(taken, 0, &queue, behind.as_ref()).await {
            Ok(()) => {
                failures = 0;
                every.saturating_sub(begun_at.elapsed())
            }
            Err(reason) => {
                failures += 1;
                tracing::error!(%reason, "uploads cannot be committed; they stay in the spool");
                queue.failed(reason);
                // Where another file can be committed, it is not the store that fails.
                if failures >= TRIES && round(queue.peek(1, 1, OUTCOMES), 1, &queue, behind.as_ref()).await == Ok(()) {
                    failures = 0;
                    part(&queue, behind.as_ref()).await;
                }
                LONGEST_PAUSE.min(Duration::from_millis(500) * 2_u32.pow(failures.min(8)))
            }
        };
        tokio::time::sleep(pause).await;
    }
}

/// Commits what was taken from behind the first `from` files; nothing taken is a failure, too.
async fn round(taken: Vec<Waiting>, from: usize, queue: &Queue, behind: &dyn Behind) -> Result<(), String> {
    let count = taken.len();
    if count == 0 {
        return Err("nothing else waits".to_owned());
    }
    let (ingests, files) = load(taken).await?;
    behind.commit(ingests).await?;
    for filed in files {
        filed.remove().map_err(|error| error.to_string())?;
    }
    queue.done(from, count, 0);
    Ok(())
}

/// Takes the first file apart: each of its uploads that can be committed by itself is, the others are set aside for a
/// person to look at.
async fn part(queue: &Queue, behind: &dyn Behind) {
    let parted = async {
        let (ingests, files) = load(queue.peek(0, 1, OUTCOMES)).await?;
        let Some(filed) = files.into_iter().next() else { return Ok(()) };
        let mut refused = Vec::new();
        for ingest in ingests {
            if let Err(reason) = behind.commit(vec![ingest.clone()]).await {
                tracing::error!(%reason, "an upload can never be committed; it is set aside in the spool's `refused`");
                refused.push((ingest, reason));
            }
        }
        let count = refused.len();
        let file = move || filed.refuse(&refused).and_then(|()| filed.remove());
        let filed = tokio::task::spawn_blocking(file).await.map_err(|error| error.to_string())?;
        filed.map_err(|error| error.to_string())?;
        queue.done(0, 1, count);
        Ok::<_, String>(())
    };
    if let Err(reason) = parted.await {
        tracing::error!(%reason, "what cannot be committed cannot be set aside either");
    }
}

/// Reads what was taken and is not in memory.
async fn load(taken: Vec<Waiting>) -> Result<(Vec<Ingest>, Vec<Filed>), String> {
    let load = move || {
        let (mut all, mut files) = (Vec::new(), Vec::new());
        for (filed, ingests) in taken {
            all.extend(ingests.map_or_else(|| filed.read(), Ok)?);
            files.push(filed);
        }
        Ok::<_, crate::Error>((all, files))
    };
    let loaded = tokio::task::spawn_blocking(load).await.map_err(|error| error.to_string())?;
    loaded.map_err(|error| error.to_string())
}
