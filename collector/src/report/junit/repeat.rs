//! Settles cases that are not tests of their own: repeated runs, second halves, and parents of subtests.
//!
//! Needs the whole document, because what a case means can depend on a later one of the same name.

use std::collections::{BTreeSet, HashMap};

use annals_data::row::{Outcome, Status};

use super::super::text::Excerpt;
use super::case::Attempt;

/// An outcome with what settling needs to know of its case.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) outcome: Outcome,
    /// Where the case begins in the text.
    pub(super) position: usize,
    /// The number of the suite element that it stands in.
    pub(super) suite_element: usize,
    /// Nothing in the case gives it a status.
    pub(super) is_bare: bool,
    /// The case itself failed an assertion.
    pub(super) has_failure: bool,
    /// The case tells the rest of what the case of the same name before it tells.
    pub(super) is_second_half: bool,
    /// It has no text beyond a line.
    pub(super) is_unexplained: bool,
    /// The number of what the file says of the status.
    pub(super) word: usize,
    /// To be left out.
    pub(super) is_dropped: bool,
}

impl Entry {
    /// Returns the entry as the outcome of one attempt, whose status the file tells by the word of that number.
    pub(super) fn with(mut self, attempt: Attempt, word: usize) -> Self {
        self.word = word;
        self.outcome.status = attempt.status;
        self.outcome.error_kind = attempt.error_kind.map(str::to_owned);
        self.outcome.duration_us = attempt.duration_us;
        self.outcome.message = attempt.message;
        self
    }
}

/// Returns the places of the entries of each test within each suite element, in order.
fn groups(entries: &[Entry]) -> Vec<Vec<usize>> {
    let mut groups: HashMap<(usize, &str, &str), Vec<usize>> = HashMap::new();
    for (at, entry) in entries.iter().enumerate() {
        let key = (entry.suite_element, entry.outcome.suite.as_str(), entry.outcome.name.as_str());
        groups.entry(key).or_default().push(at);
    }
    groups.into_values().filter(|group| group.len() > 1).collect()
}

/// Joins second halves to their first, and shows repeated runs of pytest as the failures that they are; returns how
/// many halves were joined.
pub(super) fn settle_repeats(entries: &mut [Entry], is_pytest: bool, bound: usize) -> usize {
    let mut joined = 0;
    if !is_pytest && !entries.iter().any(|entry| entry.is_second_half) {
        return joined;
    }
    for mut group in groups(entries) {
        for pair in (1..group.len()).rev() {
            let (first, second) = (group[pair - 1], group[pair]);
            if entries[second].is_second_half && entries[first].has_failure {
                join(entries, first, second, bound);
                joined += 1;
                group.remove(pair);
            }
        }
        let Some((_, repeated)) = group.split_last().filter(|_| is_pytest) else { continue };
        for &at in repeated {
            if entries[at].is_bare {
                entries[at].outcome.status = Status::Failed;
            }
        }
    }
    joined
}

fn join(entries: &mut [Entry], first: usize, second: usize, bound: usize) {
    let mut text = Excerpt::default();
    for at in [first, second] {
        text.push_paragraph(entries[at].outcome.message.as_deref().unwrap_or_default(), bound);
    }
    let text = text.finish(bound);
    entries[first].outcome.message = (!text.is_empty()).then_some(text);
    entries[second].is_dropped = true;
}

/// Leaves out each failing test of a Go suite that has a failing subtest, and returns their places in the text.
pub(super) fn drop_parents(entries: &mut [Entry]) -> Vec<(usize, String)> {
    let is_failing = |entry: &Entry| matches!(entry.outcome.status, Status::Failed | Status::Errored);
    let failing: BTreeSet<String> =
        entries.iter().filter(|entry| is_failing(entry)).map(|entry| entry.outcome.name.clone()).collect();
    let mut dropped = Vec::new();
    for entry in entries.iter_mut().filter(|entry| is_failing(entry)) {
        let prefix = format!("{}/", entry.outcome.name);
        if failing.range(prefix.clone()..).next().is_some_and(|name| name.starts_with(&prefix)) {
            entry.is_dropped = true;
            dropped.push((entry.position, entry.outcome.name.clone()));
        }
    }
    dropped
}
