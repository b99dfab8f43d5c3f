//! How mixed a list is.

use std::collections::BTreeMap;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::error::Result;

use super::flip_rate::{list, of_lists};
use super::{Function, Scalar};

pub(super) const FUNCTION: Function = Function {
    call: "entropy(list)",
    returns: "double precision",
    about: "how mixed the values of a list are, in bits: 0 where all are one, 1 where two are equally many; nulls are left out",
    formula: "−Σ p log₂ p over the share p of each distinct value; null of an empty list",
    source: "C. E. Shannon, A Mathematical Theory of Communication, 1948",
    example: "SELECT name, entropy(array_agg(verdict)) AS bits FROM test_grid GROUP BY name",
};

pub(super) fn scalar() -> Scalar {
    Scalar { name: "entropy", signature: list(), returns: DataType::Float64, compute }
}

fn compute(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    of_lists(&arrays[0], entropy)
}

fn entropy(values: &[&str]) -> Option<f64> {
    let mut counts: BTreeMap<&str, f64> = BTreeMap::new();
    values.iter().for_each(|value| *counts.entry(value).or_default() += 1.0);
    let total = values.len() as f64;
    let bits = |count: &f64| -(count / total) * (count / total).log2();
    // Of a single value the sum is a negative zero.
    (total > 0.0).then(|| counts.values().map(bits).sum::<f64>().abs())
}

#[cfg(test)]
mod tests {
    use super::entropy;

    #[test]
    fn even_mixtures_have_most() {
        assert_eq!(entropy(&["a", "b", "a", "b"]), Some(1.0));
        assert_eq!(entropy(&["a", "b", "c", "d"]), Some(2.0));
        assert_eq!((entropy(&["a"; 9]), entropy(&[])), (Some(0.0), None));
        assert!((entropy(&["a", "a", "a", "b"]).unwrap() - 0.811_278).abs() < 1e-6);
    }
}
