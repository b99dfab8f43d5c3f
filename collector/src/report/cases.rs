//! Gathers the outcomes of one report: bounded, cleaned, and with their attempts numbered.
//!
//! Every text that a format hands over may be as the file has it. What an outcome means is the formats' business.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

use annals_data::outcomes::Outcomes;
use annals_data::row::{Outcome, Status};

use super::attempt;
use super::notes::Notes;
use super::text::{Excerpt, Source, line, name};
use super::{Error, Format, Limits, Report};

/// Distinct words for statuses, and distinct things that are ignored, that are told apart.
const WORDS: usize = 50;
/// What stands for all further ones.
const FURTHER: &str = "(further)";

/// The outcomes of a report that is being read.
pub(super) struct Cases<'r> {
    source: &'r Source<'r>,
    limits: &'r Limits,
    outcomes: Outcomes,
    /// Which test each is of, as a hash.
    tests: Vec<u64>,
    random: RandomState,
    /// Outcomes that the format may still change.
    open: Vec<Outcome>,
    is_open: bool,
    words: BTreeMap<(String, Status), usize>,
    ignored: BTreeMap<String, usize>,
    notes: Notes<'r>,
}

impl<'r> Cases<'r> {
    /// Returns no outcomes yet of `source`.
    pub(super) fn new(source: &'r Source<'r>, limits: &'r Limits) -> Self {
        Self {
            source,
            limits,
            outcomes: Outcomes::default(),
            tests: Vec::new(),
            random: RandomState::new(),
            open: Vec::new(),
            is_open: false,
            words: BTreeMap::new(),
            ignored: BTreeMap::new(),
            notes: Notes::new(source, limits.warnings),
        }
    }

    /// Returns the same for a format that changes outcomes when it learns more of them: they stay in memory.
    pub(super) fn open(source: &'r Source<'r>, limits: &'r Limits) -> Self {
        Self { is_open: true, ..Self::new(source, limits) }
    }

    /// Adds what one attempt did; `position` is its place in the text, `word` what the file says of its status.
    ///
    /// Suite and name become one bounded line each, the message a bounded text, and an empty message or file none. A
    /// test without a name is called by its number. Attempts are numbered at the end.
    ///
    /// # Errors
    ///
    /// Refuses more outcomes than the bound.
    pub(super) fn push(&mut self, position: usize, word: &str, mut outcome: Outcome) -> Result<(), Error> {
        if self.len() >= self.limits.cases {
            return Err(self.refuse(position, format!("the report holds more than {} outcomes", self.limits.cases)));
        }
        let bound = self.limits.name;
        outcome.suite = name(&outcome.suite, bound);
        outcome.name = name(&outcome.name, bound);
        if outcome.name.is_empty() {
            self.warn(position, "the test has no name".to_owned());
            outcome.name = format!("(unnamed {})", self.len() + 1);
        }
        outcome.file = outcome.file.map(|file| name(&file, bound)).filter(|file| !file.is_empty());
        outcome.message = outcome.message.map(|text| self.bounded(&text)).filter(|text| !text.is_empty());
        let is_known = |words: &BTreeMap<_, _>, key: &(String, Status)| words.len() < WORDS || words.contains_key(key);
        let key = (line(word, 80), outcome.status);
        let key = if is_known(&self.words, &key) { key } else { (FURTHER.to_owned(), outcome.status) };
        *self.words.entry(key).or_default() += 1;
        match self.is_open {
            true => self.open.push(outcome),
            false => self.keep(outcome),
        }
        Ok(())
    }

    /// Counts something that the file has and that is no outcome: `setup methods that passed`.
    pub(super) fn ignore(&mut self, what: &str) {
        let is_known = self.ignored.len() < WORDS || self.ignored.contains_key(what);
        *self.ignored.entry(if is_known { line(what, 80) } else { FURTHER.to_owned() }).or_default() += 1;
    }

    /// Tells something about a place in the text.
    pub(super) fn warn(&mut self, position: usize, text: String) {
        self.notes.push(position, text);
    }

    /// Returns the refusal of the report at a place, naming the last test that could be read.
    pub(super) fn refuse(&self, position: usize, reason: impl std::fmt::Display) -> Error {
        let last = match self.open.last().or(self.outcomes.last()) {
            Some(last) if last.suite.is_empty() => format!("the last complete test is `{}`", line(&last.name, 200)),
            Some(last) => {
                format!("the last complete test is `{}` of `{}`", line(&last.name, 200), line(&last.suite, 200))
            }
            None => "no test is complete".to_owned(),
        };
        self.source.error(position, format!("{reason}; {last}"))
    }

    /// Returns the outcomes so far, for rules that need what came before.
    pub(super) fn outcomes(&mut self) -> &mut Vec<Outcome> {
        debug_assert!(self.is_open, "outcomes that may lie on disk are not changed");
        &mut self.open
    }

    /// Returns the report.
    pub(super) fn finish(mut self, format: &Format) -> Result<Report<Outcomes>, Error> {
        std::mem::take(&mut self.open).into_iter().for_each(|outcome| self.keep(outcome));
        let mut attempts = attempt::number(&self.tests, |_| false).into_iter().peekable();
        let mut cases = self.outcomes;
        if attempts.peek().is_some() {
            let numbered = cases.rewritten(|at, outcome| {
                let attempt = attempts.next_if(|(of, _)| *of == at).map_or(1, |(_, attempt)| attempt);
                Some(Outcome { attempt, ..outcome })
            });
            cases = numbered.map_err(|error| self.source.error(0, error.to_string()))?;
        }
        let (words, ignored, warnings) = (self.words, self.ignored, self.notes.finish());
        Ok(Report { cases, words, ignored, warnings, ..Report::new(format.name) })
    }

    fn len(&self) -> usize {
        self.outcomes.len() + self.open.len()
    }

    fn keep(&mut self, mut outcome: Outcome) {
        // Numbered at the end.
        outcome.attempt = 1;
        self.tests.push(self.random.hash_one((outcome.kind, &outcome.suite, &outcome.name)));
        self.outcomes.push(outcome);
    }

    fn bounded(&self, text: &str) -> String {
        let mut excerpt = Excerpt::default();
        excerpt.push(text, self.limits.message);
        excerpt.finish(self.limits.message)
    }
}
