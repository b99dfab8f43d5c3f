//! Takes XML apart while it arrives: tags, text, references, in the memory of one piece.
//!
//! Only a tag must be whole to be seen; text of any length comes in pieces, comments and instructions not at all.
//! Nothing is expanded. What elements mean, and how deep they may nest, is decided elsewhere.

mod skip;

use std::io::Read;

use encoding_rs::{CoderResult, Decoder};
use memchr::{memchr, memchr2, memchr3, memmem};

use super::super::Limits;
use super::super::text::{Source, line, newlines};

/// Bytes that are read at once.
const BLOCK: usize = 64 << 10;
/// Text up to this length is one piece.
const PIECE: usize = 64 << 10;
/// A longer name of an element is no name.
const NAME: usize = 4 << 10;
/// No reference that anybody writes is longer.
const REFERENCE: usize = 64;

/// A piece of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Token<'t> {
    /// A tag that opens an element: what stands between its brackets, and how much of that is the name.
    Open { content: &'t str, name: usize, is_empty: bool },
    /// A tag that closes the innermost element.
    Close,
    /// Text, as it is written.
    Text(&'t str),
    /// What a reference names, without its `&` and `;`.
    Reference(&'t str),
    /// The end of the file.
    End,
}

/// Why a document cannot be taken apart.
#[derive(Debug)]
pub(in super::super) struct Flaw {
    /// The line where that begins which cannot.
    pub(in super::super) line: usize,
    pub(in super::super) reason: String,
}

/// A document that is being taken apart.
pub(in super::super) struct Scanner<'s> {
    source: &'s Source<'s>,
    input: Box<dyn Read + 's>,
    decoder: Decoder,
    block: Vec<u8>,
    /// What has been read and is not seen yet, from `at`.
    window: String,
    at: usize,
    /// Everything is in the window.
    is_whole: bool,
    /// The line at `at`, and where the last token began.
    here: u64,
    line: u64,
    /// The names of the open elements, one after the other, and where each begins.
    names: String,
    open: Vec<usize>,
    is_in_cdata: bool,
    tag_bound: usize,
}

type Result<T> = std::result::Result<T, Flaw>;

impl<'s> Scanner<'s> {
    /// Begins with a report.
    pub(in super::super) fn new(source: &'s Source<'s>, limits: &Limits) -> Self {
        let (input, decoder) = source.stream();
        Self {
            source,
            input,
            decoder,
            block: vec![0; BLOCK],
            window: String::new(),
            at: 0,
            is_whole: false,
            here: 1,
            line: 1,
            names: String::new(),
            open: Vec::new(),
            is_in_cdata: false,
            tag_bound: limits.attribute,
        }
    }

    /// Returns the next piece, and the line where it begins.
    pub(in super::super) fn next(&mut self) -> Result<(usize, Token<'_>)> {
        loop {
            self.line = self.here;
            let line = self.line as usize;
            if self.is_in_cdata {
                match self.cdata()? {
                    Some(length) => return Ok((line, Token::Text(self.take(length)))),
                    None => continue,
                }
            }
            if !self.has(1)? {
                return Ok((line, Token::End));
            }
            match self.rest().as_bytes()[0] {
                b'<' => {
                    if let Some(tag) = self.markup()? {
                        return Ok((line, self.seen(tag)));
                    }
                }
                b'&' => return Ok((line, self.reference()?)),
                _ => return Ok((line, self.text()?)),
            }
        }
    }

    /// Returns text up to the next markup or reference.
    fn text(&mut self) -> Result<Token<'_>> {
        let mut searched = 0;
        loop {
            let rest = self.rest().as_bytes();
            if let Some(found) = memchr2(b'<', b'&', &rest[searched..]) {
                return Ok(Token::Text(self.take((searched + found).min(self.piece()))));
            }
            searched = rest.len();
            if searched >= PIECE || !self.fill()? {
                return Ok(Token::Text(self.take(self.piece())));
            }
        }
    }

    /// Returns how long a piece of the rest is.
    fn piece(&self) -> usize {
        self.rest().floor_char_boundary(PIECE)
    }

    fn reference(&mut self) -> Result<Token<'_>> {
        self.has(REFERENCE)?;
        let bytes = &self.rest().as_bytes()[1..self.rest().floor_char_boundary(REFERENCE)];
        match memchr3(b';', b'<', b'&', bytes) {
            Some(end) if bytes[end] == b';' => {
                let whole = self.take(end + 2);
                Ok(Token::Reference(&whole[1..=end]))
            }
            _ => Ok(Token::Text(self.take(1))),
        }
    }

    /// Returns how much of a CDATA section is to be seen next, or nothing at its end.
    fn cdata(&mut self) -> Result<Option<usize>> {
        loop {
            let rest = self.rest();
            if let Some(end) = memmem::find(rest.as_bytes(), b"]]>") {
                if end == 0 {
                    self.skip(3);
                    self.is_in_cdata = false;
                    return Ok(None);
                }
                return Ok(Some(end.min(self.piece())));
            }
            if rest.len() > PIECE {
                // The section's end may be half here.
                return Ok(Some(rest.floor_char_boundary(PIECE.min(rest.len() - 2))));
            }
            if !self.fill()? {
                return Err(self.truncated("CDATA not closed: `]]>` not found before end of input"));
            }
        }
    }

    /// Returns the tag that stands here, or nothing behind markup that says nothing.
    fn markup(&mut self) -> Result<Option<Tag>> {
        self.has(9)?;
        match &self.rest().as_bytes()[1..] {
            [b'/', ..] => self.close().map(Some),
            [b'?', ..] => self.skip_to("?>", "processing instruction"),
            [b'!', b'-', b'-', ..] => self.skip_to("-->", "comment"),
            [b'!', b'[', b'C', b'D', b'A', b'T', b'A', b'[', ..] => {
                self.skip(9);
                self.is_in_cdata = true;
                Ok(None)
            }
            [b'!', rest @ ..] if rest.len() >= 7 && rest[..7].eq_ignore_ascii_case(b"DOCTYPE") => self.skip_doctype(),
            [b'!', ..] if self.rest().len() < 9 => Err(self.truncated("markup not closed")),
            [b'!', ..] => Err(self.flaw("ill-formed document: markup that is no comment, CDATA or DOCTYPE")),
            _ => self.open().map(Some),
        }
    }

    fn open(&mut self) -> Result<Tag> {
        let length = self.tag_length()?;
        let content = &self.window[self.at + 1..self.at + length - 1];
        let is_empty = content.ends_with('/');
        let content = content.strip_suffix('/').unwrap_or(content);
        let name = content.find(|c: char| c.is_ascii_whitespace()).unwrap_or(content.len());
        if name > NAME {
            return Err(self.flaw("the name of an element is too long"));
        }
        if !is_empty {
            self.open.push(self.names.len());
            self.names.push_str(&content[..name]);
        }
        let content = content.len();
        Ok(Tag::Open { length, content, name, is_empty })
    }

    /// Returns the length of the tag that begins here; a bracket in quotes does not end it.
    fn tag_length(&mut self) -> Result<usize> {
        let (mut at, mut quote) = (1, None);
        loop {
            let bytes = &self.rest().as_bytes()[at..];
            let found = match quote {
                Some(quote) => memchr(quote, bytes),
                None => memchr3(b'>', b'"', b'\'', bytes),
            };
            match found {
                Some(found) if quote.is_none() && bytes[found] == b'>' => return self.bounded(at + found + 1),
                Some(found) => {
                    quote = if quote.is_none() { Some(bytes[found]) } else { None };
                    at += found + 1;
                }
                None => {
                    at += bytes.len();
                    self.bounded(at)?;
                    if !self.fill()? {
                        return Err(self.truncated(&match quote {
                            Some(quote) => format!(
                                "attribute value not closed: `{}` not found before end of input",
                                char::from(quote)
                            ),
                            None => "tag not closed: `>` not found before end of input".to_owned(),
                        }));
                    }
                }
            }
        }
    }

    /// Returns the length of a tag that is not too long.
    fn bounded(&self, length: usize) -> Result<usize> {
        match length > self.tag_bound {
            true => Err(self.flaw(format!("a tag is longer than {} bytes", self.tag_bound))),
            false => Ok(length),
        }
    }

    fn close(&mut self) -> Result<Tag> {
        let length = loop {
            match memchr(b'>', self.rest().as_bytes()) {
                Some(end) => break end + 1,
                None if self.rest().len() > NAME => return Err(self.flaw("the name of an element is too long")),
                None if self.fill()? => {}
                None => return Err(self.truncated("tag not closed: `>` not found before end of input")),
            }
        };
        let found = self.rest()[2..length - 1].trim_end_matches(|c: char| c.is_ascii_whitespace());
        let Some(&start) = self.open.last() else {
            let found = line(found, 80);
            return Err(self.flaw(format!("ill-formed document: close tag `</{found}>` does not match any open tag")));
        };
        if self.names[start..] != *found {
            let (expected, found) = (line(&self.names[start..], 80), line(found, 80));
            return Err(self.flaw(format!("ill-formed document: expected `</{expected}>`, but `</{found}>` was found")));
        }
        self.names.truncate(start);
        self.open.pop();
        Ok(Tag::Close { length })
    }

    /// Goes behind a tag and returns it.
    fn seen(&mut self, tag: Tag) -> Token<'_> {
        match tag {
            Tag::Close { length } => {
                self.skip(length);
                Token::Close
            }
            Tag::Open { length, content, name, is_empty } => {
                let content = &self.take(length)[1..=content];
                Token::Open { content, name, is_empty }
            }
        }
    }

    fn rest(&self) -> &str {
        &self.window[self.at..]
    }

    /// Returns so many bytes and goes behind them.
    fn take(&mut self, length: usize) -> &str {
        let from = self.at;
        self.skip(length);
        &self.window[from..self.at]
    }

    fn skip(&mut self, length: usize) {
        let to = self.at + length;
        self.here += newlines(&self.window.as_bytes()[self.at..to]);
        self.at = to;
    }

    /// Reads on until so many bytes are there; returns whether they are.
    fn has(&mut self, count: usize) -> Result<bool> {
        while self.window.len() - self.at < count {
            if !self.fill()? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads on; returns whether there was more.
    fn fill(&mut self) -> Result<bool> {
        if self.is_whole {
            return Ok(false);
        }
        self.window.drain(..self.at);
        self.at = 0;
        let before = self.window.len();
        // Twice as much as is there: what is searched again and again for an end is not searched often.
        while self.window.len() < before + before.max(1) && !self.is_whole {
            let count = self.read_block()?;
            self.decode(count);
        }
        Ok(self.window.len() > before)
    }

    fn read_block(&mut self) -> Result<usize> {
        loop {
            match self.input.read(&mut self.block) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.flaw(error.to_string())),
                Ok(count) => return Ok(count),
            }
        }
    }

    /// Adds the text of the first bytes of the block to the window; none is the end.
    fn decode(&mut self, count: usize) {
        self.is_whole = count == 0;
        let (mut read, from) = (0, self.window.len());
        let mut is_damaged = false;
        loop {
            let room = self.decoder.max_utf8_buffer_length(count - read).unwrap_or(BLOCK);
            self.window.reserve(room);
            let bytes = &self.block[read..count];
            let (result, more, had_errors) = self.decoder.decode_to_string(bytes, &mut self.window, self.is_whole);
            read += more;
            is_damaged |= had_errors;
            if result == CoderResult::InputEmpty {
                break;
            }
        }
        if is_damaged {
            let at = from + self.window[from..].find('\u{fffd}').unwrap_or_default();
            self.source.damaged_at(self.here + newlines(&self.window.as_bytes()[self.at..at]));
        }
    }

    fn flaw(&self, reason: impl Into<String>) -> Flaw {
        Flaw { line: self.line as usize, reason: reason.into() }
    }

    fn truncated(&self, reason: &str) -> Flaw {
        self.flaw(format!("the report is truncated: {reason}"))
    }
}

/// A tag in the window.
enum Tag {
    Open { length: usize, content: usize, name: usize, is_empty: bool },
    Close { length: usize },
}
