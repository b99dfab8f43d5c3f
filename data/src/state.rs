//! The state database: one SQLite file with what people and machines change.
//!
//! Migrations are numbered files beside this one, applied in order, each in a transaction; a store of a newer
//! version is refused before anything is touched. Facts are not here, and nothing here is derived from them except
//! the list of what is known, which the writer needs to leave out repeats.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Transaction};

use crate::{Error, Result};

pub mod outbox;
pub mod people;
pub(crate) mod person;
pub mod place;
pub mod reader;
pub mod saved;
pub mod token;

/// The migrations; the version of a database is how many of them it has seen.
const MIGRATIONS: &[&str] = &[
    include_str!("state/1.sql"),
    include_str!("state/2.sql"),
    include_str!("state/3.sql"),
    include_str!("state/4.sql"),
    include_str!("state/5.sql"),
    include_str!("state/6.sql"),
    include_str!("state/7.sql"),
    include_str!("state/8.sql"),
    include_str!("state/9.sql"),
];

/// The open state database.
pub struct State {
    path: PathBuf,
    connection: Mutex<Connection>,
}

impl State {
    /// Opens the database at `path`, creates it if it is absent and brings it to the newest version.
    pub fn open(path: &Path) -> Result<Self> {
        let connection = connect(path, MIGRATIONS)?;
        Ok(Self { path: path.to_owned(), connection: Mutex::new(connection) })
    }

    /// Runs `f` in one immediate transaction: all of it happens, or nothing.
    pub fn write<T>(&self, f: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T> {
        let mut connection = self.lock();
        let run = || {
            let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            let value = f(&transaction)?;
            transaction.execute("UPDATE revision SET number = number + 1", [])?;
            transaction.commit()?;
            Ok(value)
        };
        run().map_err(|source| self.failed(source))
    }

    /// Runs `f` in one immediate transaction that no session needs to hear of.
    fn write_aside<T>(&self, f: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T> {
        let mut connection = self.lock();
        let run = || {
            let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            let value = f(&transaction)?;
            transaction.commit()?;
            Ok(value)
        };
        run().map_err(|source| self.failed(source))
    }

    /// Runs `f` on one consistent snapshot.
    pub fn read<T>(&self, f: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        let mut connection = self.lock();
        let run = || f(&*connection.transaction()?);
        run().map_err(|source| self.failed(source))
    }

    /// Returns whether the store has the change, build or message `id`.
    pub(crate) fn knows(&self, kind: &str, id: i64) -> Result<bool> {
        self.read(|c| {
            c.prepare_cached("SELECT 1 FROM known WHERE kind = ?1 AND id = ?2")?
                .query_row((kind, id), |_| Ok(()))
                .optional()
                .map(|row| row.is_some())
        })
    }

    /// Returns when a change was committed, if it is known.
    pub(crate) fn committed_at(&self, change_id: i64) -> Result<Option<i64>> {
        self.read(|c| {
            let mut query = c.prepare_cached("SELECT committed_at FROM committed WHERE change_id = ?1")?;
            query.query_row([change_id], |row| row.get(0)).optional()
        })
    }

    /// Returns the number that grows with every change of the state.
    pub fn revision(&self) -> Result<i64> {
        self.read(|c| c.query_row("SELECT number FROM revision", [], |row| row.get(0)))
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A panic inside a transaction rolls it back, so that the connection stays sound.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, source: rusqlite::Error) -> Error {
        Error::State { path: self.path.clone(), source }
    }
}

/// Opens a SQLite database of Annals at `path` and applies the `migrations` that it has not seen.
///
/// # Errors
/// [`Error::NewerVersion`] if the database has seen more migrations than there are.
pub fn connect(path: &Path, migrations: &[&str]) -> Result<Connection> {
    let failed = |source| Error::State { path: path.to_owned(), source };
    let mut connection = Connection::open(path).map_err(failed)?;
    connection.busy_timeout(Duration::from_secs(30)).map_err(failed)?;
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(failed)?;
    let known = migrations.len() as i64;
    if found > known {
        return Err(Error::NewerVersion { path: path.to_owned(), found, known });
    }
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;").map_err(failed)?;
    migrate(&mut connection, migrations).map_err(failed)?;
    Ok(connection)
}

fn migrate(connection: &mut Connection, migrations: &[&str]) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let seen: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    for (number, migration) in migrations.iter().enumerate().skip(seen as usize) {
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "user_version", number as i64 + 1)?;
    }
    transaction.commit()
}
