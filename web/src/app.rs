//! What all handlers share: the source of sessions, the folder of logs, the bounds and the clock.
//!
//! How a session is made is not here: the warehouse does it, or a test.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use annals_analytics::{Session, Warehouse};
use chrono::{DateTime, Utc};
use datafusion::execution::memory_pool::{FairSpillPool, MemoryPool};
use futures::future::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{Error, Result};

/// The bounds of queries from outside.
#[derive(Clone, Debug)]
pub struct Limits {
    /// A query is stopped after this time.
    pub time: Duration,
    /// An answer of the SQL endpoint is cut after this many rows, and says so.
    pub rows: usize,
    /// An export is cut after this many rows, and says so; an xlsx sheet holds 1,048,575 at most.
    pub export_rows: usize,
    /// All queries from outside together may hold this much memory; what can spill to disk does.
    pub memory: usize,
    /// So many queries from outside run at once; the next is refused.
    pub concurrency: usize,
    /// Bytes of a request's body, which is the length of a query.
    pub body: usize,
    /// Bytes of a log that a page shows.
    pub log: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(30),
            rows: 100_000,
            export_rows: 1_000_000,
            memory: 1 << 30,
            concurrency: 8,
            body: 256 << 10,
            log: 64 << 20,
        }
    }
}

type Sessions = dyn Fn() -> BoxFuture<'static, annals_analytics::Result<Arc<Session>>> + Send + Sync;

/// The state of the site; clones share it.
#[derive(Clone)]
pub struct App {
    shared: Arc<Shared>,
}

struct Shared {
    sessions: Box<Sessions>,
    log_dir: PathBuf,
    limits: Limits,
    gate: Arc<Semaphore>,
    memory: Arc<dyn MemoryPool>,
    clock: fn() -> DateTime<Utc>,
}

impl App {
    /// Makes a site whose answers come from what `sessions` returns and whose logs lie in `log_dir`.
    pub fn new(
        sessions: impl Fn() -> BoxFuture<'static, annals_analytics::Result<Arc<Session>>> + Send + Sync + 'static,
        log_dir: impl Into<PathBuf>,
        limits: Limits,
    ) -> Self {
        Self::with_clock(sessions, log_dir, limits, Utc::now)
    }

    /// The same with a clock of one's own, so that ages on pages can be tested.
    pub fn with_clock(
        sessions: impl Fn() -> BoxFuture<'static, annals_analytics::Result<Arc<Session>>> + Send + Sync + 'static,
        log_dir: impl Into<PathBuf>,
        limits: Limits,
        clock: fn() -> DateTime<Utc>,
    ) -> Self {
        let gate = Arc::new(Semaphore::new(limits.concurrency));
        let memory = Arc::new(FairSpillPool::new(limits.memory));
        let sessions = Box::new(sessions);
        Self { shared: Arc::new(Shared { sessions, log_dir: log_dir.into(), limits, gate, memory, clock }) }
    }

    /// Makes the site of a warehouse: it shows what was made ready last.
    pub fn of(warehouse: Arc<Warehouse>, log_dir: impl Into<PathBuf>, limits: Limits) -> Self {
        let sessions = move || -> BoxFuture<'static, annals_analytics::Result<Arc<Session>>> {
            let warehouse = Arc::clone(&warehouse);
            Box::pin(async move { warehouse.ready_session().await })
        };
        Self::new(sessions, log_dir, limits)
    }

    /// Returns the session that a whole request is answered from.
    pub(crate) async fn session(&self) -> Result<Arc<Session>> {
        (self.shared.sessions)().await.map_err(Error::internal)
    }

    /// Lets one more query from outside in, or refuses it.
    pub(crate) fn enter(&self) -> Result<OwnedSemaphorePermit> {
        Arc::clone(&self.shared.gate).try_acquire_owned().map_err(|_| Error::TooManyRequests)
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    pub(crate) fn memory(&self) -> Arc<dyn MemoryPool> {
        Arc::clone(&self.shared.memory)
    }

    pub(crate) fn log_dir(&self) -> &Path {
        &self.shared.log_dir
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        (self.shared.clock)()
    }
}
