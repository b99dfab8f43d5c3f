//! JSON: an array of objects, one object per line, or arrays under a list of columns.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::Schema;
use arrow::error::ArrowError;
use arrow::json::WriterBuilder;
use arrow::json::writer::{JsonArray, LineDelimited};
use serde_json::{Map, Value};

use super::{Document, Error};

fn builder() -> WriterBuilder {
    WriterBuilder::new().with_explicit_nulls(true)
}

pub(super) fn write(document: &Document<'_>) -> Result<Vec<u8>, Error> {
    let mut writer = builder().build::<_, JsonArray>(Vec::new());
    writer.write_batches(&document.batches.iter().collect::<Vec<_>>())?;
    writer.finish()?;
    let text = writer.into_inner();
    Ok(if text.is_empty() { b"[]".to_vec() } else { text })
}

pub(super) fn write_lines(document: &Document<'_>) -> Result<Vec<u8>, Error> {
    let mut text = Vec::new();
    for batch in document.batches {
        text.extend(lines(batch)?);
    }
    Ok(text)
}

/// Writes one object per line.
pub(super) fn lines(batch: &RecordBatch) -> Result<Vec<u8>, Error> {
    let mut writer = builder().build::<_, LineDelimited>(Vec::new());
    writer.write(batch)?;
    writer.finish()?;
    Ok(writer.into_inner())
}

/// Returns the rows as arrays in the order of the columns.
///
/// Ids are hashes of 64 bits, which JavaScript's numbers cannot hold: `texts` writes whole numbers as texts.
///
/// # Errors
/// Fails for types that JSON does not know.
pub fn arrays(batches: &[RecordBatch], texts: bool) -> Result<Vec<Value>, Error> {
    let mut rows = Vec::new();
    for batch in batches {
        let mut writer = builder().build::<_, JsonArray>(Vec::new());
        writer.write(&numbered(batch)?)?;
        writer.finish()?;
        let read: Vec<Map<String, Value>> =
            serde_json::from_slice(&writer.into_inner()).map_err(|e| ArrowError::JsonError(e.to_string()))?;
        rows.extend(read.into_iter().map(|mut row| {
            let mut value = |place: usize| row.remove(&place.to_string()).unwrap_or(Value::Null);
            Value::Array((0..batch.num_columns()).map(|place| whole(value(place), texts)).collect())
        }));
    }
    Ok(rows)
}

/// Returns a batch whose columns are named by their places: several may have one name, of which an object keeps one.
fn numbered(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let schema = batch.schema();
    let fields = schema.fields().iter().enumerate();
    let fields: Vec<_> = fields.map(|(place, field)| field.as_ref().clone().with_name(place.to_string())).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), batch.columns().to_vec(), &options)
}

fn whole(value: Value, texts: bool) -> Value {
    match value {
        Value::Number(n) if texts && (n.is_i64() || n.is_u64()) => Value::String(n.to_string()),
        other => other,
    }
}
