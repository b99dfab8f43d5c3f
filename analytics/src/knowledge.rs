//! The knowledge database: what folds found out, maintained in one SQLite file beside the files of streaks.
//!
//! Everything here follows from the facts: file and folder may be deleted, and the next opening makes them again (only
//! the dates at which ranges changed are lost then). That ends when outcomes are let go: what is known of them is
//! known from nowhere else, and a store that has lost it is refused until it is brought back or forgotten. Each fold
//! is one transaction that also moves the watermark and names the [`crate::segment`]s that count. What the rows should
//! be is decided in [`crate::fold`]; here they are read and written.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use annals_data::row::Kind;
use annals_data::{id, state};
use roaring::RoaringBitmap;
use rusqlite::types::Type;
use rusqlite::{Connection, Row, Transaction, params};

use crate::graph::Blamelist;
use crate::segment::{Folder, Segment};
use crate::streak::Range;
use crate::{Error, Result};

const MIGRATIONS: &[&str] = &[include_str!("knowledge/1.sql")];

/// The open knowledge of a store.
pub(crate) struct Knowledge {
    path: PathBuf,
    connection: Mutex<Connection>,
    folder: Folder,
}

/// One builder on one branch of one project.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Lane {
    /// The project.
    pub project: String,
    /// The branch.
    pub branch: String,
    /// The builder.
    pub builder: String,
}

/// One test on one lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Series {
    /// Its id.
    pub series_id: i64,
    /// The test's id.
    pub test_id: i64,
    /// `test`, `suite`, `step` or `build`.
    pub kind: Arc<str>,
    /// The suite.
    pub suite: Arc<str>,
    /// The name.
    pub name: Box<str>,
}

impl Series {
    /// Returns whether it tells of a suite as a whole.
    pub(crate) fn is_of_suite(&self) -> bool {
        *self.kind == *Kind::Suite.as_str()
    }
}

impl Knowledge {
    /// Opens the database in the store's folder, creates it if it is absent.
    pub(crate) fn open(root: &Path) -> Result<Self> {
        let path = root.join("knowledge.sqlite");
        let connection = state::connect(&path, MIGRATIONS)?;
        Ok(Self { path, connection: Mutex::new(connection), folder: Folder::open(root)? })
    }

    /// Returns the folder of the segments.
    pub(crate) fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Returns the newest batch that is folded in.
    pub(crate) fn watermark(&self) -> Result<i64> {
        self.read(|c| c.query_row("SELECT batch FROM watermark", [], |row| row.get(0)))
    }

    /// Runs `f` on one consistent snapshot.
    pub(crate) fn read<T>(&self, f: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        let mut connection = self.lock();
        let run = || f(&*connection.transaction()?);
        run().map_err(|source| Error::Knowledge { path: self.path.clone(), source })
    }

    /// Runs `f` in one transaction that leaves the watermark at `batch`.
    pub(crate) fn write(&self, batch: i64, f: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>) -> Result<()> {
        let mut connection = self.lock();
        let run = || {
            let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            f(&transaction)?;
            transaction.execute("UPDATE watermark SET batch = ?1, version = version + 1", [batch])?;
            transaction.commit()
        };
        run().map_err(|source| Error::Knowledge { path: self.path.clone(), source })
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A panic inside a transaction rolls it back, so that the connection stays sound.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets everything but the history of ranges.
pub(crate) fn clear(t: &Transaction<'_>) -> rusqlite::Result<()> {
    t.execute_batch("DELETE FROM segment; DELETE FROM excluded_build; DELETE FROM range_change; DELETE FROM range;")
}

/// Returns the segments that count.
pub(crate) fn segments(c: &Connection) -> rusqlite::Result<Vec<Segment>> {
    let mut query = c.prepare_cached("SELECT name, is_closed, row_count, size, dead FROM segment ORDER BY name")?;
    query.query_map([], segment)?.collect()
}

fn segment(row: &Row<'_>) -> rusqlite::Result<Segment> {
    let dead = row.get_ref(4)?.as_blob()?;
    let failed = |e| rusqlite::Error::FromSqlConversionFailure(4, Type::Blob, Box::new(e));
    Ok(Segment {
        name: row.get(0)?,
        is_closed: row.get(1)?,
        row_count: row.get(2)?,
        size: row.get::<_, i64>(3)?.cast_unsigned(),
        dead: RoaringBitmap::deserialize_from(dead).map_err(failed)?,
    })
}

/// Says which segments count from now on.
pub(crate) fn put_segments(t: &Transaction<'_>, segments: &[Segment]) -> rusqlite::Result<()> {
    t.execute("DELETE FROM segment", [])?;
    let mut insert = t.prepare_cached("INSERT INTO segment VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for segment in segments {
        let mut dead = Vec::with_capacity(segment.dead.serialized_size());
        segment.dead.serialize_into(&mut dead).expect("memory takes what is written to it");
        insert.execute(params![
            segment.name,
            segment.is_closed,
            segment.row_count,
            segment.size.cast_signed(),
            dead
        ])?;
    }
    Ok(())
}

/// Records that a build gives no verdicts.
pub(crate) fn put_exclusion(t: &Transaction<'_>, build_id: i64, rule: &str, detail: &str) -> rusqlite::Result<()> {
    t.prepare_cached("INSERT OR REPLACE INTO excluded_build VALUES (?1, ?2, ?3)")?.execute((build_id, rule, detail))?;
    Ok(())
}

/// Returns a number that grows with every fold.
pub(crate) fn version(c: &Connection) -> rusqlite::Result<i64> {
    c.prepare_cached("SELECT version FROM watermark")?.query_row([], |row| row.get(0))
}

/// Returns the id of a range.
pub(crate) fn range_id(project: &str, good: &str, bad: &str) -> i64 {
    id::id(&["range", project, good, bad])
}

/// Records a range with its blamelist; one that is known and complete is left as it is.
pub(crate) fn put_range(
    t: &Transaction<'_>,
    project: &str,
    (good, bad): (&str, &str),
    blamelist: impl FnOnce() -> Blamelist,
) -> rusqlite::Result<()> {
    let range_id = range_id(project, good, bad);
    let mut complete = t.prepare_cached("SELECT 1 FROM range WHERE range_id = ?1 AND is_complete")?;
    if complete.exists([range_id])? {
        return Ok(());
    }
    let list = blamelist();
    t.prepare_cached("DELETE FROM range_change WHERE range_id = ?1")?.execute([range_id])?;
    let row = params![range_id, project, good, bad, list.revisions.len() as i64, list.is_complete];
    t.prepare_cached("INSERT OR REPLACE INTO range VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(row)?;
    let mut insert = t.prepare_cached("INSERT INTO range_change VALUES (?1, ?2, ?3)")?;
    for (ordinal, revision) in (1i64..).zip(&list.revisions) {
        insert.execute((range_id, ordinal, revision))?;
    }
    Ok(())
}

/// Counts all ranges as incomplete, so that they are computed again.
pub(crate) fn doubt_ranges(t: &Transaction<'_>) -> rusqlite::Result<()> {
    t.execute("UPDATE range SET is_complete = 0", [])?;
    Ok(())
}

/// Returns the ranges whose blamelists are incomplete: project, good and bad revision.
pub(crate) fn incomplete_ranges(c: &Connection) -> rusqlite::Result<Vec<(String, String, String)>> {
    let mut query = c.prepare_cached("SELECT project, good_revision, bad_revision FROM range WHERE NOT is_complete")?;
    query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
}

/// Records what the range of a problem is now, if it is news.
pub(crate) fn put_history(t: &Transaction<'_>, series_id: i64, range: &Range, now: i64) -> rusqlite::Result<()> {
    t.prepare_cached("INSERT OR IGNORE INTO range_history VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(params![
        series_id,
        range.bad.position,
        range.good.position,
        &*range.good.revision,
        &*range.bad.revision,
        now
    ])?;
    Ok(())
}
