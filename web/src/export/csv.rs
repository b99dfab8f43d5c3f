//! Comma-separated values (RFC 4180): exact for programs, or so that a spreadsheet may open them without running anything.

use std::borrow::Cow;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;

use super::{Document, Error};
use crate::table::{Cell, Table};

/// How values are written.
#[derive(Clone, Copy)]
pub(super) struct Style {
    pub(super) delimiter: u8,
    /// Texts that a spreadsheet would take for a formula get a leading `'`; numbers and times are never changed.
    pub(super) is_defused: bool,
}

/// Writes a header and the rows.
pub(super) fn write(document: &Document<'_>, style: Style) -> Result<Vec<u8>, Error> {
    let mut bytes = header(document.schema, style)?;
    for batch in document.batches {
        bytes.extend(rows(batch, style)?);
    }
    Ok(bytes)
}

/// Writes the names of the columns, if there are any.
pub(super) fn header(schema: &SchemaRef, style: Style) -> Result<Vec<u8>, Error> {
    let names = schema.fields().iter().map(|field| style.text(field.name()).into_owned());
    if schema.fields().is_empty() { Ok(Vec::new()) } else { records([names.collect()], style.delimiter) }
}

/// Writes the rows of a batch.
pub(super) fn rows(batch: &RecordBatch, style: Style) -> Result<Vec<u8>, Error> {
    let table = Table::new(&batch.schema(), std::slice::from_ref(batch))?;
    let text = |cell: &Cell| match cell {
        Cell::Text(text) => style.text(text).into_owned(),
        other => other.to_string(),
    };
    records(table.rows.iter().map(|row| row.cells.iter().map(text).collect()), style.delimiter)
}

fn records(records: impl IntoIterator<Item = Vec<String>>, delimiter: u8) -> Result<Vec<u8>, Error> {
    let failed = |text: String| Error::Arrow(ArrowError::CsvError(text));
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
    for record in records {
        writer.write_record(&record).map_err(|error| failed(error.to_string()))?;
    }
    writer.into_inner().map_err(|error| failed(error.to_string()))
}

impl Style {
    /// Puts `'` before texts that a spreadsheet would take for a formula (OWASP, "CSV Injection"), if it is meant to.
    fn text(self, text: &str) -> Cow<'_, str> {
        match self.is_defused && text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
            true => Cow::Owned(format!("'{text}")),
            false => Cow::Borrowed(text),
        }
    }
}
