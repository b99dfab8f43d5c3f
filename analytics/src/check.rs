//! Whether maintained knowledge equals recomputed knowledge.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use annals_data::scan::FileTable;
use arrow::array::{ArrayRef, RecordBatch};
use arrow::util::display::array_value_to_string;
use datafusion::logical_expr::{Expr, lit};
use datafusion::prelude::SessionContext;
use rusqlite::Connection;
use rusqlite::types::Value;

use crate::Result;
use crate::fold::{self, Tests};
use crate::knowledge::{Knowledge, Lane, segments};
use crate::segment::{Segment, streaks};

/// A row that one side has and the other has not.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The table.
    pub table: &'static str,
    /// Whether the row is maintained, and not recomputed; else it is the other way round.
    pub is_maintained: bool,
    /// The row, for reading.
    pub row: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = if self.is_maintained { "maintained only" } else { "recomputed only" };
        write!(f, "{} {side}: {}", self.table, self.row)
    }
}

/// What is compared besides streaks.
const TABLES: [(&str, &str); 3] = [
    ("excluded_build", "SELECT * FROM excluded_build ORDER BY build_id"),
    ("range", "SELECT * FROM range ORDER BY range_id"),
    // As a set: changes that are no ancestors of one another have no order of their own.
    ("range_change", "SELECT range_id, revision FROM range_change ORDER BY range_id, revision"),
];

/// The most differences that are told.
const BOUND: usize = 100;
/// Streaks that are compared at once.
const SLICE: u64 = 1_000_000;

/// Returns the differences between the two, at most a hundred.
///
/// Streaks of the lanes `let_go` cannot be compared: the outcomes that they came from are not there any more.
pub(crate) async fn differences(
    maintained: &Knowledge,
    recomputed: &Knowledge,
    let_go: &HashSet<Lane>,
) -> Result<Vec<Difference>> {
    let lanes: HashSet<&Lane> = let_go.iter().collect();
    let compared = if lanes.is_empty() { lit(true) } else { fold::of_lanes(&lanes).is_not_true() };
    let mut found = Vec::new();
    for (one, other, is_maintained) in [(maintained, recomputed, true), (recomputed, maintained, false)] {
        only_streaks(one, other, is_maintained, &compared, &mut found).await?;
    }
    for (table, sql) in TABLES {
        let one = maintained.read(|c| rows(c, sql))?;
        let other = recomputed.read(|c| rows(c, sql))?;
        compare(table, &one, &other, &mut found);
    }
    found.truncate(BOUND);
    Ok(found)
}

/// Finds the streaks that `one` has and `other` has not.
async fn only_streaks(
    one: &Knowledge,
    other: &Knowledge,
    is_maintained: bool,
    compared: &Expr,
    found: &mut Vec<Difference>,
) -> Result<()> {
    let sides = [one.read(segments)?, other.read(segments)?];
    let count = sides.iter().flatten().map(|segment| segment.live_count()).sum();
    let table = |knowledge: &Knowledge, segments: Vec<Segment>| streaks(knowledge.folder(), &segments).map(Arc::new);
    let [of_one, of_other] = sides;
    let (one, other) = (table(one, of_one)?, table(other, of_other)?);
    let context = SessionContext::new();
    for tests in Tests::slices(count, SLICE) {
        let slice =
            |table: &Arc<FileTable>| context.read_table(table.clone())?.filter(tests.filter().and(compared.clone()));
        let only = slice(&one)?.except(slice(&other)?)?.limit(0, Some(BOUND))?.collect().await?;
        for batch in &only {
            let rows = (0..batch.num_rows()).map(|row| told(batch, row));
            found.extend(rows.map(|row| Difference { table: "streak", is_maintained, row }));
        }
    }
    Ok(())
}

fn told(batch: &RecordBatch, row: usize) -> String {
    let cell = |column: &ArrayRef| array_value_to_string(column, row).unwrap_or_else(|e| e.to_string());
    batch.columns().iter().map(cell).collect::<Vec<_>>().join(" ")
}

fn compare(table: &'static str, one: &[String], other: &[String], found: &mut Vec<Difference>) {
    let sides: [HashSet<&String>; 2] = [one.iter().collect(), other.iter().collect()];
    // A range that a late build made needless is history, not a mistake: it stays for those who were told of it.
    let is_compared = |is_maintained| !(table.starts_with("range") && is_maintained);
    for (rows, there, is_maintained) in [(one, &sides[1], true), (other, &sides[0], false)] {
        let only = rows.iter().filter(|row| is_compared(is_maintained) && !there.contains(row));
        found.extend(only.map(|row| Difference { table, is_maintained, row: row.clone() }));
    }
}

fn rows(c: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    let mut query = c.prepare(sql)?;
    let count = query.column_count();
    let text = |value: Value| match value {
        Value::Null => "null".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text,
        Value::Blob(bytes) => format!("{} bytes", bytes.len()),
    };
    let rows = query
        .query_map([], |row| (0..count).map(|column| Ok(text(row.get(column)?))).collect::<Result<Vec<_>, _>>())?;
    rows.map(|row| row.map(|cells| cells.join(" "))).collect()
}
