//! Segments: the files that streaks lie in.
//!
//! A segment is an immutable Parquet file of streaks. A streak that changes is written again to a new segment, and its
//! row in the old one counts as *dead*; so a fold writes the streaks that it changes and nothing else, whatever lies
//! there already. Heads (the newest streak of each series) and closed streaks have segments of their own: the next
//! fold replaces heads, and hardly ever a closed streak.
//!
//! Which segments there are and which of their rows are dead is said in [`crate::knowledge`], in one transaction with
//! everything else that a fold finds out. A file that is not named there is nothing.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use annals_data::Error::File as Unreadable;
use annals_data::encode::Encoder;
use arrow::array::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::parquet::arrow::arrow_reader::{RowSelection, RowSelector};
use datafusion::parquet::arrow::arrow_writer::ArrowWriterOptions;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::errors::ParquetError;
use datafusion::parquet::file::properties::WriterProperties;
use datafusion::parquet::schema::types::ColumnPath;
use roaring::RoaringBitmap;

use crate::Result;

mod column;
mod merge;
mod table;

pub(crate) use column::{Line, Streaks};
pub(crate) use merge::tidy;
pub(crate) use table::{numbered, streaks};

/// Rows of a row group: what a question about one lane or one test reads at least one page of.
const ROW_GROUP: usize = 100_000;
/// Rows of a page.
const PAGE: usize = 4_000;
/// For how long a file stays that later segments have replaced.
const HORIZON: Duration = Duration::from_secs(600);

/// One file of streaks.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Segment {
    /// The file's name in its folder.
    pub name: String,
    /// Whether it holds closed streaks; else it holds heads.
    pub is_closed: bool,
    /// How many rows it has.
    pub row_count: u32,
    /// How large the file is, in bytes.
    pub size: u64,
    /// The rows that later segments replace.
    pub dead: RoaringBitmap,
}

impl Segment {
    /// Returns how many of its rows count.
    pub(crate) fn live_count(&self) -> u64 {
        u64::from(self.row_count) - self.dead.len()
    }

    /// Returns the rows that count, as Parquet readers want it.
    fn selection(&self) -> RowSelection {
        let mut selectors = Vec::new();
        let mut next = 0;
        for row in &self.dead {
            selectors.push(RowSelector::select((row - next) as usize));
            selectors.push(RowSelector::skip(1));
            next = row + 1;
        }
        selectors.push(RowSelector::select((self.row_count - next) as usize));
        // Joins neighbours of a kind, and leaves out what is empty.
        selectors.into()
    }
}

/// The folder of the segments of one store.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    path: Arc<Path>,
    /// Names the folder to the engine, which finds it under this name and nothing else of the disk.
    url: ObjectStoreUrl,
}

impl Folder {
    /// Opens the folder in the store's own, creates it if it is absent.
    pub(crate) fn open(root: &Path) -> Result<Self> {
        let path = root.join("streaks");
        let made = fs::create_dir_all(&path).and_then(|()| path.canonicalize());
        let path = made.map_err(|source| Unreadable { path, source })?;
        let hash = annals_data::id::id(&["streaks", &path.to_string_lossy()]).cast_unsigned();
        let url = ObjectStoreUrl::parse(format!("streaks://{hash:016x}"))?;
        Ok(Self { path: path.into(), url })
    }

    /// Removes the files that are none of `segments` for as long as queries may take that began before; those of
    /// `replaced` are not from now on.
    pub(crate) fn sweep(&self, segments: &[Segment], replaced: &[Segment]) -> Result<()> {
        let sweep = || -> std::io::Result<()> {
            let now = SystemTime::now();
            for segment in replaced.iter().filter(|old| segments.iter().all(|segment| segment.name != old.name)) {
                match File::options().append(true).open(self.path.join(&segment.name)) {
                    Ok(file) => file.set_modified(now)?,
                    // Somebody removed the folder, so that everything was folded anew.
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
            }
            for entry in fs::read_dir(&self.path)? {
                let entry = entry?;
                let is_used = segments.iter().any(|segment| entry.file_name() == *segment.name);
                let age = now.duration_since(entry.metadata()?.modified()?).unwrap_or_default();
                if !is_used && age >= HORIZON {
                    fs::remove_file(entry.path())?;
                }
            }
            Ok(())
        };
        sweep().map_err(|source| self.failed(source))
    }

    fn failed(&self, source: std::io::Error) -> crate::Error {
        Unreadable { path: self.path.to_path_buf(), source }.into()
    }
}

/// A segment that is being written: rows come in the order of lane, test and position.
pub(crate) struct Writer {
    file: tempfile::NamedTempFile,
    writer: Encoder<File>,
    folder: Folder,
    is_closed: bool,
    row_count: u32,
}

impl Writer {
    /// Begins a segment.
    pub(crate) fn new(folder: &Folder, is_closed: bool) -> Result<Self> {
        let begin = || {
            let mut file = tempfile::Builder::new();
            // Whoever may read the folder may read its files.
            #[cfg(unix)]
            file.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
            let file = file.prefix("segment-").suffix(".parquet").tempfile_in(&folder.path)?;
            let handle = file.as_file().try_clone()?;
            Ok((file, handle))
        };
        let (file, handle) = begin().map_err(|source| folder.failed(source))?;
        let options = ArrowWriterOptions::new().with_properties(properties());
        let writer = Encoder::new(handle, column::schema(true), options).map_err(parquet)?;
        Ok(Self { file, writer, folder: folder.clone(), is_closed, row_count: 0 })
    }

    /// Appends rows; their own numbers are given to them here.
    pub(crate) fn append(&mut self, rows: &RecordBatch) -> Result<()> {
        let numbered = column::number(rows, self.row_count)?;
        self.writer.write(&numbered).map_err(parquet)?;
        self.row_count += rows.num_rows() as u32;
        Ok(())
    }

    /// Ends the segment: when this returns, the file is durable.
    pub(crate) fn finish(mut self) -> Result<Segment> {
        self.writer.finish().map_err(parquet)?;
        let folder = self.folder;
        let keep = || {
            self.file.as_file().sync_all()?;
            let (file, path) = self.file.keep()?;
            File::open(&folder.path)?.sync_all()?;
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            Ok((name, file.metadata()?.len()))
        };
        let (name, size) = keep().map_err(|source| folder.failed(source))?;
        let (is_closed, row_count) = (self.is_closed, self.row_count);
        Ok(Segment { name, is_closed, row_count, size, dead: RoaringBitmap::new() })
    }
}

/// Writes `lines` as a segment, in the order of lane, test and position; none if there are none.
pub(crate) fn write(folder: &Folder, is_closed: bool, lines: &[Line]) -> Result<Option<Segment>> {
    if lines.is_empty() {
        return Ok(None);
    }
    let mut ordered: Vec<&Line> = lines.iter().collect();
    ordered.sort_unstable_by(|a, b| a.order(b));
    let mut writer = Writer::new(folder, is_closed)?;
    for lines in ordered.chunks(ROW_GROUP) {
        writer.append(&column::batch(lines)?)?;
    }
    Ok(Some(writer.finish()?))
}

fn properties() -> WriterProperties {
    let level = ZstdLevel::try_new(1).expect("1 is a level of zstd");
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_data_page_row_count_limit(PAGE);
    // Hardly two rows of a page share them: looking for repetition would cost more than everything else.
    let unique = ["series_id", "test_id", "name", column::ROW].into_iter().map(ColumnPath::from);
    unique.fold(properties, |properties, column| properties.set_column_dictionary_enabled(column, false)).build()
}

fn parquet(source: ParquetError) -> crate::Error {
    DataFusionError::from(source).into()
}
