//! `system`: the catalog of views as the session has it, and what is only known while serving: questions, bounds and files.
//!
//! Who reads is told by the session that does, see [`System::told`]: contexts are shared by many.

use std::any::Any;
use std::sync::Arc;

use annals_data::store::TableSize;
use arrow::array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use async_trait::async_trait;
use datafusion::catalog::{SchemaProvider, Session, TableProvider};
use datafusion::error::Result;
use datafusion::prelude::SessionConfig;

use super::sealed::Sealed;
use super::{Asked, Asker, Bounds, Error, Log, Role};
use crate::Warehouse;
use crate::computed::{Compute, Computed};

/// The tables that are only here.
const TABLES: [&str; 3] = ["bound", "query", "store"];

/// The session's own schema, with what is known while serving.
pub(super) struct System {
    pub(super) own: Arc<dyn SchemaProvider>,
    pub(super) log: Arc<Log>,
    pub(super) bounds: Arc<Bounds>,
    pub(super) warehouse: Option<Arc<Warehouse>>,
}

impl System {
    /// Tells a session who reads by it.
    pub(super) fn told(config: SessionConfig, asker: &Asker) -> SessionConfig {
        config.with_extension(Arc::new(asker.clone()))
    }
}

/// Returns whether the rows of a table change without the version of the data.
pub(super) fn changes(table: &dyn TableProvider) -> bool {
    let mut table: &dyn Any = table;
    if let Some(Sealed(inner)) = table.downcast_ref::<Sealed<Arc<dyn TableProvider>>>() {
        table = inner.as_ref();
    }
    table.is::<Computed<Queries>>() || table.is::<Computed<Files>>()
}

/// Returns who reads; nobody in particular where that was not told.
fn reader(session: &dyn Session) -> Arc<Asker> {
    session.config().get_extension::<Asker>().unwrap_or_else(|| Arc::new(Asker::anybody("", "")))
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
        names.extend(TABLES.map(str::to_owned));
        names
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        Ok(Some(match name {
            "bound" => Arc::new(Computed(Shares(Arc::clone(&self.bounds)))),
            "query" => Arc::new(Computed(Queries(Arc::clone(&self.log)))),
            "store" => Arc::new(Computed(Files(self.warehouse.clone()))),
            name => return self.own.table(name).await,
        }))
    }

    fn table_exist(&self, name: &str) -> bool {
        TABLES.contains(&name) || self.own.table_exist(name)
    }
}

/// Returns columns by name and type; those that may be empty are named at the end.
fn schema(columns: &[(&str, DataType)], nullable: &[&str]) -> SchemaRef {
    let field = |(name, kind): &(&str, DataType)| Field::new(*name, kind.clone(), nullable.contains(name));
    Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()))
}

/// The newest questions, as the reader may see them.
#[derive(Debug)]
struct Queries(Arc<Log>);

#[async_trait]
impl Compute for Queries {
    fn schema(&self) -> SchemaRef {
        use DataType::{Float64, Int64, Timestamp, UInt64, Utf8};
        let columns = [
            ("query_id", UInt64),
            ("asked_at", Timestamp(TimeUnit::Microsecond, Some("UTC".into()))),
            ("asker", Utf8),
            ("wire", Utf8),
            ("text", Utf8),
            ("elapsed_ms", Float64),
            ("row_count", Int64),
            ("byte_count", Int64),
            ("outcome", Utf8),
            ("error", Utf8),
        ];
        schema(&columns, &["elapsed_ms", "error"])
    }

    /// Texts hold what others look for, so readers see those of their own name unless their role sees everything.
    async fn compute(&self, session: &dyn Session) -> Result<Vec<RecordBatch>> {
        let reader = reader(session);
        let mut asked = self.0.entries();
        asked.retain(|entry| reader.role == Role::Private || entry.asker == reader.name);
        let text =
            |get: fn(&Asked) -> Option<&str>| -> ArrayRef { Arc::new(asked.iter().map(get).collect::<StringArray>()) };
        let times = asked.iter().map(|entry| entry.asked_at);
        let elapsed = asked.iter().map(|entry| entry.elapsed.map(|time| time.as_secs_f64() * 1e3));
        let count = |get: fn(&Asked) -> u64| -> ArrayRef {
            Arc::new(asked.iter().map(|entry| i64::try_from(get(entry)).ok()).collect::<Int64Array>())
        };
        let columns: [ArrayRef; 10] = [
            Arc::new(UInt64Array::from_iter_values(asked.iter().map(|entry| entry.number))),
            Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC")),
            text(|entry| Some(&entry.asker)),
            text(|entry| Some(entry.wire)),
            text(|entry| Some(&entry.text)),
            Arc::new(elapsed.collect::<Float64Array>()),
            count(|entry| entry.row_count),
            count(|entry| entry.byte_count),
            text(|entry| Some(entry.outcome)),
            text(|entry| entry.error.as_deref()),
        ];
        Ok(vec![RecordBatch::try_new(self.schema(), columns.into())?])
    }
}

/// What the reader may use.
#[derive(Debug)]
struct Shares(Arc<Bounds>);

#[async_trait]
impl Compute for Shares {
    fn schema(&self) -> SchemaRef {
        schema(&[("name", DataType::Utf8), ("value", DataType::Int64), ("about", DataType::Utf8)], &[])
    }

    async fn compute(&self, session: &dyn Session) -> Result<Vec<RecordBatch>> {
        let told = self.0.of(&reader(session)).told();
        let columns: [ArrayRef; 3] = [
            Arc::new(StringArray::from_iter_values(told.iter().map(|(name, _, _)| name))),
            Arc::new(told.iter().map(|(_, value, _)| i64::try_from(*value).ok()).collect::<Int64Array>()),
            Arc::new(StringArray::from_iter_values(told.iter().map(|(_, _, about)| about))),
        ];
        Ok(vec![RecordBatch::try_new(self.schema(), columns.into())?])
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

#[async_trait]
impl Compute for Files {
    fn schema(&self) -> SchemaRef {
        let counts = ["file_count", "row_count", "byte_count"].map(|name| (name, DataType::Int64));
        schema(&[&[("table_name", DataType::Utf8)], &counts[..]].concat(), &[])
    }

    async fn compute(&self, _: &dyn Session) -> Result<Vec<RecordBatch>> {
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
        Ok(vec![RecordBatch::try_new(self.schema(), columns.into())?])
    }
}
