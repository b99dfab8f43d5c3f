//! Whether one of two groups fails more often than chance explains.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::datatypes::{DataType, Float64Type};
use datafusion::error::Result;
use datafusion::logical_expr::{Signature, Volatility};

use super::{Function, Scalar};
use crate::judge::fisher::right_tail;

pub(super) const FUNCTION: Function = Function {
    call: "fisher_tail(failed, passed, base_failed, base_passed)",
    returns: "double precision",
    about: "the probability of at least so many failures in the first group if both groups fail alike, from 0 to 1; with the groups \
        exchanged, of at most so many",
    formula: "Σ C(F, k) C(N − F, n − k) / C(N, n) over k ≥ failed, F failures of all N, n of them in the first group; null where a group is \
        empty or a count is no whole number",
    source: "R. A. Fisher, On the Interpretation of χ² from Contingency Tables, and the Calculation of P, 1922",
    example: "SELECT fisher_tail(3, 11, 0, 100) AS p_value",
};

pub(super) fn scalar() -> Scalar {
    let signature = Signature::exact(vec![DataType::Float64; 4], Volatility::Immutable);
    Scalar { name: "fisher_tail", signature, returns: DataType::Float64, compute }
}

fn compute(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let [failed, passed, base_failed, base_passed] = std::array::from_fn(|at| arrays[at].as_primitive::<Float64Type>());
    let groups = failed.iter().zip(passed).zip(base_failed.iter().zip(base_passed));
    let rows = groups
        .map(|((failed, passed), (base_failed, base_passed))| right_tail(failed?, passed?, base_failed?, base_passed?));
    Ok(Arc::new(rows.collect::<Float64Array>()))
}
