//! Counts what the words of a JUnit file became and what was left out.
//!
//! A case of hundreds of thousands costs one number here, so words are kept once and counted at the end.

use std::collections::BTreeMap;

use annals_data::row::Status;

use super::case::NO_CHILD;
use super::repeat::Entry;

/// Distinct words, and distinct things that are left out, that are told apart.
const WORDS: usize = 50;
/// What stands for all further ones.
const FURTHER: &str = "(further)";

/// The words of a file that is being read.
pub(super) struct Account {
    words: Vec<String>,
    counts: BTreeMap<(usize, Status), usize>,
    /// The word and the status of the entries that were counted last, and their number.
    run: Option<((usize, Status), usize)>,
    ignored: BTreeMap<String, usize>,
}

impl Default for Account {
    fn default() -> Self {
        let words = vec![NO_CHILD.to_owned()];
        Self { words, counts: BTreeMap::new(), run: None, ignored: BTreeMap::new() }
    }
}

impl Account {
    /// Returns the number of a word.
    pub(super) fn word(&mut self, word: &str) -> usize {
        if let Some(at) = self.words.iter().position(|known| known == word) {
            return at;
        }
        match self.words.len() {
            // All further ones share the last number.
            count if count > WORDS => WORDS,
            WORDS => {
                self.words.push(FURTHER.to_owned());
                WORDS
            }
            count => {
                self.words.push(word.to_owned());
                count
            }
        }
    }

    /// Counts an outcome.
    pub(super) fn count(&mut self, entry: &Entry) {
        let key = (entry.word, entry.outcome.status);
        match &mut self.run {
            Some((known, count)) if *known == key => *count += 1,
            _ => {
                self.end_run();
                self.run = Some((key, 1));
            }
        }
    }

    /// Counts something that is no outcome.
    pub(super) fn ignore(&mut self, what: &str) {
        let is_known = self.ignored.len() < WORDS || self.ignored.contains_key(what);
        *self.ignored.entry(if is_known { what } else { FURTHER }.to_owned()).or_default() += 1;
    }

    /// Returns how many outcomes each word became which status, and how much of what was left out.
    pub(super) fn finish(mut self) -> (BTreeMap<(String, Status), usize>, BTreeMap<String, usize>) {
        self.end_run();
        let words = self.counts.iter().map(|(&(word, status), &count)| ((self.words[word].clone(), status), count));
        (words.collect(), self.ignored)
    }

    fn end_run(&mut self) {
        if let Some((key, count)) = self.run.take() {
            *self.counts.entry(key).or_default() += count;
        }
    }
}
