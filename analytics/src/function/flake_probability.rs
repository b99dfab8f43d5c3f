//! How likely failures are by chance, and nothing is broken.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array};
use arrow::datatypes::{DataType, Float64Type};
use datafusion::error::Result;
use datafusion::logical_expr::{Signature, TypeSignature, Volatility};

use super::{Function, Scalar};

pub(super) const FUNCTION: Function = Function {
    call: "flake_probability(flake_rate, break_rate [, failed_count])",
    returns: "double precision",
    about: "the probability that a failure is by chance, from 0 to 1, of a test that fails by chance at one share of positions \
        and is broken anew at another; with a count, that so many failures in a row are",
    formula: "f^m / (f^m + b) with f = flake_rate, b = break_rate and m failures in a row (one unless said otherwise, 20 at most); null \
        where a rate is not within 0 and 1, or both say nothing",
    source: "Bayes' rule for two rare causes that exclude each other; for several failures T. A. D. Henderson et al., Flake Aware \
        Culprit Finding, ICST 2023, the hypothesis of no culprit without reruns",
    example: "SELECT flake_probability(0.02, 0.005) AS once, flake_probability(0.02, 0.005, 2) AS twice",
};

/// More failures in a row say no more.
const MOST: f64 = 20.0;

pub(super) fn scalar() -> Scalar {
    let calls = [2, 3].map(|count| TypeSignature::Exact(vec![DataType::Float64; count]));
    let signature = Signature::one_of(calls.into(), Volatility::Immutable);
    Scalar { name: "flake_probability", signature, returns: DataType::Float64, compute }
}

fn compute(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let column = |place: usize| arrays[place].as_primitive::<Float64Type>().iter();
    let once = std::iter::repeat_n(Some(1.0), arrays[0].len());
    let counts: Vec<_> = if arrays.len() > 2 { column(2).collect() } else { once.collect() };
    let rows = column(0).zip(column(1)).zip(counts);
    let rows = rows.map(|((flaky, broken), count)| probability(flaky?, broken?, count?));
    Ok(Arc::new(rows.collect::<Float64Array>()))
}

fn probability(flaky: f64, broken: f64, count: f64) -> Option<f64> {
    let is_rate = |rate: f64| (0.0..=1.0).contains(&rate);
    let chance = flaky.powf(count.clamp(0.0, MOST));
    (count >= 0.0 && is_rate(flaky) && is_rate(broken) && chance + broken > 0.0).then(|| chance / (chance + broken))
}

#[cfg(test)]
mod tests {
    use super::probability;

    #[test]
    fn the_likelier_cause_weighs_more() {
        let once = |flaky, broken| probability(flaky, broken, 1.0);
        assert_eq!((once(0.5, 0.5), once(0.0, 0.1), once(0.1, 0.0)), (Some(0.5), Some(0.0), Some(1.0)));
        assert!((once(0.02, 0.005).unwrap() - 0.8).abs() < 1e-12);
        assert_eq!((once(0.0, 0.0), once(1.5, 0.1), once(f64::NAN, 0.1)), (None, None, None));
    }

    #[test]
    fn a_second_failure_in_a_row_speaks_against_chance() {
        assert!(probability(0.02, 0.02, 2.0).unwrap() < 0.02);
        assert_eq!((probability(0.1, 0.1, -1.0), probability(2.0, 0.1, 1.0)), (None, None));
        assert_eq!(probability(0.1, 0.1, 50.0), probability(0.1, 0.1, 20.0));
    }
}
