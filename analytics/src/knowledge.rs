//! The knowledge database: streaks, excluded builds and ranges, maintained in one SQLite file.
//!
//! Everything here follows from the facts: the file may be deleted, `annals rebuild` makes it again (only the dates
//! at which ranges changed are lost then). Each fold is one transaction that also moves the watermark. What the rows
//! should be is decided in [`crate::fold`]; here they are read and written.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use annals_data::{id, state};
use rusqlite::{Connection, Row, Transaction, params};

use crate::graph::Blamelist;
use crate::streak::{Place, Range, Streak, Tally, Verdict};
use crate::{Error, Result};

const MIGRATIONS: &[&str] = &[include_str!("knowledge/1.sql")];

/// The open knowledge database.
pub(crate) struct Knowledge {
    path: PathBuf,
    connection: Mutex<Connection>,
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

impl Lane {
    /// Returns its id.
    pub(crate) fn id(&self) -> i64 {
        id::id(&["lane", &self.project, &self.branch, &self.builder])
    }
}

/// One test on one lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Series {
    /// Its id.
    pub series_id: i64,
    /// The test's id.
    pub test_id: i64,
    /// `test`, `step` or `build`.
    pub kind: String,
    /// The suite.
    pub suite: String,
    /// The name.
    pub name: String,
}

impl Knowledge {
    /// Opens the database in the store's folder, creates it if it is absent.
    pub(crate) fn open(root: &Path) -> Result<Self> {
        let path = root.join("knowledge.sqlite");
        let connection = state::connect(&path, MIGRATIONS)?;
        Ok(Self { path, connection: Mutex::new(connection) })
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
            transaction.execute("UPDATE watermark SET batch = ?1", [batch])?;
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
    t.execute_batch(
        "DELETE FROM streak; DELETE FROM series; DELETE FROM excluded_build; DELETE FROM range_change;
         DELETE FROM range; UPDATE lane SET version = version + 1; UPDATE watermark SET batch = 0;",
    )
}

/// Returns the newest streak of a series, or all of them in order of position.
pub(crate) fn streaks(c: &Connection, series_id: i64, only_head: bool) -> rusqlite::Result<Vec<Streak>> {
    const ALL: &str = "SELECT first_position, first_at, first_build_id, first_revision, last_position, last_at, \
        last_build_id, last_revision, verdict, position_count, passed_count, failed_count, skipped_count, message_id \
        FROM streak WHERE series_id = ?1 ORDER BY first_position";
    let which = if only_head { " DESC LIMIT 1" } else { "" };
    let mut query = c.prepare_cached(&format!("{ALL}{which}"))?;
    query.query_map([series_id], streak)?.collect()
}

fn streak(row: &Row<'_>) -> rusqlite::Result<Streak> {
    let place = |from: usize| -> rusqlite::Result<Place> {
        Ok(Place {
            position: row.get(from)?,
            at: row.get(from + 1)?,
            build_id: row.get(from + 2)?,
            revision: row.get(from + 3)?,
        })
    };
    let verdict: String = row.get(8)?;
    Ok(Streak {
        first: place(0)?,
        last: place(4)?,
        verdict: Verdict::parse(&verdict).unwrap_or(Verdict::Skip),
        position_count: row.get(9)?,
        tally: Tally { passed: row.get(10)?, failed: row.get(11)?, skipped: row.get(12)?, message_id: row.get(13)? },
    })
}

/// Writes streaks of a series; one that begins where another began replaces it.
pub(crate) fn put_streaks(t: &Transaction<'_>, series_id: i64, streaks: &[Streak]) -> rusqlite::Result<()> {
    let mut insert = t.prepare_cached(
        "INSERT OR REPLACE INTO streak VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
    )?;
    for s in streaks {
        insert.execute(params![
            series_id,
            s.first.position,
            s.first.at,
            s.first.build_id,
            s.first.revision,
            s.last.position,
            s.last.at,
            s.last.build_id,
            s.last.revision,
            s.verdict.as_str(),
            s.position_count,
            s.tally.passed,
            s.tally.failed,
            s.tally.skipped,
            s.tally.message_id,
        ])?;
    }
    Ok(())
}

/// Removes all streaks of a series.
pub(crate) fn remove_streaks(t: &Transaction<'_>, series_id: i64) -> rusqlite::Result<()> {
    t.prepare_cached("DELETE FROM streak WHERE series_id = ?1")?.execute([series_id])?;
    Ok(())
}

/// Enters a series that is not known yet.
pub(crate) fn put_series(t: &Transaction<'_>, lane: &Lane, series: &Series) -> rusqlite::Result<()> {
    t.prepare_cached("INSERT OR IGNORE INTO series VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(params![
        series.series_id,
        lane.id(),
        series.test_id,
        series.kind,
        series.suite,
        series.name
    ])?;
    Ok(())
}

/// Records that the streaks of a lane changed.
pub(crate) fn touch_lane(t: &Transaction<'_>, lane: &Lane) -> rusqlite::Result<()> {
    t.prepare_cached(
        "INSERT INTO lane VALUES (?1, ?2, ?3, ?4, 1) ON CONFLICT (lane_id) DO UPDATE SET version = version + 1",
    )?
    .execute(params![lane.id(), lane.project, lane.branch, lane.builder])?;
    Ok(())
}

/// Records that a build gives no verdicts.
pub(crate) fn put_exclusion(t: &Transaction<'_>, build_id: i64, rule: &str, detail: &str) -> rusqlite::Result<()> {
    t.prepare_cached("INSERT OR REPLACE INTO excluded_build VALUES (?1, ?2, ?3)")?.execute((build_id, rule, detail))?;
    Ok(())
}

/// Returns a number that grows with every change of streaks.
pub(crate) fn version(c: &Connection) -> rusqlite::Result<i64> {
    c.prepare_cached("SELECT coalesce(sum(version), 0) FROM lane")?.query_row([], |row| row.get(0))
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
        range.good.revision,
        range.bad.revision,
        now
    ])?;
    Ok(())
}
