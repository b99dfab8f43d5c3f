//! The steps of a length of time.

use arrow::array::{Array, ArrayRef};
use datafusion::error::Result;
use datafusion::logical_expr::{Signature, TypeSignature, Volatility};

use super::list::{Column, floats, numbers, of_rows, rows_type};
use super::{Function, Scalar};
use crate::judge::pace::steps;

pub(super) const FUNCTION: Function = Function {
    call: "duration_steps(lengths, p_value, ratio)",
    returns: "struct[]",
    about: "the steps of a list of lengths, oldest first: ordinal (how many lie before the step), median_before, median_behind, \
        p_value (how likely chance would do as well); only steps with a smaller p_value than given, and whose medians differ by \
        the factor ratio at least",
    formula: "Pettitt's test: K = max |2 Σ ranks up to t − t (n + 1)|, p ≈ 2 exp(−6 K² / (n³ + n²)), times the number of overlapping parts \
        that it is asked of, each two thirds as long as those before; both parts are cut again; the newest 500 lengths are read",
    source: "A. N. Pettitt, A Non-Parametric Approach to the Change-Point Problem, Applied Statistics 28 (1979); parts as in seeded \
        binary segmentation, Kovács et al., 2020",
    example: "SELECT duration_steps([10, 11, 10, 11, 10, 11, 10, 11, 20, 21, 20, 21, 20, 21, 20, 21], 0.05, 1.2) AS steps",
};

const COLUMNS: [Column; 4] =
    [("ordinal", true), ("median_before", false), ("median_behind", false), ("p_value", false)];

pub(super) fn scalar() -> Scalar {
    let signature = Signature::new(TypeSignature::Any(3), Volatility::Immutable);
    Scalar { name: "duration_steps", signature, returns: rows_type(&COLUMNS), compute }
}

fn compute(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let (lengths, p_values, ratios) = (floats(&arrays[0])?, numbers(&arrays[1])?, numbers(&arrays[2])?);
    let row = |(row, lengths): (usize, &Option<Vec<f64>>)| {
        let lengths = lengths.as_ref().filter(|_| p_values.is_valid(row) && ratios.is_valid(row))?;
        let found = steps(lengths, p_values.value(row), ratios.value(row));
        Some(found.iter().map(|pace| [pace.at as f64, pace.before, pace.behind, pace.p_value]).collect())
    };
    of_rows(&COLUMNS, lengths.iter().enumerate().map(row).collect())
}
