//! Which tests to run first for a change: those that it most likely breaks.
//!
//! The evidence that speaks against a change when a test fails speaks for the test before it runs: what their names
//! share, and whether the test is named like a file of the change. To it comes how often the test broke lately, and how
//! often its suite did. Scores are logarithms of odds, so a share of their exponentials is the probability that the
//! test is the one that breaks, if one does.

use std::collections::HashMap;

use super::change::Change;
use super::counts::Counts;
use super::evidence::Figures;
use super::incident::{self, Failure};
use super::model::score;
use super::words::Words;

/// After so many positions a break counts a third.
const MEMORY: f64 = 200.0;
/// What a test that never broke counts.
const NEVER: f64 = 0.3;
/// How much the mean of its suite counts beside a test's own breaks.
const SUITE: f64 = 0.5;

/// A test that may be run.
#[derive(Debug)]
pub(crate) struct Test {
    pub(crate) suite: String,
    pub(crate) name: String,
    /// Where it broke.
    pub(crate) breaks: Vec<i64>,
    /// What is known of it if it fails.
    failure: Failure,
}

impl Test {
    /// Returns the test that broke at these positions.
    pub(crate) fn new(suite: String, name: String, breaks: Vec<i64>, words: &mut Words) -> Self {
        let failure = Failure::new(&format!("{suite} {name}"), "", words);
        Self { suite, name, breaks, failure }
    }
}

/// Returns the score of each test for a change that comes behind `position`; breaks behind it are not looked at.
pub(crate) fn scores(tests: &[Test], change: &Change, position: i64, counts: &Counts, weights: &Figures) -> Vec<f64> {
    let names = by_names(tests, change, counts, weights);
    names.iter().zip(past(tests, position)).map(|(names, past)| names + (NEVER + past).ln()).collect()
}

/// Returns the score of each test for a change by what their names share alone.
pub(crate) fn by_names(tests: &[Test], change: &Change, counts: &Counts, weights: &Figures) -> Vec<f64> {
    let figures = incident::figures_alone(tests.iter().map(|test| &test.failure), change, counts);
    figures.iter().map(|figures| score(figures, weights)).collect()
}

/// Returns how often each test broke lately, and its suite on the mean.
pub(crate) fn past(tests: &[Test], position: i64) -> Vec<f64> {
    let own = |test: &Test| -> f64 {
        let breaks = test.breaks.iter().filter(|at| **at < position);
        breaks.map(|at| (-((position - at) as f64) / MEMORY).exp()).sum()
    };
    let own: Vec<f64> = tests.iter().map(own).collect();
    let mut suites: HashMap<&str, (f64, f64)> = HashMap::new();
    for (test, own) in tests.iter().zip(&own) {
        let suite = suites.entry(&test.suite).or_default();
        *suite = (suite.0 + own, suite.1 + 1.0);
    }
    let blended = |(test, own): (&Test, &f64)| {
        let (sum, count) = suites[test.suite.as_str()];
        own + SUITE * sum / count
    };
    tests.iter().zip(&own).map(blended).collect()
}

/// Returns the places of the scores, highest first; of equals in an order that has nothing to do with names.
pub(crate) fn order(scores: &[f64]) -> Vec<usize> {
    let mix = |at: usize| (at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    let mut places: Vec<usize> = (0..scores.len()).collect();
    places.sort_by(|left, right| scores[*right].total_cmp(&scores[*left]).then(mix(*left).cmp(&mix(*right))));
    places
}

/// Returns the scores as shares: the probability of each if it is one of them.
pub(crate) fn shares(scores: &[f64]) -> Vec<f64> {
    let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = scores.iter().map(|score| (score - highest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|power| power / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::super::change::{File, Told};
    use super::super::evidence::shipped;
    use super::*;

    #[test]
    fn tests_that_share_words_with_the_change_or_broke_lately_come_first() {
        let mut words = Words::default();
        let files = vec![File { path: "src/lexer.rs".to_owned(), lines: Some([3, 0]), ..File::default() }];
        let told = Told { subject: "Faster lexer".into(), file_count: 1, files, ..Told::default() };
        let change = Change::new(told, &mut words);
        let mut test =
            |suite: &str, name: &str, breaks: &[i64]| Test::new(suite.into(), name.into(), breaks.to_vec(), &mut words);
        let tests = [
            test("a", "print", &[]),
            test("a", "lexer_words", &[]),
            test("b", "load", &[90]),
            test("b", "save", &[300]),
        ];
        let scores = scores(&tests, &change, 100, &Counts::default(), &shipped());
        let order = order(&scores);
        assert_eq!(order[3], 0, "{scores:?}");
        assert!(scores[2] > scores[3] && scores[3] > scores[0], "a suite that broke counts: {scores:?}");
        assert!((shares(&scores).iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }
}
