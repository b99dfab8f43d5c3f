//! Files and batches as sources of rows: with the columns of their table, whatever they were written with.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{Int64Type, SchemaRef};
use deltalake::logstore::parquet_reader::ParquetObjectReader;
use deltalake::parquet::arrow::ProjectionMask;
use deltalake::parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use deltalake::parquet::arrow::async_reader::ParquetRecordBatchStreamBuilder;
use deltalake::{DeltaTableError, ObjectStore, Path};
use futures::stream::{BoxStream, StreamExt, TryStreamExt};

use super::layout;
use crate::schema::Table;

type Result<T, E = DeltaTableError> = std::result::Result<T, E>;

/// Rows from somewhere, batch by batch.
pub(super) type Rows = BoxStream<'static, Result<RecordBatch>>;

/// Rows that are read or written at once.
pub(super) const BATCH: usize = 8192;

/// Opens a file; returns its rows and whether it says that they are in order.
pub(super) async fn open(table: &'static Table, store: &Arc<dyn ObjectStore>, path: &Path) -> Result<(Rows, bool)> {
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
pub(super) fn conform(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let columns = schema.fields().iter().map(|field| match batch.column_by_name(field.name()) {
        Some(column) if column.data_type() == field.data_type() => Ok(column.clone()),
        Some(column) => cast(column, field.data_type()),
        None => Ok(new_null_array(field.data_type(), batch.num_rows())),
    });
    Ok(RecordBatch::try_new(schema.clone(), columns.collect::<Result<_, _>>()?)?)
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
