//! Rows of several sources that are in order become one file in that order, in bounded memory.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use arrow::array::{AsArray, Int64Array, RecordBatch};
use arrow::compute::interleave_record_batch;
use arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};
use deltalake::DeltaTableError;
use futures::stream::{self, StreamExt, TryStreamExt};

use super::source::{BATCH, Rows};
use super::sum;
use super::writer::{Writer, Written};
use crate::schema::Table;

type Result<T, E = DeltaTableError> = std::result::Result<T, E>;

/// The columns that rows are ordered by, at most so many; what a table has fewer counts as zero.
const KEYS: usize = 6;
pub(super) type Key = [i64; KEYS];

/// The ordering columns of a batch.
pub(super) struct Keys {
    columns: Vec<Int64Array>,
    pub(super) length: usize,
}

impl Keys {
    pub(super) fn new(table: &Table, batch: &RecordBatch) -> Result<Self> {
        let column = |name: &&str| {
            let column = batch.column_by_name(name).and_then(|column| match column.data_type() {
                DataType::Timestamp(..) => {
                    Some(column.as_primitive_opt::<TimestampMicrosecondType>()?.reinterpret_cast::<Int64Type>())
                }
                DataType::Utf8View => Some(column.as_string_view().iter().map(|text| text.map(rank)).collect()),
                _ => column.as_primitive_opt::<Int64Type>().cloned(),
            });
            column.ok_or_else(|| DeltaTableError::generic(format!("`{name}` cannot order rows")))
        };
        let columns = table.order.iter().take(KEYS).map(column).collect::<Result<_>>()?;
        Ok(Self { columns, length: batch.num_rows() })
    }

    pub(super) fn at(&self, row: usize) -> Key {
        let mut key = [0; KEYS];
        for (value, column) in key.iter_mut().zip(&self.columns) {
            *value = column.value(row);
        }
        key
    }

    /// Returns where each key begins among rows in order.
    fn begins(&self) -> Vec<u32> {
        let is_new = |row: &usize| *row == 0 || self.at(row - 1) != self.at(*row);
        (0..self.length).filter(is_new).map(|row| row as u32).collect()
    }

    pub(super) fn are_ordered(&self) -> bool {
        (1..self.length).all(|row| self.at(row - 1) <= self.at(row))
    }
}

/// Returns a number that orders a text among others by their first eight bytes.
fn rank(text: &str) -> i64 {
    let mut head = [0; 8];
    head.iter_mut().zip(text.bytes()).for_each(|(place, byte)| *place = byte);
    (u64::from_be_bytes(head) ^ 1 << 63).cast_signed()
}

/// A source and where it is read.
struct Cursor {
    rows: Rows,
    keys: Keys,
    row: usize,
    /// The index of its batch among those that the next rows are taken from.
    batch: usize,
}

impl Cursor {
    fn key(&self) -> Key {
        self.keys.at(self.row)
    }

    fn is_at_end(&self) -> bool {
        self.row >= self.keys.length
    }
}

/// The merge: sources in order of their next rows, and rows that were picked and not written yet.
struct Merge {
    table: &'static Table,
    cursors: Vec<Cursor>,
    heap: BinaryHeap<Reverse<(Key, usize)>>,
    batches: Vec<RecordBatch>,
    picks: Vec<(usize, usize)>,
}

/// Writes the rows of all sources; no file comes of no rows.
pub(super) async fn merge(
    mut writer: Writer,
    table: &'static Table,
    mut sources: Vec<Rows>,
) -> Result<Option<Written>> {
    if table.sums.is_empty() && sources.len() == 1 {
        let mut rows = sources.remove(0);
        while let Some(rows) = rows.try_next().await? {
            writer.write(&rows).await?;
        }
        return writer.finish().await;
    }
    let mut merge = Merge::new(table, sources).await?;
    while let Some(rows) = merge.next().await? {
        match table.sums {
            [] => writer.write(&rows).await?,
            _ => writer.write(&sum::neighbours(table, &rows, &Keys::new(table, &rows)?.begins())?).await?,
        }
    }
    writer.finish().await
}

impl Merge {
    async fn new(table: &'static Table, sources: Vec<Rows>) -> Result<Self> {
        let mut merge =
            Self { table, cursors: Vec::new(), heap: BinaryHeap::new(), batches: Vec::new(), picks: Vec::new() };
        for rows in sources {
            let keys = Keys { columns: Vec::new(), length: 0 };
            merge.cursors.push(Cursor { rows, keys, row: 0, batch: 0 });
            merge.advance(merge.cursors.len() - 1).await?;
        }
        Ok(merge)
    }

    /// Has a source that is at the end of its batch read the next one; it leaves when there is none.
    async fn advance(&mut self, at: usize) -> Result<()> {
        let cursor = &mut self.cursors[at];
        while cursor.is_at_end() {
            let Some(rows) = cursor.rows.try_next().await? else {
                // Nothing holds its last batch any more.
                cursor.rows = stream::empty().boxed();
                return Ok(());
            };
            (cursor.keys, cursor.row) = (Keys::new(self.table, &rows)?, 0);
            cursor.batch = self.batches.len();
            if rows.num_rows() > 0 {
                self.batches.push(rows);
            }
        }
        self.heap.push(Reverse((cursor.key(), at)));
        Ok(())
    }

    /// Returns the next rows in order.
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        while self.picks.len() < BATCH {
            let Some(Reverse((_, at))) = self.heap.pop() else { break };
            let bound = self.heap.peek().map(|Reverse((key, _))| *key);
            let cursor = &mut self.cursors[at];
            // Neighbours of one series mostly follow one another: they need no place in the heap.
            loop {
                self.picks.push((cursor.batch, cursor.row));
                cursor.row += 1;
                let is_next = |key: Key| bound.is_none_or(|bound| key <= bound);
                if cursor.is_at_end() || self.picks.len() >= BATCH || !is_next(cursor.key()) {
                    break;
                }
            }
            self.advance(at).await?;
        }
        if self.picks.is_empty() {
            return Ok(None);
        }
        let batches: Vec<&RecordBatch> = self.batches.iter().collect();
        let rows = interleave_record_batch(&batches, &self.picks)?;
        self.picks.clear();
        self.forget();
        Ok(Some(rows))
    }

    /// Keeps only the batches that sources are still in.
    fn forget(&mut self) {
        let mut kept = Vec::with_capacity(self.cursors.len());
        for cursor in self.cursors.iter_mut().filter(|cursor| !cursor.is_at_end()) {
            kept.push(self.batches[cursor.batch].clone());
            cursor.batch = kept.len() - 1;
        }
        self.batches = kept;
    }
}
