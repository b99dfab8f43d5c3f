//! `?` for `$1`, `$2`…: how ODBC, JDBC and ADBC write parameters.

use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Value, ValueWithSpan, VisitMut, VisitorMut};

/// Numbers the question marks of a statement in the order in which they are written.
pub(super) fn numbered(statement: &mut Statement) {
    match statement {
        Statement::Statement(statement) => {
            // Parts of a statement are not visited in the order of its text, so their places decide.
            let mut marks = Marks { places: Vec::new(), is_counting: true };
            let _ = statement.visit(&mut marks);
            marks.places.sort_unstable();
            marks.is_counting = false;
            let _ = statement.visit(&mut marks);
        }
        Statement::Explain(explain) => numbered(&mut explain.statement),
        _ => {}
    }
}

struct Marks {
    /// Line and column.
    places: Vec<(u64, u64)>,
    is_counting: bool,
}

impl VisitorMut for Marks {
    type Break = ();

    fn pre_visit_value(&mut self, value: &mut ValueWithSpan) -> ControlFlow<()> {
        let place = (value.span.start.line, value.span.start.column);
        if let Value::Placeholder(text) = &mut value.value
            && text == "?"
        {
            match self.is_counting {
                true => self.places.push(place),
                false => *text = format!("${}", 1 + self.places.partition_point(|other| *other < place)),
            }
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use datafusion::sql::parser::DFParser;

    use super::numbered;

    #[test]
    fn marks_are_numbered_as_they_are_written() {
        let of = |text: &str| {
            let mut statement = DFParser::parse_sql(text).unwrap().pop_front().unwrap();
            numbered(&mut statement);
            statement.to_string()
        };
        assert_eq!(of("SELECT ? FROM a WHERE b = ? LIMIT ?"), "SELECT $1 FROM a WHERE b = $2 LIMIT $3");
        assert_eq!(of("EXPLAIN SELECT '?', $1, ?"), "EXPLAIN SELECT '?', $1, $1");
    }
}
