//! The store: whole ingests go in exactly once, published versions come out.
//!
//! The life of a batch (one or more ingests that share a commit):
//!
//! 1. The writer takes the store's lock, one process at a time, and rolls forward what a crash left in the journal.
//! 2. What is known already (builds by key, changes by revision, texts by hash) is left out.
//! 3. The rest becomes one file of each table that has rows, in no version of it yet (`fresh`).
//! 4. The [`crate::journal`] names these files, fsynced: from here on the batch cannot be lost.
//! 5. Each of the tables gets one commit that records the batch's number; a table that has it is skipped.
//! 6. One transaction of the state makes the batch known and publishes the new versions of all tables.
//!
//! Readers use the newest publication, so that they see whole batches only. A crash after step 4 is repaired by
//! repeating steps 5 and 6; one before it leaves files that vacuum removes. A state that is gone, or came back from a
//! backup older than the tables, learns from these what it lacks.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use deltalake::kernel::Add;
use rusqlite::OptionalExtension;
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, MutexGuard};
use url::Url;

use crate::journal::{Entry, Journal, Known};
use crate::outcomes::Outcomes;
use crate::row::{Build, Change, Step};
use crate::schema::{TABLES, TALLY, Table};
use crate::state::State;
use crate::state::person::{self, Author};
use crate::state::place;
use crate::{Error, Result, batch, id};

mod aged;
mod compact;
mod facts;
pub(crate) mod fresh;
mod known;
pub(crate) mod layout;
mod merge;
mod plan;
mod retain;
mod sorter;
mod source;
mod sum;
mod table;
mod writer;

pub use compact::{FileCount, TableSize};
use fresh::Fresh;
pub use retain::{Horizon, Retained, Rule};
use table::FactTable;

/// One build with everything that it produced.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BuildFacts {
    /// The build; its key is the idempotency key of all this.
    pub build: Build,
    /// Its steps.
    pub steps: Vec<Step>,
    /// The outcomes of its tests, and of its steps as outcomes of their own.
    pub outcomes: Outcomes,
}

/// What comes in at once: all of it becomes visible together, or nothing.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Ingest {
    /// Changes that the store may not know yet.
    pub changes: Vec<Change>,
    /// Builds.
    pub builds: Vec<BuildFacts>,
}

/// What became of an ingest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// The batch that it is in; none if nothing was new.
    pub batch: Option<i64>,
    /// How many changes were new.
    pub change_count: usize,
    /// How many builds were new.
    pub build_count: usize,
    /// How many outcomes were new.
    pub outcome_count: usize,
    /// The keys of builds that the store had already: a replay changes nothing.
    pub replayed: Vec<String>,
}

/// Where a store is.
#[derive(Clone, Debug)]
pub struct Location {
    /// The folder of state, journal, logs and mirrors.
    pub root: PathBuf,
    /// The root of the fact tables: a folder or an object-store URL; `<root>/facts` if not given.
    pub facts: Option<String>,
}

/// One published version of all fact tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Grows with every publication.
    pub id: i64,
    /// The newest batch in it.
    pub batch: i64,
    versions: HashMap<String, u64>,
}

impl Publication {
    /// Returns the version of a table; one that is younger than the publication was empty then.
    fn version(&self, table: &Table) -> u64 {
        self.versions.get(table.name).copied().unwrap_or(0)
    }
}

/// An open store.
pub struct Store {
    root: PathBuf,
    state: State,
    journal: Journal,
    /// The tables as the writer knows them: at their newest versions.
    writer: Mutex<Vec<FactTable>>,
    /// The tables as readers know them: at published versions.
    reader: Mutex<Vec<FactTable>>,
}

impl Store {
    /// Opens the store at `location`, creates it if it is absent, and finishes what a crash left unfinished.
    ///
    /// # Errors
    /// [`Error::NewerVersion`] for the store of a newer Annals, [`Error::Location`] for facts that are nowhere.
    pub async fn open(location: &Location) -> Result<Self> {
        let root = location.root.clone();
        fs::create_dir_all(&root).map_err(at(&root))?;
        let state = State::open(&root.join("state.sqlite"))?;
        let facts = facts_url(location)?;
        let lock = lock(&root).await?;
        let journal = Journal::open(&root.join("journal"))?;
        let mut tables = Vec::new();
        for table in TABLES {
            tables.push(FactTable::open(table, &facts).await?);
        }
        let store = Self { root, state, journal, writer: Mutex::new(tables.clone()), reader: Mutex::new(tables) };
        let mut writer = store.writer.lock().await;
        store.recover(&mut writer).await?;
        if store.state.lacks_places()? {
            let (lines, places) = known::places(&writer).await?;
            store.state.write(|t| place::learn(t, &lines, &places))?;
        }
        store.complete(&mut writer).await?;
        drop(writer);
        drop(lock);
        Ok(store)
    }

    /// Returns the state database.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Returns the folder of the store.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the folder of the compressed logs of steps.
    pub fn log_folder(&self) -> PathBuf {
        self.root.join("log")
    }

    /// Returns which of `keys` are builds of `project` that the store has.
    pub fn known_builds(&self, project: &str, keys: &[String]) -> Result<HashSet<String>> {
        keys.iter()
            .filter_map(|key| match self.state.knows("build", id::build_id(project, key)) {
                Ok(true) => Some(Ok(key.clone())),
                Ok(false) => None,
                Err(e) => Some(Err(e)),
            })
            .collect()
    }

    /// Returns whether the store has the change.
    pub fn knows_change(&self, project: &str, revision: &str) -> Result<bool> {
        self.state.knows("change", id::change_id(project, revision))
    }

    /// Returns which of `revisions` the store lacks, in their order.
    pub fn unknown_changes(&self, project: &str, revisions: &[String]) -> Result<Vec<String>> {
        let lacks = |revision: &&String| match self.knows_change(project, revision) {
            Ok(is_known) => (!is_known).then_some(Ok(())),
            Err(error) => Some(Err(error)),
        };
        revisions.iter().filter_map(|revision| lacks(&revision).map(|r| r.map(|()| revision.clone()))).collect()
    }

    /// Commits `ingests` as one batch. When this returns, the batch is durable and published.
    ///
    /// Cost: one commit per table that has rows, plus the rows; independent of what the store holds.
    pub async fn commit(&self, ingests: Vec<Ingest>) -> Result<Receipt> {
        let mut writer = self.writer.lock().await;
        let _lock = lock(&self.root).await?;
        self.recover(&mut writer).await?;
        let (changes, builds, mut receipt) = self.new_rows(ingests)?;
        if changes.is_empty() && builds.is_empty() {
            return Ok(receipt);
        }
        let number = self.next_batch()?;
        let entry = self.write(number, &changes, &builds, &writer).await?;
        drop((changes, builds));
        self.roll_forward(number, entry, &mut writer).await?;
        receipt.batch = Some(number);
        Ok(receipt)
    }

    /// Returns the newest publication.
    pub fn publication(&self) -> Result<Publication> {
        Ok(self.latest()?.expect("a store publishes when it is opened first"))
    }

    /// Returns the newest publication of `batch`: compaction publishes a batch again.
    pub fn publication_of(&self, batch: i64) -> Result<Publication> {
        Ok(self.find("WHERE batch = ?1", [batch])?.expect("what is folded has been published"))
    }

    /// Returns the fact tables of `publication` as the engine reads them, with all columns, private ones too.
    pub async fn providers(&self, publication: &Publication) -> Result<Vec<(&'static Table, Arc<dyn TableProvider>)>> {
        let mut reader = self.reader.lock().await;
        let mut providers = Vec::new();
        for (table, facts) in TABLES.into_iter().zip(reader.iter_mut()) {
            facts.go_to(publication.version(table)).await?;
            providers.push((table, facts.provider()?));
        }
        Ok(providers)
    }

    fn latest(&self) -> Result<Option<Publication>> {
        self.find("", [])
    }

    fn find(&self, condition: &str, parameters: impl rusqlite::Params) -> Result<Option<Publication>> {
        let newest = format!(
            "SELECT publication_id, batch, versions FROM publication {condition} ORDER BY publication_id DESC LIMIT 1"
        );
        let parse = |versions: String| {
            serde_json::from_str(&versions)
                .map_err(|e| rusqlite::Error::FromSqlConversionFailure(2, rusqlite::types::Type::Text, e.into()))
        };
        self.state.read(|c| {
            c.query_row(&newest, parameters, |row| {
                Ok(Publication { id: row.get(0)?, batch: row.get(1)?, versions: parse(row.get(2)?)? })
            })
            .optional()
        })
    }

    /// Returns the versions that were published since then, and those that were in force.
    fn versions_since(&self, since: i64) -> Result<Vec<HashMap<String, u64>>> {
        let in_force = "SELECT max(publication_id) FROM publication WHERE published_at <= ?1";
        let sql = format!("SELECT versions FROM publication WHERE publication_id >= coalesce(({in_force}), 0)");
        let texts: Vec<String> =
            self.state.read(|c| c.prepare(&sql)?.query_map([since], |row| row.get(0))?.collect())?;
        Ok(texts.iter().filter_map(|text| serde_json::from_str(text).ok()).collect())
    }

    /// Publishes what the tables hold beyond the state; what is known is read back from them.
    ///
    /// The batches that a crash left in the journal are in it: published by themselves, they would hide all others.
    async fn adopt(&self, pending: &[i64], writer: &mut MutexGuard<'_, Vec<FactTable>>) -> Result<()> {
        for number in pending {
            self.append(*number, self.journal.read(*number)?.files, writer).await?;
        }
        let mut batch = 0;
        for facts in writer.iter_mut() {
            facts.refresh().await?;
            batch = batch.max(facts.batch().await?);
        }
        let known = known::read(writer).await?;
        self.state.write(|t| {
            learn(t, &known)?;
            // A text that was let go since then is not known any more.
            learn_messages(t, &known.messages)?;
            publish(t, batch, writer)
        })?;
        pending.iter().try_for_each(|number| self.journal.remove(*number))
    }

    /// Counts what came before outcomes were counted as they come in.
    async fn complete(&self, writer: &mut MutexGuard<'_, Vec<FactTable>>) -> Result<()> {
        let batch = self.publication()?.batch;
        let tally = TABLES.iter().position(|table| table.name == TALLY.name).expect("it is a table");
        writer[tally].refresh().await?;
        if batch == 0 || writer[tally].version() > 0 {
            return Ok(());
        }
        let times = known::times(writer).await?;
        let mut fresh = Fresh::new(writer);
        for rows in known::tallies(writer).await? {
            fresh.append(&TALLY, &rows).await?;
        }
        if let Some(file) = fresh.finish().await?.remove(TALLY.name) {
            writer[tally].append(batch, file).await?;
        }
        self.state.write(|t| {
            learn(t, &Known { times, ..Known::default() })?;
            publish(t, batch, writer)
        })
    }

    /// Leaves out what the store knows, and what comes twice.
    fn new_rows(&self, ingests: Vec<Ingest>) -> Result<(Vec<Change>, Vec<BuildFacts>, Receipt)> {
        let (mut changes, mut builds, mut receipt) = (Vec::new(), Vec::new(), Receipt::default());
        let mut seen = HashSet::new();
        for ingest in ingests {
            for change in ingest.changes {
                let id = id::change_id(&change.project, &change.revision);
                if seen.insert(id) && !self.state.knows("change", id)? {
                    changes.push(change);
                }
            }
            for facts in ingest.builds {
                let id = id::build_id(&facts.build.project, &facts.build.key);
                if !seen.insert(id) || self.state.knows("build", id)? {
                    receipt.replayed.push(facts.build.key);
                } else {
                    receipt.outcome_count += facts.outcomes.len();
                    builds.push(facts);
                }
            }
        }
        receipt.change_count = changes.len();
        receipt.build_count = builds.len();
        Ok((changes, builds, receipt))
    }

    fn next_batch(&self) -> Result<i64> {
        Ok(self.publication()?.batch + 1)
    }

    /// Makes the batch durable; where that fails, nothing of it stays.
    async fn write(
        &self,
        number: i64,
        changes: &[Change],
        builds: &[BuildFacts],
        tables: &[FactTable],
    ) -> Result<Entry> {
        let mut fresh = Fresh::new(tables);
        match self.write_to(&mut fresh, number, changes, builds).await {
            Ok(entry) => Ok(entry),
            Err(error) => {
                fresh.discard().await;
                Err(error)
            }
        }
    }

    async fn write_to(
        &self,
        fresh: &mut Fresh<'_>,
        number: i64,
        changes: &[Change],
        builds: &[BuildFacts],
    ) -> Result<Entry> {
        let times: HashMap<i64, i64> =
            changes.iter().map(|c| (id::change_id(&c.project, &c.revision), c.committed_at)).collect();
        let committed_at = |build: &Build| self.committed_at(build, &times);
        let is_known = |id| self.state.knows("message", id);
        let messages = batch::write(fresh, number, changes, builds, is_known, committed_at).await?;
        let files = fresh.finish().await?;
        let known = Known {
            changes: changes.iter().map(|c| id::change_id(&c.project, &c.revision)).collect(),
            builds: builds.iter().map(|b| id::build_id(&b.build.project, &b.build.key)).collect(),
            messages,
            authors: authors(changes, builds),
            lines: place::lines(changes),
            places: builds.iter().flat_map(|facts| place::places(&facts.build)).collect(),
            times: times.into_iter().collect(),
        };
        let entry = Entry { files, known };
        self.journal.write(number, &entry)?;
        Ok(entry)
    }

    /// Returns when a build's revision was committed, or when it was built where the change is not known.
    fn committed_at(&self, build: &Build, fresh: &HashMap<i64, i64>) -> Result<i64> {
        let change_id = id::change_id(&build.project, &build.revision);
        let known = match fresh.get(&change_id) {
            Some(at) => Some(*at),
            None => self.state.committed_at(change_id)?,
        };
        let built = known.or(build.started_at).or(build.finished_at);
        Ok(built.unwrap_or_else(|| chrono::Utc::now().timestamp_micros()))
    }

    /// Finishes the batches that a crash left in the journal.
    async fn recover(&self, writer: &mut MutexGuard<'_, Vec<FactTable>>) -> Result<()> {
        let pending = self.journal.pending()?;
        let published = match self.latest()? {
            Some(published) if !is_behind(&published, &pending, writer).await? => published.batch,
            _ => return self.adopt(&pending, writer).await,
        };
        for number in pending {
            if number > published {
                tracing::info!(batch = number, "finishing a batch that was interrupted");
                self.roll_forward(number, self.journal.read(number)?, writer).await?;
            } else {
                self.journal.remove(number)?;
            }
        }
        Ok(())
    }

    async fn roll_forward(&self, number: i64, entry: Entry, writer: &mut MutexGuard<'_, Vec<FactTable>>) -> Result<()> {
        self.append(number, entry.files, writer).await?;
        self.state.write(|t| {
            learn(t, &entry.known)?;
            publish(t, number, writer)
        })?;
        self.journal.remove(number)
    }

    /// Has each table that does not hold the batch take its file.
    async fn append(
        &self,
        number: i64,
        mut files: BTreeMap<String, Add>,
        writer: &mut MutexGuard<'_, Vec<FactTable>>,
    ) -> Result<()> {
        let mut logs = Vec::new();
        for (table, facts) in TABLES.into_iter().zip(writer.iter_mut()) {
            facts.refresh().await?;
            if let Some(file) = files.remove(table.name) {
                if facts.batch().await? < number {
                    facts.append(number, file).await?;
                }
                logs.extend(facts.newest_log());
            }
        }
        fresh::sync(logs).await
    }
}

/// Returns whether the tables hold more than was published and the batch after that, if it was interrupted.
async fn is_behind(published: &Publication, pending: &[i64], tables: &[FactTable]) -> Result<bool> {
    let next = published.batch + 1;
    let newest = if pending.contains(&next) { next } else { published.batch };
    for (table, facts) in TABLES.into_iter().zip(tables) {
        // Only a version that was not published is worth a look into the table's log.
        if facts.version() > published.version(table) && facts.batch().await? > newest {
            return Ok(true);
        }
    }
    Ok(false)
}

fn learn(transaction: &rusqlite::Transaction<'_>, known: &Known) -> rusqlite::Result<()> {
    let mut insert = transaction.prepare_cached("INSERT OR IGNORE INTO known (kind, id) VALUES (?1, ?2)")?;
    let kinds = [("change", &known.changes), ("build", &known.builds), ("message", &known.messages)];
    for (kind, ids) in kinds {
        for id in ids {
            insert.execute((kind, id))?;
        }
    }
    place::learn(transaction, &known.lines, &known.places)?;
    let mut insert = transaction.prepare_cached("INSERT OR IGNORE INTO committed VALUES (?1, ?2)")?;
    known.times.iter().try_for_each(|time| insert.execute(*time).map(drop))?;
    person::learn(transaction, &known.authors)
}

/// Makes exactly these failure texts known.
fn learn_messages(transaction: &rusqlite::Transaction<'_>, ids: &[i64]) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM known WHERE kind = 'message'", [])?;
    let mut insert = transaction.prepare_cached("INSERT OR IGNORE INTO known (kind, id) VALUES ('message', ?1)")?;
    ids.iter().try_for_each(|id| insert.execute([id]).map(drop))
}

fn publish(transaction: &rusqlite::Transaction<'_>, batch: i64, tables: &[FactTable]) -> rusqlite::Result<()> {
    let versions: HashMap<_, _> = TABLES.iter().map(|t| t.name).zip(tables.iter().map(FactTable::version)).collect();
    let versions = serde_json::to_string(&versions).expect("a map of names and numbers is JSON");
    let now = chrono::Utc::now().timestamp_micros();
    const INSERT: &str = "INSERT INTO publication (batch, versions, published_at) VALUES (?1, ?2, ?3)";
    transaction.execute(INSERT, (batch, versions, now))?;
    Ok(())
}

/// Returns who wrote, committed or proposed something, one entry per address, under the name that was used last.
fn authors(changes: &[Change], builds: &[BuildFacts]) -> Vec<Author> {
    let of_changes = changes.iter().flat_map(|c| {
        [(c.authored_at, &c.author_name, &c.author_email), (c.committed_at, &c.committer_name, &c.committer_email)]
            .map(|(at, name, email)| (at, Author { name: name.clone(), email: email.clone() }))
    });
    let of_patches = builds.iter().filter_map(|b| {
        let email = b.build.patch_author_email.clone().unwrap_or_default();
        Some((b.build.started_at.unwrap_or(0), Author { name: b.build.patch_author_name.clone()?, email }))
    });
    let mut latest: BTreeMap<i64, (i64, Author)> = BTreeMap::new();
    for used in of_changes.chain(of_patches) {
        let known = latest.entry(id::author_id(&used.1.name, &used.1.email)).or_insert_with(|| used.clone());
        if *known < used {
            *known = used;
        }
    }
    latest.into_values().map(|(_, author)| author).collect()
}

/// Takes the store's lock for writing; it is released when the file is dropped, or when the process ends.
async fn lock(root: &Path) -> Result<File> {
    let path = root.join("lock");
    let take = move || {
        let file = File::create(&path).map_err(at(&path))?;
        file.lock().map_err(at(&path))?;
        Ok(file)
    };
    tokio::task::spawn_blocking(take).await.expect("taking a lock does not panic")
}

fn facts_url(location: &Location) -> Result<Url> {
    let given = location.facts.clone();
    let invalid = |reason: String| Error::Location { location: given.clone().unwrap_or_default(), reason };
    match &location.facts {
        Some(url) if url.contains("://") => {
            let url = if url.ends_with('/') { url.clone() } else { format!("{url}/") };
            Url::parse(&url).map_err(|e| invalid(e.to_string()))
        }
        folder => {
            let folder = folder.as_ref().map_or_else(|| location.root.join("facts"), PathBuf::from);
            for table in TABLES {
                let path = folder.join(table.name);
                fs::create_dir_all(&path).map_err(at(&path))?;
            }
            let folder = folder.canonicalize().map_err(at(&folder))?;
            Url::from_directory_path(&folder).map_err(|()| invalid("not an absolute path".to_owned()))
        }
    }
}

fn at(path: &Path) -> impl Fn(std::io::Error) -> Error + use<> {
    let path = path.to_owned();
    move |source| Error::File { path: path.clone(), source }
}
