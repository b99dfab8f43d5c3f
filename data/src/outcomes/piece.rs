//! How many outcomes stand in a row of bytes: only what each of them has, as fast as memory is copied.
//!
//! The bytes are read only by the process that wrote them, so they have no version.

use std::borrow::Cow;
use std::io;
use std::ops::Range;

use super::{PIECE_BYTES, PIECE_ROWS};
use crate::row::{Kind, Measure, Outcome, Status};

/// In the order of their numbers.
const STATUSES: [Status; 6] =
    [Status::Passed, Status::Failed, Status::Errored, Status::Skipped, Status::Xfailed, Status::Xpassed];
/// The bits of a mark that are the status; the others say what the outcome has.
const STATUS: u16 = 7;
const STEP: u16 = 1 << 3;
/// The suite is that of the outcome before, as nearly always.
const SAME_SUITE: u16 = 1 << 4;
const ATTEMPT: u16 = 1 << 5;
const DURATION: u16 = 1 << 6;
const LINE: u16 = 1 << 7;
const ERROR_KIND: u16 = 1 << 8;
const MESSAGE: u16 = 1 << 9;
const FILE: u16 = 1 << 10;
const MEASURES: u16 = 1 << 11;
const SUITE: u16 = 1 << 12;

/// Outcomes that are being gathered.
#[derive(Clone, Default)]
pub(super) struct Encoded {
    bytes: Vec<u8>,
    rows: usize,
    /// The suite of the last one.
    suite: Range<usize>,
}

impl Encoded {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Returns whether they are a piece.
    pub(super) fn is_full(&self) -> bool {
        self.rows >= PIECE_ROWS || self.bytes.len() >= PIECE_BYTES
    }

    /// Forgets them, and keeps the room of a usual piece.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(PIECE_BYTES);
        (self.rows, self.suite) = (0, 0..0);
    }

    /// Adds one.
    pub(super) fn add(&mut self, outcome: &Outcome) {
        self.rows += 1;
        let is_same_suite = self.bytes[self.suite.clone()] == *outcome.suite.as_bytes();
        let attempt = (outcome.attempt != 1).then_some(outcome.attempt);
        let has = [
            (STEP, outcome.kind == Kind::Step),
            (SUITE, outcome.kind == Kind::Suite),
            (SAME_SUITE, is_same_suite),
            (ATTEMPT, attempt.is_some()),
            (DURATION, outcome.duration_us.is_some()),
            (LINE, outcome.line.is_some()),
            (ERROR_KIND, outcome.error_kind.is_some()),
            (MESSAGE, outcome.message.is_some()),
            (FILE, outcome.file.is_some()),
            (MEASURES, !outcome.measures.is_empty()),
        ];
        let mark = has.iter().fold(outcome.status as u16, |mark, (bit, has)| if *has { mark | bit } else { mark });
        self.bytes.extend_from_slice(&mark.to_le_bytes());
        for number in [attempt, outcome.duration_us, outcome.line].into_iter().flatten() {
            self.bytes.extend_from_slice(&number.to_le_bytes());
        }
        if !is_same_suite {
            self.text(&outcome.suite);
            self.suite = self.bytes.len() - outcome.suite.len()..self.bytes.len();
        }
        self.text(&outcome.name);
        for text in [&outcome.error_kind, &outcome.message, &outcome.file].into_iter().flatten() {
            self.text(text);
        }
        self.measures(&outcome.measures);
    }

    fn measures(&mut self, measures: &[Measure]) {
        if !measures.is_empty() {
            self.bytes.extend_from_slice(&(measures.len() as u32).to_le_bytes());
        }
        for Measure { metric, value, unit } in measures {
            self.text(metric);
            self.bytes.extend_from_slice(&value.to_le_bytes());
            self.bytes.push(u8::from(unit.is_some()));
            unit.iter().for_each(|unit| self.text(unit));
        }
    }

    fn text(&mut self, text: &str) {
        self.bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
        self.bytes.extend_from_slice(text.as_bytes());
    }
}

/// Some of many outcomes.
pub struct Piece<'p>(pub(super) Cow<'p, [u8]>);

impl Piece<'_> {
    /// Returns one after the other.
    ///
    /// # Errors
    ///
    /// Where somebody else changed the temporary file.
    pub fn rows(&self) -> impl Iterator<Item = io::Result<Stored<'_>>> {
        let (mut rest, mut suite) = (&*self.0, "");
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let stored = stored(&mut rest, &mut suite);
            if stored.is_none() {
                rest = &[];
            }
            Some(stored.ok_or_else(|| io::Error::other("a temporary file was changed by somebody else")))
        })
    }
}

/// An outcome where it lies: [`Outcome`] without texts of its own.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the fields are those of an outcome")]
pub struct Stored<'p> {
    pub kind: Kind,
    pub suite: &'p str,
    pub name: &'p str,
    pub attempt: i64,
    pub status: Status,
    pub error_kind: Option<&'p str>,
    pub duration_us: Option<i64>,
    pub message: Option<&'p str>,
    pub file: Option<&'p str>,
    pub line: Option<i64>,
    pub measures: Vec<Measure>,
}

impl Stored<'_> {
    /// Returns it with texts of its own.
    pub fn into_outcome(self) -> Outcome {
        let own = |text: Option<&str>| text.map(str::to_owned);
        Outcome {
            kind: self.kind,
            suite: self.suite.to_owned(),
            name: self.name.to_owned(),
            attempt: self.attempt,
            status: self.status,
            error_kind: own(self.error_kind),
            duration_us: self.duration_us,
            message: own(self.message),
            file: own(self.file),
            line: self.line,
            measures: self.measures,
        }
    }
}

/// Takes an outcome from the beginning of `bytes`; nothing where there is none.
fn stored<'p>(bytes: &mut &'p [u8], suite: &mut &'p str) -> Option<Stored<'p>> {
    let mark = u16::from_le_bytes(take(bytes)?);
    let has = |bit: u16| mark & bit != 0;
    let [attempt, duration_us, line] = [
        if has(ATTEMPT) { Some(number(bytes)?) } else { None },
        if has(DURATION) { Some(number(bytes)?) } else { None },
        if has(LINE) { Some(number(bytes)?) } else { None },
    ];
    if !has(SAME_SUITE) {
        *suite = text(bytes)?;
    }
    let kind = match (has(STEP), has(SUITE)) {
        (true, _) => Kind::Step,
        (_, true) => Kind::Suite,
        _ => Kind::Test,
    };
    Some(Stored {
        kind,
        suite,
        name: text(bytes)?,
        attempt: attempt.unwrap_or(1),
        status: *STATUSES.get(usize::from(mark & STATUS))?,
        error_kind: if has(ERROR_KIND) { Some(text(bytes)?) } else { None },
        duration_us,
        message: if has(MESSAGE) { Some(text(bytes)?) } else { None },
        file: if has(FILE) { Some(text(bytes)?) } else { None },
        line,
        measures: if has(MEASURES) { measures(bytes)? } else { Vec::new() },
    })
}

fn measures(bytes: &mut &[u8]) -> Option<Vec<Measure>> {
    let count = u32::from_le_bytes(take(bytes)?);
    let measure = |_| {
        let metric = text(bytes)?.to_owned();
        let value = f64::from_le_bytes(take(bytes)?);
        let [has_unit] = take(bytes)?;
        let unit = if has_unit != 0 { Some(text(bytes)?.to_owned()) } else { None };
        Some(Measure { metric, value, unit })
    };
    (0..count).map(measure).collect()
}

fn number(bytes: &mut &[u8]) -> Option<i64> {
    take(bytes).map(i64::from_le_bytes)
}

fn text<'p>(bytes: &mut &'p [u8]) -> Option<&'p str> {
    let length = u32::from_le_bytes(take(bytes)?);
    let (text, rest) = bytes.split_at_checked(length as usize)?;
    *bytes = rest;
    std::str::from_utf8(text).ok()
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*head)
}
