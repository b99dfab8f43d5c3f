//! How often each test of a build ran and whether it failed; of its name only a hash is in memory.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};
use std::io;

use annals_data::outcomes::{Outcomes, Stored};
use annals_data::row::{Kind, Outcome, Status};

/// The hash of a hash is itself.
#[derive(Default)]
struct Itself(u64);

impl Hasher for Itself {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0 << 8 | u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// The attempts of the tests of one build so far, for reports that tell of one test after each other.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    random: RandomState,
    highest: HashMap<u64, i64, BuildHasherDefault<Itself>>,
}

impl Attempts {
    /// Adds the outcomes of a further report to `all`; their attempts count on.
    pub(crate) fn add(&mut self, report: &Outcomes, all: &mut Outcomes) -> io::Result<()> {
        let mut here: HashMap<u64, i64, BuildHasherDefault<Itself>> = HashMap::default();
        for piece in report.pieces() {
            for outcome in piece?.rows() {
                let outcome = outcome?.into_outcome();
                let test = self.random.hash_one((&outcome.suite, &outcome.name));
                let attempt = outcome.attempt + self.highest.get(&test).copied().unwrap_or(0);
                let highest = here.entry(test).or_default();
                *highest = attempt.max(*highest);
                all.push(Outcome { attempt, ..outcome });
            }
        }
        self.highest.extend(here);
        Ok(())
    }
}

/// How many tests a build has, and how they did.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) total: usize,
    /// No attempt of theirs passed, and one failed.
    pub(super) failed: usize,
    /// One attempt of theirs passed, and one failed.
    pub(super) flaky: usize,
}

const PASSED: u64 = 1;
const FAILED: u64 = 2;
const FLAGS: u64 = PASSED | FAILED;

impl Tally {
    /// Counts the tests among outcomes.
    pub(super) fn of(outcomes: &Outcomes) -> io::Result<Self> {
        let random = RandomState::new();
        // A hash with two bits for what the attempt did: eight bytes of each outcome.
        let mut attempts: Vec<u64> = Vec::with_capacity(outcomes.len());
        for piece in outcomes.pieces() {
            for outcome in piece?.rows() {
                let Stored { kind, suite, name, status, .. } = outcome?;
                if kind != Kind::Step {
                    attempts.push(random.hash_one((suite, name)) & !FLAGS | flags(status));
                }
            }
        }
        attempts.sort_unstable();
        let mut tally = Self::default();
        for test in attempts.chunk_by(|a, b| a & !FLAGS == b & !FLAGS) {
            tally.total += 1;
            match test.iter().fold(0, |all, attempt| all | attempt & FLAGS) {
                FAILED => tally.failed += 1,
                FLAGS => tally.flaky += 1,
                _ => {}
            }
        }
        Ok(tally)
    }
}

fn flags(status: Status) -> u64 {
    match status {
        Status::Passed | Status::Xfailed => PASSED,
        Status::Failed | Status::Errored | Status::Xpassed => FAILED,
        Status::Skipped => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_fails_when_no_attempt_passed() {
        let outcome = |name: &str, status| Outcome::new("s", name, status);
        let first: Outcomes =
            [outcome("a", Status::Failed), outcome("b", Status::Failed), outcome("c", Status::Skipped)]
                .into_iter()
                .collect();
        let second: Outcomes = [outcome("a", Status::Passed), outcome("b", Status::Errored)].into_iter().collect();
        let (mut attempts, mut all) = (Attempts::default(), Outcomes::default());
        attempts.add(&first, &mut all).unwrap();
        attempts.add(&second, &mut all).unwrap();
        let numbers: Vec<i64> = all.iter().map(|outcome| outcome.unwrap().attempt).collect();
        assert_eq!(numbers, [1, 1, 1, 2, 2]);
        assert_eq!(Tally::of(&all).unwrap(), Tally { total: 3, failed: 1, flaky: 1 });
    }
}
