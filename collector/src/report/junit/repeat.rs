//! The outcomes of a JUnit file while it is read, and what later cases make of earlier ones: repeated runs, second
//! halves, parents of subtests.
//!
//! The outcomes themselves may lie on disk ([`Outcomes`]). Twelve bytes of each stay in memory: which test it is, and
//! how it looked. What is found out later is a change, which is made when all is read.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::BuildHasher;
use std::hash::RandomState;
use std::io;
use std::ops::Range;

use annals_data::outcomes::Outcomes;
use annals_data::row::{Outcome, Status};

use super::super::attempt;
use super::super::text::Excerpt;
use super::account::Account;

/// Bytes of the texts of second halves that are kept for their first; further ones stay attempts of their own.
const HALVES: usize = 16 << 20;

/// An outcome with what settling needs to know of its case.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) outcome: Outcome,
    /// The number of the suite element that it stands in.
    pub(super) suite_element: usize,
    /// Nothing in the case gives it a status.
    pub(super) is_bare: bool,
    /// The case itself failed an assertion.
    pub(super) has_failure: bool,
    /// The case tells the rest of what the case of the same name before it tells.
    pub(super) is_second_half: bool,
    /// The number of what the file says of the status.
    pub(super) word: usize,
}

/// What is kept in memory of an outcome: the number of its word, flags, and its suite element modulo 2²⁰.
#[derive(Clone, Copy)]
struct Mark(u32);

impl Mark {
    const BARE: u32 = 1;
    const FAILURE: u32 = 2;
    const SECOND: u32 = 4;

    fn new(entry: &Entry) -> Self {
        let flags =
            [(entry.is_bare, Self::BARE), (entry.has_failure, Self::FAILURE), (entry.is_second_half, Self::SECOND)];
        let flags = flags.into_iter().filter(|(is, _)| *is).fold(0, |all, (_, flag)| all | flag);
        Self(
            (entry.suite_element as u32) << 12
                | (entry.word as u32 & 63) << 6
                | (entry.outcome.status as u32) << 3
                | flags,
        )
    }

    fn has(self, flag: u32) -> bool {
        self.0 & flag != 0
    }

    fn status(self) -> usize {
        (self.0 >> 3 & 7) as usize
    }

    fn word(self) -> usize {
        (self.0 >> 6 & 63) as usize
    }

    fn suite_element(self) -> u64 {
        u64::from(self.0 >> 12)
    }
}

/// What becomes of an outcome when all is read.
enum Change {
    Drop,
    Fail,
    Join(String),
}

/// The outcomes so far.
#[derive(Default)]
pub(super) struct Kept {
    outcomes: Outcomes,
    tests: Vec<u64>,
    marks: Vec<Mark>,
    random: RandomState,
    changes: BTreeMap<usize, Change>,
    /// Outcomes that were read before it showed that pytest wrote the document.
    shifted: Vec<Range<usize>>,
    /// The first one of the current document whose line was counted as pytest does.
    first_shifted: Option<usize>,
    /// The first outcome of the current document, whether it has second halves, and their texts.
    document: usize,
    has_halves: bool,
    halves: HashMap<usize, String>,
    halves_bytes: usize,
    pub(super) account: Account,
}

impl Kept {
    /// Returns how many outcomes there are.
    pub(super) fn len(&self) -> usize {
        self.outcomes.len()
    }

    /// Returns the last one.
    pub(super) fn last(&self) -> Option<&Outcome> {
        self.outcomes.last()
    }

    /// Gives the last one another text.
    pub(super) fn explain_last(&mut self, text: impl FnOnce(&str) -> String) {
        if let Some(last) = self.outcomes.last_mut() {
            let text = text(last.message.as_deref().unwrap_or_default());
            last.message = (!text.is_empty()).then_some(text);
        }
    }

    /// Adds one; the lines of pytest count from zero.
    pub(super) fn push(&mut self, entry: Entry, is_pytest: bool) {
        let mark = Mark::new(&entry);
        let mut outcome = entry.outcome;
        if is_pytest {
            self.first_shifted.get_or_insert(self.marks.len());
            outcome.line = outcome.line.map(|line| line.saturating_add(1));
        }
        self.account.count(entry.word, outcome.status);
        self.tests.push(self.random.hash_one((outcome.kind, &outcome.suite, &outcome.name)));
        if entry.is_second_half {
            self.has_halves = true;
            let text = outcome.message.clone().unwrap_or_default();
            self.halves_bytes += text.len();
            if self.halves_bytes <= HALVES {
                self.halves.insert(self.marks.len(), text);
            }
        }
        self.marks.push(mark);
        self.outcomes.push(outcome);
    }

    /// Leaves one out.
    pub(super) fn leave_out(&mut self, at: usize) {
        if !matches!(self.changes.insert(at, Change::Drop), Some(Change::Drop)) {
            self.account.discount(self.marks[at].word(), self.marks[at].status());
        }
    }

    /// Returns whether one is left out.
    pub(super) fn is_left_out(&self, at: usize) -> bool {
        matches!(self.changes.get(&at), Some(Change::Drop))
    }

    /// Ends a document: joins second halves to their first, and shows repeated runs of pytest as the failures that
    /// they are. Returns how many halves were joined.
    pub(super) fn end_document(&mut self, is_pytest: bool) -> usize {
        let document = self.document..self.marks.len();
        let mut joined = 0;
        if is_pytest || self.has_halves {
            for mut group in self.groups(document.clone()) {
                for pair in (1..group.len()).rev() {
                    let (first, second) = (group[pair - 1], group[pair]);
                    let is_pair = self.marks[second].has(Mark::SECOND) && self.marks[first].has(Mark::FAILURE);
                    if is_pair && let Some(text) = self.halves.remove(&second) {
                        self.changes.insert(first, Change::Join(text));
                        self.leave_out(second);
                        joined += 1;
                        group.remove(pair);
                    }
                }
                let Some((_, repeated)) = group.split_last().filter(|_| is_pytest) else { continue };
                repeated.iter().filter(|at| self.marks[**at].has(Mark::BARE)).for_each(|at| {
                    self.account.discount(self.marks[*at].word(), self.marks[*at].status());
                    self.account.count(self.marks[*at].word(), Status::Failed);
                    self.changes.insert(*at, Change::Fail);
                });
            }
        }
        let unshifted = document.start..self.first_shifted.take().unwrap_or(document.end);
        if is_pytest && !unshifted.is_empty() {
            self.shifted.push(unshifted);
        }
        self.document = self.marks.len();
        (self.has_halves, self.halves_bytes) = (false, 0);
        self.halves.clear();
        joined
    }

    /// Returns the places of the outcomes of each test within each suite element, in order, where they are several.
    fn groups(&self, document: Range<usize>) -> Vec<Vec<usize>> {
        let key = |at: usize| (self.tests[at], self.marks[at].suite_element());
        let mixed = |at: usize| self.tests[at] ^ self.marks[at].suite_element().wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let repeated = attempt::repeated(document.clone().map(mixed));
        let mut groups: BTreeMap<(u64, u64), Vec<usize>> = BTreeMap::new();
        for at in document.filter(|at| repeated.contains(&mixed(*at))) {
            groups.entry(key(at)).or_default().push(at);
        }
        groups.into_values().filter(|group| group.len() > 1).collect()
    }

    /// Returns the outcomes, with their attempts numbered.
    pub(super) fn finish(mut self, bound: usize) -> io::Result<(Outcomes, Account)> {
        let is_dropped = |at: usize| matches!(self.changes.get(&at), Some(Change::Drop));
        let attempts = attempt::number(&self.tests, is_dropped);
        if attempts.is_empty() && self.changes.is_empty() && self.shifted.is_empty() {
            return Ok((self.outcomes, self.account));
        }
        let mut attempts = attempts.into_iter().peekable();
        let outcomes = self.outcomes.rewritten(|at, mut outcome| {
            if let Some((_, attempt)) = attempts.next_if(|(of, _)| *of == at) {
                outcome.attempt = attempt;
            }
            if self.shifted.iter().any(|range| range.contains(&at)) {
                outcome.line = outcome.line.map(|line| line.saturating_add(1));
            }
            match self.changes.remove(&at) {
                None => {}
                Some(Change::Drop) => return None,
                Some(Change::Fail) => outcome.status = Status::Failed,
                Some(Change::Join(text)) => outcome.message = joined(outcome.message, &text, bound),
            }
            Some(outcome)
        });
        Ok((outcomes?, self.account))
    }
}

fn joined(first: Option<String>, second: &str, bound: usize) -> Option<String> {
    let mut text = Excerpt::default();
    text.push_paragraph(first.as_deref().unwrap_or_default(), bound);
    text.push_paragraph(second, bound);
    Some(text.finish(bound)).filter(|text| !text.is_empty())
}

/// A failing test, for the rule of parents of subtests.
pub(super) struct Failing {
    /// Its place among the outcomes.
    pub(super) at: usize,
    /// Where the case begins.
    pub(super) position: usize,
    pub(super) name: String,
}

/// Returns those of a Go suite's failing tests that have a failing subtest.
pub(super) fn parents(failing: &[Failing]) -> impl Iterator<Item = &Failing> {
    let names: BTreeSet<&str> = failing.iter().map(|failing| failing.name.as_str()).collect();
    failing.iter().filter(move |failing| {
        let prefix = format!("{}/", failing.name);
        names.range(prefix.as_str()..).next().is_some_and(|name| name.starts_with(&prefix))
    })
}
