//! The rows that a page shows: record batches turned into cells that templates can print.
//!
//! How a cell looks as HTML is in `show`; files are written by `export`, which keeps the batches.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type, SchemaRef, TimeUnit, TimestampMicrosecondType};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    Null,
    Text(String),
    Int(i64),
    Float(f64),
    Flag(bool),
    /// Microseconds since 1970, UTC.
    Time(i64),
    /// Days since 1970.
    Day(i32),
}

/// The answer to one query.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) columns: Arc<[String]>,
    pub(crate) rows: Vec<Row>,
    /// The query's text with its parameters written in, for the link beside the numbers.
    pub(crate) sql: String,
    /// There were more rows than were asked for.
    pub(crate) has_more: bool,
}

/// One row; columns are found by name.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    columns: Arc<[String]>,
    pub(crate) cells: Vec<Cell>,
}

impl Table {
    /// Reads batches of one schema.
    pub(crate) fn new(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Self, ArrowError> {
        let columns: Arc<[String]> = schema.fields().iter().map(|f| f.name().clone()).collect();
        let mut rows = Vec::new();
        for batch in batches {
            let read = batch.columns().iter().map(cells).collect::<Result<Vec<_>, _>>()?;
            rows.extend((0..batch.num_rows()).map(|i| Row {
                columns: Arc::clone(&columns),
                cells: read.iter().map(|column| column[i].clone()).collect(),
            }));
        }
        Ok(Self { columns, rows, ..Self::default() })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns the distinct texts of a column in the order of their first row.
    pub(crate) fn distinct(&self, column: &str) -> Vec<String> {
        let mut seen = std::collections::HashSet::new();
        self.rows.iter().map(|r| r.text(column)).filter(|t| !t.is_empty() && seen.insert(t.clone())).collect()
    }
}

impl Row {
    /// Returns a cell; a column that was not asked for is a mistake of the page, shown as nothing.
    pub(crate) fn cell(&self, column: &str) -> &Cell {
        let found = self.columns.iter().position(|c| c == column);
        debug_assert!(found.is_some(), "no column `{column}` among {:?}", self.columns);
        found.and_then(|i| self.cells.get(i)).unwrap_or(&Cell::Null)
    }

    pub(crate) fn has(&self, column: &str) -> bool {
        *self.cell(column) != Cell::Null
    }

    /// Returns the plain text of a cell, empty for null.
    pub(crate) fn text(&self, column: &str) -> String {
        self.cell(column).to_string()
    }

    pub(crate) fn int(&self, column: &str) -> Option<i64> {
        match self.cell(column) {
            Cell::Int(i) => Some(*i),
            Cell::Float(f) => Some(*f as i64),
            _ => None,
        }
    }

    pub(crate) fn float(&self, column: &str) -> Option<f64> {
        match self.cell(column) {
            Cell::Int(i) => Some(*i as f64),
            Cell::Float(f) => Some(*f).filter(|f| f.is_finite()),
            _ => None,
        }
    }

    pub(crate) fn flag(&self, column: &str) -> bool {
        *self.cell(column) == Cell::Flag(true)
    }

    /// Returns a time or a day as microseconds since 1970.
    pub(crate) fn micros(&self, column: &str) -> Option<i64> {
        match self.cell(column) {
            Cell::Time(t) => Some(*t),
            Cell::Day(d) => Some(i64::from(*d) * 86_400_000_000),
            _ => None,
        }
    }

    pub(crate) fn is(&self, column: &str, word: &str) -> bool {
        matches!(self.cell(column), Cell::Text(t) if t == word)
    }
}

/// Reads one column.
fn cells(array: &ArrayRef) -> Result<Vec<Cell>, ArrowError> {
    let kind = array.data_type();
    let cells = match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(_, _) => {
            let texts = cast(array, &DataType::Utf8)?;
            texts.as_string::<i32>().iter().map(|v| v.map_or(Cell::Null, |v| Cell::Text(v.to_owned()))).collect()
        }
        DataType::UInt64 => fallback(array)?,
        k if k.is_integer() => {
            let ints = cast(array, &DataType::Int64)?;
            ints.as_primitive::<Int64Type>().iter().map(|v| v.map_or(Cell::Null, Cell::Int)).collect()
        }
        k if k.is_floating() => {
            let floats = cast(array, &DataType::Float64)?;
            floats.as_primitive::<Float64Type>().iter().map(|v| v.map_or(Cell::Null, Cell::Float)).collect()
        }
        DataType::Boolean => array.as_boolean().iter().map(|v| v.map_or(Cell::Null, Cell::Flag)).collect(),
        DataType::Timestamp(_, _) => {
            let times = cast(array, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
            let times = times.as_primitive::<TimestampMicrosecondType>().clone();
            times.iter().map(|v| v.map_or(Cell::Null, Cell::Time)).collect()
        }
        DataType::Date32 | DataType::Date64 => {
            let days = cast(array, &DataType::Date32)?;
            days.as_primitive::<Date32Type>().iter().map(|v| v.map_or(Cell::Null, Cell::Day)).collect()
        }
        _ => fallback(array)?,
    };
    Ok(cells)
}

/// Reads a column of a type that pages do not know, such as a list, as its text; counts beyond 2^63 too.
fn fallback(array: &ArrayRef) -> Result<Vec<Cell>, ArrowError> {
    if array.data_type() == &DataType::UInt64 {
        let ints = array.as_primitive::<arrow::datatypes::UInt64Type>();
        let cell = |v: u64| i64::try_from(v).map_or_else(|_| Cell::Text(v.to_string()), Cell::Int);
        return Ok(ints.iter().map(|v| v.map_or(Cell::Null, cell)).collect());
    }
    let formatter = ArrayFormatter::try_new(array.as_ref(), &FormatOptions::default())?;
    let text = |i: usize| Cell::Text(formatter.value(i).to_string());
    Ok((0..array.len()).map(|i| if array.is_null(i) { Cell::Null } else { text(i) }).collect())
}
