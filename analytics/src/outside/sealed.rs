//! The tables as a stranger sees them: those of one session, none to be written, none to be added.
//!
//! Whatever statement gets past all checks finds nothing here that would let itself be changed. What a session holds is
//! not decided here.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{CatalogProvider, SchemaProvider, Session, TableProvider};
use datafusion::common::{Constraints, Statistics};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlan, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;

/// Schemas by name; there will be no others.
#[derive(Debug)]
pub(super) struct Sealed<T>(pub(super) T);

/// The schemas of a sealed catalog.
pub(super) type Schemas = Vec<(String, Arc<dyn SchemaProvider>)>;

impl CatalogProvider for Sealed<Schemas> {
    fn schema_names(&self) -> Vec<String> {
        self.0.iter().map(|(name, _)| name.clone()).collect()
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, schema)| Arc::clone(schema))
    }
}

#[async_trait]
impl SchemaProvider for Sealed<Arc<dyn SchemaProvider>> {
    fn table_names(&self) -> Vec<String> {
        // In one order every time, so that whoever numbers tables numbers them alike.
        let mut names = self.0.table_names();
        names.sort();
        names
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let table = self.0.table(name).await?;
        Ok(table.map(|table| Arc::new(Sealed(table)) as Arc<dyn TableProvider>))
    }

    async fn table_type(&self, name: &str) -> Result<Option<TableType>> {
        self.0.table_type(name).await
    }

    fn table_exist(&self, name: &str) -> bool {
        self.0.table_exist(name)
    }
}

/// What is not forwarded is refused by the trait itself: inserting, deleting, updating, truncating.
#[async_trait]
impl TableProvider for Sealed<Arc<dyn TableProvider>> {
    fn schema(&self) -> SchemaRef {
        self.0.schema()
    }

    fn constraints(&self) -> Option<&Constraints> {
        self.0.constraints()
    }

    fn table_type(&self) -> TableType {
        self.0.table_type()
    }

    fn get_table_definition(&self) -> Option<&str> {
        self.0.get_table_definition()
    }

    fn get_logical_plan(&self) -> Option<Cow<'_, LogicalPlan>> {
        self.0.get_logical_plan()
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.0.scan(state, projection, filters, limit).await
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        self.0.supports_filters_pushdown(filters)
    }

    fn statistics(&self) -> Option<Statistics> {
        self.0.statistics()
    }
}
