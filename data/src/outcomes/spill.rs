//! The file without a name that holds what does not stay in memory.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, Ordering};

/// A file that clones share: each appends pieces of its own.
pub(super) struct Spill {
    file: File,
    end: AtomicU64,
}

/// Where a piece lies.
#[derive(Clone, Copy)]
pub(super) struct Place {
    at: u64,
    length: usize,
}

impl Spill {
    /// Returns an empty one.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { file: tempfile::tempfile()?, end: AtomicU64::new(0) })
    }

    /// Adds a piece.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<Place> {
        let at = self.end.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        self.file.write_all_at(bytes, at)?;
        Ok(Place { at, length: bytes.len() })
    }

    /// Returns a piece.
    pub(super) fn read(&self, place: Place) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; place.length];
        self.file.read_exact_at(&mut bytes, place.at)?;
        Ok(bytes)
    }
}
