//! An attempt of a test while its events come in.

use annals_data::row::{Kind, Outcome, Status};

use super::super::cases::Cases;
use super::super::error_kind::{CRASHED, error_kind};
use super::super::text::Excerpt;
use super::super::{Error, Limits};

/// What an attempt without an end is told as.
const UNENDED: &str = "the test began and never ended";
/// Ids that Python gives to what is no test: set-up, and modules that could not be loaded.
const SETUPS: [&str; 4] = ["setUpClass (", "tearDownClass (", "setUpModule (", "tearDownModule ("];
const LOADERS: [&str; 2] = ["unittest.loader._FailedTest.", "unittest.loader.ModuleImportFailure."];
/// Attachments of one test that are told apart; further ones are left out.
const FILES: usize = 100;

/// An attachment of text.
#[derive(Debug)]
struct File {
    name: String,
    text: Excerpt,
    /// The beginning of a letter that the next piece ends.
    carry: Vec<u8>,
}

/// An attempt.
#[derive(Debug, Default)]
pub(super) struct Running {
    /// Where it begins.
    pub(super) position: usize,
    /// It was seen to begin, not only to attach something.
    pub(super) has_begun: bool,
    times: Option<(i64, i64)>,
    files: Vec<File>,
}

impl Running {
    pub(super) fn new(position: usize) -> Self {
        Self { position, ..Self::default() }
    }

    /// Notes when an event came.
    pub(super) fn tick(&mut self, time: Option<i64>) {
        if let Some(time) = time {
            let (first, last) = self.times.unwrap_or((time, time));
            self.times = Some((first.min(time), last.max(time)));
        }
    }

    /// Adds a piece of an attachment.
    pub(super) fn attach(&mut self, name: &str, piece: &[u8], limits: &Limits) {
        let at = self.files.iter().position(|file| file.name == name).unwrap_or_else(|| {
            self.files.push(File { name: name.to_owned(), text: Excerpt::default(), carry: Vec::new() });
            self.files.len() - 1
        });
        let file = &mut self.files[at];
        let bytes = [file.carry.as_slice(), piece].concat();
        let end = match std::str::from_utf8(&bytes) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => bytes.len(),
        };
        file.carry = bytes[end..].to_vec();
        file.text.push(&String::from_utf8_lossy(&bytes[..end]), limits.message);
        self.files.truncate(FILES);
    }

    /// Ends the attempt with what the report says, as `word`.
    pub(super) fn end(
        self,
        id: &str,
        word: &str,
        status: Status,
        cases: &mut Cases,
        limits: &Limits,
    ) -> Result<(), Error> {
        let position = self.position;
        let duration = self.times.map(|(first, last)| last - first).filter(|_| self.has_begun);
        let text = self.text(limits);
        let mut outcome = Outcome::new("", id, status);
        let is_outside = SETUPS.iter().chain(&LOADERS).any(|prefix| id.starts_with(prefix));
        if is_outside && matches!(status, Status::Failed | Status::Errored | Status::Skipped) {
            outcome.kind = Kind::Suite;
        }
        if status == Status::Failed || status == Status::Errored {
            // A traceback ends with what went wrong.
            let last = text.lines().last().unwrap_or_default();
            outcome.error_kind = error_kind("", &text).or_else(|| error_kind("", last)).map(str::to_owned);
            if outcome.error_kind.is_some() || is_outside {
                outcome.status = Status::Errored;
            }
        }
        outcome.duration_us = duration;
        outcome.message = Some(text).filter(|_| status != Status::Passed);
        cases.push(position, word, outcome)
    }

    /// Ends an attempt that the stream never ends.
    pub(super) fn abandon(mut self, id: &str, cases: &mut Cases, limits: &Limits) -> Result<(), Error> {
        cases.warn(self.position, format!("{UNENDED}: {}", super::super::text::line(id, 200)));
        let (position, times) = (self.position, self.times.take());
        let text = self.text(limits);
        let mut outcome = Outcome::new("", id, Status::Errored);
        outcome.error_kind = Some(error_kind("", &text).unwrap_or(CRASHED).to_owned());
        outcome.duration_us = times.map(|(first, last)| last - first);
        outcome.message = Some(if text.is_empty() { UNENDED.to_owned() } else { format!("{UNENDED}\n\n{text}") });
        cases.push(position, "(unended)", outcome)
    }

    /// Returns the attachments: reason and tracebacks first, others under their names.
    fn text(self, limits: &Limits) -> String {
        let is_main = |file: &File| file.name == "reason" || file.name.starts_with("traceback") || file.name.is_empty();
        let (main, other): (Vec<File>, Vec<File>) = self.files.into_iter().partition(is_main);
        let mut text = Excerpt::default();
        for file in main.into_iter().chain(other) {
            let is_titled = !is_main(&file);
            let name = file.name;
            let body = file.text.finish(limits.message);
            let is_blank = body.trim().is_empty();
            let title = if is_titled && !is_blank { format!("{name}:\n") } else { String::new() };
            text.push_paragraph(&format!("{title}{}", if is_blank { "" } else { &body }), limits.message);
        }
        text.finish(limits.message)
    }
}
