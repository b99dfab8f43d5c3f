//! A Parquet file whose columns are encoded side by side, on as many threads as there are processors.

use std::io::Write;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::thread;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use deltalake::parquet::arrow::ArrowWriter;
use deltalake::parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, ArrowWriterOptions, compute_leaves,
};
use deltalake::parquet::errors::{ParquetError, Result};
use deltalake::parquet::file::metadata::ParquetMetaData;
use deltalake::parquet::file::writer::SerializedFileWriter;

/// Rows that are encoded at once; fewer are not worth a thread.
const AT_ONCE: usize = 32_768;

/// A file that is being written.
pub struct Encoder<W: Write + Send> {
    file: SerializedFileWriter<W>,
    factory: ArrowRowGroupWriterFactory,
    schema: SchemaRef,
    /// The leaves of each column: a column of lists or structs has several.
    leaves: Vec<Range<usize>>,
    /// The leaves of the row group that is being written; nothing before its first row.
    writers: Vec<ArrowColumnWriter>,
    group_rows: usize,
    /// What is not encoded yet.
    waiting: Vec<RecordBatch>,
    waiting_rows: usize,
}

impl<W: Write + Send> Encoder<W> {
    /// Begins a file.
    ///
    /// # Errors
    ///
    /// When Parquet has no type for a column, or the file takes no bytes.
    pub fn new(file: W, schema: SchemaRef, options: ArrowWriterOptions) -> Result<Self> {
        let writer = ArrowWriter::try_new_with_options(file, schema.clone(), options)?;
        let (file, factory) = writer.into_serialized_writer()?;
        let mut leaves: Vec<Range<usize>> = Vec::new();
        for leaf in 0..file.schema_descr().num_columns() {
            match leaves.last_mut().filter(|_| leaf > 0 && is_sibling(&file, leaf)) {
                Some(column) => column.end = leaf + 1,
                None => leaves.push(leaf..leaf + 1),
            }
        }
        let (writers, waiting) = (Vec::new(), Vec::new());
        Ok(Self { file, factory, schema, leaves, writers, group_rows: 0, waiting, waiting_rows: 0 })
    }

    /// Adds rows of the file's schema.
    ///
    /// # Errors
    ///
    /// When the file takes no bytes.
    pub fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        let limit = self.file.properties().max_row_group_row_count().unwrap_or(usize::MAX);
        let mut from = 0;
        while from < rows.num_rows() {
            let count = (rows.num_rows() - from).min(limit - self.group_rows);
            self.waiting.push(rows.slice(from, count));
            (self.waiting_rows, self.group_rows, from) =
                (self.waiting_rows + count, self.group_rows + count, from + count);
            if self.group_rows == limit {
                self.end_group()?;
            } else if self.waiting_rows >= AT_ONCE {
                self.encode()?;
            }
        }
        Ok(())
    }

    /// Returns where the bytes go: those of whole row groups are there.
    ///
    /// # Errors
    ///
    /// When the file takes no bytes.
    pub fn file(&mut self) -> Result<&mut W> {
        self.file.flush()?;
        Ok(self.file.inner_mut())
    }

    /// Returns how many bytes the file has so far.
    pub fn size(&self) -> usize {
        self.file.bytes_written()
    }

    /// Ends the file.
    ///
    /// # Errors
    ///
    /// When the file takes no bytes.
    pub fn finish(&mut self) -> Result<ParquetMetaData> {
        self.end_group()?;
        self.file.finish()
    }

    /// Returns how many rows the row group has that is being written.
    pub fn group_rows(&self) -> usize {
        self.group_rows
    }

    /// Ends the row group: what comes next begins another one.
    ///
    /// # Errors
    ///
    /// When the file takes no bytes.
    pub fn end_group(&mut self) -> Result<()> {
        if self.group_rows == 0 {
            return Ok(());
        }
        self.encode()?;
        let chunks = side_by_side(std::mem::take(&mut self.writers).into_iter(), ArrowColumnWriter::close)?;
        let mut group = self.file.next_row_group()?;
        chunks.into_iter().try_for_each(|chunk: ArrowColumnChunk| chunk.append_to_row_group(&mut group))?;
        group.close()?;
        self.group_rows = 0;
        Ok(())
    }

    fn encode(&mut self) -> Result<()> {
        if self.writers.is_empty() {
            self.writers = self.factory.create_column_writers(self.file.flushed_row_groups().len())?;
        }
        let waiting = std::mem::take(&mut self.waiting);
        let mut writers = self.writers.iter_mut();
        let columns: Vec<(usize, Vec<&mut ArrowColumnWriter>)> = self
            .leaves
            .iter()
            .enumerate()
            .map(|(at, leaves)| (at, writers.by_ref().take(leaves.len()).collect()))
            .collect();
        let encode = |(at, mut writers): (usize, Vec<&mut ArrowColumnWriter>)| {
            for rows in &waiting {
                let leaves = compute_leaves(self.schema.field(at), rows.column(at))?;
                writers.iter_mut().zip(&leaves).try_for_each(|(writer, leaf)| writer.write(leaf))?;
            }
            Ok(())
        };
        match self.waiting_rows {
            ..AT_ONCE => columns.into_iter().try_for_each(encode)?,
            _ => side_by_side(columns.into_iter(), encode).map(drop)?,
        }
        self.waiting_rows = 0;
        Ok(())
    }
}

/// Returns whether a leaf is of the same column as the one before it.
fn is_sibling<W: Write + Send>(file: &SerializedFileWriter<W>, leaf: usize) -> bool {
    let schema = file.schema_descr();
    schema.get_column_root_idx(leaf) == schema.get_column_root_idx(leaf - 1)
}

/// Does `work` on all `items`, each thread taking the next one; returns what came of them, in their order.
fn side_by_side<I: Send, O: Send>(
    items: impl Iterator<Item = I> + Send,
    work: impl Fn(I) -> Result<O> + Sync,
) -> Result<Vec<O>> {
    let items = Mutex::new(items.enumerate());
    let next = || items.lock().unwrap_or_else(PoisonError::into_inner).next();
    let run = || -> Result<Vec<(usize, O)>> {
        let mut done = Vec::new();
        while let Some((at, item)) = next() {
            done.push((at, work(item)?));
        }
        Ok(done)
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut all = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(run)).collect();
        let mut all = run()?;
        for other in others {
            all.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        Ok::<_, ParquetError>(all)
    })?;
    all.sort_unstable_by_key(|(at, _)| *at);
    Ok(all.into_iter().map(|(_, done)| done).collect())
}
