//! What says nothing of a report: comments, instructions, document types. None is kept, and none expanded.

use memchr::memmem;

use super::{Result, Scanner, Tag};

/// A longer document type declaration is none of a report.
const DOCTYPE: usize = 1 << 20;

impl Scanner<'_> {
    /// Goes behind the next `end`.
    pub(super) fn skip_to(&mut self, end: &str, what: &str) -> Result<Option<Tag>> {
        self.skip(if end == "-->" { 4 } else { 2 });
        loop {
            if let Some(found) = memmem::find(self.rest().as_bytes(), end.as_bytes()) {
                self.skip(found + end.len());
                return Ok(None);
            }
            // The end may be half here.
            let kept = self.rest().len().saturating_sub(end.len() - 1);
            self.skip(self.rest().floor_char_boundary(kept));
            if !self.fill()? {
                return Err(self.truncated(&format!("{what} not closed: `{end}` not found before end of input")));
            }
        }
    }

    /// Goes behind a document type declaration, with or without an internal subset.
    pub(super) fn skip_doctype(&mut self) -> Result<Option<Tag>> {
        loop {
            if let Some(length) = doctype(self.rest()) {
                self.skip(length);
                return Ok(None);
            }
            if self.rest().len() > DOCTYPE {
                return Err(self.flaw(format!("the document type declaration is longer than {DOCTYPE} bytes")));
            }
            if !self.fill()? {
                return Err(self.truncated("DOCTYPE not closed: `>` not found before end of input"));
            }
        }
    }
}

/// Returns the length of the document type declaration that `text` begins with, if it ends there.
fn doctype(text: &str) -> Option<usize> {
    let (bytes, mut at) = (text.as_bytes(), 1);
    let (mut is_inside, mut depth) = (false, 0_usize);
    while let Some(&byte) = bytes.get(at) {
        let rest = &bytes[at..];
        let end: &[u8] = match byte {
            b'"' => b"\"",
            b'\'' => b"'",
            _ if rest.starts_with(b"<!--") => b"-->",
            _ if rest.starts_with(b"<?") => b"?>",
            _ => b"",
        };
        at += 1;
        match byte {
            _ if !end.is_empty() => at += memmem::find(&rest[1..], end)? + end.len(),
            b'[' => is_inside = true,
            b']' => is_inside = false,
            b'<' => depth += 1,
            b'>' if depth > 0 => depth -= 1,
            b'>' if !is_inside => return Some(at),
            _ => {}
        }
    }
    None
}
