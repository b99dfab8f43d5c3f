//! How likely a failure is by chance.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::datatypes::{DataType, Float64Type};
use datafusion::error::Result;
use datafusion::logical_expr::{Signature, Volatility};

use super::{Function, Scalar};

pub(super) const FUNCTION: Function = Function {
    call: "flake_probability(flake_rate, break_rate)",
    returns: "double precision",
    about: "the probability that a failure is by chance, from 0 to 1, of a test that fails by chance at one share of positions \
        and is broken anew at another",
    formula: "flake_rate / (flake_rate + break_rate); null where a rate is not within 0 and 1, or both are 0",
    source: "Bayes' rule for two rare causes that exclude each other; the same as flake_probability of step.flakiness",
    example: "SELECT flake_probability(0.02, 0.005) AS p",
};

pub(super) fn scalar() -> Scalar {
    let signature = Signature::exact(vec![DataType::Float64; 2], Volatility::Immutable);
    Scalar { name: "flake_probability", signature, returns: DataType::Float64, compute }
}

fn compute(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let column = |place: usize| arrays[place].as_primitive::<Float64Type>().iter();
    let rows = column(0).zip(column(1)).map(|(flaky, broken)| probability(flaky?, broken?));
    Ok(Arc::new(rows.collect::<Float64Array>()))
}

fn probability(flaky: f64, broken: f64) -> Option<f64> {
    let is_sound = [flaky, broken].iter().all(|rate| (0.0..=1.0).contains(rate)) && flaky + broken > 0.0;
    is_sound.then(|| flaky / (flaky + broken))
}

#[cfg(test)]
mod tests {
    use super::probability;

    #[test]
    fn the_likelier_cause_weighs_more() {
        assert_eq!(
            (probability(0.5, 0.5), probability(0.0, 0.1), probability(0.1, 0.0)),
            (Some(0.5), Some(0.0), Some(1.0))
        );
        assert!((probability(0.02, 0.005).unwrap() - 0.8).abs() < 1e-12);
        assert_eq!((probability(0.0, 0.0), probability(1.5, 0.1), probability(f64::NAN, 0.1)), (None, None, None));
    }
}
