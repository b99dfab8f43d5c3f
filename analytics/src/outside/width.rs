//! How wide values are: what repeats a value needs its bytes as often.

use arrow::array::{Array, AsArray};
use arrow::datatypes::DataType;

/// Returns the bytes of the widest value, at most. A text in a view counts as the view: whoever repeats it shares the text.
pub(super) fn of(array: &dyn Array) -> usize {
    let longest = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or_default();
    match array.data_type() {
        DataType::Utf8 => longest(&mut array.as_string::<i32>().offsets().lengths()),
        DataType::LargeUtf8 => longest(&mut array.as_string::<i64>().offsets().lengths()),
        DataType::Binary => longest(&mut array.as_binary::<i32>().offsets().lengths()),
        DataType::LargeBinary => longest(&mut array.as_binary::<i64>().offsets().lengths()),
        DataType::List(_) => {
            of_list(array.as_list::<i32>().values(), longest(&mut array.as_list::<i32>().offsets().lengths()))
        }
        DataType::LargeList(_) => {
            of_list(array.as_list::<i64>().values(), longest(&mut array.as_list::<i64>().offsets().lengths()))
        }
        DataType::FixedSizeList(_, length) => of_list(array.as_fixed_size_list().values(), *length as usize),
        DataType::Map(_, _) => of_list(array.as_map().entries(), longest(&mut array.as_map().offsets().lengths())),
        DataType::Struct(_) => array.as_struct().columns().iter().map(|column| of(column)).sum(),
        other => other.primitive_width().unwrap_or(16),
    }
}

fn of_list(values: &dyn Array, length: usize) -> usize {
    length.saturating_mul(of(values))
}

/// Returns whether values of a type may be of any width and are copied where they are repeated. Texts are bounded by the
/// engine: no column holds more than 2 GiB of them.
pub(super) fn is_any(data_type: &DataType) -> bool {
    match data_type {
        DataType::Struct(fields) => fields.iter().any(|field| is_any(field.data_type())),
        other => other.is_list() || matches!(other, DataType::Map(_, _)),
    }
}
