//! How often a sequence changes.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field};
use datafusion::error::Result;
use datafusion::logical_expr::{Signature, TypeSignature, Volatility};

use super::{Function, Scalar};

pub(super) const FUNCTION: Function = Function {
    call: "flip_rate(list)",
    returns: "double precision",
    about: "the share of steps of a list at which its value changes, from 0 to 1; nulls are left out",
    formula: "changes between neighbours / (values − 1); null of fewer than two values",
    source: "the flip rate of E. Kowalczyk et al., Modeling and Ranking Flaky Tests at Apple, ICSE-SEIP 2020",
    example: "SELECT name, flip_rate(array_agg(verdict ORDER BY position)) AS rate FROM test_grid GROUP BY name",
};

pub(super) fn scalar() -> Scalar {
    Scalar { name: "flip_rate", signature: list(), returns: DataType::Float64, compute }
}

/// Returns the signature of functions of one list.
pub(super) fn list() -> Signature {
    Signature::new(TypeSignature::Any(1), Volatility::Immutable)
}

/// Computes a number of each list, its values seen as texts and nulls left out.
pub(super) fn of_lists(array: &ArrayRef, number: fn(&[&str]) -> Option<f64>) -> Result<ArrayRef> {
    let texts = DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)));
    let lists = cast(array, &texts)?;
    let of_list = |list: Option<ArrayRef>| {
        let list = list?;
        number(&list.as_string::<i32>().iter().flatten().collect::<Vec<_>>())
    };
    let rows: Float64Array = lists.as_list::<i32>().iter().map(of_list).collect();
    debug_assert_eq!(rows.len(), array.len());
    Ok(Arc::new(rows))
}

fn compute(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    of_lists(&arrays[0], flip_rate)
}

fn flip_rate(values: &[&str]) -> Option<f64> {
    let flips = values.windows(2).filter(|pair| pair[0] != pair[1]).count();
    (values.len() > 1).then(|| flips as f64 / (values.len() - 1) as f64)
}

#[cfg(test)]
mod tests {
    use super::flip_rate;

    #[test]
    fn a_list_flips_at_its_changes() {
        assert_eq!(flip_rate(&["pass", "fail", "fail", "pass", "pass"]), Some(0.5));
        assert_eq!(flip_rate(&["pass", "pass"]), Some(0.0));
        assert_eq!((flip_rate(&["pass"]), flip_rate(&[])), (None, None));
    }
}
