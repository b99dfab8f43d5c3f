//! Gathers the outcomes of one report: bounded, cleaned, and with their attempts numbered.
//!
//! Every text that a format hands over may be as the file has it. What an outcome means is the formats' business.

use std::collections::{BTreeMap, HashMap};

use annals_data::row::{Outcome, Status};

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
    outcomes: Vec<Outcome>,
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
            outcomes: Vec::new(),
            words: BTreeMap::new(),
            ignored: BTreeMap::new(),
            notes: Notes::new(&source.text, limits.warnings),
        }
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
        if self.outcomes.len() >= self.limits.cases {
            return Err(self.refuse(position, format!("the report holds more than {} outcomes", self.limits.cases)));
        }
        let bound = self.limits.name;
        outcome.suite = name(&outcome.suite, bound);
        outcome.name = name(&outcome.name, bound);
        if outcome.name.is_empty() {
            self.warn(position, "the test has no name".to_owned());
            outcome.name = format!("(unnamed {})", self.outcomes.len() + 1);
        }
        outcome.file = outcome.file.map(|file| name(&file, bound)).filter(|file| !file.is_empty());
        outcome.message = outcome.message.map(|text| self.bounded(&text)).filter(|text| !text.is_empty());
        let is_known = |words: &BTreeMap<_, _>, key: &(String, Status)| words.len() < WORDS || words.contains_key(key);
        let key = (line(word, 80), outcome.status);
        let key = if is_known(&self.words, &key) { key } else { (FURTHER.to_owned(), outcome.status) };
        *self.words.entry(key).or_default() += 1;
        self.outcomes.push(outcome);
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
        let last = match self.outcomes.last() {
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
        &mut self.outcomes
    }

    /// Returns the report.
    pub(super) fn finish(mut self, format: &Format) -> Report {
        number(&mut self.outcomes);
        Report {
            cases: self.outcomes,
            words: self.words,
            ignored: self.ignored,
            warnings: self.notes.finish(),
            ..Report::new(format.name)
        }
    }

    fn bounded(&self, text: &str) -> String {
        let mut excerpt = Excerpt::default();
        excerpt.push(text, self.limits.message);
        excerpt.finish(self.limits.message)
    }
}

/// Numbers the attempts of each test in order, over the whole report.
pub(super) fn number(outcomes: &mut [Outcome]) {
    let mut counts: HashMap<(&str, &str), i64> = HashMap::with_capacity(outcomes.len());
    let attempts: Vec<i64> = outcomes
        .iter()
        .map(|outcome| {
            let count = counts.entry((&outcome.suite, &outcome.name)).or_default();
            *count += 1;
            *count
        })
        .collect();
    for (outcome, attempt) in outcomes.iter_mut().zip(attempts) {
        outcome.attempt = attempt;
    }
}
