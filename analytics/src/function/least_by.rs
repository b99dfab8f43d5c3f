//! The least value of each key, in the order of the keys.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, UInt32Array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type};
use datafusion::common::exec_err;
use datafusion::error::Result;
use datafusion::logical_expr::{Signature, TypeSignature, Volatility};

use super::{Function, Scalar};

pub(super) const FUNCTION: Function = Function {
    call: "least_by(values, keys)",
    returns: "double precision[]",
    about: "of a list of numbers the least for each whole number of a list beside it, in the order of these; a pair with a null is \
        left out. Where no key comes twice it is array_agg(… ORDER BY …), which takes many times as long",
    formula: "a sort of the pairs by key and value, of which the first of each key is taken",
    source: "min_by of Presto and sort_by of Polars, over lists",
    example: "SELECT least_by([0.3, 0.2, 0.1, 0.5], [2, 1, 1, 3]) AS least",
};

pub(super) fn scalar() -> Scalar {
    let signature = Signature::new(TypeSignature::Any(2), Volatility::Immutable);
    Scalar { name: "least_by", signature, returns: list_of(DataType::Float64), compute }
}

fn list_of(item: DataType) -> DataType {
    DataType::List(Arc::new(Field::new_list_field(item, true)))
}

fn compute(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let values = cast(&arrays[0], &list_of(DataType::Float64))?;
    let keys = cast(&arrays[1], &list_of(DataType::Int64))?;
    let (values, keys) = (values.as_list::<i32>(), keys.as_list::<i32>());
    let (numbers, of_numbers) =
        (values.values().as_primitive::<Float64Type>(), keys.values().as_primitive::<Int64Type>());
    let (mut taken, mut lengths, mut pairs) = (Vec::new(), Vec::with_capacity(values.len()), Vec::new());
    for row in 0..values.len() {
        let length = values.value_length(row);
        if length != keys.value_length(row) && values.is_valid(row) && keys.is_valid(row) {
            return exec_err!("least_by: {length} values beside {} keys", keys.value_length(row));
        }
        let pair = |place: i32| {
            let (value, key) =
                ((values.value_offsets()[row] + place) as usize, (keys.value_offsets()[row] + place) as usize);
            (numbers.is_valid(value) && of_numbers.is_valid(key)).then(|| (of_numbers.value(key), value))
        };
        pairs.clear();
        if values.is_valid(row) && keys.is_valid(row) {
            pairs.extend((0..length).filter_map(pair));
        }
        pairs
            .sort_by(|left, right| left.0.cmp(&right.0).then(numbers.value(left.1).total_cmp(&numbers.value(right.1))));
        pairs.dedup_by_key(|(key, _)| *key);
        taken.extend(pairs.iter().map(|(_, value)| *value as u32));
        lengths.push(pairs.len());
    }
    let least = take(numbers, &UInt32Array::from(taken), None)?;
    let DataType::List(item) = list_of(DataType::Float64) else { unreachable!("it is a list") };
    let nulls = NullBuffer::union(values.nulls(), keys.nulls());
    Ok(Arc::new(ListArray::try_new(item, OffsetBuffer::from_lengths(lengths), least, nulls)?))
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::ArrowPrimitiveType;

    use super::*;

    fn lists<T: ArrowPrimitiveType>(rows: Vec<Option<Vec<Option<T::Native>>>>) -> ArrayRef {
        Arc::new(ListArray::from_iter_primitive::<T, _, _>(rows))
    }

    #[test]
    fn each_key_has_its_least_value() {
        let values = vec![
            Some(vec![Some(9.0)]),
            Some(vec![Some(1.0), Some(2.0), None, Some(0.5), Some(7.0)]),
            None,
            Some(vec![]),
            Some(vec![Some(5.0), Some(4.0)]),
        ];
        let keys = vec![
            Some(vec![Some(9)]),
            Some(vec![Some(3), Some(-1), Some(2), Some(3), None]),
            Some(vec![Some(1)]),
            Some(vec![]),
            Some(vec![Some(9), Some(8)]),
        ];
        // As part of a longer column, whose lists begin further on.
        let sliced = |lists: ArrayRef| lists.slice(1, 4);
        let least = compute(&[sliced(lists::<Float64Type>(values)), sliced(lists::<Int64Type>(keys))]).unwrap();
        let expected = lists::<Float64Type>(vec![
            Some(vec![Some(2.0), Some(0.5)]),
            None,
            Some(vec![]),
            Some(vec![Some(4.0), Some(5.0)]),
        ]);
        assert_eq!(least.as_list::<i32>(), expected.as_list::<i32>());
    }

    #[test]
    fn lists_that_do_not_fit_are_refused() {
        let one = |numbers: Vec<i64>| lists::<Int64Type>(vec![Some(numbers.into_iter().map(Some).collect())]);
        let error = compute(&[one(vec![1, 2]), one(vec![1])]).unwrap_err();
        assert!(error.to_string().contains("2 values beside 1 keys"), "{error}");
    }
}
