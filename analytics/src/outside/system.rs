//! `system`: the catalog of views as the session has it, and what is only known while serving: questions and files.

use std::sync::Arc;

use annals_data::store::TableSize;
use arrow::array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{MemTable, SchemaProvider, Session, TableProvider};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;

use super::{Asker, Error, Log, Role};
use crate::Warehouse;

/// The table of questions.
const QUERY: &str = "query";
/// The table of files.
const STORE: &str = "store";

/// The session's own schema, with the log of questions as this asker may see it.
pub(super) struct System {
    own: Arc<dyn SchemaProvider>,
    log: Arc<Log>,
    warehouse: Option<Arc<Warehouse>>,
    asker: String,
    role: Role,
}

impl System {
    pub(super) fn new(
        own: Arc<dyn SchemaProvider>,
        log: &Arc<Log>,
        warehouse: Option<Arc<Warehouse>>,
        asker: &Asker,
    ) -> Self {
        Self { own, log: Arc::clone(log), warehouse, asker: asker.name.clone(), role: asker.role }
    }

    /// Returns the questions that the asker may see: texts hold what others look for, so only those of their own name
    /// unless their role sees everything.
    fn queries(&self) -> Result<RecordBatch> {
        let mut asked = self.log.entries();
        asked.retain(|entry| self.role == Role::Private || entry.asker == self.asker);
        let text = |get: fn(&super::Asked) -> Option<&str>| -> ArrayRef {
            Arc::new(asked.iter().map(get).collect::<StringArray>())
        };
        let times = asked.iter().map(|entry| entry.asked_at);
        let elapsed = asked.iter().map(|entry| entry.elapsed.map(|time| time.as_secs_f64() * 1e3));
        let count = |get: fn(&super::Asked) -> u64| -> ArrayRef {
            Arc::new(asked.iter().map(|entry| i64::try_from(get(entry)).ok()).collect::<Int64Array>())
        };
        let columns: [(&str, ArrayRef, bool); 10] = [
            ("query_id", Arc::new(UInt64Array::from_iter_values(asked.iter().map(|entry| entry.number))), false),
            ("asked_at", Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC")), false),
            ("asker", text(|entry| Some(&entry.asker)), false),
            ("wire", text(|entry| Some(entry.wire)), false),
            ("text", text(|entry| Some(&entry.text)), false),
            ("elapsed_ms", Arc::new(elapsed.collect::<Float64Array>()), true),
            ("row_count", count(|entry| entry.row_count), false),
            ("byte_count", count(|entry| entry.byte_count), false),
            ("outcome", text(|entry| Some(entry.outcome)), false),
            ("error", text(|entry| entry.error.as_deref()), true),
        ];
        Ok(RecordBatch::try_from_iter_with_nullable(columns)?)
    }
}

impl std::fmt::Debug for System {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("System")
    }
}

#[async_trait]
impl SchemaProvider for System {
    fn table_names(&self) -> Vec<String> {
        let mut names = self.own.table_names();
        names.extend([QUERY.into(), STORE.into()]);
        names
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let batch = match name {
            QUERY => self.queries()?,
            STORE => return Ok(Some(Arc::new(Files(self.warehouse.clone())))),
            name => return self.own.table(name).await,
        };
        Ok(Some(Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]])?)))
    }

    fn table_exist(&self, name: &str) -> bool {
        [QUERY, STORE].contains(&name) || self.own.table_exist(name)
    }
}

/// How many files, rows and bytes each fact table has: counted when it is read, as whoever looks around only asks for its
/// columns.
struct Files(Option<Arc<Warehouse>>);

impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Files")
    }
}

impl Files {
    async fn count(&self) -> Result<RecordBatch> {
        let sizes = match &self.0 {
            Some(warehouse) => warehouse.store().sizes().await.map_err(Error::internal)?,
            None => vec![],
        };
        let count = |get: fn(&TableSize) -> u64| -> ArrayRef {
            Arc::new(sizes.iter().map(|size| i64::try_from(get(size)).ok()).collect::<Int64Array>())
        };
        let columns: [ArrayRef; 4] = [
            Arc::new(StringArray::from_iter_values(sizes.iter().map(|size| size.table))),
            count(|size| size.file_count as u64),
            count(|size| size.row_count),
            count(|size| size.byte_count),
        ];
        Ok(RecordBatch::try_new(self.schema(), columns.into())?)
    }
}

#[async_trait]
impl TableProvider for Files {
    fn schema(&self) -> SchemaRef {
        let count = |name| Field::new(name, DataType::Int64, false);
        let name = Field::new("table_name", DataType::Utf8, false);
        Arc::new(Schema::new(vec![name, count("file_count"), count("row_count"), count("byte_count")]))
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let rows = MemTable::try_new(self.schema(), vec![vec![self.count().await?]])?;
        rows.scan(state, projection, filters, limit).await
    }
}
