//! Rows of any order become one file in the table's order, in bounded memory.
//!
//! A file that says that it is in order is streamed. Other rows are sorted piece by piece, and what is more than one
//! piece waits in files of its own. At no time are there more rows in memory than a piece and a batch per source.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::interleave_record_batch;
use deltalake::logstore::object_store::ObjectStoreExt;
use deltalake::{DeltaTableError, ObjectStore, Path};
use futures::stream::{self, StreamExt, TryStreamExt};

use super::layout::{self, Effort};
use super::merge::{Key, Keys, merge};
use super::source::{BATCH, Rows, conform, open};
use super::writer::{Writer, Written};
use crate::schema::Table;

type Result<T, E = DeltaTableError> = std::result::Result<T, E>;

/// Which rows of a batch stay; all of them if there is none.
pub(super) type Keep = Arc<dyn Fn(&RecordBatch) -> Result<RecordBatch> + Send + Sync>;

/// What is sorted in memory at once, bytes.
const PIECE: usize = 128 << 20;

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

fn kept(rows: Rows, keep: Keep) -> Rows {
    rows.map(move |rows| keep(&rows?)).boxed()
}

/// Sorts what is not in order, piece by piece.
pub(super) struct Sorter {
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
    /// Returns a sorter of rows of the table, whose files are in `store`.
    pub(super) fn new(table: &'static Table, store: Arc<dyn ObjectStore>, effort: Effort) -> Self {
        let (sources, piece, spilled) = (Vec::new(), Vec::new(), Vec::new());
        Self { table, store, effort, bound: PIECE, sources, piece, bytes: 0, spilled }
    }

    /// Adds rows, in whatever order and representation.
    pub(super) async fn add(&mut self, rows: &RecordBatch) -> Result<()> {
        self.take(conform(rows, &layout::schema(self.table))?).await
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

    /// Writes everything as one file; none comes of no rows.
    pub(super) async fn finish(mut self) -> Result<Option<Written>> {
        let written = self.write().await;
        self.discard().await;
        written
    }

    async fn write(&mut self) -> Result<Option<Written>> {
        if !self.piece.is_empty() {
            let piece = self.sorted()?;
            self.sources.push(piece);
        }
        let writer = Writer::new(self.table, self.store.clone(), self.effort)?;
        merge(writer, self.table, std::mem::take(&mut self.sources)).await
    }

    /// Removes what waits in files.
    pub(super) async fn discard(self) {
        for path in &self.spilled {
            // What stays behind is waste that vacuum removes.
            let _ = self.store.delete(path).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::MESSAGE;
    use arrow::array::{AsArray, Int64Array, StringArray};
    use arrow::datatypes::Int64Type;
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
            sorter.add(&rows(ids)).await.unwrap();
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
            let mut sorter = Sorter::new(&MESSAGE, store.clone(), Effort::Quick);
            sorter.add(&rows(ids)).await.unwrap();
            paths.push(sorter.finish().await.unwrap().unwrap().path);
        }
        let merged = files(&MESSAGE, store.clone(), &paths, None).await.unwrap().unwrap();
        let (found, is_ordered) = read(&store, &merged.path).await;
        assert!(is_ordered && found.iter().map(|(id, _)| *id).eq(0..30_000));
        assert!(merged.add.stats.as_ref().unwrap().contains("\"numRecords\":30000"), "{merged:?}");
        let nothing: Keep = Arc::new(|rows| Ok(rows.slice(0, 0)));
        assert!(files(&MESSAGE, store, &paths, Some(nothing)).await.unwrap().is_none());
    }
}
