//! How wide values are: what repeats a value needs its bytes as often.

use std::ops::Range;

use arrow::array::{Array, AsArray};
use arrow::datatypes::DataType;

/// Returns the bytes of the widest value.
pub(super) fn of(array: &dyn Array) -> usize {
    (0..array.len()).map(|row| bytes(array, row..row + 1)).max().unwrap_or_default()
}

/// Returns the bytes of the values of some rows. A text in a view counts as the view: whoever repeats it shares the text.
pub(super) fn bytes(array: &dyn Array, rows: Range<usize>) -> usize {
    let narrow = |offsets: &[i32]| offsets[rows.start] as usize..offsets[rows.end] as usize;
    let wide = |offsets: &[i64]| offsets[rows.start] as usize..offsets[rows.end] as usize;
    match array.data_type() {
        DataType::Utf8 => narrow(array.as_string::<i32>().value_offsets()).len(),
        DataType::LargeUtf8 => wide(array.as_string::<i64>().value_offsets()).len(),
        DataType::Binary => narrow(array.as_binary::<i32>().value_offsets()).len(),
        DataType::LargeBinary => wide(array.as_binary::<i64>().value_offsets()).len(),
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            bytes(list.values(), narrow(list.value_offsets()))
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            bytes(list.values(), wide(list.value_offsets()))
        }
        DataType::FixedSizeList(_, length) => {
            let length = *length as usize;
            bytes(array.as_fixed_size_list().values(), rows.start * length..rows.end * length)
        }
        DataType::Map(_, _) => bytes(array.as_map().entries(), narrow(array.as_map().value_offsets())),
        DataType::Struct(_) => array.as_struct().columns().iter().map(|column| bytes(column, rows.clone())).sum(),
        other => rows.len() * other.primitive_width().unwrap_or(16),
    }
}

/// Returns whether values of a type may be of any width and are copied where they are repeated. Texts are bounded by the
/// engine: no column holds more than 2 GiB of them.
pub(super) fn is_any(data_type: &DataType) -> bool {
    match data_type {
        DataType::Struct(fields) => fields.iter().any(|field| is_any(field.data_type())),
        other => other.is_list() || matches!(other, DataType::Map(_, _)),
    }
}
