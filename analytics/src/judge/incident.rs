//! Problems of one range, and the figures of the evidence against each of its changes.
//!
//! Tests that broke in one range were likely broken by one change. So the figures of a test are blended, half and half,
//! with the mean of all tests of its range: what else broke there speaks for or against a change, too.

use std::collections::HashSet;

use super::change::{Change, Counts, is_telling};
use super::evidence::{COUNT, Figures, place};
use super::words::{Word, Words, shared};

/// The share of a test's own figures; the rest is the mean of its range.
const OWN: f64 = 0.5;
/// A word is rare from here on: fewer than one in e changes has it.
const RARE: f64 = 1.0;

/// A test that fails.
pub(crate) struct Failure {
    words: Vec<Word>,
    /// Its name in lower case.
    name: String,
    text_words: Vec<Word>,
    text_files: HashSet<String>,
}

impl Failure {
    /// Returns the failure of the test called `name` with this failure text.
    pub(crate) fn new(name: &str, text: &str, words: &mut Words) -> Self {
        let text = &text[..text.floor_char_boundary(4000)];
        Self { words: words.of(name), name: name.to_lowercase(), text_words: words.of(text), text_files: files(text) }
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
}

/// Returns the blended figures of each failure for each change, and their mean over the failures.
pub(crate) fn figures(failures: &[Failure], changes: &[&Change], counts: &Counts) -> (Vec<Vec<Figures>>, Vec<Figures>) {
    let alone: Vec<Figures> = changes.iter().map(|change| of_change(change)).collect();
    let mut own: Vec<Vec<Figures>> =
        failures.iter().map(|failure| of_failure(failure, changes, &alone, counts)).collect();
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

/// Returns the figures that are the same whatever failed.
fn of_change(change: &Change) -> Figures {
    let mut figures = [0.0; COUNT];
    let flag = |is: bool| f64::from(u8::from(is));
    let (has_files, is_huge) = (change.told.file_count > 0, change.told.files.is_empty());
    figures[place("file_count")] = (change.code.len() as f64).ln_1p();
    figures[place("line_count")] = change.lines.map_or(0.0, |lines| (lines.max(0) as f64).ln_1p() / 3.0);
    figures[place("no_code")] = flag(has_files && !is_huge && change.code.is_empty() && !change.is_dependency);
    figures[place("no_file")] = flag(!has_files);
    figures[place("dependency")] = flag(change.is_dependency);
    figures[place("robot")] = flag(change.told.is_bot);
    figures[place("bump")] = flag(change.is_bump);
    figures[place("revert")] = flag(change.is_revert);
    figures[place("housekeeping")] = flag(change.is_housekeeping);
    figures[place("breaking")] = flag(change.is_breaking);
    figures
}

fn of_failure(failure: &Failure, changes: &[&Change], alone: &[Figures], counts: &Counts) -> Vec<Figures> {
    let paths: Vec<f64> = failure.words.iter().map(|word| counts.rarity_in_paths(*word)).collect();
    let subjects: Vec<f64> = failure.words.iter().map(|word| counts.rarity_in_subjects(*word)).collect();
    let rare: Vec<Word> =
        failure.words.iter().zip(&paths).filter(|(_, rarity)| **rarity >= RARE).map(|(word, _)| *word).collect();
    let pair = |(change, alone): (&&Change, &Figures)| {
        let mut figures = *alone;
        (figures[place("path_words")], figures[place("path_rare")]) = overlap(&failure.words, &paths, &change.paths);
        (figures[place("subject_words")], figures[place("subject_rare")]) =
            overlap(&failure.words, &subjects, &change.subject);
        figures[place("message_words")] = overlap(&failure.words, &subjects, &change.body).0;
        let common = shared(&failure.text_words, &change.subject).map(|word| counts.rarity_in_subjects(word));
        figures[place("failure_words")] = common.fold(0.0, f64::max) / 5.0;
        figures[place("file_in_message")] = f64::from(u8::from(named(failure, change).is_some()));
        figures[place("file_like_test")] = f64::from(u8::from(alike(failure, change).is_some()));
        let hits = change.code.iter().filter(|code| shared(&rare, &code.words).next().is_some()).count() as f64;
        figures[place("focus")] = hits / change.code.len().max(1) as f64;
        figures[place("matched_files")] = hits.ln_1p();
        figures
    };
    changes.iter().zip(alone).map(pair).collect()
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
    let is_like = |stem: &str| is_telling(stem) && failure.name.contains(stem);
    change.code.iter().filter(|code| is_like(&code.stem)).map(|code| &code.path).min().cloned()
}

/// Returns what of the change was matched, in the change's own words.
pub(crate) fn matched(failure: &Failure, change: &Change) -> Matched {
    Matched {
        path_words: shared(&failure.words, &change.paths).collect(),
        subject_words: shared(&failure.words, &change.subject).collect(),
        file_in_message: named(failure, change),
        file_like_test: alike(failure, change),
    }
}
