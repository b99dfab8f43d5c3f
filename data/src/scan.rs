//! Parquet files of one shape as one table: read where they lie, with what is known of each before it is opened.
//!
//! Which files count, and where they are recorded, is the caller's business.

mod listed;

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::slice;
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
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::object_store::ObjectStore;
use datafusion::parquet::arrow::arrow_reader::ArrowReaderOptions;
use datafusion::parquet::arrow::async_reader::AsyncFileReader;
use datafusion::parquet::errors as parquet;
use datafusion::parquet::file::metadata::ParquetMetaData;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::metrics::{Count, ExecutionPlanMetricsSet, MetricBuilder};
use futures::FutureExt;
use futures::future::{BoxFuture, ready};

/// So many bytes are read at once where the question is worked on: to wake another thread for them takes longer.
const SHORT_BYTES: u64 = 256 << 10;

/// Immutable Parquet files as a table of the engine.
#[derive(Debug)]
pub struct FileTable {
    /// What `store` is known as to the engine; no other store may have it.
    pub url: ObjectStoreUrl,
    /// Reads the files, whose paths begin at its root.
    pub store: Arc<dyn ObjectStore>,
    /// Where the root of `store` is on this machine, if it is.
    pub folder: Option<PathBuf>,
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
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        state.runtime_env().register_object_store(self.url.as_ref(), self.store.clone());
        let footers = state.runtime_env().cache_manager.get_file_metadata_cache();
        let opener = Opener {
            factory: CachedParquetFileReaderFactory::new(self.store.clone(), footers),
            folder: self.folder.clone(),
        };
        let files = listed::narrowed(&self.files, filters, &opener).await?;
        let source = ParquetSource::new(TableSchema::from(&self.schema))
            .with_table_parquet_options(state.default_table_options().parquet)
            .with_parquet_file_reader_factory(Arc::new(opener));
        let config = FileScanConfigBuilder::new(self.url.clone(), Arc::new(source))
            .with_file_groups(vec![FileGroup::new(files)])
            .with_statistics(self.statistics.clone())
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let is_used = |filter: &&Expr| match listed::is_list(filter) {
            true => TableProviderFilterPushDown::Inexact,
            false => TableProviderFilterPushDown::Unsupported,
        };
        Ok(filters.iter().map(is_used).collect())
    }

    fn statistics(&self) -> Option<Statistics> {
        Some(self.statistics.clone())
    }
}

/// Opens files with what is known of their pages, and reads a few bytes without ado.
///
/// The engine keeps footers, but leaves out where pages lie and what they hold, and would read and decode that for each
/// question anew.
#[derive(Debug)]
struct Opener {
    factory: CachedParquetFileReaderFactory,
    folder: Option<PathBuf>,
}

impl ParquetFileReaderFactory for Opener {
    fn create_reader(
        &self,
        partition: usize,
        file: PartitionedFile,
        size_hint: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        let name = file.object_meta.location.to_string();
        let near = self.folder.as_ref().map(|folder| Near {
            path: folder.join(&name),
            file: None,
            // The engine's own count of them is of the same name; the two are told as one.
            bytes_scanned: MetricBuilder::new(metrics)
                .with_new_label("filename", name)
                .counter("bytes_scanned", partition),
        });
        let reader = self.factory.create_reader(partition, file, size_hint, metrics)?;
        Ok(Box::new(Opened { reader, near }))
    }
}

/// A file that is open.
struct Opened {
    reader: Box<dyn AsyncFileReader + Send>,
    near: Option<Near>,
}

impl Opened {
    /// Returns what is at these places, if it is short and on this machine; who cannot read it has the engine say why.
    fn read(&mut self, ranges: &[Range<u64>]) -> Option<Vec<Bytes>> {
        let byte_count: u64 = ranges.iter().map(|range| range.end - range.start).sum();
        let near = self.near.as_mut().filter(|_| byte_count <= SHORT_BYTES)?;
        let bytes = ranges.iter().map(|range| near.read(range)).collect::<io::Result<_>>().ok()?;
        near.bytes_scanned.add(byte_count as usize);
        Some(bytes)
    }
}

impl AsyncFileReader for Opened {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, parquet::Result<Bytes>> {
        match self.read(slice::from_ref(&range)).and_then(|mut bytes| bytes.pop()) {
            Some(bytes) => ready(Ok(bytes)).boxed(),
            None => self.reader.get_bytes(range),
        }
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, parquet::Result<Vec<Bytes>>> {
        match self.read(&ranges) {
            Some(bytes) => ready(Ok(bytes)).boxed(),
            None => self.reader.get_byte_ranges(ranges),
        }
    }

    fn get_metadata<'a>(
        &'a mut self,
        _: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, parquet::Result<Arc<ParquetMetaData>>> {
        // Whoever says nothing gets all that there is.
        self.reader.get_metadata(None)
    }
}

/// A file of this machine, opened when it is first read.
struct Near {
    path: PathBuf,
    file: Option<File>,
    bytes_scanned: Count,
}

impl Near {
    fn read(&mut self, range: &Range<u64>) -> io::Result<Bytes> {
        let file = match &mut self.file {
            Some(file) => file,
            closed => closed.insert(File::open(&self.path)?),
        };
        let mut bytes = vec![0; (range.end - range.start) as usize];
        file.read_exact_at(&mut bytes, range.start)?;
        Ok(bytes.into())
    }
}
