//! The journal: batches that are acknowledged but may not be in the fact tables yet.
//!
//! A batch is a folder `<number>` with one arrow file per table that has rows, and a manifest of what becomes known
//! by it. It is written piece by piece under a temporary name, fsynced and renamed: a folder with a number is whole,
//! everything else is waste of a crash and is removed. The store rolls whole batches forward, here nothing is decided.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter};
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use arrow::ipc::reader::FileReader;
use arrow::ipc::writer::FileWriter;
use serde::{Deserialize, Serialize};

use crate::schema::Table;
use crate::state::person::Author;
use crate::{Error, Result};

/// Rows that are read back at once: the tables' writer keeps a queue of such pieces.
const READ_ROWS: usize = 8192;

/// What becomes known to the state when a batch is in the tables.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub changes: Vec<i64>,
    pub builds: Vec<i64>,
    pub messages: Vec<i64>,
    pub authors: Vec<Author>,
    /// Changes and their first parents.
    #[serde(default)]
    pub lines: Vec<(i64, Option<i64>)>,
    /// Where builds say that their revisions stand.
    #[serde(default)]
    pub places: Vec<(i64, i64)>,
    /// Changes and when they were committed.
    #[serde(default)]
    pub times: Vec<(i64, i64)>,
}

/// The journal's folder.
#[derive(Clone, Debug)]
pub(crate) struct Journal {
    folder: PathBuf,
}

impl Journal {
    /// Opens the journal and removes what a crash left half written; the caller holds the store's lock.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let journal = Self { folder: folder.to_owned() };
        fs::create_dir_all(folder).map_err(at(folder))?;
        for entry in fs::read_dir(folder).map_err(at(folder))? {
            let path = entry.map_err(at(folder))?.path();
            if number(&path).is_none() {
                fs::remove_dir_all(&path).map_err(at(&path))?;
            }
        }
        Ok(journal)
    }

    /// Returns the numbers of the whole batches, oldest first.
    pub(crate) fn pending(&self) -> Result<Vec<i64>> {
        let entries = fs::read_dir(&self.folder).map_err(at(&self.folder))?;
        let mut numbers: Vec<i64> = entries.filter_map(|e| number(&e.ok()?.path())).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Begins to write a batch.
    pub(crate) fn begin(&self, batch: i64) -> Result<Unfinished> {
        let unfinished = self.folder.join(format!("{batch}.unfinished"));
        fs::create_dir_all(&unfinished).map_err(at(&unfinished))?;
        Ok(Unfinished { folder: unfinished, finished: self.folder.join(batch.to_string()), files: BTreeMap::new() })
    }

    /// Returns the rows of a table in a batch; none where it has none.
    pub(crate) fn rows(&self, batch: i64, table: &Table) -> Option<Rows> {
        let path = self.folder.join(batch.to_string()).join(file_name(table));
        path.is_file().then_some(Rows { path, table: table.name })
    }

    /// Returns a batch's manifest.
    pub(crate) fn manifest(&self, batch: i64) -> Result<Manifest> {
        let path = self.folder.join(batch.to_string()).join("manifest.json");
        let json = fs::read(&path).map_err(at(&path))?;
        serde_json::from_slice(&json).map_err(|e| at(&path)(e.into()))
    }

    /// Forgets a batch that is in the tables and known to the state.
    pub(crate) fn remove(&self, batch: i64) -> Result<()> {
        // Renamed first, so that a crash never leaves a whole-looking batch with rows missing.
        let finished = self.folder.join(batch.to_string());
        let waste = self.folder.join(format!("{batch}.done"));
        fs::rename(&finished, &waste).map_err(at(&finished))?;
        fs::remove_dir_all(&waste).map_err(at(&waste))
    }
}

/// A batch that is being written; one that is not finished is waste.
pub(crate) struct Unfinished {
    folder: PathBuf,
    finished: PathBuf,
    files: BTreeMap<&'static str, (PathBuf, FileWriter<BufWriter<File>>)>,
}

impl Unfinished {
    /// Adds rows to a table.
    pub(crate) fn append(&mut self, table: &Table, rows: &RecordBatch) -> Result<()> {
        if rows.num_rows() == 0 {
            return Ok(());
        }
        let (path, writer) = match self.files.entry(table.name) {
            Entry::Occupied(open) => open.into_mut(),
            Entry::Vacant(absent) => {
                let path = self.folder.join(file_name(table));
                let file = File::create(&path).map_err(at(&path))?;
                let writer = FileWriter::try_new_buffered(file, &rows.schema()).map_err(disk(&path))?;
                absent.insert((path, writer))
            }
        };
        let (mut from, count) = (0, rows.num_rows());
        while from < count {
            writer.write(&rows.slice(from, READ_ROWS.min(count - from))).map_err(disk(path))?;
            from += READ_ROWS;
        }
        Ok(())
    }

    /// Ends the batch; when this returns, it survives a crash.
    pub(crate) fn finish(self, manifest: &Manifest) -> Result<()> {
        for (path, writer) in self.files.into_values() {
            let buffered = writer.into_inner().map_err(disk(&path))?;
            let file = buffered.into_inner().map_err(|error| at(&path)(error.into_error()))?;
            file.sync_all().map_err(at(&path))?;
        }
        let path = self.folder.join("manifest.json");
        let json = serde_json::to_vec(manifest).map_err(|e| at(&path)(e.into()))?;
        fs::write(&path, json).and_then(|()| File::open(&path)?.sync_all()).map_err(at(&path))?;
        fs::rename(&self.folder, &self.finished).map_err(at(&self.finished))?;
        sync_folder(&self.finished)?;
        self.finished.parent().map_or(Ok(()), sync_folder)
    }
}

/// The rows of a table in a batch, read when they are asked for, piece by piece.
#[derive(Debug)]
pub(crate) struct Rows {
    path: PathBuf,
    table: &'static str,
}

impl Rows {
    /// Opens them.
    pub(crate) fn open(&self) -> Result<impl Iterator<Item = Result<RecordBatch, ArrowError>> + use<>> {
        let file = File::open(&self.path).map_err(at(&self.path))?;
        let failed = |source| Error::Rows { table: self.table, source };
        FileReader::try_new(BufReader::new(file), None).map_err(failed)
    }
}

fn file_name(table: &Table) -> String {
    format!("{}.arrow", table.name)
}

/// An arrow error while a file is written is the disk's: the rows have been checked when they were built.
fn disk(path: &Path) -> impl Fn(ArrowError) -> Error + use<> {
    let at = at(path);
    move |error| at(io::Error::other(error))
}

fn number(path: &Path) -> Option<i64> {
    path.file_name()?.to_str()?.parse().ok()
}

fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|f| f.sync_all()).map_err(at(folder))
}

fn at(path: &Path) -> impl Fn(io::Error) -> Error + use<> {
    let path = path.to_owned();
    move |source| Error::File { path: path.clone(), source }
}
