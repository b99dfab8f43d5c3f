//! Views that are computed once per session, when somebody first asks, and then read from memory.
//!
//! A plain view is planned into every query that reads it, so one that many others stand on would be computed again for
//! each of them. What is kept follows from one version of the tables, as everything in a session does, so it needs no
//! renewal: the next session keeps its own. Which views are kept is said in their heads, see [`crate::view`].

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::cast;
use arrow::datatypes::{Fields, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{MemTable, MemoryCatalogProviderList, Session, TableProvider};
use datafusion::common::Result;
use datafusion::dataframe::DataFrame;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::{Expr, LogicalPlan, TableType};
use datafusion::physical_plan::ExecutionPlan;
use tokio::sync::OnceCell;

/// A view whose rows stay in memory once they are computed.
#[derive(Debug)]
pub(crate) struct KeptView {
    plan: LogicalPlan,
    schema: SchemaRef,
    /// The engine of the session itself: whoever asks first must not have the view computed within bounds of their own.
    state: SessionState,
    rows: OnceCell<MemTable>,
}

impl KeptView {
    /// Returns the view that `plan` computes.
    pub(crate) fn new(plan: LogicalPlan, state: &SessionState) -> Self {
        // Plan and execution do not always agree on which columns have no null, so none promises it.
        let nullable = plan.schema().fields().iter().map(|field| field.as_ref().clone().with_nullable(true));
        let schema = Arc::new(Schema::new(nullable.collect::<Fields>()));
        // The catalog holds this view: a state that holds the catalog would keep the session alive for ever.
        let nothing = Arc::new(MemoryCatalogProviderList::new());
        let state = SessionStateBuilder::new_from_existing(state.clone()).with_catalog_list(nothing).build();
        Self { plan, schema, state, rows: OnceCell::new() }
    }

    /// Computes the rows, if nobody has asked for them yet.
    pub(crate) async fn warm(&self) -> Result<()> {
        self.rows().await.map(drop)
    }

    async fn rows(&self) -> Result<&MemTable> {
        self.rows.get_or_try_init(|| self.compute()).await
    }

    async fn compute(&self) -> Result<MemTable> {
        let partitions = DataFrame::new(self.state.clone(), self.plan.clone()).collect_partitioned().await?;
        let planned = |batches: Vec<RecordBatch>| batches.iter().map(|batch| self.planned(batch)).collect();
        MemTable::try_new(self.schema.clone(), partitions.into_iter().map(planned).collect::<Result<_>>()?)
    }

    /// Returns the rows in the types that were planned: what runs may represent texts in another way.
    fn planned(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let columns = batch.columns().iter().zip(self.schema.fields());
        let columns = columns.map(|(column, field)| cast(column, field.data_type())).collect::<Result<Vec<_>, _>>()?;
        Ok(RecordBatch::try_new(self.schema.clone(), columns)?)
    }
}

#[async_trait]
impl TableProvider for KeptView {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
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
        self.rows().await?.scan(state, projection, filters, limit).await
    }
}
