//! Lists of numbers as they come in, and lists of rows as they go out, for functions that read a whole series.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array, ListArray, StructArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Fields, Float64Type, Int64Type};
use datafusion::error::Result;

/// A column of the rows that go out: its name, and whether it holds whole numbers.
pub(super) type Column = (&'static str, bool);

/// Returns the type of lists of rows.
pub(super) fn rows_type(columns: &[Column]) -> DataType {
    DataType::List(Arc::new(Field::new_list_field(DataType::Struct(fields(columns)), true)))
}

fn fields(columns: &[Column]) -> Fields {
    let field = |(name, is_whole): &Column| {
        Field::new(*name, if *is_whole { DataType::Int64 } else { DataType::Float64 }, true)
    };
    columns.iter().map(field).collect()
}

/// Returns lists of rows; `None` is null.
pub(super) fn of_rows<const N: usize>(columns: &[Column; N], lists: Vec<Option<Vec<[f64; N]>>>) -> Result<ArrayRef> {
    let nulls: NullBuffer = lists.iter().map(Option::is_some).collect();
    let offsets = OffsetBuffer::from_lengths(lists.iter().map(|list| list.as_ref().map_or(0, Vec::len)));
    let rows: Vec<[f64; N]> = lists.into_iter().flatten().flatten().collect();
    let column = |(at, (_, is_whole)): (usize, &Column)| -> ArrayRef {
        let values = rows.iter().map(|row| row[at]);
        match is_whole {
            true => Arc::new(values.map(|value| value as i64).collect::<Int64Array>()),
            false => Arc::new(values.map(Some).collect::<Float64Array>()),
        }
    };
    let values = columns.iter().enumerate().map(column).collect();
    let rows = StructArray::try_new_with_length(fields(columns), values, None, rows.len())?;
    let DataType::List(item) = rows_type(columns) else { unreachable!("rows are lists") };
    Ok(Arc::new(ListArray::try_new(item, offsets, Arc::new(rows), Some(nulls))?))
}

/// Returns each list as whole numbers, null as 0; a list that is null is `None`.
pub(super) fn ints(array: &ArrayRef) -> Result<Vec<Option<Vec<i64>>>> {
    let lists = cast(array, &DataType::List(Arc::new(Field::new_list_field(DataType::Int64, true))))?;
    let list = |list: ArrayRef| list.as_primitive::<Int64Type>().iter().map(Option::unwrap_or_default).collect();
    Ok(lists.as_list::<i32>().iter().map(|item| item.map(list)).collect())
}

/// Returns each list as numbers, nulls left out; a list that is null is `None`.
pub(super) fn floats(array: &ArrayRef) -> Result<Vec<Option<Vec<f64>>>> {
    let lists = cast(array, &DataType::List(Arc::new(Field::new_list_field(DataType::Float64, true))))?;
    let list = |list: ArrayRef| list.as_primitive::<Float64Type>().iter().flatten().collect();
    Ok(lists.as_list::<i32>().iter().map(|item| item.map(list)).collect())
}

/// Returns a column of numbers.
pub(super) fn numbers(array: &ArrayRef) -> Result<Float64Array> {
    Ok(cast(array, &DataType::Float64)?.as_primitive::<Float64Type>().clone())
}
