//! Tables that are computed when they are read, each time: by whoever reads, and within what they may use.
//!
//! What is computed once per session is in [`crate::kept`].

use std::fmt::Debug;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{MemTable, Session, TableProvider};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SessionState;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::{ExecutionPlan, collect};

/// What a table is computed from.
#[async_trait]
pub(crate) trait Compute: Debug + Send + Sync + 'static {
    /// Returns the columns.
    fn schema(&self) -> SchemaRef;

    /// Computes the rows for whoever reads by this session.
    async fn compute(&self, session: &dyn Session) -> Result<Vec<RecordBatch>>;
}

/// The table.
#[derive(Debug)]
pub(crate) struct Computed<C>(pub(crate) C);

#[async_trait]
impl<C: Compute> TableProvider for Computed<C> {
    fn schema(&self) -> SchemaRef {
        self.0.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let rows = self.0.compute(session).await?;
        MemTable::try_new(self.schema(), vec![rows])?.scan(session, projection, filters, limit).await
    }
}

/// Asks the tables of the session that reads: a table that is computed from others shows no more than they do.
pub(crate) async fn ask(session: &dyn Session, sql: &str) -> Result<Vec<RecordBatch>> {
    let state = state(session)?;
    let plan = state.create_logical_plan(sql).await?;
    let plan = state.create_physical_plan(&plan).await?;
    collect(plan, state.task_ctx()).await
}

/// Returns the engine of the session that reads.
pub(crate) fn state(session: &dyn Session) -> Result<&SessionState> {
    let internal = || DataFusionError::Internal("a session without a state".into());
    session.as_any().downcast_ref().ok_or_else(internal)
}
