//! Where a sequence of numbers changes its level.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Builder, ListBuilder};
use arrow::datatypes::{DataType, Field};
use datafusion::error::{DataFusionError, Result};

use super::flip_rate::list;
use super::list::floats;
use super::{Function, Scalar};

pub(super) const FUNCTION: Function = Function {
    call: "changepoints(list)",
    returns: "bigint[]",
    about: "the places of a list, from 1, at which its values come to another level that lasts; nulls and what is no number are \
        left out, and their places do not count; of failure rates failure_steps tells more, of lengths duration_steps",
    formula: "binary segmentation: a segment is cut where the squared distances to its means fall most, if they fall by more than \
        3 σ² ln n and each side has at least 3 values; σ is 1.4826 times the median of |neighbours' differences|, over √2",
    source: "A. J. Scott and M. Knott, A Cluster Analysis Method for Grouping Means, Biometrics 30 (1974); σ robust as in \
        P. Fryzlewicz, Wild Binary Segmentation, Ann. Statist. 42 (2014)",
    example: "SELECT changepoints(array[10, 11, 10, 11, 30, 31, 30, 31]) AS places",
};

/// Values on each side of a change.
const SIDE: usize = 3;
/// Values of a list that are looked at.
const MOST: usize = 100_000;
/// What a change must gain, in σ² ln n.
const PENALTY: f64 = 3.0;

pub(super) fn scalar() -> Scalar {
    let returns = DataType::List(Arc::new(Field::new_list_field(DataType::Int64, true)));
    Scalar { name: "changepoints", signature: list(), returns, compute }
}

fn compute(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let mut places = ListBuilder::new(Int64Builder::new());
    for list in floats(&arrays[0])? {
        let values = list.map(|list| list.into_iter().filter(|value| value.is_finite()).collect::<Vec<_>>());
        if values.as_ref().is_some_and(|values| values.len() > MOST) {
            return Err(DataFusionError::Execution(format!("changepoints looks at lists of at most {MOST} values")));
        }
        let found = values.map(|values| changepoints(&values));
        places.append_option(found.map(|found| found.into_iter().map(|place| Some(place as i64 + 1))));
    }
    Ok(Arc::new(places.finish()))
}

/// Returns the first places of new levels, from 0.
fn changepoints(values: &[f64]) -> Vec<usize> {
    let bound = PENALTY * noise(values).powi(2) * (values.len() as f64).max(1.0).ln();
    let mut sums = vec![(0.0, 0.0)];
    for value in values {
        let (sum, squares) = sums[sums.len() - 1];
        sums.push((sum + value, squares + value * value));
    }
    let (mut found, mut segments) = (Vec::new(), vec![(0, values.len())]);
    while let Some((from, to)) = segments.pop() {
        let Some((place, gain)) = cut(&sums, from, to) else { continue };
        // What is exactly level has no noise, and any step in it is a change.
        if gain > bound && gain > f64::EPSILON * sums[values.len()].1 {
            found.push(place);
            segments.extend([(from, place), (place, to)]);
        }
    }
    found.sort_unstable();
    found
}

/// Returns the best place to cut a segment, and by how much the squared distances to the means fall.
fn cut(sums: &[(f64, f64)], from: usize, to: usize) -> Option<(usize, f64)> {
    let distance = |from: usize, to: usize| {
        let (sum, squares) = (sums[to].0 - sums[from].0, sums[to].1 - sums[from].1);
        squares - sum * sum / (to - from) as f64
    };
    let whole = distance(from, to);
    let places = (from + SIDE)..=(to.checked_sub(SIDE)?);
    let gains = places.map(|place| (place, whole - distance(from, place) - distance(place, to)));
    gains.max_by(|a, b| a.1.total_cmp(&b.1))
}

/// Returns how much neighbours differ by chance.
fn noise(values: &[f64]) -> f64 {
    let mut steps: Vec<f64> = values.windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect();
    if steps.is_empty() {
        return 0.0;
    }
    let middle = steps.len() / 2;
    let (_, median, _) = steps.select_nth_unstable_by(middle, f64::total_cmp);
    1.4826 * *median / std::f64::consts::SQRT_2
}

#[cfg(test)]
mod tests {
    use super::changepoints;

    #[test]
    fn levels_are_told_from_noise() {
        let wave = |i: usize| ((i * 7919) % 13) as f64 / 13.0;
        let steady: Vec<f64> = (0..200).map(wave).collect();
        assert!(changepoints(&steady).is_empty());
        let step: Vec<f64> = (0..200).map(|i| wave(i) + if i < 120 { 0.0 } else { 5.0 }).collect();
        assert_eq!(changepoints(&step), [120]);
        let visit: Vec<f64> = (0..90).map(|i| wave(i) + if (30..60).contains(&i) { 9.0 } else { 0.0 }).collect();
        assert_eq!(changepoints(&visit), [30, 60]);
        assert_eq!(changepoints(&[1.0, 1.0, 1.0, 2.0, 2.0, 2.0]), [3]);
        assert!(changepoints(&[]).is_empty() && changepoints(&[1.0, 50.0]).is_empty());
        assert!(changepoints(&[4.0; 50]).is_empty());
    }
}
