//! How likely a test fails at a revision that is good.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::datatypes::{DataType, Int64Type};
use datafusion::error::Result;
use datafusion::logical_expr::{Signature, Volatility};

use super::{Function, Scalar};

pub(super) const FUNCTION: Function = Function {
    call: "flake_probability(flaky, total)",
    returns: "double precision",
    about: "the expected share of runs that fail though nothing is wrong, from 0 to 1, where flaky of total positions did both",
    formula: "(flaky + 0.5) / (total + 1), the mean of the posterior under Jeffreys' prior Beta(½, ½); null where flaky is not within 0 and total",
    source: "H. Jeffreys, An Invariant Form for the Prior Probability in Estimation Problems, Proc. R. Soc. A 186 (1946)",
    example: "SELECT name, flake_probability(flaky_position_count, position_count) AS p FROM flaky_test",
};

pub(super) fn scalar() -> Scalar {
    let signature = Signature::exact(vec![DataType::Int64; 2], Volatility::Immutable);
    Scalar { name: "flake_probability", signature, returns: DataType::Float64, compute }
}

fn compute(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let column = |place: usize| arrays[place].as_primitive::<Int64Type>().iter();
    let rows = column(0).zip(column(1)).map(|(flaky, total)| probability(flaky?, total?));
    Ok(Arc::new(rows.collect::<Float64Array>()))
}

fn probability(flaky: i64, total: i64) -> Option<f64> {
    (0..=total).contains(&flaky).then(|| (flaky as f64 + 0.5) / (total as f64 + 1.0))
}

#[cfg(test)]
mod tests {
    use super::probability;

    #[test]
    fn few_runs_say_little() {
        assert_eq!((probability(0, 0), probability(1, 1)), (Some(0.5), Some(0.75)));
        assert!(probability(0, 1000).unwrap() < 0.0005 && probability(1, 1000).unwrap() > 0.001);
        assert_eq!((probability(2, 1), probability(-1, 1)), (None, None));
    }
}
