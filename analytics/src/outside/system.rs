//! `system`: the catalog of views as the session has it, and what is only known while serving: questions and bounds.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, UInt64Array,
};
use async_trait::async_trait;
use datafusion::catalog::{MemTable, SchemaProvider, TableProvider};
use datafusion::error::Result;

use super::{Asker, Log, Role};

/// The table of questions.
const QUERY: &str = "query";

/// The session's own schema, with the log of questions as this asker may see it.
#[derive(Debug)]
pub(super) struct System {
    own: Arc<dyn SchemaProvider>,
    log: Arc<Log>,
    asker: String,
    role: Role,
}

impl System {
    pub(super) fn new(own: Arc<dyn SchemaProvider>, log: &Arc<Log>, asker: &Asker) -> Self {
        Self { own, log: Arc::clone(log), asker: asker.name.clone(), role: asker.role }
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
        let columns: [(&str, ArrayRef, bool); 8] = [
            ("query_id", Arc::new(UInt64Array::from_iter_values(asked.iter().map(|entry| entry.number))), false),
            ("asked_at", Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC")), false),
            ("asker", text(|entry| Some(&entry.asker)), false),
            ("wire", text(|entry| Some(entry.wire)), false),
            ("text", text(|entry| Some(&entry.text)), false),
            ("elapsed_ms", Arc::new(elapsed.collect::<Float64Array>()), true),
            ("row_count", Arc::new(Int64Array::from_iter_values(asked.iter().map(|e| e.row_count as i64))), false),
            ("error", text(|entry| entry.error.as_deref()), true),
        ];
        Ok(RecordBatch::try_from_iter_with_nullable(columns)?)
    }
}

#[async_trait]
impl SchemaProvider for System {
    fn table_names(&self) -> Vec<String> {
        let mut names = self.own.table_names();
        names.push(QUERY.into());
        names
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        if name != QUERY {
            return self.own.table(name).await;
        }
        let batch = self.queries()?;
        Ok(Some(Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]])?)))
    }

    fn table_exist(&self, name: &str) -> bool {
        name == QUERY || self.own.table_exist(name)
    }
}
