//! Problems of one range, and the figures of the evidence against each of its changes.
//!
//! Tests that broke in one range were likely broken by one change. So the figures of a test are blended, half and half,
//! with the mean of all tests of its range: what else broke there speaks for or against a change, too.

use std::collections::HashSet;

use super::change::{Change, is_telling};
use super::counts::Counts;
use super::evidence::{COUNT, Figures, place};
use super::words::{Word, Words, shared};

/// The share of a test's own figures; the rest is the mean of its range.
const OWN: f64 = 0.5;
/// A word is rare from here on: fewer than one in e changes has it.
const RARE: f64 = 1.0;
/// So many words of a failure text may each be as rare as they are; of more, one is the likelier met by chance.
const FEW: f64 = 8.0;
/// So many words of changed lines, likewise.
const FEW_IN_LINES: f64 = 20.0;

/// So many of the identifiers that a change shares with a failure text are told, the rarest.
const TOLD: usize = 3;
/// No more verdicts of other builders speak against a change.
const MOST_ELSEWHERE: usize = 3;

/// A test that fails.
#[derive(Debug)]
pub(crate) struct Failure {
    words: Vec<Word>,
    /// Suite and name in lower case.
    name: String,
    /// The suite.
    pub(crate) module: String,
    text_words: Vec<Word>,
    text_identifiers: Vec<Word>,
    text_files: HashSet<String>,
    builder_words: Vec<Word>,
    elsewhere: Vec<Elsewhere>,
}

/// What another builder said of the test inside the range.
#[derive(Clone, Debug)]
pub(crate) struct Elsewhere {
    /// The builder.
    pub(crate) builder: String,
    /// Whether it passed.
    pub(crate) passed: bool,
    /// The revision.
    pub(crate) revision: String,
    /// Which changes of the range, by their places in it, that revision has.
    pub(crate) has: HashSet<usize>,
}

impl Elsewhere {
    /// Returns whether a change is not the culprit if this builder is like the other.
    fn acquits(&self, change: usize) -> bool {
        self.passed == self.has.contains(&change)
    }

    fn told(&self) -> String {
        let revision = self.revision.get(..10).unwrap_or(&self.revision);
        match self.passed {
            true => format!("passes on {} at {revision}, which has it", self.builder),
            false => format!("fails on {} at {revision}, which has it not", self.builder),
        }
    }
}

impl Failure {
    /// Returns the failure of the test called `name` with this failure text.
    pub(crate) fn new(name: &str, text: &str, words: &mut Words) -> Self {
        let text = &text[..text.floor_char_boundary(4000)];
        let name_words = words.of(name);
        let name = name.to_lowercase();
        Self {
            words: name_words,
            module: name.split(' ').next().unwrap_or_default().to_owned(),
            name,
            text_words: words.of(text),
            text_identifiers: words.identifiers(text),
            text_files: files(text),
            builder_words: Vec::new(),
            elsewhere: Vec::new(),
        }
    }

    /// Returns it with the builder on which it fails, and what other builders say of it.
    pub(crate) fn on(self, builder: &str, elsewhere: Vec<Elsewhere>, words: &mut Words) -> Self {
        Self { builder_words: words.of(builder), elsewhere, ..self }
    }

    /// Returns whether the test or its suite is named after a file's stem.
    pub(crate) fn is_in(&self, stem: &str) -> bool {
        self.name.contains(stem)
    }

    /// Returns what other builders say against a change, by its place in the range.
    fn acquittals(&self, change: usize) -> impl Iterator<Item = &Elsewhere> {
        self.elsewhere.iter().filter(move |elsewhere| elsewhere.acquits(change)).take(MOST_ELSEWHERE)
    }
}

/// Returns the lower-case names of the files that a text speaks of: words with a point inside.
fn files(text: &str) -> HashSet<String> {
    let is_part = |c: char| c.is_alphanumeric() || "._-/\\".contains(c);
    let parts = text.split(|c| !is_part(c)).filter(|part| part.trim_matches('.').contains('.'));
    parts.filter_map(|part| part.rsplit(['/', '\\']).next()).map(|name| name.trim_matches('.').to_lowercase()).collect()
}

/// What was matched, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Matched {
    pub(crate) path_words: Vec<Word>,
    pub(crate) subject_words: Vec<Word>,
    pub(crate) file_in_message: Option<String>,
    pub(crate) file_like_test: Option<String>,
    pub(crate) identifiers: Vec<Word>,
    pub(crate) acquitted: Option<String>,
}

/// Returns the blended figures of each failure for each change, and their mean over the failures.
pub(crate) fn figures(failures: &[Failure], changes: &[&Change], counts: &Counts) -> (Vec<Vec<Figures>>, Vec<Figures>) {
    let listed: HashSet<&str> = changes.iter().map(|change| change.told.revision.as_str()).collect();
    let brings = |change: &Change| change.told.parents.iter().skip(1).all(|parent| !listed.contains(parent.as_str()));
    let suspects: Vec<Suspect<'_>> =
        changes.iter().map(|change| Suspect::new(change, brings(change), counts)).collect();
    let mut own: Vec<Vec<Figures>> = failures.iter().map(|failure| of_failure(failure, &suspects, counts)).collect();
    let mut mean = vec![[0.0; COUNT]; changes.len()];
    for figures in &own {
        for (sum, figures) in mean.iter_mut().zip(figures) {
            (0..COUNT).for_each(|at| sum[at] += figures[at] / failures.len() as f64);
        }
    }
    for figures in &mut own {
        for (figures, mean) in figures.iter_mut().zip(&mean) {
            (0..COUNT).for_each(|at| figures[at] = OWN * figures[at] + (1.0 - OWN) * mean[at]);
        }
    }
    (own, mean)
}

/// Returns the figures of each failure for a change that comes alone, as if no other test failed.
pub(crate) fn figures_alone<'a>(
    failures: impl Iterator<Item = &'a Failure>,
    change: &Change,
    counts: &Counts,
) -> Vec<Figures> {
    let suspect = [Suspect::new(change, true, counts)];
    failures.flat_map(|failure| of_failure(failure, &suspect, counts)).collect()
}

/// A change of a range. What a merge brings is its own where it is not listed beside it.
struct Suspect<'a> {
    change: &'a Change,
    identifiers: &'a [Word],
    line_words: &'a [Word],
    /// The figures that are the same whatever failed.
    figures: Figures,
}

impl<'a> Suspect<'a> {
    fn new(change: &'a Change, brings: bool, counts: &Counts) -> Self {
        let own = |words: &'a [Word]| if brings { words } else { &[] };
        let figures = of_change(change, brings, counts);
        Self { change, identifiers: own(&change.identifiers), line_words: own(&change.line_words), figures }
    }
}

fn of_change(change: &Change, brings: bool, counts: &Counts) -> Figures {
    let mut figures = [0.0; COUNT];
    let flag = |is: bool| f64::from(u8::from(is));
    let (has_files, is_huge) = (change.told.file_count > 0, change.told.files.is_empty());
    figures[place("file_count")] = (change.code.len() as f64).ln_1p();
    let lines = change.lines.map_or(0, |[own, brought]| if brings { own + brought } else { own });
    figures[place("line_count")] = (lines.max(0) as f64).ln_1p() / 3.0;
    figures[place("no_code")] = flag(has_files && !is_huge && change.code.is_empty() && !change.is_dependency);
    figures[place("no_file")] = flag(!has_files);
    figures[place("dependency")] = flag(change.is_dependency);
    figures[place("robot")] = flag(change.told.is_bot);
    figures[place("bump")] = flag(change.is_bump);
    figures[place("revert")] = flag(change.is_revert);
    figures[place("housekeeping")] = flag(change.is_housekeeping);
    figures[place("breaking")] = flag(change.is_breaking);
    figures[place("author_record")] = if change.told.is_bot { 0.0 } else { counts.record(&change.told.author) };
    figures
}

fn of_failure(failure: &Failure, suspects: &[Suspect<'_>], counts: &Counts) -> Vec<Figures> {
    let paths: Vec<f64> = failure.words.iter().map(|word| counts.rarity_in_paths(*word)).collect();
    let subjects: Vec<f64> = failure.words.iter().map(|word| counts.rarity_in_subjects(*word)).collect();
    let lines: Vec<f64> = failure.words.iter().map(|word| counts.rarity_in_lines(*word)).collect();
    let rare: Vec<Word> =
        failure.words.iter().zip(&paths).filter(|(_, rarity)| **rarity >= RARE).map(|(word, _)| *word).collect();
    // One of many words is met by chance so many times sooner than one of few.
    let by_chance = |count: usize, few: f64| (count as f64 / few).max(1.0).ln() / 5.0;
    let of_any_text = by_chance(failure.text_words.len(), FEW);
    let pair = |(place_in_range, suspect): (usize, &Suspect<'_>)| {
        let (change, mut figures) = (suspect.change, suspect.figures);
        let rarest = |words: &[Word], of_change: &[Word], rarity: &dyn Fn(Word) -> f64| {
            shared(words, of_change).map(rarity).fold(0.0, f64::max) / 5.0
        };
        let in_paths = |word: Word| counts.rarity_in_paths(word);
        let in_subjects = |word: Word| counts.rarity_in_subjects(word);
        (figures[place("path_words")], figures[place("path_rare")]) = overlap(&failure.words, &paths, &change.paths);
        (figures[place("subject_words")], figures[place("subject_rare")]) =
            overlap(&failure.words, &subjects, &change.subject);
        figures[place("message_words")] = overlap(&failure.words, &subjects, &change.body).0;
        let of_text = |of_change: &[Word], rarity: &dyn Fn(Word) -> f64| {
            (rarest(&failure.text_words, of_change, rarity) - of_any_text).max(0.0)
        };
        figures[place("failure_words")] = of_text(&change.subject, &in_subjects);
        let of_code = change.code.iter().map(|code| of_text(&code.words, &in_paths));
        figures[place("symbol_in_message")] = of_code.fold(0.0, f64::max);
        let of_lines = |of_text: &[Word], of_change: &[Word], rarity: &dyn Fn(Word) -> f64| {
            let by_chance = by_chance(of_text.len(), FEW) + by_chance(of_change.len(), FEW_IN_LINES);
            (rarest(of_text, of_change, rarity) - by_chance / 2.0).max(0.0)
        };
        figures[place("line_words")] = overlap(&failure.words, &lines, suspect.line_words).0;
        figures[place("failure_line_words")] =
            of_lines(&failure.text_words, suspect.line_words, &|word| counts.rarity_in_lines(word));
        figures[place("identifier_in_message")] =
            of_lines(&failure.text_identifiers, suspect.identifiers, &|word| counts.rarity_of_identifier(word));
        let of_builder = rarest(&failure.builder_words, &change.paths, &in_paths);
        figures[place("builder_words")] = of_builder.max(rarest(&failure.builder_words, &change.subject, &in_subjects));
        figures[place("touches_test")] = f64::from(u8::from(change.test_stems.iter().any(|stem| failure.is_in(stem))));
        let broke: f64 = change.code.iter().map(|code| counts.broke(&code.path, failure)).sum();
        figures[place("broke_before")] = broke.ln_1p();
        let together = change.code.iter().map(|code| counts.together(&code.path, failure));
        figures[place("together_before")] = together.fold(0.0, f64::max);
        figures[place("elsewhere")] = failure.acquittals(place_in_range).count() as f64;
        figures[place("file_in_message")] = f64::from(u8::from(named(failure, change).is_some()));
        figures[place("file_like_test")] = f64::from(u8::from(alike(failure, change).is_some()));
        let hits = change.code.iter().filter(|code| shared(&rare, &code.words).next().is_some()).count() as f64;
        figures[place("focus")] = hits / change.code.len().max(1) as f64;
        figures[place("matched_files")] = hits.ln_1p();
        figures
    };
    suspects.iter().enumerate().map(pair).collect()
}

/// Returns which share of the test's words the change has, weighed by rarity, and a fifth of the rarest's rarity.
fn overlap(words: &[Word], rarities: &[f64], of_change: &[Word]) -> (f64, f64) {
    let (mut sum, mut found, mut rarest) = (0.0, 0.0, 0.0_f64);
    for (word, rarity) in words.iter().zip(rarities) {
        sum += rarity;
        if of_change.binary_search(word).is_ok() {
            found += rarity;
            rarest = rarest.max(*rarity);
        }
    }
    (if sum > 0.0 { found / sum } else { 0.0 }, rarest / 5.0)
}

/// Returns the first name of a file of the change that the failure text holds.
fn named(failure: &Failure, change: &Change) -> Option<String> {
    change.names.iter().filter(|name| name.len() > 4 && failure.text_files.contains(*name)).min().cloned()
}

/// Returns the path of the first file with code after whose stem the test is named.
fn alike(failure: &Failure, change: &Change) -> Option<String> {
    let is_like = |stem: &str| is_telling(stem) && failure.is_in(stem);
    change.code.iter().filter(|code| is_like(&code.stem)).map(|code| &code.path).min().cloned()
}

/// Returns what of the change was matched, in the change's own words; `place` is its place in the range.
pub(crate) fn matched(failure: &Failure, change: &Change, place: usize, counts: &Counts) -> Matched {
    let mut identifiers: Vec<Word> = shared(&failure.text_identifiers, &change.identifiers).collect();
    identifiers.retain(|identifier| counts.rarity_of_identifier(*identifier) >= RARE);
    identifiers.sort_by(|a, b| counts.rarity_of_identifier(*b).total_cmp(&counts.rarity_of_identifier(*a)));
    identifiers.truncate(TOLD);
    let acquitted: Vec<String> = failure.acquittals(place).map(Elsewhere::told).collect();
    Matched {
        path_words: shared(&failure.words, &change.paths).collect(),
        subject_words: shared(&failure.words, &change.subject).collect(),
        file_in_message: named(failure, change),
        file_like_test: alike(failure, change),
        identifiers,
        acquitted: (!acquitted.is_empty()).then(|| acquitted.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::change::{File, Told};
    use super::*;

    fn change(revision: &str, parents: &[&str], subject: &str, words: &mut Words) -> Change {
        let parents = parents.iter().map(|parent| (*parent).to_owned()).collect();
        let files = vec![File {
            path: "src/lexer.rs".to_owned(),
            lines: Some([0, 50]),
            identifiers: "split_words Token".to_owned(),
        }];
        let (revision, subject) = (revision.to_owned(), subject.to_owned());
        Change::new(Told { revision, parents, subject, files, file_count: 1, ..Told::default() }, words)
    }

    fn figure(name: &str, failure: &Failure, changes: &[&Change], counts: &Counts) -> f64 {
        let failure = std::slice::from_ref(failure);
        figures(failure, changes, counts).0[0][0][place(name)]
    }

    #[test]
    fn what_a_merge_brings_counts_where_it_is_not_listed() {
        let (mut words, mut counts) = (Words::default(), Counts::default());
        let merge = change("m", &["a", "b"], "Merge branch b", &mut words);
        let merged = change("b", &["a"], "lexer", &mut words);
        (0..9).for_each(|_| counts.add(&Change::new(Told::default(), &mut words)));
        let failure = Failure::new("unit splits", "", &mut words);
        assert!(figure("line_count", &failure, &[&merge], &counts) > 1.0);
        assert_eq!(figure("line_count", &failure, &[&merge, &merged], &counts), 0.0);
        let failure = Failure::new("unit splits", "ValueError in split_words", &mut words);
        assert!(figure("identifier_in_message", &failure, &[&merge], &counts) > 0.1);
        assert_eq!(figure("identifier_in_message", &failure, &[&merge, &merged], &counts), 0.0);
        assert_eq!(words.texts()[matched(&failure, &merge, 0, &counts).identifiers[0] as usize], "split_words");
    }

    #[test]
    fn a_word_of_a_long_text_says_less() {
        let (mut words, mut counts) = (Words::default(), Counts::default());
        let one = change("a", &[], "handle whitespace", &mut words);
        (0..50).for_each(|number| counts.add(&change(&number.to_string(), &[], "other", &mut words)));
        let mut of = |text: &str| {
            let failure = Failure::new("unit splits", text, &mut words);
            figure("failure_words", &failure, &[&one], &counts)
        };
        let short = of("whitespace lost");
        let letter = |number: u32| char::from(b'a' + (number % 26) as u8);
        let long: Vec<String> = (0..200).map(|n| format!("{}{}x", letter(n / 26), letter(n))).collect();
        let long = of(&format!("whitespace {}", long.join(" ")));
        assert!(short > 0.7 && long > 0.0 && long < short - 0.5, "{short} {long}");
    }
}
