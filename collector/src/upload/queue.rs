//! What could not be delivered yet: one file per upload, durable before it is sent for the first time.
//!
//! A file appears whole or not at all. Who writes or sends it holds its lock, so that a process that is killed gives it
//! up and the next one takes it on; a second process never sends what a first one is sending. Should an upload arrive
//! twice all the same, its key makes the second one a replay.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::parcel::{Parcel, random};
use crate::clock;
use crate::error::{Error, Result};

/// More uploads than this do not wait: the oldest go.
const COUNT_LIMIT: usize = 1_000;
/// Bytes of all that wait.
const SIZE_LIMIT: u64 = 1 << 30;
/// Nobody has asked for a server for so long (microseconds, 30 days): what waits for it goes.
const AGE_LIMIT: i64 = 30 * 24 * 3600 * 1_000_000;
/// How a file is called that waits.
const WAITING: &str = "upload";
/// How it is called while it is written.
const PARTIAL: &str = "partial";

/// A folder of uploads that wait.
#[derive(Clone, Debug)]
pub struct Queue {
    folder: PathBuf,
    count_limit: usize,
    size_limit: u64,
}

/// An upload in the queue, held by this process.
#[derive(Debug)]
pub struct Waiting {
    path: PathBuf,
    /// The lock lasts as long as this.
    file: File,
}

/// The right to send what others left behind: one process at a time has it.
#[derive(Debug)]
pub struct Turn(#[allow(dead_code, reason = "the lock lasts as long as it")] File);

impl Queue {
    /// Opens the queue in a folder, which is made if it is not there.
    pub fn open(folder: &Path) -> Result<Self> {
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700).create(folder).map_err(Error::file(folder))?;
        Ok(Self { folder: folder.to_owned(), count_limit: COUNT_LIMIT, size_limit: SIZE_LIMIT })
    }

    /// Returns the queue with other bounds.
    #[must_use]
    pub fn bounded(self, count_limit: usize, size_limit: u64) -> Self {
        Self { count_limit, size_limit, ..self }
    }

    /// Returns the folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes an upload; when this returns, it is durable. Beside it returns the files that had to go for it.
    pub fn put(&self, parcel: &Parcel) -> Result<(Waiting, Vec<PathBuf>)> {
        let bytes = parcel.to_bytes();
        // Names sort by time; the number keeps apart what is written at once.
        let path = self.folder.join(format!("{:020}-{:016x}.{WAITING}", clock::now().max(0), random()));
        let partial = path.with_extension(PARTIAL);
        let write = || {
            let mut file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&partial)?;
            file.lock()?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            fs::rename(&partial, &path)?;
            File::open(&self.folder)?.sync_all()?;
            Ok(file)
        };
        let file = write().inspect_err(|_| drop(fs::remove_file(&partial))).map_err(Error::file(&path))?;
        Ok((Waiting { path, file }, self.tidy()?))
    }

    /// Takes the right to send what waits; `None` if another process has it.
    pub fn turn(&self) -> Result<Option<Turn>> {
        let path = self.folder.join("lock");
        let options = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).clone();
        let file = options.open(&path).map_err(Error::file(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Turn(file))),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(Error::file(&path)(error)),
        }
    }

    /// Returns what waits, oldest first.
    pub fn waiting(&self) -> Result<Vec<PathBuf>> {
        self.files(WAITING)
    }

    /// Takes an upload that waits; `None` if another process holds it, or has just sent it.
    pub fn take(&self, path: &Path) -> Result<Option<Waiting>> {
        held(path).map(|file| file.map(|file| Waiting { path: path.to_owned(), file })).map_err(Error::file(path))
    }

    /// Removes what was left half written and, over the bounds or too old, the oldest; returns the latter.
    fn tidy(&self) -> Result<Vec<PathBuf>> {
        for path in self.files(PARTIAL)? {
            if let Ok(Some(_left)) = held(&path) {
                let _ = fs::remove_file(&path);
            }
        }
        let waiting = self.waiting()?;
        let sizes: Vec<u64> = waiting.iter().map(|path| fs::metadata(path).map_or(0, |data| data.len())).collect();
        let (mut count, mut size) = (waiting.len(), sizes.iter().sum::<u64>());
        let mut gone = Vec::new();
        for (path, own) in waiting.into_iter().zip(sizes) {
            if count <= self.count_limit && size <= self.size_limit && !is_old(&path) {
                break;
            }
            // What a process holds is being sent.
            if let Ok(Some(_held)) = held(&path) {
                fs::remove_file(&path).map_err(Error::file(&path))?;
                (count, size) = (count - 1, size - own);
                gone.push(path);
            }
        }
        Ok(gone)
    }

    fn files(&self, extension: &str) -> Result<Vec<PathBuf>> {
        let entries = fs::read_dir(&self.folder).map_err(Error::file(&self.folder))?;
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|own| own == extension));
        paths.sort();
        Ok(paths)
    }
}

impl Waiting {
    /// Returns the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the upload; `None` if the file holds none.
    pub fn parcel(&mut self) -> Result<Option<Parcel>> {
        let mut bytes = Vec::new();
        (&self.file).read_to_end(&mut bytes).map_err(Error::file(&self.path))?;
        Ok(Parcel::from_bytes(&bytes))
    }

    /// Removes the upload: it was delivered, or will never be.
    pub fn remove(self) -> Result<()> {
        fs::remove_file(&self.path).map_err(Error::file(&self.path))
    }
}

/// Names begin with the time of writing.
fn is_old(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let written_at = name.split('-').next().and_then(|time| time.parse::<i64>().ok());
    written_at.is_some_and(|at| clock::now() - at > AGE_LIMIT)
}

/// Opens and locks a file, unless another process holds it or has removed it.
fn held(path: &Path) -> io::Result<Option<File>> {
    let file = match OpenOptions::new().read(true).write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    match file.try_lock() {
        Err(fs::TryLockError::WouldBlock) => return Ok(None),
        locked => locked?,
    }
    // Its holder may have removed it between the opening and the lock.
    let is_there = file.metadata()?.nlink() > 0;
    Ok(is_there.then_some(file))
}
