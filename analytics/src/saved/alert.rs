//! What somebody is to hear of: so many rows, or a value of the first one.

use std::fmt;
use std::str::FromStr;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};

/// A condition on an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// The column whose value in the first row is compared; without one the number of rows is.
    column: Option<String>,
    operator: &'static str,
    bound: f64,
}

const OPERATORS: &[&str] = &["<", "<=", "=", ">", ">="];

impl Alert {
    /// Returns whether an answer is one to hear of; no row and no value are none.
    ///
    /// # Errors
    /// Says so where the answer has no such column, or no numbers in it.
    pub fn is_raised(&self, batches: &[RecordBatch]) -> Result<bool, String> {
        let value = match &self.column {
            None => Some(batches.iter().map(RecordBatch::num_rows).sum::<usize>() as f64),
            Some(column) => first(column, batches)?,
        };
        Ok(value.is_some_and(|value| match self.operator {
            "<" => value < self.bound,
            "<=" => value <= self.bound,
            "=" => value == self.bound,
            ">" => value > self.bound,
            _ => value >= self.bound,
        }))
    }
}

/// Returns the value of a column in the first row.
fn first(column: &str, batches: &[RecordBatch]) -> Result<Option<f64>, String> {
    let Some(batch) = batches.iter().find(|batch| batch.num_rows() > 0) else { return Ok(None) };
    let found = batch.column_by_name(column).ok_or_else(|| format!("the answer has no column `{column}`"))?;
    let values = cast(&found.slice(0, 1), &DataType::Float64).map_err(|_| format!("`{column}` is no number"))?;
    let values = values.as_primitive::<Float64Type>();
    Ok(values.is_valid(0).then(|| values.value(0)))
}

impl FromStr for Alert {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no alert: say `rows > 0`, or `COLUMN >= 5`");
        let words: Vec<_> = text.split_whitespace().collect();
        let [what, operator, bound] = words[..] else { return Err(wrong()) };
        let operator = OPERATORS.iter().find(|known| **known == operator).ok_or_else(wrong)?;
        let bound: f64 = bound.parse().ok().filter(|bound: &f64| bound.is_finite()).ok_or_else(wrong)?;
        Ok(Self { column: (what != "rows").then(|| what.to_owned()), operator, bound })
    }
}

impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.column.as_deref().unwrap_or("rows"), self.operator, self.bound)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, StringArray};

    use super::*;

    fn raised(alert: &str, values: &[Option<i64>]) -> Result<bool, String> {
        let column: ArrayRef = Arc::new(Int64Array::from(values.to_vec()));
        let names: ArrayRef = Arc::new(StringArray::from(vec!["x"; values.len()]));
        let batch = RecordBatch::try_from_iter_with_nullable([("n", column, true), ("name", names, true)]).unwrap();
        alert.parse::<Alert>()?.is_raised(&[batch.slice(0, 0), batch])
    }

    #[test]
    fn rows_are_counted_and_values_compared() {
        assert_eq!(raised("rows > 0", &[]), Ok(false));
        assert_eq!(raised("rows > 0", &[None]), Ok(true));
        assert_eq!(raised("rows = 2", &[Some(1), Some(1)]), Ok(true));
        assert_eq!(raised("n >= 5", &[Some(5), Some(0)]), Ok(true));
        assert_eq!(raised("n < 5", &[Some(5)]), Ok(false));
        assert_eq!((raised("n < 5", &[]), raised("n < 5", &[None])), (Ok(false), Ok(false)), "no value is no alarm");
        assert!(raised("m < 5", &[Some(1)]).unwrap_err().contains("no column `m`"));
        assert!(raised("name < 5", &[Some(1)]).is_ok_and(|raised| !raised) || raised("name < 5", &[Some(1)]).is_err());
        for text in ["rows", "rows ! 0", "rows > many", "rows > NaN", ""] {
            assert!(text.parse::<Alert>().is_err(), "{text}");
        }
    }
}
