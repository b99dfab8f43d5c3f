//! Comma-separated values (RFC 4180) that a spreadsheet may open without running anything.

use std::borrow::Cow;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;

use super::{Document, Error};
use crate::table::{Cell, Table};

/// Writes a header and the rows; numbers and times are never changed, texts may get a leading `'`.
pub(super) fn write(document: &Document<'_>, delimiter: u8) -> Result<Vec<u8>, Error> {
    let mut bytes = header(document.schema, delimiter)?;
    for batch in document.batches {
        bytes.extend(rows(batch, delimiter)?);
    }
    Ok(bytes)
}

/// Writes the names of the columns, if there are any.
pub(super) fn header(schema: &SchemaRef, delimiter: u8) -> Result<Vec<u8>, Error> {
    let names = schema.fields().iter().map(|field| defuse(field.name()).into_owned());
    if schema.fields().is_empty() { Ok(Vec::new()) } else { records([names.collect()], delimiter) }
}

/// Writes the rows of a batch.
pub(super) fn rows(batch: &RecordBatch, delimiter: u8) -> Result<Vec<u8>, Error> {
    let table = Table::new(&batch.schema(), std::slice::from_ref(batch))?;
    records(table.rows.iter().map(|row| row.cells.iter().map(text).collect()), delimiter)
}

fn records(records: impl IntoIterator<Item = Vec<String>>, delimiter: u8) -> Result<Vec<u8>, Error> {
    let failed = |text: String| Error::Arrow(ArrowError::CsvError(text));
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
    for record in records {
        writer.write_record(&record).map_err(|error| failed(error.to_string()))?;
    }
    writer.into_inner().map_err(|error| failed(error.to_string()))
}

fn text(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => defuse(text).into_owned(),
        other => other.to_string(),
    }
}

/// Puts `'` before texts that a spreadsheet would take for a formula (OWASP, "CSV Injection").
pub(super) fn defuse(text: &str) -> Cow<'_, str> {
    match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => Cow::Owned(format!("'{text}")),
        false => Cow::Borrowed(text),
    }
}
