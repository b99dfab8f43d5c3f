//! What may be said: an allow-list over what was parsed, before anything is planned.
//!
//! The plan is verified besides, see [`super::Desk`]; this list is for what planning itself would do, and for what only
//! looks like a question. Everything that is not named here is refused.

use std::ops::ControlFlow;

use datafusion::sql::parser::{ExplainStatement, Statement};
use datafusion::sql::sqlparser::ast::{Query, Select, SetExpr, Statement as SqlStatement, TableFactor, Visit, Visitor};

use super::error::{Error, Result};
use super::weight;

/// Functions that may stand where a table does.
const TABLE_FUNCTIONS: &[&str] =
    &["blamelist", "compare_windows", "generate_series", "pg_get_keywords", "range", "rerun_order", "unnest"];

/// Refuses a statement that is anything but a question.
pub(super) fn check(statement: &Statement) -> Result<()> {
    match statement {
        Statement::Statement(statement) => check_sql(statement),
        Statement::Explain(ExplainStatement { statement, .. }) => match statement.as_ref() {
            Statement::Statement(inner) if matches!(inner.as_ref(), SqlStatement::Query(_)) => check_sql(inner),
            _ => Err(refused("EXPLAIN of anything but a query")),
        },
        Statement::CreateExternalTable(_) => Err(refused("CREATE EXTERNAL TABLE")),
        Statement::CopyTo(_) => Err(refused("COPY")),
        Statement::Reset(_) => Err(refused("RESET")),
    }
}

fn check_sql(statement: &SqlStatement) -> Result<()> {
    match statement {
        SqlStatement::Query(_)
        | SqlStatement::ExplainTable { .. }
        | SqlStatement::ShowTables { .. }
        | SqlStatement::ShowColumns { .. }
        | SqlStatement::ShowFunctions { .. }
        | SqlStatement::ShowVariable { .. } => {}
        SqlStatement::Explain { statement, .. } if matches!(statement.as_ref(), SqlStatement::Query(_)) => {}
        other => return Err(refused(&first_words(other))),
    }
    match statement.visit(&mut Inspector) {
        ControlFlow::Continue(()) => weight::check(statement),
        ControlFlow::Break(what) => Err(refused(&what)),
    }
}

/// Says that something is refused.
pub(super) fn refused(what: &str) -> Error {
    Error::Refused(format!("{what} is not allowed here: only questions are, by SELECT, EXPLAIN, SHOW or DESCRIBE"))
}

/// Returns the first two words of a statement, which are its kind and no value of it.
fn first_words(statement: &SqlStatement) -> String {
    let text = statement.to_string();
    let words: Vec<_> = text.split_whitespace().take(2).filter(|w| w.chars().all(|c| c.is_ascii_uppercase())).collect();
    if words.is_empty() { "this statement".to_owned() } else { words.join(" ") }
}

/// Looks at every part of a question.
struct Inspector;

impl Visitor for Inspector {
    type Break = String;

    fn pre_visit_statement(&mut self, statement: &SqlStatement) -> ControlFlow<String> {
        match statement {
            SqlStatement::Insert(_) | SqlStatement::Update(_) | SqlStatement::Delete(_) | SqlStatement::Merge(_) => {
                ControlFlow::Break("a statement that writes".into())
            }
            _ => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<String> {
        match query.body.as_ref() {
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
                ControlFlow::Break("a query that writes".into())
            }
            _ if !query.locks.is_empty() => ControlFlow::Break("a lock".into()),
            _ => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<String> {
        if select.into.is_some() { ControlFlow::Break("SELECT INTO".into()) } else { ControlFlow::Continue(()) }
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<String> {
        let name = match factor {
            TableFactor::Table { name, args: Some(_), .. } | TableFactor::Function { name, .. } => name,
            TableFactor::TableFunction { .. } => return ControlFlow::Break("TABLE(…)".into()),
            _ => return ControlFlow::Continue(()),
        };
        let last = name.0.last().map(|part| part.to_string().to_ascii_lowercase()).unwrap_or_default();
        match TABLE_FUNCTIONS.contains(&last.trim_matches('"')) {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(format!("`{last}` as a table")),
        }
    }
}
