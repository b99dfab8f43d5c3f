//! What the library writes wrongly, written here: composites with nulls in them, and numbers with many digits.
//!
//! Columns of both become texts (or bytes) as the protocol has them; their types are still told to the client.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, ListArray, RecordBatch, RecordBatchOptions, StringBuilder, StructArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Field, Schema};
use arrow::error::ArrowError;
use arrow_pg::datatypes::encode_recordbatch;
use pgwire::api::portal::Format;
use pgwire::api::results::{FieldFormat, FieldInfo};
use pgwire::error::{PgWireError, PgWireResult};

use super::error::failed;
use super::rows::{cells, fields};

/// Returns a batch with the columns written that the library would write wrongly.
pub(super) fn written(batch: &RecordBatch, fields: &[FieldInfo]) -> PgWireResult<RecordBatch> {
    let columns =
        batch.columns().iter().zip(fields).map(|(column, field)| match (column.data_type(), field.format()) {
            (DataType::Struct(_), FieldFormat::Text) => composites(column.as_struct()),
            (DataType::List(_), FieldFormat::Text) => lists(column),
            (DataType::Decimal128(_, _), FieldFormat::Text) => cast(column, &DataType::Utf8).map_err(internal),
            (DataType::Decimal128(_, scale), FieldFormat::Binary) => Ok(numbers(column, *scale)),
            _ => Ok(Arc::clone(column)),
        });
    let columns = columns.collect::<PgWireResult<Vec<_>>>()?;
    let fields = batch.schema_ref().fields().iter().zip(&columns);
    let fields = fields.map(|(field, column)| match column.data_type() == field.data_type() {
        true => Arc::clone(field),
        false => Arc::new(Field::new(field.name(), column.data_type().clone(), true)),
    });
    table(fields.collect::<Vec<_>>(), columns, batch.num_rows())
}

fn table(fields: Vec<Arc<Field>>, columns: Vec<ArrayRef>, rows: usize) -> PgWireResult<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options).map_err(internal)
}

fn internal(error: ArrowError) -> PgWireError {
    failed("XX000", error.to_string())
}

/// Writes composites: `(a,,"","b c")`, where nothing between two commas is null.
fn composites(column: &StructArray) -> PgWireResult<ArrayRef> {
    let parts = column.fields().iter().map(|field| Arc::new(field.as_ref().clone().with_nullable(true))).collect();
    let parts = table(parts, column.columns().to_vec(), column.len())?;
    let infos = Arc::new(fields(parts.schema_ref(), &Format::UnifiedText)?);
    let mut texts = StringBuilder::new();
    for (row, encoded) in encode_recordbatch(Arc::clone(&infos), written(&parts, &infos)?).enumerate() {
        let cells: Vec<_> = cells(&encoded?.data).map(|cell| cell.map_or_else(String::new, quoted)).collect();
        texts.append_option(column.is_valid(row).then(|| format!("({})", cells.join(","))));
    }
    Ok(Arc::new(texts.finish()))
}

/// Writes a part of a composite (PostgreSQL 16, 8.16.6).
fn quoted(cell: &[u8]) -> String {
    let text = String::from_utf8_lossy(cell);
    let needs = |part: char| matches!(part, '"' | '\\' | '(' | ')' | ',') || part.is_whitespace();
    match text.is_empty() || text.contains(needs) {
        true => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\"\"")),
        false => text.into_owned(),
    }
}

/// Writes the composites and numbers of lists.
fn lists(column: &ArrayRef) -> PgWireResult<ArrayRef> {
    let list: &ListArray = column.as_list();
    let values = match list.value_type() {
        DataType::Struct(_) => composites(list.values().as_struct())?,
        DataType::Decimal128(_, _) => cast(list.values(), &DataType::Utf8).map_err(internal)?,
        _ => return Ok(Arc::clone(column)),
    };
    let field = Arc::new(Field::new_list_field(DataType::Utf8, true));
    let (offsets, nulls) = (list.offsets().clone(), list.nulls().cloned());
    Ok(Arc::new(ListArray::try_new(field, offsets, values, nulls).map_err(internal)?))
}

/// Writes numbers as Postgres keeps them: groups of four digits from the point on.
fn numbers(column: &ArrayRef, scale: i8) -> ArrayRef {
    let all = column.as_primitive::<Decimal128Type>().iter();
    Arc::new(all.map(|number| number.map(|number| groups(number, scale))).collect::<BinaryArray>())
}

fn groups(number: i128, scale: i8) -> Vec<u8> {
    let shown = u16::from(scale.max(0).unsigned_abs());
    let behind = usize::from(shown.div_ceil(4));
    let mut digits = number.unsigned_abs().to_string();
    // A negative scale means noughts that are not kept; then noughts fill the last group behind the point.
    digits.push_str(&"0".repeat(usize::from((-i16::from(scale)).max(0).unsigned_abs())));
    digits.push_str(&"0".repeat(4 * behind - usize::from(shown)));
    let length = digits.len().div_ceil(4).max(behind) * 4;
    let digits = format!("{digits:0>length$}");
    let group = |digits: &[u8]| digits.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
    let mut groups: Vec<u16> = digits.as_bytes().chunks(4).map(group).collect();
    let mut weight = groups.len() as i16 - behind as i16 - 1;
    let leading = groups.iter().take_while(|group| **group == 0).count();
    groups.drain(..leading);
    weight -= leading as i16;
    while groups.last() == Some(&0) {
        groups.pop();
    }
    let (count, weight) = (groups.len() as u16, if groups.is_empty() { 0 } else { weight as u16 });
    let sign = if number < 0 { 0x4000 } else { 0 };
    [count, weight, sign, shown].into_iter().chain(groups).flat_map(u16::to_be_bytes).collect()
}

#[cfg(test)]
mod tests {
    use arrow::array::StringArray;

    use super::*;

    #[test]
    fn numbers_are_kept_in_groups_of_four_digits() {
        let words = |number, scale| {
            let bytes = groups(number, scale);
            bytes.chunks(2).map(|word| u16::from_be_bytes([word[0], word[1]])).collect::<Vec<_>>()
        };
        assert_eq!(words(-150, 2), [2, 0, 0x4000, 2, 1, 5000]);
        assert_eq!(words(7, 4), [1, 0xffff, 0, 4, 7]);
        assert_eq!(words(0, 10), [0, 0, 0, 10]);
        assert_eq!(words(123_450_000, 0), [2, 2, 0, 0, 1, 2345]);
        assert_eq!(words(5, -4), [1, 1, 0, 0, 5]);
    }

    #[test]
    fn nulls_and_empty_texts_differ_in_composites() {
        let parts: [(&str, ArrayRef); 3] = [
            ("a", Arc::new(StringArray::from(vec![Some("x"), None]))),
            ("b", Arc::new(StringArray::from(vec![None, Some("")]))),
            ("c", Arc::new(StringArray::from(vec![Some("\"(,\\"), Some("y z")]))),
        ];
        let column = RecordBatch::try_from_iter_with_nullable(parts.map(|(name, part)| (name, part, true)));
        let column: StructArray = column.unwrap().into();
        let written = composites(&column).unwrap();
        let written: Vec<_> = written.as_string::<i32>().iter().flatten().collect();
        assert_eq!(written, ["(x,,\"\"\"(,\\\\\")", "(,\"\",\"y z\")"]);
    }
}
