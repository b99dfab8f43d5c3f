//! What retention asks of the tables: which builds are how old, and what hangs on them. What goes is decided in
//! [`super::retain`].

use std::collections::{HashMap, HashSet};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};

use super::known::{context, rows, texts as text_column};
use super::table::FactTable;
use crate::Result;

/// A build as retention sees it.
pub(super) struct Aged {
    /// Project, branch and builder.
    pub lane: (String, String, String),
    pub position: i64,
    pub batch: i64,
    pub build_id: i64,
    /// When it began, microseconds.
    pub at: i64,
}

/// Returns all builds.
pub(super) async fn builds(tables: &[FactTable]) -> Result<Vec<Aged>> {
    let sql = "SELECT project, branch, builder, position, batch, build_id, \
        coalesce(started_at, finished_at, ingested_at) FROM build";
    let batches = rows(&context(tables).await?, "build", sql).await?;
    Ok(batches.iter().flat_map(builds_of).collect())
}

fn builds_of(batch: &RecordBatch) -> Vec<Aged> {
    let lane = [0, 1, 2].map(|column| text_column(batch.column(column)));
    let text = |column: usize, row: usize| lane[column].as_string::<i32>().value(row).to_owned();
    let at = batch.column(6).as_primitive::<TimestampMicrosecondType>();
    let build = |row: usize| Aged {
        lane: (text(0, row), text(1, row), text(2, row)),
        position: ints(batch, 3)[row],
        batch: ints(batch, 4)[row],
        build_id: ints(batch, 5)[row],
        at: at.value(row),
    };
    (0..batch.num_rows()).map(build).collect()
}

/// Returns how many outcomes are there of each build.
pub(super) async fn outcome_counts(tables: &[FactTable]) -> Result<HashMap<i64, u64>> {
    let sql = "SELECT build_id, count(*) FROM outcome GROUP BY build_id";
    let batches = rows(&context(tables).await?, "outcome", sql).await?;
    Ok(batches.iter().flat_map(pairs).map(|(id, count)| (id, count.unsigned_abs())).collect())
}

/// Returns the failure texts that came up to `batch`, that only builds of `unread` refer to and that are not told of
/// elsewhere.
pub(super) async fn texts(
    tables: &[FactTable],
    unread: &HashSet<i64>,
    is_told: &HashSet<i64>,
    batch: i64,
) -> Result<HashSet<i64>> {
    let context = context(tables).await?;
    let used = "SELECT DISTINCT message_id, build_id FROM outcome WHERE message_id IS NOT NULL";
    let used = rows(&context, "outcome", used).await?;
    let used: HashSet<i64> =
        used.iter().flat_map(pairs).filter(|(_, build)| !unread.contains(build)).map(|(id, _)| id).collect();
    let all = rows(&context, "message", "SELECT message_id, batch FROM message").await?;
    let all = all.iter().flat_map(pairs).filter(|(_, own)| *own <= batch);
    Ok(all.map(|(id, _)| id).filter(|id| !used.contains(id) && !is_told.contains(id)).collect())
}

/// Returns the logs of the steps of builds.
pub(super) async fn logs(tables: &[FactTable], builds: &HashSet<i64>) -> Result<Vec<String>> {
    if builds.is_empty() {
        return Ok(Vec::new());
    }
    let sql = "SELECT build_id, log_path FROM step WHERE log_path IS NOT NULL";
    let batches = rows(&context(tables).await?, "step", sql).await?;
    let logs = batches.iter().flat_map(|batch| {
        let paths = text_column(batch.column(1));
        let path = |row: usize| paths.as_string::<i32>().value(row).to_owned();
        let own = |row: &usize| builds.contains(&ints(batch, 0)[*row]);
        (0..batch.num_rows()).filter(own).map(path).collect::<Vec<_>>()
    });
    Ok(logs.collect())
}

fn pairs(batch: &RecordBatch) -> Vec<(i64, i64)> {
    ints(batch, 0).iter().copied().zip(ints(batch, 1).iter().copied()).collect()
}

fn ints(batch: &RecordBatch, column: usize) -> &[i64] {
    batch.column(column).as_primitive::<Int64Type>().values()
}
