//! What all handlers share: the source of sessions, the folder of logs, the bounds and the clock.
//!
//! How a session is made is not here: the warehouse does it, or a test.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use annals_analytics::outside::{Asker, Bounds, Desk};
use annals_analytics::saved::Library;
use annals_analytics::{Session, Warehouse};
use axum::http::{HeaderMap, header};
use chrono::{DateTime, Utc};
use futures::future::BoxFuture;

use crate::{Error, Result};

/// The bounds of queries from outside.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Those of every query, by whatever protocol.
    pub desk: Bounds,
    /// An answer of the SQL endpoint is cut after this many rows, and says so.
    pub rows: usize,
    /// An export is cut after this many rows, and says so; an xlsx sheet holds 1,048,575 at most.
    pub export_rows: usize,
    /// Bytes of a request's body, which is the length of a query.
    pub body: usize,
    /// Bytes of a log that a page shows.
    pub log: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { desk: Bounds::default(), rows: 100_000, export_rows: 1_000_000, body: 256 << 10, log: 64 << 20 }
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
    desk: Arc<Desk>,
    doorman: Option<Box<Doorman>>,
    library: Library,
    /// What is merged in beside the site, in the words of OpenAPI.
    interface: Option<&'static str>,
    clock: fn() -> DateTime<Utc>,
}

/// Returns a library without queries.
fn no_library() -> Library {
    Library::new(None, None)
}

/// Says who sent a token, or why nobody did.
pub type Doorman = dyn Fn(&str) -> Result<Asker, String> + Send + Sync;

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
        let desk = Desk::new(limits.desk.clone(), None).expect("a desk without a folder opens none");
        let (sessions, desk) = (Box::new(sessions), Arc::new(desk));
        let shared = Shared {
            sessions,
            log_dir: log_dir.into(),
            limits,
            desk,
            doorman: None,
            library: no_library(),
            interface: None,
            clock,
        };
        Self { shared: Arc::new(shared) }
    }

    /// Makes the site of a warehouse: it shows what was made ready last, asking at a desk that other protocols share; `doorman` knows its tokens.
    pub fn of(
        warehouse: Arc<Warehouse>,
        log_dir: impl Into<PathBuf>,
        limits: Limits,
        desk: Arc<Desk>,
        doorman: Box<Doorman>,
    ) -> Self {
        let sessions: Box<Sessions> =
            Box::new(move || -> BoxFuture<'static, annals_analytics::Result<Arc<Session>>> {
                let warehouse = Arc::clone(&warehouse);
                Box::pin(async move { warehouse.ready_session().await })
            });
        let (log_dir, doorman) = (log_dir.into(), Some(doorman));
        let (library, interface) = (no_library(), None);
        let shared = Shared { sessions, log_dir, limits, desk, doorman, library, interface, clock: Utc::now };
        Self { shared: Arc::new(shared) }
    }

    /// Gives the site saved queries; for a site that nobody shares yet.
    #[must_use]
    pub fn with_library(mut self, library: Library) -> Self {
        if let Some(shared) = Arc::get_mut(&mut self.shared) {
            shared.library = library;
        }
        self
    }

    /// Adds paths and schemas of OpenAPI that others serve beside the site; for a site that nobody shares yet.
    #[must_use]
    pub fn with_interface(mut self, interface: &'static str) -> Self {
        if let Some(shared) = Arc::get_mut(&mut self.shared) {
            shared.interface = Some(interface);
        }
        self
    }

    pub(crate) fn interface(&self) -> Option<&'static str> {
        self.shared.interface
    }

    /// Returns the session that a whole request is answered from.
    pub(crate) async fn session(&self) -> Result<Arc<Session>> {
        (self.shared.sessions)().await.map_err(Error::internal)
    }

    /// Returns who asks: whose token came with the request, or anybody.
    pub(crate) fn asker(&self, headers: &HeaderMap) -> Result<Asker> {
        let Some(given) = headers.get(header::AUTHORIZATION) else {
            return Ok(Asker::anybody("anybody", "http"));
        };
        let token = given.to_str().ok().and_then(|value| value.strip_prefix("Bearer ")).map(str::trim);
        let token =
            token.ok_or_else(|| Error::Unauthorized("send `Authorization: Bearer TOKEN`, or nothing".into()))?;
        self.reader(token)
    }

    /// Returns whose token a text is.
    pub(crate) fn reader(&self, token: &str) -> Result<Asker> {
        let unknown = || Error::Unauthorized("no token is known here".into());
        self.shared.doorman.as_ref().ok_or_else(unknown)?(token).map_err(Error::Unauthorized)
    }

    pub(crate) fn library(&self) -> &Library {
        &self.shared.library
    }

    pub(crate) fn desk(&self) -> &Desk {
        &self.shared.desk
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    pub(crate) fn log_dir(&self) -> &Path {
        &self.shared.log_dir
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        (self.shared.clock)()
    }
}
