//! What a command printed, bounded: its head and its tail are kept, with a line between that says what is missing.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// The output of one command.
#[derive(Debug, Default)]
pub(super) struct Log {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    /// The bound of each half.
    half: usize,
    size: u64,
}

impl Log {
    /// Returns an empty log that keeps up to `limit` bytes.
    pub(super) fn new(limit: u64) -> Self {
        Self { half: usize::try_from(limit / 2).unwrap_or(usize::MAX), ..Self::default() }
    }

    /// Adds what was printed.
    pub(super) fn push(&mut self, mut bytes: &[u8]) {
        self.size += bytes.len() as u64;
        let room = (self.half - self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..room]);
        bytes = &bytes[room..];
        self.tail.extend(&bytes[bytes.len().saturating_sub(self.half)..]);
        let surplus = self.tail.len().saturating_sub(self.half);
        self.tail.drain(..surplus);
    }

    /// Returns how much was printed, in bytes.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Returns whether something was left out.
    pub(super) fn is_truncated(&self) -> bool {
        self.missing() > 0
    }

    /// Returns up to `limit` bytes of the end as text.
    pub(super) fn end(&self, limit: usize) -> String {
        let kept = self.head.len() + self.tail.len();
        let bytes: Vec<u8> = self.head.iter().chain(&self.tail).copied().skip(kept.saturating_sub(limit)).collect();
        let text = String::from_utf8_lossy(&bytes);
        // What is not UTF-8 has grown by being replaced.
        text[text.ceil_char_boundary(text.len().saturating_sub(limit))..].trim().to_owned()
    }

    /// Writes the log to `path`, compressed.
    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = zstd::Encoder::new(File::create(path)?, 3)?;
        file.write_all(&self.text())?;
        file.finish()?.flush()
    }

    /// Returns what is kept, with a line where something is missing.
    pub(super) fn text(&self) -> Vec<u8> {
        let gap = if self.is_truncated() {
            format!("\n[… {} bytes left out …]\n", self.missing())
        } else {
            String::new()
        };
        self.head.iter().chain(gap.as_bytes()).chain(&self.tail).copied().collect()
    }

    fn missing(&self) -> u64 {
        self.size - (self.head.len() + self.tail.len()) as u64
    }
}
