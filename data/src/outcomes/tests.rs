//! Tests of many outcomes.

use super::*;
use crate::row::{Kind, Measure, Status};

fn outcome(number: usize) -> Outcome {
    let statuses = [Status::Passed, Status::Failed, Status::Errored, Status::Skipped, Status::Xfailed, Status::Xpassed];
    Outcome {
        kind: [Kind::Step, Kind::Suite].into_iter().nth(number % 11).unwrap_or(Kind::Test),
        attempt: 1 + (number % 3) as i64,
        error_kind: number.is_multiple_of(3).then(|| "crashed".to_owned()),
        duration_us: number.is_multiple_of(2).then_some(number as i64),
        message: number.is_multiple_of(5).then(|| format!("boom {number}\n").repeat(number % 7)),
        file: number.is_multiple_of(7).then(|| "a.rs".to_owned()),
        line: number.is_multiple_of(7).then_some(-1),
        measures: vec![
            Measure { metric: "peak".into(), value: 0.5, unit: (number % 2 == 1).then(|| "B".into()) };
            number % 3
        ],
        ..Outcome::new(format!("suite {}", number / 100), format!("test {number}"), statuses[number % 6])
    }
}

#[test]
fn many_are_what_was_pushed_in_its_order() {
    let count = 2 * PIECE_ROWS + 7;
    let mut all: Outcomes = (0..count).map(outcome).collect();
    assert!(all.places.len() >= 2 && all.recent.bytes().len() <= PIECE_BYTES);
    let mut clone = all.clone();
    // Both go on by themselves.
    all.extend((0..PIECE_ROWS).map(|number| outcome(number + 1)));
    clone.extend((0..2 * PIECE_ROWS).map(|number| outcome(number + 2)));
    let expected = |more: usize, by: usize| (0..count).chain((0..more).map(move |number| number + by)).map(outcome);
    assert!(all.iter().map(Result::unwrap).eq(expected(PIECE_ROWS, 1)));
    assert!(clone.iter().map(Result::unwrap).eq(expected(2 * PIECE_ROWS, 2)));
    assert!(all != clone && all.len() == count + PIECE_ROWS);
    let json = serde_json::to_string(&all).unwrap();
    assert!(serde_json::from_str::<Outcomes>(&json).unwrap() == all);
    let mut shelf = Outcomes::default();
    let shelved = all.clone().shelved(&mut shelf).unwrap();
    assert!(shelved == all && shelved.recent.bytes().is_empty() && shelved.last.is_none());
    let odd = all.rewritten(|at, outcome| (at % 2 == 1).then_some(outcome)).unwrap();
    assert!(odd.iter().map(Result::unwrap).eq(expected(PIECE_ROWS, 1).skip(1).step_by(2)));
}

#[test]
fn long_texts_are_not_kept_in_memory() {
    let long = |number: usize| Outcome { message: Some("x".repeat(1 << 20)), ..outcome(number) };
    let all: Outcomes = (0..40).map(long).collect();
    assert!(all.recent.bytes().len() < 2 * PIECE_BYTES && all.last() == Some(&long(39)));
    assert_eq!(all.to_vec().unwrap().len(), 40);
}

#[test]
fn the_last_one_can_be_changed() {
    let mut all: Outcomes = (0..3).map(outcome).collect();
    all.last_mut().unwrap().suite = String::new();
    all.push(outcome(3));
    let suites: Vec<_> = all.to_vec().unwrap().into_iter().map(|outcome| outcome.suite).collect();
    assert_eq!(suites, ["suite 0", "suite 0", "", "suite 0"]);
}
