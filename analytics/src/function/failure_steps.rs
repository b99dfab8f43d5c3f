//! The steps of a failure rate.

use arrow::array::{Array, ArrayRef};
use datafusion::error::Result;
use datafusion::logical_expr::{Signature, TypeSignature, Volatility};

use super::list::{Column, ints, numbers, of_rows, rows_type};
use super::{Function, Scalar};
use crate::judge::changepoint::{LIKELIHOOD, Run, Step, steps};

pub(super) const FUNCTION: Function = Function {
    call: "failure_steps(failed, flaky, total, first_position, last_position, likelihood)",
    returns: "struct[]",
    about: "the steps of a failure rate as a list: position (the first with the new rate), low_position and high_position (99 % \
        sure: the step came after the one and at the other at the latest), rate_before, rate_behind, ln_odds; the arguments are \
        lists of equal length, oldest run first, and the prior odds of a step, which may be left out; without positions, tested \
        positions are counted from 0",
    formula: "a stretch with x failing of n positions has ln P = ln B(x + 0.3, n − x + 0.5) − ln B(0.3, 0.5), and where failures were \
        retried the same of those that no retry mended, by B(0.5, 0.5); it is cut where two stretches gain more than \
        −ln 0.0001, and both parts again; positions inside a run are interpolated; the newest 1000 runs are read",
    source: "LUCI Analysis, luci-go, analysis/internal/changepoints/bayesian, with its constants",
    example: "SELECT failure_steps([0, 20], [0, 0], [50, 20]) AS steps",
};

const COLUMNS: [Column; 6] = [
    ("position", true),
    ("low_position", true),
    ("high_position", true),
    ("rate_before", false),
    ("rate_behind", false),
    ("ln_odds", false),
];

pub(super) fn scalar() -> Scalar {
    let calls = [3, 5, 6].map(TypeSignature::Any);
    let signature = Signature::one_of(calls.into(), Volatility::Immutable);
    Scalar { name: "failure_steps", signature, returns: rows_type(&COLUMNS), compute }
}

fn compute(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let (failed, flaky, total) = (ints(&arrays[0])?, ints(&arrays[1])?, ints(&arrays[2])?);
    let positions = match arrays {
        [_, _, _, first, last, ..] => Some((ints(first)?, ints(last)?)),
        _ => None,
    };
    let likelihoods = arrays.get(5).map(numbers).transpose()?;
    let row = |row: usize| {
        let runs = runs(failed[row].as_ref()?, flaky[row].as_ref()?, total[row].as_ref()?)?;
        let likelihood = likelihoods.as_ref().filter(|all| all.is_valid(row)).map_or(LIKELIHOOD, |all| all.value(row));
        let steps = steps(&runs, likelihood.clamp(f64::MIN_POSITIVE, 1.0));
        let Some((first, last)) = &positions else { return Some(steps.iter().map(counted).collect()) };
        let line = Line::new(&runs, first[row].as_ref()?, last[row].as_ref()?)?;
        Some(steps.iter().map(|step| line.placed(step)).collect())
    };
    of_rows(&COLUMNS, (0..failed.len()).map(row).collect())
}

/// Returns the runs; `None` where the lists do not fit together.
fn runs(failed: &[i64], flaky: &[i64], total: &[i64]) -> Option<Vec<Run>> {
    let is_even = failed.len() == flaky.len() && flaky.len() == total.len();
    let runs: Vec<Run> = failed
        .iter()
        .zip(flaky)
        .zip(total)
        .map(|((failed, flaky), total)| Run { failed: *failed, flaky: *flaky, total: *total })
        .collect();
    let is_sound = |run: &Run| {
        run.failed >= 0
            && run.flaky >= 0
            && run.total > 0
            && run.total < 1 << 40
            && run.failed.checked_add(run.flaky).is_some_and(|failing| failing <= run.total)
    };
    (is_even && runs.iter().all(is_sound)).then_some(runs)
}

fn counted(step: &Step) -> [f64; 6] {
    [step.at as f64, step.low as f64 - 1.0, step.high as f64, step.before, step.behind, step.ln_odds]
}

/// Where the tested positions of a series lie.
struct Line {
    /// Of each run: how many tested positions are before it, how many it has, its first and its last position.
    runs: Vec<[i64; 4]>,
}

impl Line {
    fn new(runs: &[Run], first: &[i64], last: &[i64]) -> Option<Self> {
        let mut before = 0;
        let run = |((run, first), last): ((&Run, &i64), &i64)| {
            before += run.total;
            [before - run.total, run.total, *first, *last]
        };
        let all = runs.iter().zip(first).zip(last).map(run).collect();
        (first.len() == runs.len() && last.len() == runs.len()).then_some(Self { runs: all })
    }

    /// Returns where the tested position of that number lies, rounded down or up inside a run.
    fn position(&self, number: i64, is_up: bool) -> f64 {
        let index = self.runs.partition_point(|[before, ..]| *before <= number).saturating_sub(1);
        let Some([before, total, first, last]) = self.runs.get(index) else { return 0.0 };
        let share = (number - before) as f64 / (total - 1).max(1) as f64;
        let place = *first as f64 + (last - first) as f64 * share;
        if is_up { place.ceil() } else { place.floor() }
    }

    fn placed(&self, step: &Step) -> [f64; 6] {
        let [.., before, behind, ln_odds] = counted(step);
        let (at, low, high) =
            (self.position(step.at, false), self.position(step.low - 1, false), self.position(step.high, true));
        [at, low, high, before, behind, ln_odds]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tested_positions_are_found_in_their_runs() {
        let runs = runs(&[0, 20], &[0, 0], &[50, 20]).unwrap();
        let line = Line::new(&runs, &[100, 200], &[198, 238]).unwrap();
        let [step] = steps(&runs, LIKELIHOOD)[..] else { panic!() };
        assert_eq!(line.placed(&step)[..5], [200.0, 196.0, 202.0, 0.0, 1.0]);
    }

    #[test]
    fn lists_that_do_not_fit_have_no_steps() {
        assert!(runs(&[0], &[0, 0], &[1]).is_none());
        assert!(runs(&[2], &[0], &[1]).is_none());
        assert!(runs(&[i64::MAX], &[i64::MAX], &[1]).is_none());
        assert!(Line::new(&runs(&[0], &[0], &[1]).unwrap(), &[], &[1]).is_none());
    }
}
