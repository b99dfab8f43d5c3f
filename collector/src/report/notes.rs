//! Collects the warnings of one report: a bounded number, each with its line.

use super::Warning;
use super::text::{Source, line_at, newlines};

/// The warnings of a report that is being read.
pub(super) struct Notes<'r> {
    source: &'r Source<'r>,
    bound: usize,
    warnings: Vec<Warning>,
    left_out: usize,
    /// A place in the text and its line, so that the lines before it are counted once.
    counted: (usize, u64),
}

impl<'r> Notes<'r> {
    /// Returns no warnings yet about `source`, of at most `bound`.
    pub(super) fn new(source: &'r Source<'r>, bound: usize) -> Self {
        Self { source, bound, warnings: Vec::new(), left_out: 0, counted: (0, 1) }
    }

    /// Adds a warning about a place in the text.
    pub(super) fn push(&mut self, position: usize, text: String) {
        if self.warnings.len() >= self.bound {
            self.left_out += 1;
            return;
        }
        let line = self.line(position);
        self.warnings.push(Warning { line, text });
    }

    /// Returns the warnings; the last one tells how many were left out.
    pub(super) fn finish(mut self) -> Vec<Warning> {
        if self.left_out > 0 {
            let text = format!("{} further warnings are left out", self.left_out);
            self.warnings.push(Warning { line: self.counted.1, text });
        }
        self.warnings
    }

    fn line(&mut self, position: usize) -> u64 {
        let (text, (from, line)) = (&self.source.text, self.counted);
        if self.source.is_read_on() {
            self.counted.1 = position as u64;
            return self.counted.1;
        }
        let position = position.min(text.len());
        if position < from {
            return line_at(text, position);
        }
        self.counted = (position, line + newlines(&text.as_bytes()[from..position]));
        self.counted.1
    }
}
