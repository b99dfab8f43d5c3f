//! Parquet files of one shape as one table: read where they lie, with what is known of each before it is opened.
//!
//! Which files count, and where they are recorded, is the caller's business.

use std::ops::Range;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use bytes::Bytes;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Result, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::{CachedParquetFileReaderFactory, ParquetFileReaderFactory};
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::object_store::ObjectStore;
use datafusion::parquet::arrow::arrow_reader::ArrowReaderOptions;
use datafusion::parquet::arrow::async_reader::AsyncFileReader;
use datafusion::parquet::errors as parquet;
use datafusion::parquet::file::metadata::ParquetMetaData;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::future::BoxFuture;

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
        let footers = state.runtime_env().cache_manager.get_file_metadata_cache();
        let opener = Opener(CachedParquetFileReaderFactory::new(self.store.clone(), footers));
        let source = ParquetSource::new(TableSchema::from(&self.schema))
            .with_table_parquet_options(state.default_table_options().parquet)
            .with_parquet_file_reader_factory(Arc::new(opener));
        let config = FileScanConfigBuilder::new(self.url.clone(), Arc::new(source))
            .with_file_groups(vec![FileGroup::new(self.files.clone())])
            .with_statistics(self.statistics.clone())
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }

    fn statistics(&self) -> Option<Statistics> {
        Some(self.statistics.clone())
    }
}

/// Opens files with what is known of their pages. The engine keeps footers, but leaves out where pages lie and what
/// they hold, and would read and decode that for each question anew.
#[derive(Debug)]
struct Opener(CachedParquetFileReaderFactory);

impl ParquetFileReaderFactory for Opener {
    fn create_reader(
        &self,
        partition: usize,
        file: PartitionedFile,
        size_hint: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        Ok(Box::new(Opened(self.0.create_reader(partition, file, size_hint, metrics)?)))
    }
}

/// A file that is open.
struct Opened(Box<dyn AsyncFileReader + Send>);

impl AsyncFileReader for Opened {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, parquet::Result<Bytes>> {
        self.0.get_bytes(range)
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, parquet::Result<Vec<Bytes>>> {
        self.0.get_byte_ranges(ranges)
    }

    fn get_metadata<'a>(
        &'a mut self,
        _: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, parquet::Result<Arc<ParquetMetaData>>> {
        // Whoever says nothing gets all that there is.
        self.0.get_metadata(None)
    }
}
