//! Where runs of equal values begin, and numbers that come in the same order again and again.

use std::collections::HashMap;
use std::iter;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::buffer::BooleanBuffer;
use arrow::compute::kernels::cmp::distinct;
use arrow::datatypes::Int64Type;
use datafusion::common::hash_utils::RandomState;
use datafusion::error::Result;

/// The different numbers of a column in each run of rows, and which mostly follows which.
pub(super) struct Sequence {
    column: usize,
    /// Columns that are the same in all rows of a run.
    steady: Vec<usize>,
    /// What these are in the last row.
    ends: Vec<ArrayRef>,
    numbers: Vec<i64>,
    /// The place of the first number of this run.
    begin: usize,
    /// The place of the number that last came behind each.
    followers: Vec<usize>,
    /// The places of the numbers of this run.
    places: HashMap<i64, usize, RandomState>,
    /// The place of the last row's number, if its run goes on.
    last: Option<usize>,
}

impl Sequence {
    pub(super) fn new(column: usize, steady: Vec<usize>) -> Self {
        let (numbers, followers, places) = (Vec::new(), Vec::new(), HashMap::default());
        Self { column, steady, ends: Vec::new(), numbers, begin: 0, followers, places, last: None }
    }

    /// Sets the place of each row's number; returns the rows with new numbers.
    pub(super) fn find(&mut self, batch: &RecordBatch, rows: &mut Vec<usize>) -> Result<Vec<u32>> {
        let numbers = batch.column(self.column).as_primitive::<Int64Type>().values();
        let steady: Vec<&ArrayRef> = self.steady.iter().map(|index| batch.column(*index)).collect();
        let starts = starts(&steady)?;
        let ends = starts[1..].iter().copied().chain([numbers.len() as u32]);
        let mut heads = Vec::new();
        for (start, end) in starts.iter().copied().zip(ends) {
            if start > 0 || !self.goes_on(&steady)? {
                self.begin_run();
            }
            for row in start..end {
                rows.push(self.place(row, numbers[row as usize], &mut heads));
            }
        }
        self.ends = steady.iter().map(|column| column.slice(column.len() - 1, 1)).collect();
        Ok(heads)
    }

    /// Returns the place of the next row's number, which may be new.
    fn place(&mut self, row: u32, number: i64, heads: &mut Vec<u32>) -> usize {
        let follower = self.last.map_or(self.begin, |last| self.followers[last]);
        let place = match self.numbers.get(follower) == Some(&number) {
            true => follower,
            false => *self.places.entry(number).or_insert(self.numbers.len()),
        };
        if place == self.numbers.len() {
            self.numbers.push(number);
            self.followers.push(self.begin);
            heads.push(row);
        }
        if let Some(last) = self.last.replace(place) {
            self.followers[last] = place;
        }
        place
    }

    /// Returns whether the first row is of the run of the last row before.
    fn goes_on(&self, steady: &[&ArrayRef]) -> Result<bool> {
        for (end, column) in self.ends.iter().zip(steady) {
            if distinct(end, &column.slice(0, 1))?.value(0) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn begin_run(&mut self) {
        self.begin = self.numbers.len();
        self.places.clear();
        self.last = None;
    }

    pub(super) fn clear(&mut self) {
        self.numbers.clear();
        self.followers.clear();
        self.begin_run();
    }
}

/// Returns the rows at which a run of equal values begins, in `columns` of at least one row.
pub(super) fn starts(columns: &[&ArrayRef]) -> Result<Vec<u32>> {
    let mut turns = BooleanBuffer::new_unset(columns.first().map_or(0, |column| column.len() - 1));
    for column in columns {
        turns = &turns | &turns_of(column)?;
    }
    Ok(iter::once(0).chain(turns.set_indices().map(|row| row as u32 + 1)).collect())
}

/// Returns for each row but the last whether the next has another value.
fn turns_of(column: &ArrayRef) -> Result<BooleanBuffer> {
    let last = column.len() - 1;
    if let Some(texts) = column.as_string_view_opt().filter(|texts| texts.null_count() == 0) {
        // What is seen through the same view is the same text, and a file has each of its texts once.
        let views = texts.views();
        return Ok(BooleanBuffer::collect_bool(last, |row| views[row] != views[row + 1]));
    }
    Ok(distinct(&column.slice(0, last), &column.slice(1, last))?.values().clone())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, StringViewArray};

    use super::*;

    /// Returns the places of numbers, and which rows were new.
    fn places(sequence: &mut Sequence, names: &[&str], numbers: &[i64]) -> (Vec<usize>, Vec<u32>) {
        let names: ArrayRef = Arc::new(StringViewArray::from_iter_values(names));
        let numbers: ArrayRef = Arc::new(Int64Array::from(numbers.to_vec()));
        let (batch, mut rows) = (RecordBatch::try_from_iter([("name", names), ("number", numbers)]), Vec::new());
        let heads = sequence.find(&batch.unwrap(), &mut rows).unwrap();
        (rows, heads)
    }

    #[test]
    fn a_number_has_its_place_whatever_came_before_it() {
        let mut sequence = Sequence::new(1, Vec::new());
        assert_eq!(places(&mut sequence, &["a"; 5], &[7, 5, 7, 7, 9]), (vec![0, 1, 0, 0, 2], vec![0, 1, 4]));
        assert_eq!(places(&mut sequence, &["b"; 6], &[9, 7, 5, 8, 9, 7]), (vec![2, 0, 1, 3, 2, 0], vec![3]));
        sequence.clear();
        assert_eq!(places(&mut sequence, &["b"; 2], &[5, 5]), (vec![0, 0], vec![0]));
    }

    #[test]
    fn a_number_has_another_place_in_each_run() {
        let mut sequence = Sequence::new(1, vec![0]);
        let rows = (["a", "a", "a", "b", "b"], [7, 8, 7, 7, 8]);
        assert_eq!(places(&mut sequence, &rows.0, &rows.1), (vec![0, 1, 0, 2, 3], vec![0, 1, 3, 4]));
        // The run goes on in the next batch.
        assert_eq!(places(&mut sequence, &["b", "b", "a"], &[7, 9, 7]), (vec![2, 4, 5], vec![1, 2]));
    }
}
