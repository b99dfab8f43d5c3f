//! JSON: an array of objects, one object per line, or arrays under a list of columns.

use arrow::array::RecordBatch;
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
        writer.write(batch)?;
        writer.finish()?;
        let read: Vec<Map<String, Value>> =
            serde_json::from_slice(&writer.into_inner()).map_err(|e| ArrowError::JsonError(e.to_string()))?;
        let schema = batch.schema();
        rows.extend(read.into_iter().map(|mut row| {
            let mut value = |name: &String| row.remove(name).unwrap_or(Value::Null);
            Value::Array(schema.fields().iter().map(|f| value(f.name())).map(|v| whole(v, texts)).collect())
        }));
    }
    Ok(rows)
}

fn whole(value: Value, texts: bool) -> Value {
    match value {
        Value::Number(n) if texts && (n.is_i64() || n.is_u64()) => Value::String(n.to_string()),
        other => other,
    }
}
