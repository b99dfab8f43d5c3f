//! The only way in which pages ask: rows of one view by equality and bounds, ordered and limited.
//!
//! There is no join and no aggregate here on purpose: a number that needs one wants a view. Names are `&'static str`,
//! so nothing that a reader sends can become SQL text; values are always bound.

use std::fmt::{Display, Write};

use datafusion::scalar::ScalarValue;

use crate::table::{Cell, Table};
use crate::{Error, Result};
use annals_analytics::Session;

/// A query on one view.
#[derive(Clone, Debug)]
pub(crate) struct Select {
    columns: &'static str,
    view: &'static str,
    /// What a table function is called with; a view is not called.
    arguments: Option<Vec<String>>,
    filters: Vec<Filter>,
    order: &'static str,
    limit: usize,
    offset: usize,
}

/// `column operator value`; of `IN` there may be any number of values, of the others there is one.
#[derive(Clone, Debug)]
struct Filter {
    column: &'static str,
    operator: &'static str,
    values: Vec<Cell>,
}

impl Select {
    /// Asks for columns of a view; 1,000 rows unless told otherwise.
    pub(crate) fn of(view: &'static str, columns: &'static str) -> Self {
        Self { columns, view, arguments: None, filters: vec![], order: "", limit: 1000, offset: 0 }
    }

    /// Asks for columns of what a table function gives. Such a function wants its texts when it is planned, so they are
    /// written into the query, quoted.
    pub(crate) fn call(function: &'static str, arguments: &[&str], columns: &'static str) -> Self {
        let arguments = arguments.iter().map(|text| literal(&Cell::Text((*text).to_owned()))).collect();
        Self { arguments: Some(arguments), ..Self::of(function, columns) }
    }

    fn filter(mut self, column: &'static str, operator: &'static str, value: Cell) -> Self {
        self.filters.push(Filter { column, operator, values: vec![value] });
        self
    }

    pub(crate) fn eq(self, column: &'static str, value: impl Into<Cell>) -> Self {
        self.filter(column, "=", value.into())
    }

    /// Filters by a text unless it is empty, as the fields of a form are.
    pub(crate) fn eq_given(self, column: &'static str, value: &str) -> Self {
        if value.is_empty() { self } else { self.eq(column, value) }
    }

    pub(crate) fn unlike(self, column: &'static str, value: impl Into<Cell>) -> Self {
        self.filter(column, "<>", value.into())
    }

    pub(crate) fn at_least(self, column: &'static str, value: impl Into<Cell>) -> Self {
        self.filter(column, ">=", value.into())
    }

    pub(crate) fn below(self, column: &'static str, value: impl Into<Cell>) -> Self {
        self.filter(column, "<", value.into())
    }

    /// Filters by a part of a text, without regard to case; `%` and `_` stand for themselves.
    pub(crate) fn contains(self, column: &'static str, part: &str) -> Self {
        if part.is_empty() {
            return self;
        }
        let part = part.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        self.filter(column, "ILIKE", Cell::Text(format!("%{part}%")))
    }

    /// Filters by a list of values; an empty list matches nothing.
    pub(crate) fn among(mut self, column: &'static str, values: impl IntoIterator<Item = Cell>) -> Self {
        self.filters.push(Filter { column, operator: "IN", values: values.into_iter().collect() });
        self
    }

    pub(crate) fn order(mut self, order: &'static str) -> Self {
        self.order = order;
        self
    }

    pub(crate) fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    pub(crate) fn offset(mut self, offset: usize) -> Self {
        self.offset = offset;
        self
    }

    fn values(&self) -> impl Iterator<Item = &Cell> {
        self.filters.iter().flat_map(|f| &f.values)
    }

    /// Writes the query; `value` says how a value is written, given its place from 1.
    fn text(&self, limit: usize, value: impl Fn(usize, &Cell) -> String) -> String {
        let mut text = format!("SELECT {}\nFROM {}", self.columns, self.view);
        if let Some(arguments) = &self.arguments {
            let _ = write!(text, "({})", arguments.join(", "));
        }
        let mut place = 0;
        for (i, Filter { column, operator, values }) in self.filters.iter().enumerate() {
            let values: Vec<_> = values.iter().map(|v| (place += 1, value(place, v)).1).collect();
            let values = match *operator {
                "IN" if values.is_empty() => "(NULL)".to_owned(),
                "IN" => format!("({})", values.join(", ")),
                _ => values.join(", "),
            };
            let word = if i == 0 { "\nWHERE" } else { " AND" };
            let _ = write!(text, "{word} {column} {operator} {values}");
        }
        if !self.order.is_empty() {
            let _ = write!(text, "\nORDER BY {}", self.order);
        }
        let _ = write!(text, "\nLIMIT {limit}");
        if self.offset > 0 {
            let _ = write!(text, " OFFSET {}", self.offset);
        }
        text
    }

    /// Returns the text with its values written in, for a reader to see and change.
    pub(crate) fn sql(&self) -> String {
        self.text(self.limit, |_, value| literal(value))
    }

    /// Runs it; one row more than the limit is read to know whether there are more.
    pub(crate) async fn run(self, session: &Session) -> Result<Table> {
        let values: Vec<ScalarValue> = self.values().map(scalar).collect();
        let failed = |error: &dyn Display| Error::internal(format!("{error}, in: {}", self.sql()));
        let text = self.text(self.limit + 1, |place, _| format!("${place}"));
        let (schema, batches) = match session.answer(&text, &values).await {
            Ok(answer) => answer,
            // What a function was called with came from a reader.
            Err(error) if self.arguments.is_some() => {
                return Err(Error::Query { message: reason(&error), place: None });
            }
            Err(error) => return Err(failed(&error)),
        };
        let mut table = Table::new(&schema, &batches).map_err(Error::internal)?;
        table.has_more = table.rows.len() > self.limit;
        table.rows.truncate(self.limit);
        table.sql = self.sql();
        Ok(table)
    }
}

/// Returns what a function said of its arguments.
fn reason(error: &dyn Display) -> String {
    let text = error.to_string();
    let text = text.rsplit("Error during planning: ").next().unwrap_or(&text);
    text.lines().next().unwrap_or_default().to_owned()
}

impl From<&str> for Cell {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<i64> for Cell {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<f64> for Cell {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<bool> for Cell {
    fn from(value: bool) -> Self {
        Self::Flag(value)
    }
}

fn scalar(cell: &Cell) -> ScalarValue {
    match cell {
        Cell::Null => ScalarValue::Null,
        Cell::Text(t) => ScalarValue::Utf8(Some(t.clone())),
        Cell::Int(i) => ScalarValue::Int64(Some(*i)),
        Cell::Float(f) => ScalarValue::Float64(Some(*f)),
        Cell::Flag(b) => ScalarValue::Boolean(Some(*b)),
        Cell::Time(t) => ScalarValue::TimestampMicrosecond(Some(*t), Some("UTC".into())),
        Cell::Day(d) => ScalarValue::Date32(Some(*d)),
    }
}

fn literal(cell: &Cell) -> String {
    match cell {
        Cell::Null => "NULL".to_owned(),
        Cell::Int(_) | Cell::Float(_) | Cell::Flag(_) => cell.to_string(),
        Cell::Text(_) | Cell::Time(_) | Cell::Day(_) => format!("'{}'", cell.to_string().replace('\'', "''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_function_is_called_with_stays_a_text() {
        let select = Select::call("rerun_order", &["x'), ('"], "name").eq("name", "y").limit(5);
        let text = select.text(5, |place, _| format!("${place}"));
        assert_eq!(text, "SELECT name\nFROM rerun_order('x''), (''')\nWHERE name = $1\nLIMIT 5");
    }

    #[test]
    fn values_are_bound_and_quoted_for_readers() {
        let select = Select::of("problem", "name").eq("name", "$2'; DROP").eq("test_id", 7).order("name").limit(5);
        let text = select.text(6, |place, _| format!("${place}"));
        assert_eq!(text, "SELECT name\nFROM problem\nWHERE name = $1 AND test_id = $2\nORDER BY name\nLIMIT 6");
        assert!(select.sql().contains("name = '$2''; DROP' AND test_id = 7"), "{}", select.sql());
    }
}
