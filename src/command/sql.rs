//! `annals sql`: asks, and prints the answer.

use std::io::{IsTerminal, Write};

use annals_analytics::Warehouse;
use annals_web::export::{Document, Format};
use anyhow::{Context, Result, bail};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::util::display::FormatOptions;
use arrow::util::pretty::pretty_format_batches_with_options;

use crate::cli;

/// Runs the command.
pub(super) async fn run(options: &cli::Sql, warehouse: &Warehouse) -> Result<()> {
    let format = match options.format.as_str() {
        "table" => None,
        name => Some(name.parse::<Format>()?),
    };
    let session = warehouse.session().await?;
    let frame = session.query(&options.query).await?;
    let schema = frame.schema().inner().clone();
    let batches = frame.collect().await?;
    match format {
        Some(format) => {
            let (schema, batches, note) = (&schema, &batches, &options.query);
            let document = Document { schema, batches, title: "annals", note, is_defused: false };
            print(&document.write(format)?, format)
        }
        None => table(&batches, &schema),
    }
}

/// Prints rows as a table.
pub(super) fn table(batches: &[RecordBatch], schema: &SchemaRef) -> Result<()> {
    let options = FormatOptions::default().with_null("").with_timestamp_tz_format(Some("%Y-%m-%d %H:%M:%S"));
    let empty = [RecordBatch::new_empty(schema.clone())];
    let table = pretty_format_batches_with_options(if batches.is_empty() { &empty } else { batches }, &options)?;
    Ok(writeln!(std::io::stdout(), "{}", super::plain(&table.to_string()))?)
}

/// Writes what an export made to standard output; bytes that are no text do not go to a terminal.
pub(super) fn print(bytes: &[u8], format: Format) -> Result<()> {
    let mut out = std::io::stdout();
    if out.is_terminal() && std::str::from_utf8(bytes).is_err() {
        bail!("{} is no text; send it to a file", format.name());
    }
    out.write_all(bytes).and_then(|()| out.flush()).context("standard output")
}
