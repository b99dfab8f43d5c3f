//! A page that needs nothing else: no style sheet, no script, no network.

use askama::Template;

use super::{Document, Error, is_number};
use crate::table::Table;

#[derive(Template)]
#[template(path = "export.html")]
struct Export<'a> {
    title: &'a str,
    note: &'a str,
    /// Names of columns, and whether they hold numbers.
    columns: Vec<(String, bool)>,
    table: Table,
}

pub(super) fn write(document: &Document<'_>) -> Result<Vec<u8>, Error> {
    let table = Table::new(document.schema, document.batches)?;
    let columns = document.schema.fields().iter().map(|f| (f.name().clone(), is_number(f.data_type()))).collect();
    let page = Export { title: document.title, note: document.note, columns, table };
    let text = page.render().map_err(|e| arrow::error::ArrowError::ExternalError(Box::new(e)))?;
    Ok(text.into_bytes())
}
