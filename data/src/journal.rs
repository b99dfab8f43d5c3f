//! The journal: batches that are acknowledged but may not be in the logs of the fact tables yet.
//!
//! The rows of a batch are in files of the tables already, which no version of the tables has. An entry of the journal
//! names these files and says what becomes known by the batch. It is written under a temporary name, fsynced and
//! renamed: a file with a number is whole, one without is waste of a crash and is removed. The store rolls whole
//! batches forward, here nothing is decided.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use deltalake::kernel::Add;
use serde::{Deserialize, Serialize};

use crate::state::person::Author;
use crate::{Error, Result};

/// What an entry that is being written ends with.
const UNFINISHED: &str = "unfinished";

/// One batch.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// The file of each table that has rows, as the table's log will name it.
    pub files: BTreeMap<String, Add>,
    /// What becomes known.
    pub known: Known,
}

/// What becomes known to the state when a batch is in the tables.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Known {
    pub changes: Vec<i64>,
    pub builds: Vec<i64>,
    pub messages: Vec<i64>,
    pub authors: Vec<Author>,
    /// Changes and their first parents.
    pub lines: Vec<(i64, Option<i64>)>,
    /// Where builds say that their revisions stand.
    pub places: Vec<(i64, i64)>,
    /// Changes and when they were committed.
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
        fs::create_dir_all(folder).map_err(at(folder))?;
        for entry in fs::read_dir(folder).map_err(at(folder))? {
            let path = entry.map_err(at(folder))?.path();
            if path.extension().is_some_and(|extension| extension == UNFINISHED) {
                fs::remove_file(&path).map_err(at(&path))?;
            }
        }
        Ok(Self { folder: folder.to_owned() })
    }

    /// Returns the numbers of the batches, oldest first.
    pub(crate) fn pending(&self) -> Result<Vec<i64>> {
        let entries = fs::read_dir(&self.folder).map_err(at(&self.folder))?;
        let mut numbers: Vec<i64> = entries.filter_map(|entry| number(&entry.ok()?.path())).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Writes a batch down; when this returns, it survives a crash. Where it fails, there is no entry.
    pub(crate) fn write(&self, batch: i64, entry: &Entry) -> Result<()> {
        let path = self.path(batch);
        let unfinished = path.with_extension(UNFINISHED);
        let write = || {
            let mut file = BufWriter::new(File::create(&unfinished)?);
            serde_json::to_writer(&mut file, entry)?;
            file.flush()?;
            file.get_ref().sync_all()?;
            fs::rename(&unfinished, &path)?;
            sync_folder(&self.folder)
        };
        write().map_err(|error| {
            for path in [&unfinished, &path] {
                let _ = fs::remove_file(path);
            }
            at(&path)(error)
        })
    }

    /// Returns a batch.
    pub(crate) fn read(&self, batch: i64) -> Result<Entry> {
        let path = self.path(batch);
        let json = fs::read(&path).map_err(at(&path))?;
        serde_json::from_slice(&json).map_err(|e| at(&path)(e.into()))
    }

    /// Forgets a batch that is in the tables and known to the state.
    pub(crate) fn remove(&self, batch: i64) -> Result<()> {
        let path = self.path(batch);
        fs::remove_file(&path).map_err(at(&path))
    }

    fn path(&self, batch: i64) -> PathBuf {
        self.folder.join(format!("{batch}.json"))
    }
}

/// Has what was created or renamed in a folder survive a crash of the machine.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn number(path: &Path) -> Option<i64> {
    let is_entry = path.extension().is_some_and(|extension| extension == "json");
    if is_entry { path.file_stem()?.to_str()?.parse().ok() } else { None }
}

fn at(path: &Path) -> impl Fn(io::Error) -> Error + use<> {
    let path = path.to_owned();
    move |source| Error::File { path: path.clone(), source }
}
