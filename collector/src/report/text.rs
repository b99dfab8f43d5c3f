//! Text of reports: decoding, cleaning and bounding, the same for every format.
//!
//! What a report says is kept; what would harm a terminal, a page or a database is not: control characters become
//! U+FFFD and terminal colours vanish. No format is known here beyond the first lines of XML.

mod excerpt;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::cell::Cell;
use std::io::{self, Read};

use encoding_rs::{Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::{Error, Warning};

pub(super) use excerpt::{Excerpt, trim_blank_lines};

/// Lines at the beginning of a report by which formats of lines are recognised.
pub(super) const PREAMBLE_LINES: usize = 50;
/// Bytes of them, at most.
const PREAMBLE_BYTES: usize = 16 << 10;
/// How a warning of bytes that no encoding has ends.
const NOT_TEXT: &str = "became U+FFFD";

/// A report as it came in, decoded.
pub(super) struct Source<'a> {
    /// The file, as the caller names it.
    pub(super) label: &'a str,
    /// The report as it is, for formats that are no text; of a report that is read on, its head.
    pub(super) bytes: &'a [u8],
    /// The text of those bytes, without a byte order mark.
    pub(super) text: Cow<'a, str>,
    /// What decoding had to repair.
    pub(super) warnings: Vec<Warning>,
    encoding: &'static Encoding,
    /// What follows the bytes, where it is read on.
    rest: Cell<Option<Box<dyn Read>>>,
    /// Places in the report are lines, because nobody has its text.
    is_read_on: Cell<bool>,
    /// The line with the first bytes that are no text, where it is read on.
    damaged: Cell<Option<u64>>,
}

impl<'a> Source<'a> {
    /// Decodes `bytes` by its byte order mark, else by its XML declaration, else as UTF-8.
    ///
    /// What begins as no text can is not decoded at all: its text is empty.
    pub(super) fn new(label: &'a str, bytes: &'a [u8]) -> Self {
        let mut warnings = Vec::new();
        let (encoding, unmarked) = encoding(bytes, &mut warnings);
        let (text, is_damaged) = match std::str::from_utf8(unmarked) {
            _ if is_binary(bytes) => (Cow::Borrowed(""), false),
            Ok(text) if encoding == UTF_8 => (Cow::Borrowed(text), false),
            _ => encoding.decode_without_bom_handling(unmarked),
        };
        if is_damaged {
            let line = line_at(&text, text.find('\u{fffd}').unwrap_or(0));
            warnings.push(not_text(line, encoding));
        }
        let (rest, is_read_on, damaged) = (Cell::default(), Cell::default(), Cell::default());
        Self { label, bytes, text, warnings, encoding, rest, is_read_on, damaged }
    }

    /// Returns the report of which `head` is the beginning; the rest is read when a format asks for it.
    pub(super) fn open(label: &'a str, head: &'a [u8], rest: impl Read + 'static) -> Self {
        let mut source = Self::new(label, head);
        // The last character of the head may be half.
        source.warnings.retain(|warning| warning.line == 1 && !warning.text.ends_with(NOT_TEXT));
        source.rest = Cell::new(Some(Box::new(rest)));
        source
    }

    /// Returns the whole report as a stream of text, for formats that need no more of it at once than a piece. From
    /// now on places are lines.
    pub(super) fn stream(&self) -> (Box<dyn Read + '_>, Decoder) {
        self.is_read_on.set(true);
        let (_, unmarked) = encoding(self.bytes, &mut Vec::new());
        let rest = self.rest.take().unwrap_or_else(|| Box::new(io::empty()));
        (Box::new(unmarked.chain(rest)), self.encoding.new_decoder_without_bom_handling())
    }

    /// Remembers the first line of a stream with bytes that are no text.
    pub(super) fn damaged_at(&self, line: u64) {
        self.damaged.set(self.damaged.get().or(Some(line)));
    }

    /// Returns what decoding had to repair.
    pub(super) fn into_warnings(mut self) -> Vec<Warning> {
        self.warnings.extend(self.damaged.get().map(|line| not_text(line, self.encoding)));
        self.warnings
    }

    /// Returns the line of a place, from 1.
    pub(super) fn line(&self, position: usize) -> u64 {
        if self.is_read_on.get() { position as u64 } else { line_at(&self.text, position) }
    }

    /// Returns whether places are lines.
    pub(super) fn is_read_on(&self) -> bool {
        self.is_read_on.get()
    }

    /// Returns the refusal of this report for `reason` at a place in its text.
    pub(super) fn error(&self, position: usize, reason: impl Into<String>) -> Error {
        Error { file: self.label.to_owned(), line: self.line(position), reason: reason.into() }
    }

    /// Returns the beginning of the text, where it is no XML: by this the formats of lines are recognised.
    pub(super) fn preamble(&self) -> Option<&str> {
        self.root().is_none().then(|| &self.text[..self.text.floor_char_boundary(PREAMBLE_BYTES)])
    }

    /// Returns the name of the root element where the text looks like XML, without a namespace prefix.
    pub(super) fn root(&self) -> Option<&str> {
        let mut rest = self.text.trim_start();
        loop {
            rest = match rest.strip_prefix('<')? {
                inner if inner.starts_with('?') => after(inner, "?>")?,
                inner if inner.starts_with("!--") => after(inner, "-->")?,
                inner if inner.starts_with("!DOCTYPE") || inner.starts_with("!doctype") => after_doctype(inner)?,
                inner => {
                    let end = inner.find(|c: char| c.is_whitespace() || c == '>' || c == '/')?;
                    let name = inner[..end].rsplit(':').next().unwrap_or_default();
                    return name.starts_with(|c: char| c.is_alphabetic() || c == '_').then_some(name);
                }
            }
            .trim_start();
        }
    }
}

fn not_text(line: u64, encoding: &'static Encoding) -> Warning {
    Warning { line, text: format!("bytes that are not {} {NOT_TEXT}", encoding.name()) }
}

/// Returns whether `bytes` begin with the signature and the version of a subunit packet.
fn is_binary(bytes: &[u8]) -> bool {
    matches!(bytes, [0xb3, flags, ..] if flags >> 4 == 2)
}

/// Returns what follows `end` in `text`.
fn after<'t>(text: &'t str, end: &str) -> Option<&'t str> {
    text.find(end).map(|at| &text[at + end.len()..])
}

/// Returns what follows a document type declaration, with or without an internal subset.
fn after_doctype(text: &str) -> Option<&str> {
    let at = text.find(['[', '>'])?;
    if text[at..].starts_with('>') {
        Some(&text[at + 1..])
    } else {
        after(&text[at..], "]").and_then(|t| after(t, ">"))
    }
}

/// Returns the encoding of `bytes` and the bytes without their byte order mark.
fn encoding<'b>(bytes: &'b [u8], warnings: &mut Vec<Warning>) -> (&'static Encoding, &'b [u8]) {
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        return (encoding, &bytes[length..]);
    }
    match bytes {
        [b'<', 0, ..] => return (UTF_16LE, bytes),
        [0, b'<', ..] => return (UTF_16BE, bytes),
        _ => {}
    }
    let Some(label) = declared_encoding(bytes) else { return (UTF_8, bytes) };
    match Encoding::for_label(label.as_bytes()) {
        // Some writers declare what their strings are in memory; the bytes at hand are not UTF-16.
        Some(encoding) if encoding == UTF_16LE || encoding == UTF_16BE => (UTF_8, bytes),
        Some(encoding) => (encoding, bytes),
        None => {
            let text = format!("the encoding `{}` is not known; read as UTF-8", line(&label, 40));
            warnings.push(Warning { line: 1, text });
            (UTF_8, bytes)
        }
    }
}

/// Returns the encoding that an XML declaration names.
fn declared_encoding(bytes: &[u8]) -> Option<String> {
    let head = &bytes.trim_ascii_start()[..bytes.trim_ascii_start().len().min(256)];
    let head: String = head.iter().map(|&byte| char::from(byte)).collect();
    let declaration = head.strip_prefix("<?xml")?.split("?>").next()?;
    let value = after(declaration, "encoding")?.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    value[1..].split(quote).next().map(str::to_owned)
}

/// Returns the line of a place in `text`, from 1.
pub(super) fn line_at(text: &str, position: usize) -> u64 {
    1 + newlines(&text.as_bytes()[..position.min(text.len())])
}

/// Returns how many newlines `bytes` has.
pub(super) fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

/// Returns the first line of `text`, cleaned and with at most `length` characters, for use within a sentence.
pub(super) fn line(text: &str, length: usize) -> String {
    let first = text.trim_start().lines().next().unwrap_or_default().trim_end();
    // Cleaning a bounded piece is enough, and the rest of a long line may be huge.
    let piece: String = first.chars().take(length * 4).collect();
    let line = clean(&piece);
    let mut short: String = line.chars().take(length).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    short
}

/// Returns `text` with `\r\n` as `\n`, without terminal colours, and with other control characters as U+FFFD.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| byte >= b' ' && byte != 0x7f || byte == b'\n' || byte == b'\t';
    let has_escape = text.as_bytes().contains(&b'#') && text.contains("#x1B[");
    if !has_escape && text.bytes().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let colour = rest.strip_prefix("\u{1b}[").or_else(|| rest.strip_prefix("#x1B["));
        if let Some(after) = colour.and_then(after_colour) {
            rest = after;
            continue;
        }
        match c {
            '\r' if rest.starts_with("\r\n") => {}
            '\r' => kept.push('\n'),
            '\n' | '\t' => kept.push(c),
            c if c.is_control() => kept.push('\u{fffd}'),
            c => kept.push(c),
        }
        rest = &rest[c.len_utf8()..];
    }
    Cow::Owned(kept)
}

/// Returns what follows the parameters and the final letter of a terminal control sequence.
fn after_colour(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !matches!(c, '0'..='9' | ';' | ':' | '?'))?;
    text[end..].starts_with(|c: char| c.is_ascii_alphabetic()).then(|| &text[end + 1..])
}

/// Returns `text` as a name: cleaned, on one line, trimmed, and with a hash of the whole where it is cut to `bound`.
pub(super) fn name(text: &str, bound: usize) -> String {
    // Nearly every name: one look at each byte, and nothing to clean.
    if text.len() <= bound && text.bytes().all(|byte| byte >= b' ' && byte != 0x7f && byte != b'#') {
        return text.trim().to_owned();
    }
    let cleaned = clean(text.trim());
    if !cleaned.contains(['\n', '\t']) && cleaned.len() <= bound {
        return cleaned.into_owned();
    }
    let flat = cleaned.split(['\n', '\t']).map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    if flat.len() <= bound {
        return flat;
    }
    let mark = format!("…#{:016x}", annals_data::id::id(&[&flat]));
    format!("{}{mark}", &flat[..flat.floor_char_boundary(bound.saturating_sub(mark.len()))])
}
