//! The journal: batches that are acknowledged but may not be in the fact tables yet.
//!
//! A batch is a folder `<number>` with one arrow file per table that has rows, and a manifest of what becomes known
//! by it. It is written under a temporary name, fsynced and renamed: a folder with a number is whole, everything
//! else is waste of a crash and is removed. The store rolls whole batches forward, here nothing is decided.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::ipc::reader::FileReader;
use arrow::ipc::writer::FileWriter;
use serde::{Deserialize, Serialize};

use crate::schema::{TABLES, Table};
use crate::state::person::Author;
use crate::{Error, Result};

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

    /// Writes a batch; when this returns, the batch survives a crash.
    pub(crate) fn write(&self, batch: i64, tables: &[(&Table, RecordBatch)], manifest: &Manifest) -> Result<()> {
        let unfinished = self.folder.join(format!("{batch}.unfinished"));
        fs::create_dir_all(&unfinished).map_err(at(&unfinished))?;
        for (table, rows) in tables {
            write_rows(&unfinished, table, rows)?;
        }
        let path = unfinished.join("manifest.json");
        let json = serde_json::to_vec(manifest).map_err(|e| at(&path)(e.into()))?;
        fs::write(&path, json).and_then(|()| File::open(&path)?.sync_all()).map_err(at(&path))?;
        let finished = self.folder.join(batch.to_string());
        fs::rename(&unfinished, &finished).map_err(at(&finished))?;
        sync_folder(&finished)?;
        sync_folder(&self.folder)
    }

    /// Returns the tables that have rows in a batch, in the order of [`TABLES`].
    pub(crate) fn tables(&self, batch: i64) -> Result<Vec<(&'static Table, RecordBatch)>> {
        let read = |table| self.rows(batch, table).map(|rows| Some((table, rows?))).transpose();
        TABLES.into_iter().filter_map(read).collect()
    }

    fn rows(&self, batch: i64, table: &'static Table) -> Result<Option<RecordBatch>> {
        let path = self.folder.join(batch.to_string()).join(format!("{}.arrow", table.name));
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(at(&path)(e)),
        };
        let read = || {
            let reader = FileReader::try_new(file, None)?;
            let schema = reader.schema();
            concat_batches(&schema, &reader.collect::<Result<Vec<_>, _>>()?)
        };
        read().map(Some).map_err(|source| Error::Rows { table: table.name, source })
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

fn write_rows(folder: &Path, table: &Table, rows: &RecordBatch) -> Result<()> {
    let path = folder.join(format!("{}.arrow", table.name));
    let write = |file: &File| {
        let mut writer = FileWriter::try_new(file, &rows.schema())?;
        writer.write(rows)?;
        writer.finish()
    };
    let file = File::create(&path).map_err(at(&path))?;
    // An arrow error here is the disk's, the rows have been checked when they were built.
    write(&file).map_err(|e| at(&path)(io::Error::other(e)))?;
    file.sync_all().map_err(at(&path))
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
