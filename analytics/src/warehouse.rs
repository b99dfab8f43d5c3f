//! The door to a store and to what is known about it.
//!
//! Commits go through here, so that facts and knowledge never drift: each commit is folded before it returns. A
//! session is built once per version and shared by everybody who asks on that version; what a server shows meanwhile is
//! told in `shown`.

use std::collections::HashSet;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use annals_data::store::{Ingest, Location, Publication, Receipt, Store};
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::prelude::{SessionConfig, SessionContext};
use tokio::sync::Mutex;

use crate::check::{self, Difference};
use crate::dimension::Dimensions;
use crate::fold::{self, Facts, Graphs};
use crate::knowledge::{self, Knowledge, Lane};
use crate::raw;
use crate::session::{self, Given, RawTables};
use crate::view::View;
use crate::{Error, Result, Session};

mod rehearsal;
mod shown;

pub use rehearsal::Rehearsal;
use shown::Shown;
pub use shown::{JudgedEarly, News};

/// The thresholds in force, by name.
type Settings = std::collections::HashMap<&'static str, f64>;

/// An open store with its knowledge.
pub struct Warehouse {
    store: Store,
    knowledge: Knowledge,
    views: Vec<View>,
    /// Whoever folds holds the graphs.
    graphs: Mutex<Graphs>,
    sessions: Mutex<Sessions>,
    shown: Shown,
}

/// The newest session and what the next one can take over.
#[derive(Default)]
struct Sessions {
    dimensions: Dimensions,
    runtime: Arc<RuntimeEnv>,
    newest: Option<(Version, Arc<Session>)>,
}

/// What a session stands on; a session is renewed when any of it changes.
#[derive(Clone, Debug, PartialEq)]
struct Version {
    publication: Publication,
    knowledge: i64,
    state: i64,
}

impl Version {
    fn number(&self) -> i64 {
        self.publication.id + self.knowledge + self.state
    }
}

impl Warehouse {
    /// Opens the store at `location` and folds what is not folded yet; `views` are the site's own.
    pub async fn open(location: &Location, views: Vec<View>) -> Result<Self> {
        let store = Store::open(location).await?;
        let knowledge = Knowledge::open(store.root())?;
        let warehouse = Self {
            store,
            knowledge,
            views,
            graphs: Mutex::default(),
            sessions: Mutex::default(),
            shown: Shown::default(),
        };
        warehouse.catch_up().await?;
        Ok(warehouse)
    }

    /// Returns the store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Commits `ingests` as one batch and folds it: when this returns, the next session sees them.
    pub async fn commit(&self, ingests: Vec<Ingest>) -> Result<Receipt> {
        let receipt = self.store.commit(ingests).await?;
        if receipt.batch.is_some() {
            self.catch_up().await?;
            self.shown.tell();
        }
        Ok(receipt)
    }

    /// Folds the batches that are published and not folded, also those that other processes wrote.
    ///
    /// # Errors
    ///
    /// [`Error::Lost`] where knowledge is gone and outcomes were let go.
    pub async fn catch_up(&self) -> Result<()> {
        let folded = self.watermark()?;
        let published = self.store.publication()?.batch;
        if folded == published {
            return Ok(());
        }
        // The facts came back from a backup, and knowledge did not.
        let is_ahead = folded > published;
        match self.lanes_let_go()?.len() {
            lanes if lanes > 0 && (folded == 0 || is_ahead) => Err(Error::Lost { lanes }),
            _ => self.fold(is_ahead).await,
        }
    }

    /// Returns the newest batch that is folded.
    pub fn watermark(&self) -> Result<i64> {
        self.knowledge.watermark()
    }

    /// Computes all knowledge anew from the facts.
    ///
    /// # Errors
    ///
    /// [`Error::LetGo`] where outcomes were let go: what is known of them is known from nowhere else.
    pub async fn rebuild(&self) -> Result<()> {
        let lanes = self.lanes_let_go()?.len();
        if lanes > 0 {
            return Err(Error::LetGo { lanes });
        }
        self.fold(true).await
    }

    /// Compares the maintained knowledge with a recomputation, but for streaks and ranges of lanes of which outcomes were
    /// let go; returns what differs, at most a hundred lines.
    pub async fn check(&self) -> Result<Vec<Difference>> {
        self.catch_up().await?;
        let _lock = lock(self.store.root()).await?;
        let folder = tempfile::tempdir_in(self.store.root())
            .map_err(|source| annals_data::Error::File { path: self.store.root().to_owned(), source })?;
        let recomputed = Knowledge::open(folder.path())?;
        let facts = self.facts(&self.folded()?).await?;
        fold::fold(&recomputed, &facts, &mut Graphs::default(), true).await?;
        check::differences(&self.knowledge, &recomputed, &facts.let_go).await
    }

    /// Returns a session on the newest version; cheap when nothing changed.
    pub async fn session(&self) -> Result<Arc<Session>> {
        self.catch_up().await?;
        let mut sessions = self.sessions.lock().await;
        let version = self.version()?;
        if let Some((known, session)) = &sessions.newest
            && *known == version
        {
            return Ok(session.clone());
        }
        // What is shown already has computed a part of it.
        let shown = self.shown.newest().filter(|shown| shown.is_of(version.number()));
        let given = shown.as_ref().map(|shown| shown.kept().clone()).unwrap_or_default();
        let (version, session) = self.build_session(&mut sessions, &given).await?;
        let session = Arc::new(session);
        sessions.newest = Some((version, session.clone()));
        Ok(session)
    }

    /// Returns a session of its own on the newest version: nothing that others have asked is warm in it.
    pub async fn fresh_session(&self) -> Result<Arc<Session>> {
        self.catch_up().await?;
        let mut sessions = self.sessions.lock().await;
        Ok(Arc::new(self.build_session(&mut sessions, &Given::new()).await?.1))
    }

    /// Returns what a session would stand on now.
    fn version(&self) -> Result<Version> {
        let (knowledge, state) = (self.knowledge.read(knowledge::version)?, self.store.state().revision()?);
        Ok(Version { publication: self.folded()?, knowledge, state })
    }

    /// Returns the newest publication of the batch that knowledge stands at.
    fn folded(&self) -> Result<Publication> {
        Ok(self.store.publication_of(self.knowledge.watermark()?)?)
    }

    /// Builds a session on the batch that knowledge stands at: another process may be writing meanwhile.
    async fn build_session(&self, sessions: &mut Sessions, given: &Given) -> Result<(Version, Session)> {
        let settings = fold::settings(self.store.state())?;
        self.build_session_of(sessions, &self.knowledge, &settings, given).await
    }

    /// Builds a session on other knowledge or settings.
    async fn build_session_of(
        &self,
        sessions: &mut Sessions,
        knowledge: &Knowledge,
        settings: &Settings,
        given: &Given,
    ) -> Result<(Version, Session)> {
        let state = self.store.state().revision()?;
        let (batch, knowledge, tables) = raw::knowledge(knowledge)?;
        let publication = self.store.publication_of(batch)?;
        let mut tables: RawTables = tables.into_iter().collect();
        tables.extend(raw::state(self.store.state(), settings)?);
        for (table, provider) in self.store.providers(&publication).await? {
            let provider = sessions.dimensions.resident(table.name, provider, publication.batch).await?;
            tables.insert(table.name.to_owned(), provider);
        }
        let version = Version { publication, knowledge, state };
        let (number, runtime) = (version.number(), sessions.runtime.clone());
        let session = session::build_numbered(&tables, &self.views, number, runtime, given).await?;
        Ok((version, session))
    }

    async fn fold(&self, from_nothing: bool) -> Result<()> {
        let mut graphs = self.graphs.lock().await;
        let _lock = lock(self.store.root()).await?;
        let facts = self.facts(&self.store.publication()?).await?;
        if from_nothing {
            *graphs = Graphs::default();
        }
        let folded = fold::fold(&self.knowledge, &facts, &mut graphs, from_nothing).await;
        if folded.is_err() {
            // The graphs may be ahead of knowledge now; the next fold must see what is new to it.
            *graphs = Graphs::default();
        }
        folded
    }

    async fn facts(&self, publication: &Publication) -> Result<Arc<Facts>> {
        // In one piece, so that the order of the files is kept; a fold works on several slices at once.
        let config = SessionConfig::new().with_target_partitions(1);
        let config = config.set_bool("datafusion.execution.parquet.pushdown_filters", true);
        let context = SessionContext::new_with_config(config);
        for (table, provider) in self.store.providers(publication).await? {
            context.register_table(table.name, provider)?;
        }
        let (settings, let_go) = (fold::settings(self.store.state())?, self.lanes_let_go()?);
        Ok(Arc::new(Facts { context, batch: publication.batch, settings, let_go }))
    }

    /// Returns the lanes of which not all outcomes are facts any more.
    fn lanes_let_go(&self) -> Result<HashSet<Lane>> {
        let horizons = self.store.horizons()?.into_iter();
        Ok(horizons.map(|h| Lane { project: h.project, branch: h.branch, builder: h.builder }).collect())
    }
}

/// Takes the lock of whoever folds, one process at a time.
async fn lock(root: &Path) -> Result<File> {
    let path = root.join("fold.lock");
    let take = move || {
        let file = File::create(&path).and_then(|file| file.lock().map(|()| file));
        file.map_err(|source| Error::Store(annals_data::Error::File { path, source }))
    };
    tokio::task::spawn_blocking(take).await.expect("taking a lock does not panic")
}
