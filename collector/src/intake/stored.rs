//! Bytes of any number: few in memory, more in a file without a name in the folder for temporary files.
//!
//! A request, what it becomes by decompression, and what the spool will hold of it are such bytes. Nothing here lasts.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// So many bytes stay in memory.
const IN_MEMORY: usize = 1 << 20;

/// Bytes that are being gathered.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    memory: Vec<u8>,
    file: Option<File>,
    length: u64,
}

/// Some of the bytes that were gathered; clones share them. Read, they are used up from their beginning.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    place: Arc<Place>,
    range: Range<u64>,
}

#[derive(Debug)]
enum Place {
    Memory(Vec<u8>),
    File(File),
}

impl Gathering {
    /// Returns how many there are.
    pub(super) fn len(&self) -> u64 {
        self.length
    }

    /// Ends it.
    pub(super) fn finish(mut self) -> io::Result<Stored> {
        self.flush_to_file()?;
        let place = self.file.map_or_else(|| Place::Memory(self.memory), Place::File);
        Ok(Stored { place: Arc::new(place), range: 0..self.length })
    }

    /// Moves what is in memory to the file, where there is one.
    fn flush_to_file(&mut self) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            file.write_all(&self.memory)?;
            self.memory.clear();
        }
        Ok(())
    }
}

impl Write for Gathering {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.memory.len() + bytes.len() > IN_MEMORY {
            if self.file.is_none() {
                self.file = Some(tempfile::tempfile()?);
            }
            self.flush_to_file()?;
        }
        match &mut self.file {
            Some(file) if bytes.len() > IN_MEMORY => file.write_all(bytes)?,
            _ => self.memory.extend_from_slice(bytes),
        }
        self.length += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stored {
    /// Returns bytes that are in memory anyway.
    #[cfg(test)]
    pub(super) fn of(bytes: Vec<u8>) -> Self {
        let range = 0..bytes.len() as u64;
        Self { place: Arc::new(Place::Memory(bytes)), range }
    }

    /// Returns how many there are.
    pub(super) fn len(&self) -> u64 {
        self.range.end - self.range.start
    }

    /// Returns some of them; beyond the end there are none.
    pub(super) fn part(&self, range: Range<u64>) -> Self {
        let at = |offset: u64| self.range.start.saturating_add(offset).min(self.range.end);
        Self { place: self.place.clone(), range: at(range.start)..at(range.end) }
    }

    /// Returns at most so many of them from a place on, in memory.
    pub(super) fn peek(&self, at: u64, count: usize) -> io::Result<Cow<'_, [u8]>> {
        let wanted = self.part(at..at.saturating_add(count as u64)).range;
        match &*self.place {
            Place::Memory(bytes) => Ok(Cow::Borrowed(&bytes[wanted.start as usize..wanted.end as usize])),
            Place::File(file) => {
                let mut bytes = vec![0; (wanted.end - wanted.start) as usize];
                file.read_exact_at(&mut bytes, wanted.start)?;
                Ok(Cow::Owned(bytes))
            }
        }
    }

    /// Returns all of them in memory; whoever asks knows that they are few.
    pub(super) fn whole(&self) -> io::Result<Cow<'_, [u8]>> {
        self.peek(0, self.len() as usize)
    }
}

impl Read for Stored {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = buffer.len().min(self.len() as usize);
        match &*self.place {
            Place::Memory(bytes) => {
                let at = self.range.start as usize;
                buffer[..count].copy_from_slice(&bytes[at..at + count]);
            }
            Place::File(file) => file.read_exact_at(&mut buffer[..count], self.range.start)?,
        }
        self.range.start += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_bytes_are_what_was_written() {
        for (pieces, length) in [(3, 10), (3, IN_MEMORY), (40, 60_000), (1, 5 * IN_MEMORY)] {
            let mut gathering = Gathering::default();
            let mut expected = Vec::new();
            for piece in 0..pieces {
                let bytes = vec![piece as u8; length];
                gathering.write_all(&bytes).unwrap();
                expected.extend(bytes);
            }
            assert_eq!(gathering.len(), expected.len() as u64);
            let mut stored = gathering.finish().unwrap();
            assert_eq!(matches!(*stored.place, Place::Memory(_)), expected.len() <= IN_MEMORY);
            assert_eq!(stored.whole().unwrap(), expected);
            assert_eq!(*stored.part(5..15).part(2..100).whole().unwrap(), expected[7..15]);
            let mut read = Vec::new();
            stored.read_to_end(&mut read).unwrap();
            assert!(read == expected && stored.len() == 0);
        }
    }
}
