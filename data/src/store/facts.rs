//! A fact table at one version as the engine reads it: its files, and what the log says of each.
//!
//! delta-rs' own provider serves whatever a Delta table may be: it replays the log for each scan, and looks at each batch
//! for deletion vectors, mapped columns and partitions, none of which these tables have. A table that somebody else has
//! given one of them is refused, see [`provider`].

use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, SchemaRef};
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, ScalarValue, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::execution::object_store::ObjectStoreUrl;
use deltalake::kernel::LogicalFileView;
use deltalake::{DeltaTable, DeltaTableError};
use serde_json::Value;

use super::layout;
use crate::id;
use crate::scan::FileTable;
use crate::schema::Table;

/// The version of Delta's protocol that reads files as they are.
const PLAIN: i32 = 1;

/// Returns the table at the version that `delta` is at; `folder` is where it is on this machine, if it is.
///
/// # Errors
///
/// When reading it asks for more than reading its files.
pub(super) fn provider(
    table: &Table,
    delta: &DeltaTable,
    folder: Option<PathBuf>,
) -> Result<FileTable, DeltaTableError> {
    let snapshot = delta.snapshot()?;
    let asked = snapshot.protocol().min_reader_version();
    if asked > PLAIN {
        let reason = format!("another program has changed how `{}` is read (reader version {asked})", table.name);
        return Err(DeltaTableError::generic(reason));
    }
    let schema = layout::schema(table);
    let mut files: Vec<(i64, PartitionedFile)> =
        snapshot.log_data().iter().map(|file| described(&file, &schema)).collect();
    files.sort_by_key(|(batch, _)| *batch);
    let files: Vec<PartitionedFile> = files.into_iter().map(|(_, file)| file).collect();
    let each = files.iter().filter_map(|file| file.statistics.as_deref());
    let statistics = match files.is_empty() {
        true => Statistics { num_rows: Precision::Exact(0), ..Statistics::new_unknown(&schema) },
        false => Statistics::try_merge_iter(each, &schema)?,
    };
    Ok(FileTable { url: url(delta)?, store: delta.object_store(), folder, schema, files, statistics })
}

/// Returns the name by which the engine finds the files of this table and no others.
fn url(delta: &DeltaTable) -> Result<ObjectStoreUrl, DeltaTableError> {
    let folder = id::id(&["facts", delta.table_url().as_str()]).cast_unsigned();
    Ok(ObjectStoreUrl::parse(format!("facts://{folder:016x}"))?)
}

/// Returns a file with what the log says of it, and the first batch that it has rows of.
fn described(file: &LogicalFileView, schema: &SchemaRef) -> (i64, PartitionedFile) {
    let log: Value = file.stats().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let rows = file.num_records().map_or(Precision::Absent, Precision::Exact);
    let statistics = Statistics {
        num_rows: rows,
        total_byte_size: Precision::Absent,
        column_statistics: schema.fields().iter().map(|field| column(field, &log)).collect(),
    };
    let size = file.size().unsigned_abs();
    let described = PartitionedFile::new(file.object_store_path(), size).with_statistics(Arc::new(statistics));
    (log["minValues"]["batch"].as_i64().unwrap_or(0), described)
}

/// Returns what the log says of a column; of whole numbers only, because other writers cut times and texts.
fn column(field: &Field, log: &Value) -> ColumnStatistics {
    let bound = |of: &str| match field.data_type() {
        DataType::Int64 => log[of][field.name()].as_i64().map(|value| ScalarValue::Int64(Some(value))),
        _ => None,
    };
    let known = |bound: Option<ScalarValue>| bound.map_or(Precision::Absent, Precision::Exact);
    let null_count =
        log["nullCount"][field.name()].as_u64().map_or(Precision::Absent, |n| Precision::Exact(n as usize));
    let (min_value, max_value) = (known(bound("minValues")), known(bound("maxValues")));
    ColumnStatistics { null_count, min_value, max_value, ..ColumnStatistics::new_unknown() }
}
