//! Fisher's exact test: whether two shares differ by more than chance.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::datatypes::{DataType, Int64Type};
use datafusion::error::Result;
use datafusion::logical_expr::{Signature, Volatility};

use super::{Function, Scalar};

pub(super) const FUNCTION: Function = Function {
    call: "fisher_exact(a, b, c, d)",
    returns: "double precision",
    about: "the probability that chance alone makes two shares differ as much as a of a + b and c of c + d do, from 0 to 1",
    formula: "over all tables with the same sums: Σ P(table) where P(table) ≤ P(this), P hypergeometric (two-sided); null \
        where a count is negative or their sum is over 10 million",
    source: "R. A. Fisher, On the Interpretation of χ² from Contingency Tables, JRSS 85 (1922); two-sided as in R's fisher.test",
    example: "SELECT fisher_exact(3, 1, 1, 3) AS p",
};

/// Counts that are summed: more would take long.
const MOST: i64 = 10_000_000;

pub(super) fn scalar() -> Scalar {
    let signature = Signature::exact(vec![DataType::Int64; 4], Volatility::Immutable);
    Scalar { name: "fisher_exact", signature, returns: DataType::Float64, compute }
}

fn compute(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let column = |place: usize| arrays[place].as_primitive::<Int64Type>().iter();
    let rows = column(0).zip(column(1)).zip(column(2).zip(column(3)));
    let rows = rows.map(|((a, b), (c, d))| fisher(a?, b?, c?, d?));
    Ok(Arc::new(rows.collect::<Float64Array>()))
}

fn fisher(a: i64, b: i64, c: i64, d: i64) -> Option<f64> {
    let counts = [a, b, c, d];
    let is_sound = counts.iter().all(|count| (0..=MOST).contains(count)) && counts.iter().sum::<i64>() <= MOST;
    if !is_sound {
        return None;
    }
    let (first, second, both) = (a + b, c + d, a + c);
    let (low, high) = ((both - second).max(0), both.min(first));
    // The ratio of neighbours is simple; from the likeliest table on, terms fall, and those too small to count are left.
    let ratio = |x: i64| (first - x) as f64 * (both - x) as f64 / ((x + 1) as f64 * (second - both + x + 1) as f64);
    let mode = (((both + 1) as f64 * (first + 1) as f64) / (first + second + 2) as f64).floor() as i64;
    let mode = mode.clamp(low, high);
    let mut weights = vec![(mode, 1.0)];
    let mut weight = 1.0;
    for x in mode..high {
        weight *= ratio(x);
        if weight < f64::MIN_POSITIVE {
            break;
        }
        weights.push((x + 1, weight));
    }
    weight = 1.0;
    for x in (low..mode).rev() {
        weight /= ratio(x);
        if weight < f64::MIN_POSITIVE {
            break;
        }
        weights.push((x, weight));
    }
    let own = weights.iter().find(|(x, _)| *x == a).map_or(0.0, |(_, weight)| *weight);
    let all: f64 = weights.iter().map(|(_, weight)| weight).sum();
    // Equal tables differ in the last bits: R allows one in ten million.
    let extreme: f64 =
        weights.iter().filter(|(_, weight)| *weight <= own * (1.0 + 1e-7)).map(|(_, weight)| weight).sum();
    Some((extreme / all).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::fisher;

    #[test]
    fn the_lady_tastes_tea_as_in_r() {
        // R's fisher.test(matrix(c(a, b, c, d), 2))$p.value.
        for (a, b, c, d, p) in
            [(3, 1, 1, 3, 0.485_714), (10, 2, 3, 15, 0.000_536_7), (0, 0, 0, 0, 1.0), (1, 9, 11, 3, 0.002_759_5)]
        {
            let found = fisher(a, b, c, d).unwrap();
            assert!((found - p).abs() < 1e-6, "{a} {b} {c} {d}: {found}");
        }
        assert_eq!((fisher(-1, 1, 1, 1), fisher(i64::MAX, 1, 1, 1)), (None, None));
        assert!(fisher(4_000_000, 1_000_000, 1_000_000, 4_000_000).unwrap() < 1e-100);
    }
}
