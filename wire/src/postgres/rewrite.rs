//! What clients write and the engine does not understand, said in another way that means the same here.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    ArrayElemTypeDef, CastKind, DataType as SqlType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments,
    Ident, Query, SelectItem, SetExpr, Statement, Value, ValueWithSpan, Visit, VisitMut, VisitorMut, visit_relations,
};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;

/// Rewrites a statement.
pub(super) fn rewritten(mut statement: Statement) -> Statement {
    let is_of_catalogs = is_of_catalogs(&statement);
    let _ = VisitMut::visit(&mut statement, &mut Rewriter { is_of_catalogs });
    statement
}

/// Columns of lists that the catalogs have in Postgres and lack here.
const LACKING: &[&str] = &["nspacl", "relacl", "reloptions"];

struct Rewriter {
    /// Whether the statement reads nothing else.
    is_of_catalogs: bool,
}

/// Returns the name of a function without its schema.
fn name_of(call: &Function) -> String {
    call.name.0.last().map(|part| part.to_string().to_ascii_lowercase()).unwrap_or_default()
}

/// Makes a subquery give one row as the engine demands it: by an aggregation. The catalogs have one row for a number.
fn single(query: &mut Query) {
    let SetExpr::Select(select) = query.body.as_mut() else { return };
    let [SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }] = &mut select.projection[..] else {
        return;
    };
    let is_aggregate = matches!(expr, Expr::Function(call) if AGGREGATES.contains(&name_of(call).as_str()));
    let is_of_table = !select.from.is_empty();
    if is_aggregate || !is_of_table {
        return;
    }
    let first = format!("first_value({expr})");
    if let Ok(first) =
        Parser::new(&PostgreSqlDialect {}).try_with_sql(&first).and_then(|mut parser| parser.parse_expr())
    {
        *expr = first;
        (query.limit_clause, query.order_by) = (None, None);
    }
}

/// Aggregations that clients write themselves.
const AGGREGATES: &[&str] =
    &["array_agg", "bool_and", "bool_or", "count", "first_value", "json_agg", "max", "min", "string_agg", "sum"];

/// Returns a list of texts that is not there.
fn nothing() -> Expr {
    none_of(SqlType::Text)
}

/// Returns a list that is not there.
fn none_of(kind: SqlType) -> Expr {
    let list = SqlType::Array(ArrayElemTypeDef::SquareBracket(Box::new(kind), None));
    let null = Box::new(Expr::Value(ValueWithSpan::from(Value::Null)));
    Expr::Cast { kind: CastKind::Cast, expr: null, data_type: list, array: false, format: None }
}

impl VisitorMut for Rewriter {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        match expr {
            Expr::Like { pattern, escape_char, .. } | Expr::ILike { pattern, escape_char, .. } => {
                if let Some(escape) = escape_char.take() {
                    *escape_char = unescaped(pattern, escape, self.is_of_catalogs);
                }
            }
            // Over the catalogs `ARRAY(SELECT …)` lists members of roles and columns of keys, of which there are none.
            Expr::Function(call) if call.name.to_string().eq_ignore_ascii_case("array") => {
                if let FunctionArguments::Subquery(query) = &call.args
                    && is_of_catalogs(query)
                {
                    *expr = nothing();
                }
            }
            // Options of identity columns, of which there are none.
            Expr::Function(call) if self.is_of_catalogs && name_of(call) == "json_build_object" => *expr = nothing(),
            // Keys, of which there are none; their columns are numbers of another type here.
            Expr::Function(call)
                if self.is_of_catalogs && ["generate_subscripts", "unnest"].contains(&name_of(call).as_str()) =>
            {
                if let FunctionArguments::List(list) = &mut call.args
                    && let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))) = list.args.first_mut()
                    && matches!(argument, Expr::CompoundIdentifier(_) | Expr::Identifier(_))
                {
                    *argument = none_of(SqlType::BigInt(None));
                    list.args.truncate(1);
                    call.name = Ident::new("unnest").into();
                }
            }
            Expr::Subquery(query) if self.is_of_catalogs => single(query),
            Expr::CompoundIdentifier(parts)
                if self.is_of_catalogs && parts.last().is_some_and(|part| LACKING.contains(&part.value.as_str())) =>
            {
                *expr = nothing();
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// Returns whether a query reads nothing but Postgres' catalogs.
fn is_of_catalogs(query: &impl Visit) -> bool {
    visit_relations(query, |relation| match relation.to_string() {
        name if name.starts_with("pg_") || name == "unnest" => ControlFlow::Continue(()),
        _ => ControlFlow::Break(()),
    })
    .is_continue()
}

/// Writes a pattern with the engine's own escape; returns what could not be changed.
fn unescaped(pattern: &mut Expr, escape: ValueWithSpan, is_of_catalogs: bool) -> Option<ValueWithSpan> {
    let character = match &escape.value {
        Value::SingleQuotedString(text) if text.chars().count() == 1 => text.chars().next()?,
        _ => return Some(escape),
    };
    let Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), .. }) = pattern else {
        // An escaped escape would come out wrong; nobody's catalog has a name with one.
        let changed = format!("replace({pattern}, '{character}', '\\')");
        let parsed =
            is_of_catalogs.then(|| Parser::new(&PostgreSqlDialect {}).try_with_sql(&changed).ok()?.parse_expr().ok());
        return match parsed.flatten() {
            Some(changed) => {
                *pattern = changed;
                None
            }
            None => Some(escape),
        };
    };
    let mut changed = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match c {
            c if c == character => changed.extend(['\\'].into_iter().chain(characters.next())),
            '\\' => changed.push_str("\\\\"),
            c => changed.push(c),
        }
    }
    *text = changed;
    None
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
    use datafusion::sql::sqlparser::parser::Parser;

    use super::rewritten;

    fn of(text: &str) -> String {
        rewritten(Parser::parse_sql(&PostgreSqlDialect {}, text).unwrap().remove(0)).to_string()
    }

    #[test]
    fn escapes_become_the_engines_own() {
        assert_eq!(of("SELECT a LIKE 'pg/_%' ESCAPE '/'"), r"SELECT a LIKE 'pg\_%'");
        assert_eq!(of(r"SELECT a NOT LIKE 'x//\y' ESCAPE '/'"), r"SELECT a NOT LIKE 'x\/\\y'");
        assert_eq!(of("SELECT a LIKE b ESCAPE '/' FROM c"), "SELECT a LIKE b ESCAPE '/' FROM c");
        let changed = r"SELECT nspname LIKE replace($1 || '%', '/', '\') FROM pg_namespace";
        assert_eq!(of("SELECT nspname LIKE $1 || '%' ESCAPE '/' FROM pg_namespace"), changed);
    }

    #[test]
    fn a_subquery_of_catalogs_gives_one_row() {
        let text = "SELECT (SELECT a.x FROM pg_attrdef AS a WHERE a.y = b.y LIMIT 1) FROM pg_class AS b";
        let changed = "SELECT (SELECT first_value(a.x) FROM pg_attrdef AS a WHERE a.y = b.y) FROM pg_class AS b";
        assert_eq!(of(text), changed);
        let own = "SELECT (SELECT a.x FROM problem AS a LIMIT 1) FROM pg_class";
        assert_eq!(of(own), own);
    }

    #[test]
    fn lists_of_members_are_empty() {
        assert_eq!(
            of("SELECT ARRAY(SELECT oid FROM pg_catalog.pg_roles), ARRAY[1]"),
            "SELECT CAST(NULL AS TEXT[]), ARRAY[1]"
        );
        assert_eq!(of("SELECT ARRAY(SELECT name FROM problem)"), "SELECT ARRAY(SELECT name FROM problem)");
    }
}
