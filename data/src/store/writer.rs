//! One data file of a fact table: rows in, an entry for the table's log out.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use deltalake::kernel::Add;
use deltalake::logstore::object_store::buffered::BufWriter;
use deltalake::parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use deltalake::parquet::file::statistics::Statistics;
use deltalake::{DeltaTableError, ObjectStore, Path};
use serde_json::{Map, Value, json};
use tokio::io::AsyncWriteExt;

use super::layout::{self, Effort};
use crate::encode::Encoder;
use crate::schema::{Column, Kind, Table};

type Result<T, E = DeltaTableError> = std::result::Result<T, E>;

/// A file that is being written; it is there when it is finished, and nothing is there before.
pub(super) struct Writer {
    table: &'static Table,
    path: Path,
    parquet: Encoder<Vec<u8>>,
    store: BufWriter,
    rows: usize,
    /// What the last row begins with, where the first ordering column is a text.
    part: String,
}

/// A file that no version of the table has yet.
#[derive(Clone, Debug)]
pub(super) struct Written {
    /// Where it is in the table's folder.
    pub path: Path,
    /// Its entry.
    pub add: Add,
}

impl Writer {
    pub(super) fn new(table: &'static Table, store: Arc<dyn ObjectStore>, effort: Effort) -> Result<Self> {
        let mut random = [0; 16];
        getrandom::getrandom(&mut random).map_err(|e| DeltaTableError::generic(e.to_string()))?;
        let path = Path::from(format!("part-{:032x}.zstd.parquet", u128::from_le_bytes(random)));
        let store = BufWriter::new(store, path.clone());
        let parquet = Encoder::new(Vec::new(), layout::schema(table), layout::options(table, effort))?;
        Ok(Self { table, path, parquet, store, rows: 0, part: String::new() })
    }

    /// Adds rows that follow those before them in the table's order.
    pub(super) async fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        let Some(parts) = rows.column_by_name(self.table.order[0]).and_then(|first| first.as_string_view_opt()) else {
            return self.put(rows).await;
        };
        let mut from = 0;
        while from < rows.num_rows() {
            let part = parts.value(from);
            if self.part != part {
                if self.parquet.group_rows() >= layout::APART_ROWS {
                    self.parquet.end_group()?;
                }
                part.clone_into(&mut self.part);
            }
            let count = (from..rows.num_rows()).take_while(|row| parts.value(*row) == part).count();
            self.put(&rows.slice(from, count)).await?;
            from += count;
        }
        Ok(())
    }

    async fn put(&mut self, rows: &RecordBatch) -> Result<()> {
        self.rows += rows.num_rows();
        self.parquet.write(rows)?;
        self.pass_on().await
    }

    /// Hands over what is encoded.
    async fn pass_on(&mut self) -> Result<()> {
        let bytes = std::mem::take(self.parquet.file()?);
        match bytes.is_empty() {
            true => Ok(()),
            false => Ok(self.store.put(bytes.into()).await?),
        }
    }

    /// Completes the file; none comes of no rows.
    pub(super) async fn finish(mut self) -> Result<Option<Written>> {
        if self.rows == 0 {
            return Ok(None);
        }
        let metadata = self.parquet.finish()?;
        self.pass_on().await?;
        self.store.shutdown().await?;
        let add = Add {
            path: self.path.to_string(),
            size: self.parquet.size() as i64,
            modification_time: chrono::Utc::now().timestamp_millis(),
            data_change: true,
            stats: Some(statistics(self.table, &metadata)),
            partition_values: HashMap::new(),
            tags: None,
            deletion_vector: None,
            base_row_id: None,
            default_row_commit_version: None,
            clustering_provider: None,
        };
        Ok(Some(Written { path: self.path, add }))
    }
}

/// Returns what the log says of a file's first columns: by this engines skip files that hold nothing of interest.
fn statistics(table: &Table, metadata: &ParquetMetaData) -> String {
    let (mut least, mut most, mut nulls) = (Map::new(), Map::new(), Map::new());
    for (index, column) in table.columns.iter().take(table.indexed).enumerate() {
        let groups: Vec<Option<&Statistics>> =
            metadata.row_groups().iter().map(|group: &RowGroupMetaData| group.column(index).statistics()).collect();
        let Some(groups) = groups.into_iter().collect::<Option<Vec<_>>>() else { continue };
        let count: Option<u64> = groups.iter().map(|group| group.null_count_opt()).sum();
        nulls.extend(count.map(|count| (column.name.to_owned(), json!(count))));
        if let Some((low, high)) = bounds(column, &groups) {
            least.insert(column.name.to_owned(), low);
            most.insert(column.name.to_owned(), high);
        }
    }
    let rows = metadata.file_metadata().num_rows();
    json!({ "numRecords": rows, "minValues": least, "maxValues": most, "nullCount": nulls }).to_string()
}

fn bounds(column: &Column, groups: &[&Statistics]) -> Option<(Value, Value)> {
    match column.kind {
        Kind::Int | Kind::Time => {
            let ends = groups.iter().filter_map(|group| match group {
                Statistics::Int64(values) => Some((*values.min_opt()?, *values.max_opt()?)),
                _ => None,
            });
            let (low, high) = ends.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))?;
            if column.kind == Kind::Int { Some((json!(low), json!(high))) } else { Some((time(low)?, time(high)?)) }
        }
        Kind::Text => {
            let text = |bytes: Option<&[u8]>| Some(std::str::from_utf8(bytes?).ok()?.to_owned());
            let ends = groups.iter().map(|group| Some((text(group.min_bytes_opt())?, text(group.max_bytes_opt())?)));
            let ends = ends.collect::<Option<Vec<_>>>()?;
            // A bound that was cut is none.
            let is_exact = groups.iter().all(|group| group.min_is_exact() && group.max_is_exact());
            let (low, high) = ends.into_iter().reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))?;
            is_exact.then(|| (json!(low), json!(high)))
        }
        _ => None,
    }
}

fn time(micros: i64) -> Option<Value> {
    let time = chrono::DateTime::from_timestamp_micros(micros)?;
    Some(json!(time.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)))
}
