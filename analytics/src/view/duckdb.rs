//! View files in the words of DuckDB, so that they run over the same tables there.
//!
//! The two differ in little: how an aggregation is told the order of its values, where nulls are left out, how columns of
//! `VALUES` are called, and that `at` is a word of its own. A test runs all views in DuckDB and compares their rows.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArgumentClause, FunctionArguments, Ident, ObjectName, Select, SelectItem, Statement,
    VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};

use super::View;
use crate::{Error, Result};

/// What a connection must be told before the views give the same: whole numbers divide to whole numbers, and days are UTC's.
pub const SETTINGS: &str = "SET integer_division = true;\nSET TimeZone = 'UTC';\n";

/// Names that DuckDB takes for its own words.
const WORDS: &[&str] = &["at"];

/// Returns the statement that makes the view in DuckDB, under its own head.
///
/// # Errors
/// [`Error::View`] for a text that cannot be parsed, as a site's own may be.
pub fn statement(view: &View) -> Result<String> {
    let fault = |source| Error::View { view: view.full_name(), source: Box::new(source) };
    let parsed = Parser::parse_sql(&GenericDialect {}, &view.text).map_err(|error| fault(error.into()))?;
    let head: String =
        view.text.lines().take_while(|line| line.starts_with("--")).flat_map(|line| [line, "\n"]).collect();
    let mut text = head;
    for mut statement in parsed {
        let _ = VisitMut::visit(&mut statement, &mut Translator);
        if let Statement::Query(query) = statement {
            text.push_str(&format!("CREATE OR REPLACE VIEW {} AS\n{query:#};\n", view.full_name()));
        }
    }
    Ok(text)
}

struct Translator;

impl VisitorMut for Translator {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        match expr {
            Expr::Identifier(name) => rename(name),
            Expr::CompoundIdentifier(parts) => parts.iter_mut().for_each(rename),
            Expr::Function(call) => {
                translate(call);
                // Its digits are capitals there.
                if call.name.to_string().eq_ignore_ascii_case("to_hex")
                    && let Ok(lower) = parsed(&format!("lower({call})"))
                {
                    *expr = lower;
                }
            }
            // What a pattern holds in brackets is not a list there.
            Expr::CompoundFieldAccess { root, .. } => {
                if let Expr::Function(call) = root.as_ref()
                    && call.name.to_string().eq_ignore_ascii_case("regexp_match")
                    && let text = call.args.to_string()
                    && let Some(text) = text.strip_suffix(')')
                    && let Ok(found) = parsed(&format!("nullif(regexp_extract{text}, 1), '')"))
                {
                    *expr = found;
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        for item in &mut select.projection {
            if let SelectItem::ExprWithAlias { alias, .. } = item {
                rename(alias);
            }
        }
        ControlFlow::Continue(())
    }
}

/// Quotes a name that is a word, and calls columns of `VALUES` as they are called there.
fn rename(name: &mut Ident) {
    if WORDS.contains(&name.value.as_str()) {
        name.quote_style = Some('"');
    }
    let number = name.value.strip_prefix("column").and_then(|number| number.parse::<usize>().ok());
    if let Some(number) = number.filter(|number| *number > 0) {
        name.value = format!("col{}", number - 1);
    }
}

fn parsed(text: &str) -> Result<Expr, ParserError> {
    Parser::new(&GenericDialect {}).try_with_sql(text)?.parse_expr()
}

fn translate(call: &mut Function) {
    let name = call.name.to_string().to_ascii_lowercase();
    let called = |name: &str| ObjectName::from(Ident::new(name));
    match name.as_str() {
        // As an aggregation of rows in an order it has another name than as a window.
        "first_value" if call.over.is_none() => call.name = called("first"),
        "last_value" if call.over.is_none() => call.name = called("last"),
        _ => {}
    }
    if let Some(nulls) = call.null_treatment.take()
        && let FunctionArguments::List(list) = &mut call.args
    {
        list.clauses.push(FunctionArgumentClause::IgnoreOrRespectNulls(nulls));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(query: &str) -> String {
        let view = View::parse("mart", "x", &format!("-- X\n-- Grain: one row per x\n{query}")).unwrap();
        let text = statement(&view).unwrap();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_differs_is_said_in_duckdbs_words() {
        assert!(
            of("SELECT 1 AS one")
                .starts_with("-- X -- Grain: one row per x CREATE OR REPLACE VIEW mart.x AS SELECT 1 AS one;")
        );
        for (query, says) in [
            ("SELECT t.at AS at FROM t WHERE at > 1", "t.\"at\" AS \"at\" FROM t WHERE \"at\" > 1"),
            ("SELECT last_value(a ORDER BY b) AS c FROM t", "last(a ORDER BY b) AS c"),
            (
                "SELECT last_value(a) IGNORE NULLS OVER (ORDER BY b) AS c FROM t",
                "last_value(a IGNORE NULLS) OVER ( ORDER BY b )",
            ),
            ("SELECT regexp_match(a, 'b(c)')[1] AS m FROM t", "nullif(regexp_extract(a, 'b(c)', 1), '') AS m"),
            ("SELECT to_hex(a) AS h FROM t", "lower(to_hex(a)) AS h"),
            ("SELECT column1 AS e FROM (VALUES ('x'))", "col0 AS e"),
        ] {
            assert!(of(query).contains(says), "{}", of(query));
        }
    }

    #[test]
    fn every_view_can_be_said() {
        for view in super::super::all() {
            statement(view).unwrap_or_else(|error| panic!("{error}"));
        }
    }
}
