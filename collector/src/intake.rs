//! The server side of uploads: what comes over HTTP is read, kept on disk, answered, and committed.
//!
//! The map, in the order in which an upload passes:
//!
//! - `router`: the addresses; [`ROUTES`] lists them.
//! - `gate`: who may send; `hook` has webhooks and their secrets.
//! - `body`, `stored`, `form`, `head`, `change`: what was sent, within [`Bounds`], on disk where it is large.
//! - `upload`: the way of an upload from the request to its receipt.
//! - `settle`: what becomes of it: placed, new, a part, late or known.
//! - `buildkite`: the wire of its Test Engine, which other collectors speak.
//! - `open`: builds that come in parts.
//! - `spool`, `queue`, `writer`: what is acknowledged is durable, and many uploads share a commit.
//!
//! Commits, tokens and positions are the store's: [`Behind`] leads there.

mod body;
mod bounds;
mod buildkite;
mod change;
mod form;
mod gate;
mod head;
mod hook;
mod known;
mod open;
mod queue;
mod refusal;
mod router;
mod settle;
mod spool;
mod stored;
mod upload;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use annals_data::store::{Ingest, Receipt, Store};
use futures::future::BoxFuture;
use tokio::sync::Semaphore;

use crate::error::Result;
use crate::report::Limits;
use body::Memory;
use open::Open;
use queue::Queue;
use spool::Spool;
use writer::Writer;

pub use bounds::Bounds;
pub use hook::Secrets;
pub use queue::Status;
pub use router::{OPENAPI, ROUTES, Route};

/// What the intake needs of whoever keeps the facts.
pub trait Behind: Send + Sync + 'static {
    /// Returns the store, for what it knows of changes, builds and tokens.
    fn store(&self) -> &Store;

    /// Commits all of these, or says why not; may be repeated with the same after a failure.
    fn commit(&self, ingests: Vec<Ingest>) -> BoxFuture<'_, Result<Receipt, String>>;
}

/// How the intake is set up.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// The bounds of uploads.
    pub bounds: Bounds,
    /// The bounds of a single report.
    pub limits: Limits,
    /// The secrets of webhooks; those without one do not exist.
    pub secrets: Secrets,
    /// Uploads need no token until one is made: nobody but this machine can reach the server.
    pub is_local: bool,
}

/// The server side of uploads; clones share it.
#[derive(Clone)]
pub struct Intake {
    shared: Arc<Shared>,
}

struct Shared {
    setup: Setup,
    behind: Arc<dyn Behind>,
    queue: Arc<Queue>,
    writer: Writer,
    open: Open,
    memory: Memory,
    /// Requests that are under way.
    requests: Arc<Semaphore>,
    /// Requests that are being read, which takes a core each.
    readers: Semaphore,
}

impl Intake {
    /// Opens the spool in `folder`, takes up what was left in it, and begins to commit. Must run in a tokio runtime.
    ///
    /// # Errors
    ///
    /// When the spool cannot be read, or another process has it open.
    pub fn open(folder: &Path, behind: impl Behind, setup: Setup) -> Result<Self> {
        let behind: Arc<dyn Behind> = Arc::new(behind);
        let queue = Arc::new(Queue::default());
        let (spool, left) = Spool::open(folder)?;
        let writer = Writer::start(spool, left, &queue, &behind, &setup.bounds)?;
        let open = Open::take_up(&folder.join("open"), &|build| is_known(behind.as_ref(), &queue, build))?;
        let shared = Shared {
            memory: Memory::new(&setup.bounds),
            requests: Arc::new(Semaphore::new(setup.bounds.concurrency)),
            readers: Semaphore::new(std::thread::available_parallelism().map_or(2, usize::from)),
            setup,
            behind,
            queue,
            writer,
            open,
        };
        let intake = Self { shared: Arc::new(shared) };
        tokio::spawn(settle::close_in_time(Arc::downgrade(&intake.shared)));
        Ok(intake)
    }

    /// Returns how things stand.
    pub fn status(&self) -> Status {
        Status { open_count: self.shared.open.count(), ..self.shared.queue.status() }
    }

    /// Waits until everything that was acknowledged is committed, at most for `bound`; returns whether it is.
    pub async fn settle(&self, bound: Duration) -> bool {
        self.shared.queue.empty(bound).await
    }
}

/// Returns whether a build is in the store or on its way there.
fn is_known(behind: &dyn Behind, queue: &Queue, build: &annals_data::row::Build) -> annals_data::Result<bool> {
    let is_queued = queue.holds(annals_data::id::build_id(&build.project, &build.key));
    Ok(is_queued || !behind.store().known_builds(&build.project, std::slice::from_ref(&build.key))?.is_empty())
}
