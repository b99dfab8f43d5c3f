//! What the changes so far have shown: how rare words are, which files change together, which broke what, who was taken back.
//!
//! Changes and breaks are counted in the order of the history, so that nothing later than a failure speaks about it.

use std::collections::{HashMap, VecDeque};

use super::change::Change;
use super::incident::Failure;
use super::words::Word;

/// A change of more files says nothing of which belong together.
const MOST_FILES: usize = 30;
/// A longer range says nothing of which file broke what.
const LONGEST: usize = 20;
/// So many changes of a file are what is not known worth, and so many changes that were taken back in a record.
const PRIOR: f64 = 3.0;
/// No record of a person counts more than so many times the mean, or less than its inverse.
const MOST_RECORD: f64 = 3.0;

/// What was counted.
#[derive(Default)]
pub(crate) struct Counts {
    changes: u32,
    paths: HashMap<Word, u32>,
    subjects: HashMap<Word, u32>,
    identifiers: HashMap<Word, u32>,
    line_words: HashMap<Word, u32>,
    /// How often each file with code was changed, and how often together with the test files of each stem.
    touched: HashMap<String, u32>,
    together: HashMap<String, HashMap<String, u32>>,
    /// How often a file's changes stood among those that broke a module: each range is one, shared out.
    broke: HashMap<String, HashMap<String, f64>>,
    /// Breaks that are not over yet for whoever is judged: where they were seen, their modules and files.
    waiting: VecDeque<Break>,
    /// Changes of each author, and how many of them were taken back; counted where the site wants it.
    authors: HashMap<String, [u32; 2]>,
    authors_of: HashMap<String, String>,
    taken_back: u32,
    has_records: bool,
}

/// A range in which tests of some modules broke.
struct Break {
    bad: usize,
    modules: Vec<String>,
    files: Vec<String>,
    share: f64,
}

impl Counts {
    /// Returns counts of nothing; records of people are kept where they may be evidence.
    pub(crate) fn new(has_records: bool) -> Self {
        Self { has_records, ..Self::default() }
    }

    /// Counts one more change.
    pub(crate) fn add(&mut self, change: &Change) {
        self.changes += 1;
        change.paths.iter().for_each(|word| *self.paths.entry(*word).or_default() += 1);
        change.subject.iter().for_each(|word| *self.subjects.entry(*word).or_default() += 1);
        change.identifiers.iter().for_each(|word| *self.identifiers.entry(*word).or_default() += 1);
        change.line_words.iter().for_each(|word| *self.line_words.entry(*word).or_default() += 1);
        self.pair(change);
        self.credit(change);
    }

    fn pair(&mut self, change: &Change) {
        if change.code.len() + change.test_stems.len() > MOST_FILES {
            return;
        }
        for code in &change.code {
            *self.touched.entry(code.path.clone()).or_default() += 1;
            for stem in &change.test_stems {
                *self.together.entry(code.path.clone()).or_default().entry(stem.clone()).or_default() += 1;
            }
        }
    }

    fn credit(&mut self, change: &Change) {
        if !self.has_records {
            return;
        }
        let author = &change.told.author;
        self.authors.entry(author.clone()).or_default()[0] += 1;
        self.authors_of.insert(change.told.revision.clone(), author.clone());
        let Some(author) = change.takes_back().and_then(|revision| self.authors_of.get(revision)) else { return };
        self.authors.entry(author.clone()).or_default()[1] += 1;
        self.taken_back += 1;
    }

    /// Counts a range in which tests broke, for those whose range begins at the place `bad` or behind it.
    pub(crate) fn add_break(&mut self, bad: usize, failures: &[Failure], changes: &[&Change]) {
        if changes.is_empty() || changes.len() > LONGEST {
            return;
        }
        let mut modules: Vec<String> = failures.iter().map(|failure| failure.module.clone()).collect();
        modules.sort_unstable();
        modules.dedup();
        let told = changes.iter().filter(|change| change.code.len() <= MOST_FILES);
        let files = told.flat_map(|change| &change.code).map(|code| code.path.clone()).collect();
        self.waiting.push_back(Break { bad, modules, files, share: 1.0 / changes.len() as f64 });
    }

    /// Takes in the breaks that were seen up to the place `good`.
    pub(crate) fn reach(&mut self, good: usize) {
        while let Some(Break { modules, files, share, .. }) = self.waiting.pop_front_if(|seen| seen.bad <= good) {
            for file in files {
                let broke = self.broke.entry(file).or_default();
                modules.iter().for_each(|module| *broke.entry(module.clone()).or_default() += share);
            }
        }
    }

    /// Returns how rare a word is in paths: ln(changes / changes with it), both plus one.
    pub(crate) fn rarity_in_paths(&self, word: Word) -> f64 {
        self.rarity(&self.paths, word)
    }

    /// Returns how rare a word is in subjects.
    pub(crate) fn rarity_in_subjects(&self, word: Word) -> f64 {
        self.rarity(&self.subjects, word)
    }

    /// Returns how rare an identifier is in the lines of changes.
    pub(crate) fn rarity_of_identifier(&self, identifier: Word) -> f64 {
        self.rarity(&self.identifiers, identifier)
    }

    /// Returns how rare a word is in the lines of changes.
    pub(crate) fn rarity_in_lines(&self, word: Word) -> f64 {
        self.rarity(&self.line_words, word)
    }

    fn rarity(&self, counts: &HashMap<Word, u32>, word: Word) -> f64 {
        (f64::from(self.changes + 1) / f64::from(counts.get(&word).unwrap_or(&0) + 1)).ln()
    }

    /// Returns how often changes of a file came with a change of the test's own file: the share, drawn to none.
    pub(crate) fn together(&self, path: &str, failure: &Failure) -> f64 {
        let Some(stems) = self.together.get(path) else { return 0.0 };
        let count = stems.iter().filter(|(stem, _)| failure.is_in(stem)).map(|(_, count)| *count).max().unwrap_or(0);
        f64::from(count) / (f64::from(*self.touched.get(path).unwrap_or(&0)) + PRIOR)
    }

    /// Returns how often a file stood among those that broke the test's module.
    pub(crate) fn broke(&self, path: &str, failure: &Failure) -> f64 {
        self.broke.get(path).and_then(|modules| modules.get(&failure.module)).copied().unwrap_or(0.0)
    }

    /// Returns the logarithm of how much oftener the author's changes were taken back than the mean, drawn to it.
    pub(crate) fn record(&self, author: &str) -> f64 {
        if !self.has_records {
            return 0.0;
        }
        let mean = (f64::from(self.taken_back) + 1.0) / (f64::from(self.changes) + 50.0);
        let [changes, taken_back] = self.authors.get(author).copied().unwrap_or_default();
        let ratio = (f64::from(taken_back) + PRIOR) / (f64::from(changes) * mean + PRIOR);
        ratio.clamp(1.0 / MOST_RECORD, MOST_RECORD).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::super::change::{File, Told};
    use super::super::words::Words;
    use super::*;

    fn change(revision: &str, author: &str, message: &str, paths: &[&str], words: &mut Words) -> Change {
        let file = |path: &&str| File { path: (*path).to_owned(), lines: Some([3, 0]), ..File::default() };
        let files = paths.iter().map(file).collect();
        let (revision, author, message) = (revision.to_owned(), author.to_owned(), message.to_owned());
        Change::new(Told { revision, author, message, files, ..Told::default() }, words)
    }

    #[test]
    fn files_are_known_by_what_they_changed_with_and_what_they_broke() {
        let (mut words, mut counts) = (Words::default(), Counts::default());
        let one = change("a1", "Ada", "", &["src/lexer.rs", "tests/test_words.rs"], &mut words);
        (0..3).for_each(|_| counts.add(&one));
        let failure = Failure::new("unit.test_words splits", "", &mut words);
        assert_eq!(counts.together("src/lexer.rs", &failure), 0.5);
        assert_eq!(counts.together("src/lexer.rs", &Failure::new("unit.test_trees grows", "", &mut words)), 0.0);
        counts.add_break(3, &[failure], &[&one, &one]);
        let other = Failure::new("unit.test_words joins", "", &mut words);
        counts.reach(2);
        assert_eq!(counts.broke("src/lexer.rs", &other), 0.0, "it was not seen by then");
        counts.reach(3);
        assert_eq!(counts.broke("src/lexer.rs", &other), 1.0, "two changes of one file");
        assert_eq!(counts.broke("src/tree.rs", &other), 0.0);
    }

    #[test]
    fn a_record_is_of_changes_that_were_taken_back() {
        let (mut words, mut counts) = (Words::default(), Counts::new(true));
        for number in 0..40 {
            counts.add(&change(&format!("ada{number}"), "Ada", "", &[], &mut words));
            counts.add(&change(&format!("bob{number}"), "Bob", "", &[], &mut words));
        }
        (0..5).for_each(|number| {
            let message = format!("This reverts commit bob{number}.");
            counts.add(&change(&format!("r{number}"), "Cid", &message, &[], &mut words));
        });
        let (ada, bob, new) = (counts.record("Ada"), counts.record("Bob"), counts.record("Eve"));
        assert!(bob > 0.2 && ada < -0.2 && new.abs() < 1e-9, "{ada} {bob} {new}");
        assert!(bob <= 3.0_f64.ln());
    }
}
