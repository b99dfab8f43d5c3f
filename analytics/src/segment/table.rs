//! Segments as one table: the rows that count of all of them, read where they lie.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{Result, Statistics};
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::ParquetRowSelection;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder};
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use object_store::local::LocalFileSystem;

use super::{Folder, Segment, column};

/// The streaks of some segments.
#[derive(Debug)]
pub(crate) struct StreakTable {
    folder: Folder,
    segments: Vec<Segment>,
    schema: SchemaRef,
    /// Reads the segments and nothing else of the disk.
    store: Arc<LocalFileSystem>,
}

impl StreakTable {
    /// Returns the streaks of `segments`.
    pub(crate) fn new(folder: &Folder, segments: Vec<Segment>) -> crate::Result<Self> {
        Self::with(folder, segments, false)
    }

    /// Returns the streaks of one segment with the numbers of their rows.
    pub(crate) fn numbered(folder: &Folder, segment: &Segment) -> crate::Result<Self> {
        Self::with(folder, vec![segment.clone()], true)
    }

    fn with(folder: &Folder, segments: Vec<Segment>, has_row: bool) -> crate::Result<Self> {
        let store = LocalFileSystem::new_with_prefix(&folder.path).map_err(DataFusionError::from)?;
        Ok(Self { folder: folder.clone(), segments, schema: column::schema(has_row), store: Arc::new(store) })
    }

    fn live_count(&self) -> usize {
        self.segments.iter().map(Segment::live_count).sum::<u64>() as usize
    }

    /// Deals the files out, so that each of the engine's tasks has some.
    fn groups(&self, count: usize) -> Vec<FileGroup> {
        let mut groups = vec![Vec::new(); count.clamp(1, self.segments.len().max(1))];
        let count = groups.len();
        for (index, segment) in self.segments.iter().enumerate() {
            let mut file = PartitionedFile::new(segment.name.clone(), segment.size);
            if !segment.dead.is_empty() {
                file = file.with_extension(ParquetRowSelection::new(segment.selection()));
            }
            groups[index % count].push(file);
        }
        groups.into_iter().map(FileGroup::new).collect()
    }
}

#[async_trait]
impl TableProvider for StreakTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        state.runtime_env().register_object_store(self.folder.url.as_ref(), self.store.clone());
        let format = ParquetFormat::default();
        let source = format.file_source(TableSchema::from(&self.schema));
        let rows = Precision::Inexact(self.live_count());
        let config = FileScanConfigBuilder::new(self.folder.url.clone(), source)
            .with_file_groups(self.groups(state.config().target_partitions()))
            .with_statistics(Statistics { num_rows: rows, ..Statistics::new_unknown(&self.schema) })
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        format.create_physical_plan(state, config).await
    }
}
