//! Counts and sums of runs: their rows stand side by side, so they are added without looking up where each belongs.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowNativeTypeOp, ArrowNumericType, AsArray, BooleanArray, Int64Array, PrimitiveArray,
    UInt64Array,
};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::compute;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use arrow::util::bit_iterator::BitSliceIterator;
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;

/// What a function knows of a group.
#[derive(Clone, Copy, Debug)]
pub(super) enum Addition {
    Count,
    Sum,
    /// Count and sum.
    Mean,
}

impl Addition {
    /// Returns what the function knows of a group; none if that is anything else.
    pub(super) fn of(function: &AggregateFunctionExpr) -> Option<Self> {
        match function.fun().name() {
            _ if function.is_distinct() => None,
            "count" => Some(Self::Count),
            "sum" => Some(Self::Sum),
            "avg" => Some(Self::Mean),
            _ => None,
        }
    }

    /// Returns the states of the runs that begin at `starts`; none if it cannot add such numbers.
    pub(super) fn of_runs(
        self,
        argument: &ArrayRef,
        filter: Option<&BooleanArray>,
        starts: &[u32],
    ) -> Option<Vec<ArrayRef>> {
        let rows = Rows::new(argument, filter, starts);
        let sums = || -> Option<ArrayRef> {
            match (self, argument.data_type()) {
                (_, DataType::Float64) => Some(Arc::new(rows.sums::<Float64Type>(argument.as_primitive()))),
                (Self::Sum, DataType::Int64) => Some(Arc::new(rows.sums::<Int64Type>(argument.as_primitive()))),
                _ => None,
            }
        };
        match self {
            Self::Count => Some(vec![Arc::new(Int64Array::from_iter_values(rows.counts()))]),
            Self::Sum => Some(vec![sums()?]),
            Self::Mean => {
                let counts = rows.counts().map(|count| (count > 0).then_some(count.cast_unsigned()));
                Some(vec![Arc::new(counts.collect::<UInt64Array>()), sums()?])
            }
        }
    }
}

/// The rows of each run that count.
struct Rows<'a> {
    starts: &'a [u32],
    len: usize,
    /// Which rows count, unless all do.
    valid: Option<BooleanBuffer>,
}

impl<'a> Rows<'a> {
    fn new(argument: &ArrayRef, filter: Option<&BooleanArray>, starts: &'a [u32]) -> Self {
        let chosen = filter.map(|filter| match filter.nulls() {
            Some(known) => filter.values() & known.inner(),
            None => filter.values().clone(),
        });
        let known = argument.logical_nulls().map(NullBuffer::into_inner);
        let valid = match (chosen, known) {
            (Some(chosen), Some(known)) => Some(&chosen & &known),
            (chosen, known) => chosen.or(known),
        };
        Self { starts, len: argument.len(), valid }
    }

    fn runs(&self) -> impl Iterator<Item = Range<usize>> {
        let ends = self.starts.iter().skip(1).map(|start| *start as usize).chain([self.len]);
        self.starts.iter().zip(ends).map(|(start, end)| *start as usize..end)
    }

    fn counts(&self) -> impl Iterator<Item = i64> {
        let count = |run: Range<usize>| match &self.valid {
            Some(valid) => valid.slice(run.start, run.len()).count_set_bits(),
            None => run.len(),
        };
        self.runs().map(move |run| count(run) as i64)
    }

    /// Returns the sum of each run; none of a run of which no row counts.
    fn sums<T: ArrowNumericType>(&self, numbers: &PrimitiveArray<T>) -> PrimitiveArray<T> {
        let piece = |start: usize, end: usize| {
            compute::sum(&PrimitiveArray::<T>::new(numbers.values().slice(start, end - start), None))
        };
        let sum = |run: Range<usize>| match &self.valid {
            Some(valid) => BitSliceIterator::new(valid.values(), valid.offset() + run.start, run.len())
                .filter_map(|(start, end)| piece(run.start + start, run.start + end))
                .reduce(|sum, piece| sum.add_wrapping(piece)),
            None => piece(run.start, run.end),
        };
        self.runs().map(sum).collect()
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::Float64Array;

    use super::*;

    #[test]
    fn what_is_filtered_or_unknown_is_not_added() {
        let numbers: ArrayRef = Arc::new(Float64Array::from(vec![Some(1.0), Some(2.0), None, Some(4.0), Some(8.0)]));
        let filter = BooleanArray::from(vec![Some(true), Some(false), Some(true), None, Some(true)]);
        let states = Addition::Mean.of_runs(&numbers, Some(&filter), &[0, 3, 4]).unwrap();
        assert_eq!(states[0].as_ref(), &UInt64Array::from(vec![Some(1), None, Some(1)]));
        assert_eq!(states[1].as_ref(), &Float64Array::from(vec![Some(1.0), None, Some(8.0)]));
        let states = Addition::Mean.of_runs(&numbers, None, &[0, 3]).unwrap();
        assert_eq!(states[1].as_ref(), &Float64Array::from(vec![3.0, 12.0]));
        let states = Addition::Count.of_runs(&numbers, None, &[0, 2]).unwrap();
        assert_eq!(states[0].as_ref(), &Int64Array::from(vec![2, 2]));
        let whole: ArrayRef = Arc::new(Int64Array::from(vec![i64::MAX, 1, 5]));
        let states = Addition::Sum.of_runs(&whole, None, &[0, 2]).unwrap();
        assert_eq!(states[0].as_ref(), &Int64Array::from(vec![i64::MIN, 5]), "as the engine's own");
        assert!(Addition::Mean.of_runs(&whole, None, &[0]).is_none());
    }
}
