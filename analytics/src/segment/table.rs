//! Segments as one table: the rows that count of all of them, read where they lie.

use std::sync::Arc;

use annals_data::scan::FileTable;
use datafusion::common::Statistics;
use datafusion::common::stats::Precision;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::ParquetRowSelection;
use datafusion::error::DataFusionError;
use object_store::local::LocalFileSystem;

use super::{Folder, Segment, column};
use crate::Result;

/// Returns the streaks of `segments`.
pub(crate) fn streaks(folder: &Folder, segments: &[Segment]) -> Result<FileTable> {
    table(folder, segments, false)
}

/// Returns the streaks of one segment with the numbers of their rows.
pub(crate) fn numbered(folder: &Folder, segment: &Segment) -> Result<FileTable> {
    table(folder, std::slice::from_ref(segment), true)
}

fn table(folder: &Folder, segments: &[Segment], has_row: bool) -> Result<FileTable> {
    // Reads the segments and nothing else of the disk.
    let store = LocalFileSystem::new_with_prefix(&folder.path).map_err(DataFusionError::from)?;
    let schema = column::schema(has_row);
    let live_count = segments.iter().map(Segment::live_count).sum::<u64>() as usize;
    let statistics = Statistics { num_rows: Precision::Inexact(live_count), ..Statistics::new_unknown(&schema) };
    let (files, path) = (segments.iter().map(file).collect(), Some(folder.path.to_path_buf()));
    Ok(FileTable { url: folder.url.clone(), store: Arc::new(store), folder: path, schema, files, statistics })
}

fn file(segment: &Segment) -> PartitionedFile {
    let file = PartitionedFile::new(segment.name.clone(), segment.size);
    match segment.dead.is_empty() {
        true => file,
        false => file.with_extension(ParquetRowSelection::new(segment.selection())),
    }
}
