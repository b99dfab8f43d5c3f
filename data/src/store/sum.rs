//! Rows that only differ in what they count become one row when files are merged.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::Int64Type;
use deltalake::DeltaTableError;

use crate::schema::Table;

/// Adds up neighbours of one key, given by where each begins; the sum came with the newest of its batches.
///
/// Rows of one key that are not neighbours stay apart: whoever reads them adds them up.
pub(super) fn neighbours(table: &Table, rows: &RecordBatch, begins: &[u32]) -> Result<RecordBatch, DeltaTableError> {
    let first = UInt32Array::from(begins.to_vec());
    let column = |(index, column): (usize, &ArrayRef)| -> Result<ArrayRef, DeltaTableError> {
        let name = table.columns[index].name;
        if !table.sums.contains(&name) && name != "batch" {
            return Ok(take(column, &first, None)?);
        }
        let values = column.as_primitive::<Int64Type>().values();
        let ends = begins.iter().skip(1).copied().chain([rows.num_rows() as u32]);
        let of = |(begin, end): (&u32, u32)| {
            let values = values[*begin as usize..end as usize].iter().copied();
            if name == "batch" { values.max().unwrap_or(0) } else { values.fold(0, i64::saturating_add) }
        };
        Ok(Arc::new(Int64Array::from_iter_values(begins.iter().zip(ends).map(of))))
    };
    let columns = rows.columns().iter().enumerate().map(column).collect::<Result<_, _>>()?;
    Ok(RecordBatch::try_new(rows.schema(), columns)?)
}
