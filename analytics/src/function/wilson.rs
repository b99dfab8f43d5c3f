//! The Wilson score interval: how sure a share of few trials is.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array};
use arrow::datatypes::{DataType, Float64Type};
use datafusion::error::Result;
use datafusion::logical_expr::{Signature, Volatility};

use super::{Function, Scalar};

const FORMULA: &str = "with p = count / total, n = total, z = 1.959964: \
    (p + z²/2n ∓ z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n); null where total is not positive or count is not within 0 and total";
const SOURCE: &str =
    "E. B. Wilson, Probable Inference, the Law of Succession, and Statistical Inference, JASA 22 (1927)";

pub(super) const LOW: Function = Function {
    call: "wilson_low(count, total)",
    returns: "double precision",
    about: "the lower end of the 95 % interval of the share count / total, from 0 to 1",
    formula: FORMULA,
    source: SOURCE,
    example: "SELECT wilson_low(9, 10) AS low, wilson_high(9, 10) AS high",
};

pub(super) const HIGH: Function = Function {
    call: "wilson_high(count, total)",
    returns: "double precision",
    about: "the upper end of the 95 % interval of the share count / total, from 0 to 1",
    formula: FORMULA,
    source: SOURCE,
    example: "SELECT wilson_high(0, 20) AS high",
};

/// The quantile of the normal distribution that leaves 2.5 % on either side.
const Z: f64 = 1.959_963_984_540_054;

pub(super) fn low() -> Scalar {
    scalar("wilson_low", |arrays| bound(arrays, -1.0))
}

pub(super) fn high() -> Scalar {
    scalar("wilson_high", |arrays| bound(arrays, 1.0))
}

fn scalar(name: &'static str, compute: fn(&[ArrayRef]) -> Result<ArrayRef>) -> Scalar {
    let signature = Signature::exact(vec![DataType::Float64, DataType::Float64], Volatility::Immutable);
    Scalar { name, signature, returns: DataType::Float64, compute }
}

fn bound(arrays: &[ArrayRef], side: f64) -> Result<ArrayRef> {
    let (counts, totals) = (arrays[0].as_primitive::<Float64Type>(), arrays[1].as_primitive::<Float64Type>());
    let rows = counts.iter().zip(totals).map(|(count, total)| wilson(count?, total?, side));
    Ok(Arc::new(rows.collect::<Float64Array>()))
}

fn wilson(count: f64, total: f64, side: f64) -> Option<f64> {
    if !(total > 0.0 && (0.0..=total).contains(&count)) {
        return None;
    }
    let (p, n, z2) = (count / total, total, Z * Z);
    let spread = Z * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    Some(((p + z2 / (2.0 * n) + side * spread) / (1.0 + z2 / n)).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::wilson;

    #[test]
    fn known_intervals() {
        // Agresti and Coull, The American Statistician 52 (1998), and R's prop.test(…, correct = FALSE).
        for (count, total, low, high) in
            [(9.0, 10.0, 0.595_850, 0.982_124), (0.0, 20.0, 0.0, 0.161_125), (5.0, 10.0, 0.236_593, 0.763_407)]
        {
            assert!((wilson(count, total, -1.0).unwrap() - low).abs() < 1e-6, "{count} of {total}");
            assert!((wilson(count, total, 1.0).unwrap() - high).abs() < 1e-6, "{count} of {total}");
        }
        for (count, total) in [(1.0, 0.0), (2.0, 1.0), (-1.0, 5.0), (f64::NAN, 5.0), (1.0, f64::NAN)] {
            assert_eq!(wilson(count, total, 1.0), None);
        }
    }
}
