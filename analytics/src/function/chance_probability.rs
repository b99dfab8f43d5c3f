//! Whether failures in a row are chance.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::datatypes::{DataType, Float64Type};
use datafusion::error::Result;
use datafusion::logical_expr::{Signature, Volatility};

use super::{Function, Scalar};

pub(super) const FUNCTION: Function = Function {
    call: "chance_probability(failed_count, flake_rate, break_rate)",
    returns: "double precision",
    about: "the probability that so many failures in a row are by chance and nothing is broken, from 0 to 1",
    formula: "f^m / (f^m + b) with m failures (20 at most), f the share of runs that fail by chance and b the rate of real breaks; null \
        where a rate is not within 0 and 1 or both say nothing",
    source: "T. A. D. Henderson et al., Flake Aware Culprit Finding, ICST 2023, for the hypothesis of no culprit without reruns",
    example: "SELECT chance_probability(2, 0.1, 0.02) AS probability",
};

/// More failures in a row say no more.
const MOST: f64 = 20.0;

pub(super) fn scalar() -> Scalar {
    let signature = Signature::exact(vec![DataType::Float64; 3], Volatility::Immutable);
    Scalar { name: "chance_probability", signature, returns: DataType::Float64, compute }
}

fn compute(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let [count, flake, broken] = std::array::from_fn(|at| arrays[at].as_primitive::<Float64Type>());
    let rows = count.iter().zip(flake).zip(broken);
    let rows = rows.map(|((count, flake), broken)| probability(count?, flake?, broken?));
    Ok(Arc::new(rows.collect::<Float64Array>()))
}

fn probability(count: f64, flake: f64, broken: f64) -> Option<f64> {
    let is_rate = |rate: f64| (0.0..=1.0).contains(&rate);
    let chance = flake.powf(count.clamp(0.0, MOST));
    (count >= 0.0 && is_rate(flake) && is_rate(broken) && chance + broken > 0.0).then(|| chance / (chance + broken))
}

#[cfg(test)]
mod tests {
    use super::probability;

    #[test]
    fn a_second_failure_in_a_row_speaks_against_chance() {
        assert_eq!(probability(1.0, 0.02, 0.02), Some(0.5));
        assert!(probability(2.0, 0.02, 0.02).unwrap() < 0.02);
        assert_eq!(probability(1.0, 0.0, 0.02), Some(0.0));
        assert_eq!(
            (probability(1.0, 0.0, 0.0), probability(-1.0, 0.1, 0.1), probability(1.0, 2.0, 0.1)),
            (None, None, None)
        );
        assert_eq!(probability(1.0, f64::NAN, 0.1), None);
    }
}
