//! Tables that are planned on before it is known what they hold.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Statistics;
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr, PlanProperties};
use futures::future::ready;
use futures::{StreamExt, TryStreamExt, stream};

use crate::kept;

/// As many rows as are expected of each table that is filled.
const FEW: usize = 16;

/// Returns what is in the place, also where somebody died who held it.
pub(super) fn locked<T>(place: &Mutex<T>) -> MutexGuard<'_, T> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A table that is planned on before it has rows: what reads it has those that it is filled with by then.
#[derive(Debug)]
pub(super) struct Filled {
    pub(super) schema: SchemaRef,
    pub(super) rows: Mutex<Option<Vec<RecordBatch>>>,
}

impl Filled {
    /// Puts the rows there, in the types of the table.
    pub(super) fn fill(&self, rows: &[RecordBatch]) -> Result<()> {
        let rows = rows.iter().map(|batch| kept::in_types(batch.clone(), &self.schema)).collect::<Result<_>>()?;
        *locked(&self.rows) = Some(rows);
        Ok(())
    }

    /// Returns it as a table.
    pub(super) fn as_table(self: &Arc<Self>) -> Arc<dyn TableProvider> {
        Arc::new(FilledTable(Arc::clone(self)))
    }
}

/// The table of what is filled.
#[derive(Debug)]
struct FilledTable(Arc<Filled>);

#[async_trait]
impl TableProvider for FilledTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.0.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let rows = vec![Arc::clone(&self.0) as Arc<dyn PartitionStream>];
        let rows = StreamingTableExec::try_new(self.schema(), rows, projection, [], false, limit)?;
        Ok(Arc::new(FilledExec(Arc::new(rows))))
    }
}

/// Reads what is filled: few rows, so it is that side of a join from which the other is looked up.
#[derive(Debug)]
struct FilledExec(Arc<StreamingTableExec>);

impl DisplayAs for FilledExec {
    fn fmt_as(&self, kind: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt_as(kind, f)
    }
}

impl ExecutionPlan for FilledExec {
    fn name(&self) -> &str {
        "FilledExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.0.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.0.apply_expressions(visit)
    }

    fn with_new_children(self: Arc<Self>, _: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        self.0.execute(partition, context)
    }

    fn statistics_from_inputs(&self, _: &[Arc<Statistics>], _: &StatisticsArgs) -> Result<Arc<Statistics>> {
        let few = Statistics { num_rows: Precision::Inexact(FEW), ..Statistics::new_unknown(&self.schema()) };
        Ok(Arc::new(few))
    }
}

impl PartitionStream for Filled {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let rows = locked(&self.rows).clone();
        let rows = rows.ok_or_else(|| DataFusionError::Internal("a table was read before it was filled".into()));
        let batches = stream::once(ready(rows)).map_ok(|rows| stream::iter(rows).map(Ok)).try_flatten();
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), batches))
    }
}

/// A table of the version that is shown.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) schema: SchemaRef,
    pub(super) table: Mutex<Option<Arc<dyn TableProvider>>>,
}

#[async_trait]
impl TableProvider for Whole {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let table = locked(&self.table).clone();
        let table = table.ok_or_else(|| DataFusionError::Internal("no version is judged".into()))?;
        table.scan(state, projection, filters, limit).await
    }
}
