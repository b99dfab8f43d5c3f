//! How soon a break is found when tests run in the order of `order.rs`: measured on dense histories.
//!
//! Each change that is known to have broken something is taken as if it had just come: what broke before it is known,
//! what it broke is not. All tests are put in order, and a break is found when the first of its tests is run.

use std::collections::{BTreeMap, HashSet};

use super::counts::Counts;
use super::evaluate::Protocol;
use super::evidence::shipped;
use super::order::{self, Test};
use super::read::{self, History, Turn, ints, texts};
use super::thin::{self, Event, Line};
use super::words::Words;
use crate::{Result, Session};

/// The shares of all tests after which it is asked what was found.
pub const SHARES: [f64; 4] = [0.01, 0.05, 0.1, 0.25];

const TESTS: &str = "SELECT DISTINCT project, branch, suite, name FROM raw.streak WHERE kind = 'test' \
    ORDER BY project, branch, suite, name";

/// How an order fared on a project.
#[derive(Clone, Debug)]
pub struct Foresight {
    /// The project.
    pub project: String,
    /// By what tests were put in order.
    pub method: &'static str,
    /// Changes that broke something.
    pub break_count: usize,
    /// Tests that there are.
    pub test_count: usize,
    /// The share of breaks found in the first [`SHARES`] of the tests.
    pub found: [f64; SHARES.len()],
}

/// Project and branch, or suite and name.
type Pair = (String, String);

/// Measures all orders on all projects of a session.
///
/// # Errors
///
/// [`crate::Error::Query`] when a table cannot be read.
pub async fn measure(session: &Session, protocol: &Protocol) -> Result<Vec<Foresight>> {
    let mut answers = Vec::new();
    for sql in [read::CHANGES, read::FILES, thin::STREAKS, thin::TIPS, TESTS] {
        answers.push(session.query(sql).await?.collect().await?);
    }
    let mut words = Words::default();
    let histories = read::histories(&answers[0], &answers[1], &protocol.hidden, &mut words)?;
    let events = thin::events(&answers[2])?;
    let mut tests: BTreeMap<Pair, BTreeMap<Pair, Vec<i64>>> = BTreeMap::new();
    for batch in &answers[4] {
        let [project, branch, suite, name] = texts(batch, [0, 1, 2, 3])?;
        for row in 0..batch.num_rows() {
            let own = tests.entry((project.value(row).to_owned(), branch.value(row).to_owned())).or_default();
            own.entry((suite.value(row).to_owned(), name.value(row).to_owned())).or_default();
        }
    }
    let mut all = Vec::new();
    for batch in &answers[3] {
        let ([project, branch, tip], position) = (texts(batch, [0, 1, 3])?, ints(batch, 2)?);
        for (row, position) in position.into_iter().enumerate() {
            let key = (project.value(row).to_owned(), branch.value(row).to_owned());
            let (Some(history), Some(events)) = (histories.get(&key.0), events.get(&key)) else { continue };
            let is_wanted = protocol.project.as_ref().is_none_or(|wanted| *wanted == key.0);
            let line = Line::new(history, tip.value(row), position.unwrap_or_default());
            let (Some(line), true, Some(mut tests)) = (line, is_wanted, tests.remove(&key)) else { continue };
            let breaks = events.iter().filter(|event| event.turn == Turn::Break);
            for event in breaks {
                if let Some(own) = tests.get_mut(&(event.suite.clone(), event.name.clone())) {
                    own.push(event.behind.0);
                }
            }
            let test = |((suite, name), breaks)| Test::new(suite, name, breaks, &mut words);
            let tests: Vec<Test> = tests.into_iter().map(test).collect();
            all.extend(of_branch(&key.0, history, &line, events, &tests, protocol));
        }
    }
    Ok(all)
}

fn of_branch(
    project: &str,
    history: &History,
    line: &Line,
    events: &[Event],
    tests: &[Test],
    protocol: &Protocol,
) -> Vec<Foresight> {
    let (mut counts, mut counted) = (Counts::default(), 0);
    let mut found: BTreeMap<&'static str, [f64; SHARES.len()]> = BTreeMap::new();
    let culprits = culprits(history, line, events, protocol);
    for ((position, place), failing) in &culprits {
        history.changes[counted..counted.max(place + 1)].iter().for_each(|change| counts.add(change));
        counted = counted.max(place + 1);
        let failing: Vec<bool> =
            tests.iter().map(|test| failing.contains(&(test.suite.as_str(), test.name.as_str()))).collect();
        let change = &history.changes[*place];
        let both = order::scores(tests, change, *position, &counts, &shipped());
        let past = order::past(tests, *position);
        let names = order::by_names(tests, change, &counts, &shipped());
        let mut mark = |method: &'static str, shares: [f64; SHARES.len()]| {
            let sum = found.entry(method).or_default();
            sum.iter_mut().zip(shares).for_each(|(sum, share)| *sum += share);
        };
        mark("chance", chance(&failing));
        mark("past failures", reached(&past, &failing));
        mark("names", reached(&names, &failing));
        mark("names and past failures", reached(&both, &failing));
    }
    let count = culprits.len();
    let foresight = |(method, sums): (&'static str, [f64; SHARES.len()])| Foresight {
        project: project.to_owned(),
        method,
        break_count: count,
        test_count: tests.len(),
        found: sums.map(|sum| sum / count as f64),
    };
    found.into_iter().map(foresight).collect()
}

/// The tests that a change broke, by its position and its place among the changes.
type Culprits<'a> = BTreeMap<(i64, usize), HashSet<(&'a str, &'a str)>>;

fn culprits<'a>(history: &History, line: &Line, events: &'a [Event], protocol: &Protocol) -> Culprits<'a> {
    let mut culprits = Culprits::new();
    for event in events.iter().filter(|event| event.turn == Turn::Break) {
        let named = &protocol.culprits;
        let Some(range) = line.between(event.before.1, event.behind.0) else { continue };
        let is_possible = |place: &&usize| named.is_empty() || named.contains(&history.changes[**place].told.revision);
        let possible: Vec<&usize> = range.iter().filter(is_possible).collect();
        if let ([place], true) = (&possible[..], event.behind.0 >= protocol.from_position) {
            culprits.entry((event.behind.0, **place)).or_default().insert((&event.suite, &event.name));
        }
    }
    culprits
}

/// Returns whether a failing test is among the first of each share, as 0 or 1.
fn reached(scores: &[f64], failing: &[bool]) -> [f64; SHARES.len()] {
    let first = order::order(scores).iter().position(|at| failing[*at]).unwrap_or(usize::MAX);
    SHARES.map(|share| f64::from(u8::from(first < taken(share, scores.len()))))
}

/// Returns how likely a failing test is among the first of each share in no order at all.
fn chance(failing: &[bool]) -> [f64; SHARES.len()] {
    let (all, bad) = (failing.len(), failing.iter().filter(|is| **is).count());
    SHARES.map(|share| {
        let taken = taken(share, all);
        1.0 - (0..taken).map(|at| (all - bad).saturating_sub(at) as f64 / (all - at) as f64).product::<f64>()
    })
}

fn taken(share: f64, all: usize) -> usize {
    ((share * all as f64).ceil() as usize).clamp(1, all.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_break_is_found_with_its_first_test() {
        let mut failing = vec![false; 100];
        failing[7] = true;
        let mut scores = vec![0.0; 100];
        (scores[1], scores[2], scores[7]) = (3.0, 2.0, 1.0);
        assert_eq!(reached(&scores, &failing), [0.0, 1.0, 1.0, 1.0]);
        assert!(chance(&failing).iter().zip(SHARES).all(|(chance, share)| (chance - share).abs() < 1e-9));
    }
}
