//! Rows of several sources become one file in the table's order, in bounded memory.
//!
//! A file that says that it is in order is streamed. Other rows are sorted piece by piece, and what is more than one
//! piece waits in files of its own. At no time are there more rows in memory than a piece and a batch per source.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, AsArray, Int64Array, RecordBatch, new_null_array};
use arrow::compute::{cast, interleave_record_batch};
use arrow::datatypes::{DataType, Int64Type, SchemaRef, TimestampMicrosecondType};
use arrow::error::ArrowError;
use deltalake::logstore::parquet_reader::ParquetObjectReader;
use deltalake::parquet::arrow::ProjectionMask;
use deltalake::parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use deltalake::parquet::arrow::async_reader::ParquetRecordBatchStreamBuilder;
use deltalake::{DeltaTableError, ObjectStore, Path};
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};

use super::layout::{self, Effort};
use super::sum;
use super::writer::{Writer, Written};
use crate::schema::Table;

type Result<T, E = DeltaTableError> = std::result::Result<T, E>;

/// Rows from somewhere, batch by batch.
pub(super) type Rows = BoxStream<'static, Result<RecordBatch>>;

/// Which rows of a batch stay; all of them if there is none.
pub(super) type Keep = Arc<dyn Fn(&RecordBatch) -> Result<RecordBatch> + Send + Sync>;

/// The columns that rows are ordered by, at most so many; what a table has fewer counts as zero.
const KEYS: usize = 5;
type Key = [i64; KEYS];

/// Rows that are read or written at once.
const BATCH: usize = 8192;

/// What is sorted in memory at once, bytes.
const PIECE: usize = 96 << 20;

/// Merges files into one; `keep` says which of their rows stay. No file comes of no rows.
pub(super) async fn files(
    table: &'static Table,
    store: Arc<dyn ObjectStore>,
    paths: &[Path],
    keep: Option<Keep>,
) -> Result<Option<Written>> {
    let mut sorter = Sorter::new(table, store.clone(), Effort::Thorough);
    for path in paths {
        let (rows, is_ordered) = open(table, &store, path).await?;
        let rows = match &keep {
            Some(keep) => kept(rows, keep.clone()),
            None => rows,
        };
        if is_ordered { sorter.sources.push(rows) } else { sorter.sort(rows).await? }
    }
    sorter.finish().await
}

/// Returns whether a file has rows whose `column` is one of `ids`.
pub(super) async fn holds(store: Arc<dyn ObjectStore>, path: &Path, column: &str, ids: &HashSet<i64>) -> Result<bool> {
    let reader = ParquetRecordBatchStreamBuilder::new(ParquetObjectReader::new(store, path.clone())).await?;
    let only = ProjectionMask::columns(reader.parquet_schema(), [column]);
    let mut rows = reader.with_projection(only).with_batch_size(BATCH).build()?;
    while let Some(rows) = rows.try_next().await? {
        if rows.column(0).as_primitive::<Int64Type>().values().iter().any(|id| ids.contains(id)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Writes rows of any order as one file.
pub(super) async fn batches(
    table: &'static Table,
    store: Arc<dyn ObjectStore>,
    batches: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
) -> Result<Option<Written>> {
    let mut sorter = Sorter::new(table, store, Effort::Quick);
    for batch in batches {
        sorter.take(conform(&batch?, &layout::schema(table))?).await?;
    }
    sorter.finish().await
}

fn kept(rows: Rows, keep: Keep) -> Rows {
    rows.map(move |rows| keep(&rows?)).boxed()
}

/// Opens a file; returns its rows and whether it says that they are in order.
async fn open(table: &'static Table, store: &Arc<dyn ObjectStore>, path: &Path) -> Result<(Rows, bool)> {
    let mut reader = ParquetObjectReader::new(store.clone(), path.clone());
    let found = ArrowReaderMetadata::load_async(&mut reader, ArrowReaderOptions::new()).await?;
    let is_ordered = layout::is_ordered(table, found.metadata().file_metadata().key_value_metadata());
    let schema = layout::schema(table);
    let rows = ParquetRecordBatchStreamBuilder::new_with_metadata(reader, viewing(&found, &schema)?);
    let rows = rows.with_batch_size(BATCH).build()?;
    Ok((rows.map(move |rows| conform(&rows?, &schema)).boxed(), is_ordered))
}

/// Has texts read as views wherever they are to be views: their bytes are not copied then.
fn viewing(found: &ArrowReaderMetadata, schema: &SchemaRef) -> Result<ArrowReaderMetadata> {
    let fields = found.schema().fields().iter().map(|field| match schema.field_with_name(field.name()) {
        Ok(own) if own.data_type().is_string() && field.data_type().is_string() => {
            Arc::new(field.as_ref().clone().with_data_type(own.data_type().clone()))
        }
        _ => field.clone(),
    });
    let viewing = Arc::new(arrow::datatypes::Schema::new(fields.collect::<Vec<_>>()));
    let options = ArrowReaderOptions::new().with_schema(viewing);
    Ok(ArrowReaderMetadata::try_new(found.metadata().clone(), options)?)
}

/// Returns the batch with exactly the columns of the schema; a column that an older file lacks is null.
fn conform(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let columns = schema.fields().iter().map(|field| match batch.column_by_name(field.name()) {
        Some(column) if column.data_type() == field.data_type() => Ok(column.clone()),
        Some(column) => cast(column, field.data_type()),
        None => Ok(new_null_array(field.data_type(), batch.num_rows())),
    });
    Ok(RecordBatch::try_new(schema.clone(), columns.collect::<Result<_, _>>()?)?)
}

/// Sorts what is not in order, piece by piece.
struct Sorter {
    table: &'static Table,
    store: Arc<dyn ObjectStore>,
    effort: Effort,
    /// What is sorted in memory at once, bytes.
    bound: usize,
    sources: Vec<Rows>,
    piece: Vec<RecordBatch>,
    bytes: usize,
    /// Files of sorted pieces, which go when the merge is done.
    spilled: Vec<Path>,
}

impl Sorter {
    fn new(table: &'static Table, store: Arc<dyn ObjectStore>, effort: Effort) -> Self {
        let (sources, piece, spilled) = (Vec::new(), Vec::new(), Vec::new());
        Self { table, store, effort, bound: PIECE, sources, piece, bytes: 0, spilled }
    }

    async fn sort(&mut self, mut rows: Rows) -> Result<()> {
        while let Some(rows) = rows.try_next().await? {
            self.take(rows).await?;
        }
        Ok(())
    }

    async fn take(&mut self, rows: RecordBatch) -> Result<()> {
        if rows.num_rows() == 0 {
            return Ok(());
        }
        let bytes = rows.get_array_memory_size();
        if !self.piece.is_empty() && self.bytes + bytes > self.bound {
            self.spill().await?;
        }
        self.bytes += bytes;
        self.piece.push(rows);
        Ok(())
    }

    /// Returns the piece in order.
    fn sorted(&mut self) -> Result<Rows> {
        self.bytes = 0;
        let batches = std::mem::take(&mut self.piece);
        let keys = batches.iter().map(|batch| Keys::new(self.table, batch)).collect::<Result<Vec<_>>>()?;
        if let [batch] = &batches[..]
            && keys[0].are_ordered()
        {
            return Ok(stream::iter([Ok(batch.clone())]).boxed());
        }
        let places = keys.iter().enumerate().flat_map(|(at, keys)| (0..keys.length).map(move |row| (at, row)));
        let mut order: Vec<(Key, (usize, usize))> = places.map(|(at, row)| (keys[at].at(row), (at, row))).collect();
        order.sort_unstable();
        let order: Vec<(usize, usize)> = order.into_iter().map(|(_, place)| place).collect();
        let chunk = move |from: usize| {
            let part = order.get(from..order.len().min(from + BATCH))?;
            let batches: Vec<&RecordBatch> = batches.iter().collect();
            (!part.is_empty()).then(|| interleave_record_batch(&batches, part).map_err(DeltaTableError::from))
        };
        Ok(stream::iter((0..).step_by(BATCH).map_while(chunk)).boxed())
    }

    async fn spill(&mut self) -> Result<()> {
        let piece = self.sorted()?;
        if let Some(written) =
            merge(Writer::new(self.table, self.store.clone(), Effort::Quick)?, self.table, vec![piece]).await?
        {
            self.spilled.push(written.path.clone());
            self.sources.push(open(self.table, &self.store, &written.path).await?.0);
        }
        Ok(())
    }

    async fn finish(mut self) -> Result<Option<Written>> {
        if !self.piece.is_empty() {
            let piece = self.sorted()?;
            self.sources.push(piece);
        }
        let writer = Writer::new(self.table, self.store.clone(), self.effort)?;
        let merged = merge(writer, self.table, std::mem::take(&mut self.sources)).await;
        for path in &self.spilled {
            // What stays behind is waste that vacuum removes.
            let _ = deltalake::logstore::object_store::ObjectStoreExt::delete(self.store.as_ref(), path).await;
        }
        merged
    }
}

/// The ordering columns of a batch.
struct Keys {
    columns: Vec<Int64Array>,
    length: usize,
}

impl Keys {
    fn new(table: &Table, batch: &RecordBatch) -> Result<Self> {
        let column = |name: &&str| {
            let column = batch.column_by_name(name).and_then(|column| match column.data_type() {
                DataType::Timestamp(..) => {
                    Some(column.as_primitive_opt::<TimestampMicrosecondType>()?.reinterpret_cast::<Int64Type>())
                }
                _ => column.as_primitive_opt::<Int64Type>().cloned(),
            });
            column.ok_or_else(|| DeltaTableError::generic(format!("`{name}` cannot order rows")))
        };
        let columns = table.order.iter().take(KEYS).map(column).collect::<Result<_>>()?;
        Ok(Self { columns, length: batch.num_rows() })
    }

    fn at(&self, row: usize) -> Key {
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

    fn are_ordered(&self) -> bool {
        (1..self.length).all(|row| self.at(row - 1) <= self.at(row))
    }
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

async fn merge(mut writer: Writer, table: &'static Table, sources: Vec<Rows>) -> Result<Option<Written>> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::MESSAGE;
    use arrow::array::StringArray;
    use deltalake::logstore::object_store::memory::InMemory;

    /// Returns rows with these ids, in this order.
    fn rows(ids: &[i64]) -> RecordBatch {
        let text = Arc::new(StringArray::from_iter_values(ids.iter().map(|id| format!("text {id}"))));
        let batch = Arc::new(Int64Array::from(vec![1; ids.len()]));
        let ids = Arc::new(Int64Array::from(ids.to_vec()));
        RecordBatch::try_new(MESSAGE.arrow(), vec![batch, ids, text.clone(), text]).unwrap()
    }

    async fn read(store: &Arc<dyn ObjectStore>, path: &Path) -> (Vec<(i64, String)>, bool) {
        let (rows, is_ordered) = open(&MESSAGE, store, path).await.unwrap();
        let batches: Vec<RecordBatch> = rows.try_collect().await.unwrap();
        let rows = batches.iter().flat_map(|batch| {
            let (ids, texts) = (batch.column(1).as_primitive::<Int64Type>(), batch.column(3).as_string_view());
            (0..batch.num_rows()).map(|row| (ids.value(row), texts.value(row).to_owned())).collect::<Vec<_>>()
        });
        (rows.collect(), is_ordered)
    }

    /// Multiples of a number that is prime to their count: all numbers below it, in no order.
    fn shuffled(count: i64) -> Vec<i64> {
        (0..count).map(|id| id * 7919 % count).collect()
    }

    #[tokio::test]
    async fn what_is_more_than_memory_holds_is_sorted_all_the_same() {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let mut sorter = Sorter::new(&MESSAGE, store.clone(), Effort::Quick);
        sorter.bound = 20_000;
        for ids in shuffled(5000).chunks(100) {
            sorter.take(conform(&rows(ids), &layout::schema(&MESSAGE)).unwrap()).await.unwrap();
        }
        assert!(sorter.spilled.len() > 5, "{}", sorter.spilled.len());
        let written = sorter.finish().await.unwrap().unwrap();
        let expected: Vec<_> = (0..5000).map(|id| (id, format!("text {id}"))).collect();
        assert_eq!(read(&store, &written.path).await, (expected, true));
        assert_eq!(store.list(None).count().await, 1, "pieces stayed behind");
    }

    #[tokio::test]
    async fn files_are_merged_and_rows_left_out() {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let mut paths = Vec::new();
        for ids in shuffled(30_000).chunks(10_000) {
            paths.push(batches(&MESSAGE, store.clone(), [Ok(rows(ids))].into_iter()).await.unwrap().unwrap().path);
        }
        let merged = files(&MESSAGE, store.clone(), &paths, None).await.unwrap().unwrap();
        let (found, is_ordered) = read(&store, &merged.path).await;
        assert!(is_ordered && found.iter().map(|(id, _)| *id).eq(0..30_000));
        assert!(merged.add.stats.as_ref().unwrap().contains("\"numRecords\":30000"), "{merged:?}");
        let nothing: Keep = Arc::new(|rows| Ok(rows.slice(0, 0)));
        assert!(files(&MESSAGE, store, &paths, Some(nothing)).await.unwrap().is_none());
    }
}
