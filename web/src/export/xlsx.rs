//! A workbook of one sheet: typed cells, a frozen header with filters, widths that fit.

use rust_xlsxwriter::{Format as Style, Workbook, Worksheet};

use super::{Document, Error};
use crate::table::{Cell, Row, Table};

/// Characters that a cell holds (Excel's specification).
const CELL: usize = 32_767;
/// Rows of a sheet without its header.
const ROWS: usize = 1_048_575;
const COLUMNS: usize = 16_384;
/// Whole numbers up to here survive as a sheet's floating point numbers; longer ids are written as texts.
const EXACT: u64 = 1 << 53;
const MICROS_PER_DAY: f64 = 86_400_000_000.0;
/// Days between a sheet's day 0 (30 December 1899) and 1 January 1970.
const EPOCH: f64 = 25_569.0;

struct Styles {
    head: Style,
    time: Style,
    day: Style,
}

pub(super) fn write(document: &Document<'_>) -> Result<Vec<u8>, Error> {
    let table = Table::new(document.schema, document.batches)?;
    if table.len() > ROWS || table.columns.len() > COLUMNS {
        return Err(Error::TooLarge(table.len(), table.columns.len()));
    }
    let styles = Styles {
        head: Style::new().set_bold(),
        time: Style::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
        day: Style::new().set_num_format("yyyy-mm-dd"),
    };
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.set_name(sheet_name(document.title))?;
    fill(sheet, &table, &styles)?;
    Ok(book.save_to_buffer()?)
}

fn fill(sheet: &mut Worksheet, table: &Table, styles: &Styles) -> Result<(), Error> {
    for (x, name) in table.columns.iter().enumerate() {
        sheet.write_string_with_format(0, x as u16, bounded(name), &styles.head)?;
        sheet.set_column_width(x as u16, width(name, &table.rows, x))?;
    }
    for (y, row) in table.rows.iter().enumerate() {
        for (x, cell) in row.cells.iter().enumerate() {
            put(sheet, y as u32 + 1, x as u16, cell, styles)?;
        }
    }
    sheet.set_freeze_panes(1, 0)?;
    if !table.columns.is_empty() {
        sheet.autofilter(0, 0, table.len() as u32, table.columns.len() as u16 - 1)?;
    }
    Ok(())
}

/// Writes one cell by its type; texts are written as texts, so that `=1+1` is never a formula.
fn put(sheet: &mut Worksheet, y: u32, x: u16, cell: &Cell, styles: &Styles) -> Result<(), Error> {
    match cell {
        Cell::Null => return Ok(()),
        Cell::Text(text) => sheet.write_string(y, x, bounded(text))?,
        Cell::Int(i) if i.unsigned_abs() < EXACT => sheet.write_number(y, x, *i as f64)?,
        Cell::Float(f) if f.is_finite() => sheet.write_number(y, x, *f)?,
        Cell::Int(_) | Cell::Float(_) => sheet.write_string(y, x, cell.to_string())?,
        Cell::Flag(flag) => sheet.write_boolean(y, x, *flag)?,
        Cell::Time(t) => sheet.write_number_with_format(y, x, *t as f64 / MICROS_PER_DAY + EPOCH, &styles.time)?,
        Cell::Day(d) => sheet.write_number_with_format(y, x, f64::from(*d) + EPOCH, &styles.day)?,
    };
    Ok(())
}

/// Cuts a text to what a cell holds, counted in UTF-16 as Excel counts, and leaves out what XML cannot hold.
fn bounded(text: &str) -> String {
    let allowed = |c: &char| *c >= ' ' || matches!(c, '\t' | '\n' | '\r');
    let mut length = 0;
    let fits = |c: &char| {
        length += c.len_utf16();
        length <= CELL
    };
    text.chars().filter(allowed).filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}')).take_while(fits).collect()
}

/// Returns a width for the first hundred cells of a column, within reason.
fn width(name: &str, rows: &[Row], x: usize) -> f64 {
    let of = |cell: &Cell| cell.to_string().lines().next().unwrap_or_default().chars().count();
    let widest = rows.iter().take(100).map(|row| of(&row.cells[x])).max().unwrap_or(0);
    (widest.max(name.chars().count() + 3)).clamp(8, 60) as f64 + 1.0
}

/// Sheet names have at most 31 characters and none of `[]:*?/\`.
fn sheet_name(title: &str) -> String {
    let name: String = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-')).take(31).collect();
    if name.trim().is_empty() { "annals".to_owned() } else { name }
}
