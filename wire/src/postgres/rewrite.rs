//! What clients write and the engine does not understand, said in another way that means the same here.

mod catalogs;
mod template;

use std::collections::HashMap;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArguments, Ident, ObjectName, ObjectNamePart, Select, SelectItem, Statement, Value, ValueWithSpan,
    Visit, VisitMut, VisitorMut, visit_relations,
};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;

use super::catalog::own_names;

/// Rewrites a statement.
pub(super) fn rewritten(mut statement: Statement) -> Statement {
    let is_of_catalogs = is_of_catalogs(&statement);
    let _ = VisitMut::visit(&mut statement, &mut Rewriter { is_of_catalogs });
    statement
}

struct Rewriter {
    /// Whether the statement reads nothing else.
    is_of_catalogs: bool,
}

impl VisitorMut for Rewriter {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::Function(call) = expr {
            template::translate(call);
        }
        match expr {
            Expr::Like { pattern, escape_char, .. } | Expr::ILike { pattern, escape_char, .. } => {
                if let Some(escape) = escape_char.take() {
                    *escape_char = unescaped(pattern, escape, self.is_of_catalogs);
                }
            }
            // The engine knows this form by places only: the one by a pattern is the first match, or its first group.
            Expr::Substring { expr: text, substring_from: Some(pattern), substring_for: None, .. } if matches!(&**pattern, Expr::Value(value) if matches!(value.value, Value::SingleQuotedString(_))) => {
                if let Some(matched) = catalogs::parsed(&format!("(regexp_match({text}, {pattern}))[1]")) {
                    *expr = matched;
                }
            }
            // Over the catalogs `ARRAY(SELECT …)` lists members of roles and columns of keys, of which there are none.
            Expr::Function(call) if call.name.to_string().eq_ignore_ascii_case("array") => {
                if let FunctionArguments::Subquery(query) = &call.args
                    && is_of_catalogs(query)
                {
                    *expr = catalogs::nothing();
                }
            }
            expr if self.is_of_catalogs => catalogs::change(expr),
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn post_visit_relation(&mut self, relation: &mut ObjectName) -> ControlFlow<()> {
        // The parser finds the catalogs of the library without their schema, and no others.
        if let [ObjectNamePart::Identifier(name)] = &relation.0[..]
            && own_names().any(|own| own.eq_ignore_ascii_case(&name.value))
        {
            relation.0.insert(0, ObjectNamePart::Identifier(Ident::new("pg_catalog")));
        }
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        distinguish(&mut select.projection);
        ControlFlow::Continue(())
    }
}

/// Names what is asked for twice: the engine wants another name for each column.
fn distinguish(items: &mut [SelectItem]) {
    let mut seen = HashMap::new();
    for item in items {
        let SelectItem::UnnamedExpr(expr) = item else { continue };
        let text = expr.to_string();
        let count = seen.get(&text).map_or(1, |count| count + 1);
        if count > 1 {
            let alias = Ident::with_quote('"', format!("{text} {count}").replace('"', ""));
            *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias };
        }
        seen.insert(text, count);
    }
}

/// Returns whether a query reads nothing but Postgres' catalogs.
fn is_of_catalogs(query: &impl Visit) -> bool {
    visit_relations(query, |relation| match relation.to_string().to_ascii_lowercase() {
        name if ["pg_", "information_schema."].iter().any(|of| name.starts_with(of)) => ControlFlow::Continue(()),
        name if ["generate_series", "unnest"].contains(&name.as_str()) => ControlFlow::Continue(()),
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
    fn what_is_asked_twice_has_two_names() {
        assert_eq!(of("SELECT 1, a, 1, b.a, 1"), "SELECT 1, a, 1 AS \"1 2\", b.a, 1 AS \"1 3\"");
        assert_eq!(of("SELECT 1 AS x, 1"), "SELECT 1 AS x, 1");
    }

    #[test]
    fn what_is_asked_of_catalogs_in_vain_is_known_beforehand() {
        let own = "SELECT (SELECT a.x FROM problem AS a LIMIT 1) FROM pg_class";
        assert_eq!(of(own), own);
        for (text, changed) in [
            (
                "SELECT (SELECT a.x FROM pg_type AS a WHERE a.y = b.y LIMIT 1) FROM pg_class AS b",
                "SELECT (SELECT first_value(a.x) FROM pg_type AS a WHERE a.y = b.y) FROM pg_class AS b",
            ),
            (
                "SELECT (SELECT d.adbin FROM pg_catalog.pg_attrdef AS d WHERE d.y = b.y) FROM pg_class AS b",
                "SELECT CAST(NULL AS TEXT) FROM pg_class AS b",
            ),
            (
                "SELECT (SELECT oid FROM pg_catalog.pg_proc WHERE proname = 'pg_catalog.array_in') = typinput FROM pg_type",
                "SELECT 'array_in' = typinput FROM pg_type",
            ),
            (
                "SELECT 1 FROM pg_type AS t JOIN pg_proc AS p ON p.oid = t.typreceive",
                "SELECT 1 FROM pg_type AS t JOIN pg_proc AS p ON p.proname = t.typreceive",
            ),
            (
                "SELECT (SELECT c.oid FROM pg_catalog.pg_class AS c CROSS JOIN (SELECT parse_ident('a.b'::TEXT) AS parts) \
                 WHERE array_length(parts, 1) = 2)",
                "SELECT to_regclass('a.b')",
            ),
            ("SELECT c.tableoid FROM pg_constraint AS c", "SELECT 0 FROM pg_constraint AS c"),
            ("SELECT spcacl FROM pg_tablespace", "SELECT CAST(NULL AS TEXT[]) FROM pg_tablespace"),
            ("SELECT 'wilson_low'::pg_catalog.oid", "SELECT to_regproc('wilson_low')"),
            ("SELECT '12'::oid", "SELECT '12'::oid"),
            ("SELECT array_contains(c.conkey, 1) FROM pg_constraint AS c", "SELECT false FROM pg_constraint AS c"),
            (
                "SELECT CAST(concat(table_schema, '.', table_name) AS REGCLASS) FROM information_schema.tables",
                "SELECT to_regclass(concat(table_schema, '.', table_name)) FROM information_schema.tables",
            ),
        ] {
            assert_eq!(of(text), changed);
        }
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
