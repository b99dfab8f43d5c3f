//! Parquet files of one shape as one table: read where they lie, with what is known of each before it is opened.
//!
//! Which files count, and where they are recorded, is the caller's business.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Result, Statistics};
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder};
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::object_store::ObjectStore;
use datafusion::physical_plan::ExecutionPlan;

/// Immutable Parquet files as a table of the engine.
#[derive(Debug)]
pub struct FileTable {
    /// What `store` is known as to the engine; no other store may have it.
    pub url: ObjectStoreUrl,
    /// Reads the files, whose paths begin at its root.
    pub store: Arc<dyn ObjectStore>,
    /// The columns, which each file has under these names.
    pub schema: SchemaRef,
    /// The files; one that brings statistics is skipped where these say that it holds nothing of what is asked for.
    pub files: Vec<PartitionedFile>,
    /// What is known of all files together.
    pub statistics: Statistics,
}

#[async_trait]
impl TableProvider for FileTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    /// Plans a reader of all files in their order; the engine cuts it up for its tasks, and hands it the filters.
    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        state.runtime_env().register_object_store(self.url.as_ref(), self.store.clone());
        let format = ParquetFormat::default().with_options(state.default_table_options().parquet);
        let config = FileScanConfigBuilder::new(self.url.clone(), format.file_source(TableSchema::from(&self.schema)))
            .with_file_groups(vec![FileGroup::new(self.files.clone())])
            .with_statistics(self.statistics.clone())
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        format.create_physical_plan(state, config).await
    }

    fn statistics(&self) -> Option<Statistics> {
        Some(self.statistics.clone())
    }
}
