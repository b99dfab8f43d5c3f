//! Comma-separated values (RFC 4180) that a spreadsheet may open without running anything.

use std::borrow::Cow;

use super::{Document, Error};
use crate::table::{Cell, Table};

/// Writes a header and the rows; numbers and times are never changed, texts may get a leading `'`.
pub(super) fn write(document: &Document<'_>) -> Result<Vec<u8>, Error> {
    let table = Table::new(document.schema, document.batches)?;
    let mut writer = csv::Writer::from_writer(Vec::new());
    let failed = |error: csv::Error| arrow::error::ArrowError::CsvError(error.to_string());
    if table.columns.is_empty() {
        return Ok(Vec::new());
    }
    writer.write_record(table.columns.iter().map(|c| defuse(c).into_owned())).map_err(failed)?;
    for row in &table.rows {
        writer.write_record(row.cells.iter().map(text)).map_err(failed)?;
    }
    writer.into_inner().map_err(|error| Error::Arrow(arrow::error::ArrowError::CsvError(error.to_string())))
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
