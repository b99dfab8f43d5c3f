//! The spool: uploads on disk that are acknowledged and not committed yet.
//!
//! A file holds the uploads that arrived together, each a zstd frame of one JSON line; its name is its number, and
//! numbers grow, also beyond those of files that were set aside. It is written under another name, fsynced and renamed,
//! and the folder is fsynced: a file with a number is whole. Order and time of commits are [`super::writer`]'s.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use annals_data::store::Ingest;

use super::stored::{Gathering, Stored};
use crate::error::{Error, Result};

/// How the name of a file of the spool ends.
const WHOLE: &str = "ingest";
/// The folder of what can never be committed.
const REFUSED: &str = "refused";

/// The folder of the spool, held by one process.
pub(super) struct Spool {
    folder: PathBuf,
    next: u64,
    _lock: File,
}

/// One file of the spool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Filed {
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
}

impl Spool {
    /// Opens the spool, and returns what it holds, oldest first.
    ///
    /// # Errors
    ///
    /// Also when another process has it open.
    pub(super) fn open(folder: &Path) -> Result<(Self, Vec<Filed>)> {
        fs::create_dir_all(folder).map_err(Error::file(folder))?;
        let path = folder.join("lock");
        let lock = File::create(&path).map_err(Error::file(&path))?;
        lock.try_lock().map_err(|_| Error::file(&path)(io::Error::other("another process takes uploads in")))?;
        let (mut filed, mut last) = (Vec::new(), 0);
        for path in files(folder)? {
            match path.extension().and_then(|extension| extension.to_str()) {
                Some(WHOLE) => filed.push(Filed { bytes: size(&path)?, path: path.clone() }),
                // What a crash left half written was never acknowledged.
                Some("unfinished") => fs::remove_file(&path).map_err(Error::file(&path))?,
                _ => {}
            }
            last = last.max(number(&path));
        }
        let refused = folder.join(REFUSED);
        if refused.is_dir() {
            // What is set aside keeps its number: another file of that number would be written over it.
            last = files(&refused)?.iter().map(|path| number(path)).fold(last, u64::max);
        }
        filed.sort_by(|a, b| a.path.cmp(&b.path));
        Ok((Self { folder: folder.to_owned(), next: last + 1, _lock: lock }, filed))
    }

    /// Writes uploads as one file; when this returns, they survive a crash.
    pub(super) fn write<'f>(&mut self, frames: impl IntoIterator<Item = &'f Stored>) -> Result<Filed> {
        let name = format!("{:020}", self.next);
        let path = self.folder.join(format!("{name}.{WHOLE}"));
        let bytes = write_durable(&path, frames).map_err(Error::file(&path))?;
        self.next += 1;
        Ok(Filed { path, bytes })
    }
}

impl Filed {
    /// Reads the uploads of the file. A file that is damaged is put aside for a person to look at, and says nothing.
    ///
    /// # Errors
    ///
    /// When the system cannot read it now.
    pub(super) fn read(&self) -> Result<Vec<Ingest>> {
        match self.ingests() {
            // Somebody has removed it: there is nothing to wait for.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            // What the system says of a file may pass; what is in it does not.
            Err(error) if error.raw_os_error().is_none() => {
                tracing::error!(path = %self.path.display(), %error, "a file of the spool is damaged; it is put aside");
                self.put_aside().map(|()| Vec::new())
            }
            read => read.map_err(Error::file(&self.path)),
        }
    }

    fn ingests(&self) -> io::Result<Vec<Ingest>> {
        let decoder = zstd::Decoder::new(File::open(&self.path)?)?;
        // Outcomes go to where they lie one after the other: no line is ever in memory whole.
        let lines = serde_json::Deserializer::from_reader(BufReader::new(decoder)).into_iter();
        lines.map(|ingest| Ok(ingest?)).collect()
    }

    /// Forgets the file: what it holds is committed, or it was put aside.
    pub(super) fn remove(&self) -> Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::file(&self.path)(error)),
            _ => Ok(()),
        }
    }

    /// Keeps uploads of this file, with the reasons why they cannot be committed, where nobody tries them again.
    pub(super) fn refuse(&self, uploads: &[(Ingest, String)]) -> Result<()> {
        if uploads.is_empty() {
            return Ok(());
        }
        let folder = self.path.with_file_name(REFUSED);
        fs::create_dir_all(&folder).map_err(Error::file(&folder))?;
        let path = folder.join(self.path.file_name().unwrap_or_default());
        let frames = uploads.iter().map(|(ingest, _)| frame(ingest)).collect::<io::Result<Vec<_>>>();
        let frames = frames.map_err(Error::file(&path))?;
        write_durable(&path, &frames).map_err(Error::file(&path))?;
        let reasons: Vec<&str> = uploads.iter().map(|(_, reason)| reason.as_str()).collect();
        let told = path.with_extension("reason.txt");
        fs::write(&told, reasons.join("\n") + "\n").map_err(Error::file(&told))
    }

    fn put_aside(&self) -> Result<()> {
        fs::rename(&self.path, self.path.with_extension("unreadable")).map_err(Error::file(&self.path))
    }
}

/// Returns an upload as the spool holds it.
pub(super) fn frame(value: &impl serde::Serialize) -> io::Result<Stored> {
    let mut encoder = zstd::Encoder::new(Gathering::default(), 1)?;
    encoder.include_checksum(true)?;
    let mut buffered = BufWriter::with_capacity(64 << 10, encoder);
    serde_json::to_writer(&mut buffered, value)?;
    buffered.write_all(b"\n")?;
    buffered.into_inner().map_err(io::IntoInnerError::into_error)?.finish()?.finish()
}

/// Writes a file whole or not at all; when this returns, it survives a crash. Returns its size.
pub(super) fn write_durable<'f>(path: &Path, frames: impl IntoIterator<Item = &'f Stored>) -> io::Result<u64> {
    let unfinished = path.with_extension("unfinished");
    let write = || {
        let mut file = File::create(&unfinished)?;
        let mut bytes = 0;
        for frame in frames {
            bytes += io::copy(&mut frame.clone(), &mut file)?;
        }
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
        sync_folder(path)?;
        Ok(bytes)
    };
    let written = write();
    if written.is_err() {
        // A disk that is full stays so if the waste of a refused upload lies on it.
        let _ = fs::remove_file(&unfinished);
    }
    written
}

/// Makes the name of a file or folder durable.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(Error::file(folder))?;
    entries.map(|entry| Ok(entry.map_err(Error::file(folder))?.path())).collect()
}

/// Returns the number of a file of the spool; 0 for what has none.
fn number(path: &Path) -> u64 {
    path.file_stem().and_then(|stem| stem.to_str()?.parse().ok()).unwrap_or_default()
}

fn size(path: &Path) -> Result<u64> {
    fs::metadata(path).map(|metadata| metadata.len()).map_err(Error::file(path))
}
