//! Counts what the words of a JUnit file became and what was left out.
//!
//! A case of hundreds of thousands costs one number here, so words are kept once and named at the end.

use std::collections::BTreeMap;

use annals_data::row::Status;

use super::case::NO_CHILD;

/// Distinct words, and distinct things that are left out, that are told apart.
const WORDS: usize = 50;
/// What stands for all further ones.
const FURTHER: &str = "(further)";
/// In the order of their numbers.
const STATUSES: [Status; 6] =
    [Status::Passed, Status::Failed, Status::Errored, Status::Skipped, Status::Xfailed, Status::Xpassed];

/// The words of a file that is being read.
pub(super) struct Account {
    words: Vec<String>,
    /// How many outcomes each word became each status.
    counts: Vec<[usize; STATUSES.len()]>,
    ignored: BTreeMap<String, usize>,
}

impl Default for Account {
    fn default() -> Self {
        let words = vec![NO_CHILD.to_owned()];
        Self { words, counts: vec![[0; 6]; WORDS + 1], ignored: BTreeMap::new() }
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

    /// Counts an outcome that the file tells by the word of that number.
    pub(super) fn count(&mut self, word: usize, status: Status) {
        self.counts[word][status as usize] += 1;
    }

    /// Takes an outcome back.
    pub(super) fn discount(&mut self, word: usize, status: usize) {
        self.counts[word][status] -= 1;
    }

    /// Counts something that is no outcome.
    pub(super) fn ignore(&mut self, what: &str) {
        let is_known = self.ignored.len() < WORDS || self.ignored.contains_key(what);
        *self.ignored.entry(if is_known { what } else { FURTHER }.to_owned()).or_default() += 1;
    }

    /// Returns whether nothing but failures was counted.
    pub(super) fn is_failing_only(&self) -> bool {
        let is_failing = |status| !matches!(status, Status::Passed | Status::Skipped | Status::Xfailed);
        self.counts.iter().all(|counts| STATUSES.iter().zip(counts).all(|(status, n)| *n == 0 || is_failing(*status)))
    }

    /// Returns how many outcomes each word became which status, and how much of what was left out.
    pub(super) fn finish(self) -> (BTreeMap<(String, Status), usize>, BTreeMap<String, usize>) {
        let of_word = |(word, counts): (&String, &[usize; 6])| {
            STATUSES.iter().zip(*counts).map(|(status, count)| ((word.clone(), *status), count)).collect::<Vec<_>>()
        };
        let words = self.words.iter().zip(&self.counts).flat_map(of_word).filter(|(_, count)| *count > 0);
        (words.collect(), self.ignored)
    }
}
