//! A table of GitHub's Markdown; cells cannot break out of it.

use super::{Document, Error, is_number};
use crate::table::Table;

pub(super) fn write(document: &Document<'_>) -> Result<Vec<u8>, Error> {
    let table = Table::new(document.schema, document.batches)?;
    let mut text = line(table.columns.iter().map(String::as_str));
    let rules = document.schema.fields().iter().map(|f| if is_number(f.data_type()) { "---:" } else { "---" });
    text.push_str(&format!("| {} |\n", rules.collect::<Vec<_>>().join(" | ")));
    for row in &table.rows {
        let cells: Vec<_> = row.cells.iter().map(ToString::to_string).collect();
        text.push_str(&line(cells.iter().map(String::as_str)));
    }
    Ok(text.into_bytes())
}

fn line<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    format!("| {} |\n", cells.map(escape).collect::<Vec<_>>().join(" | "))
}

/// Escapes what ends a cell, starts HTML or a link, or is emphasis; line breaks become `<br>`.
fn escape(cell: &str) -> String {
    let mut text = String::with_capacity(cell.len());
    for c in cell.chars() {
        match c {
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '&' => text.push_str("&amp;"),
            '\n' => text.push_str("<br>"),
            '\r' => {}
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '~' => text.extend(['\\', c]),
            c => text.push(c),
        }
    }
    text
}
