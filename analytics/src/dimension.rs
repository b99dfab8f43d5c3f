//! Small fact tables that every view joins, kept in memory: changes and builds.
//!
//! Facts are append-only and carry the number of their batch, so a new version reads only the batches behind the
//! last one. Outcomes, steps and texts are many and stay on disk.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use datafusion::catalog::{MemTable, TableProvider};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{col, lit};
use datafusion::prelude::SessionContext;

use crate::Result;

/// The tables that are kept.
const KEPT: [&str; 2] = ["change", "build"];
/// More batches than this are made one, so that a scan has few pieces.
const PIECES: usize = 32;

/// What is kept, by table.
#[derive(Default)]
pub(crate) struct Dimensions {
    tables: HashMap<&'static str, Kept>,
}

/// The rows of one table up to a batch.
#[derive(Default)]
struct Kept {
    batch: i64,
    rows: Vec<RecordBatch>,
}

impl Dimensions {
    /// Returns what a session shall read instead of `provider`, which stands at `batch`: the same rows from memory,
    /// or the provider itself for a table that is not kept.
    pub(crate) async fn resident(
        &mut self,
        table: &'static str,
        provider: Arc<dyn TableProvider>,
        batch: i64,
    ) -> Result<Arc<dyn TableProvider>> {
        if !KEPT.contains(&table) {
            return Ok(provider);
        }
        let kept = self.tables.entry(table).or_default();
        let schema = provider.schema();
        if kept.batch < batch {
            let new = col("batch").gt(lit(kept.batch)).and(col("batch").lt_eq(lit(batch)));
            let rows = SessionContext::new().read_table(provider)?.filter(new)?.collect().await?;
            kept.rows.extend(rows.into_iter().filter(|rows| rows.num_rows() > 0));
            kept.batch = batch;
        }
        if kept.rows.len() > PIECES {
            kept.rows = vec![concat_batches(&schema, &kept.rows).map_err(DataFusionError::from)?];
        }
        Ok(Arc::new(MemTable::try_new(schema, vec![kept.rows.clone()])?))
    }
}
