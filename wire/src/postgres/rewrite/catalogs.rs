//! What clients ask of Postgres' catalogs and the engine cannot plan, or what would be asked in vain.
//!
//! There are no keys, no defaults of columns, no sequences, no collations and no privileges here, so whatever looks for
//! them finds nothing. Only statements that read nothing but catalogs are changed by this.

use datafusion::sql::sqlparser::ast::{
    AccessExpr, ArrayElemTypeDef, BinaryOperator, CastKind, DataType as SqlType, Expr, Function, FunctionArg,
    FunctionArgExpr, FunctionArguments, Ident, Query, SelectItem, SetExpr, Value, ValueWithSpan,
};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;

/// Columns of lists that the catalogs have in Postgres and lack here.
const LACKING: &[&str] = &[
    "attacl",
    "datacl",
    "defaclacl",
    "fdwacl",
    "lanacl",
    "nspacl",
    "paracl",
    "proacl",
    "relacl",
    "reloptions",
    "setconfig",
    "spcacl",
    "srvacl",
    "typacl",
];

/// Lists of the columns of keys and of the kinds of statistics; they are texts here. The last is what JDBC's driver calls one.
const KEYS: &[&str] = &["confkey", "conkey", "indkey", "indoption", "stxkind", "i_indoption"];

/// Columns that name a function, which are numbers in Postgres.
const FUNCTIONS: &[&str] = &["amproc", "typinput", "typoutput", "typreceive", "typsend"];

/// Tables that have no rows here.
const EMPTY: &[&str] = &["pg_attrdef", "pg_collation", "pg_sequence"];

/// Aggregations that clients write themselves.
const AGGREGATES: &[&str] =
    &["array_agg", "bool_and", "bool_or", "count", "first_value", "json_agg", "max", "min", "string_agg", "sum"];

/// Changes an expression whose parts are changed already.
pub(super) fn change(expr: &mut Expr) {
    match expr {
        Expr::Function(call) => {
            if let Some(known) = called(call) {
                *expr = known;
            }
        }
        Expr::Subquery(query) => {
            match vain(query).or_else(|| name_of_function(query)).or_else(|| number_of_table(query)) {
                Some(known) => *expr = known,
                None => single(query),
            }
        }
        Expr::Identifier(name) if LACKING.contains(&name.value.to_ascii_lowercase().as_str()) => *expr = nothing(),
        Expr::CompoundIdentifier(parts) => {
            let column = parts.last().map(|part| part.value.to_ascii_lowercase()).unwrap_or_default();
            match (column.as_str(), parts.last_mut()) {
                (column, _) if LACKING.contains(&column) => *expr = nothing(),
                ("tableoid", _) => *expr = value(Value::Number("0".into(), false)),
                // As it was called until version 16.
                ("colliculocale", Some(name)) => *name = Ident::new("colllocale"),
                _ => {}
            }
        }
        // A part of a key's columns.
        Expr::CompoundFieldAccess { root, access_chain } if is_of_keys(root) || access_chain.iter().any(names_keys) => {
            *expr = null(SqlType::BigInt(None));
        }
        Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
            by_name(left, right);
            by_name(right, left);
        }
        Expr::Cast { expr: name, data_type: SqlType::Regclass, .. } if matches!(**name, Expr::Function(_)) => {
            if let Some(call) = parsed(&format!("to_regclass({name})")) {
                *expr = call;
            }
        }
        Expr::Cast { expr: name, data_type, .. } if data_type.to_string().to_ascii_lowercase().ends_with("oid") => {
            if let Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), .. }) = name.as_ref()
                && text.parse::<u32>().is_err()
                && let Some(call) = parsed(&format!("to_regproc({name})"))
            {
                *expr = call;
            }
        }
        _ => {}
    }
}

/// Returns what a call gives, where that is known.
fn called(call: &mut Function) -> Option<Expr> {
    match name_of(call).as_str() {
        // Options of identity columns, of which there are none.
        "json_build_object" => Some(nothing()),
        "_pg_expandarray" => Some(null(SqlType::BigInt(None))),
        "array_contains" if first(call).is_some_and(|list| KEYS.contains(&last_word(list).as_str())) => {
            Some(value(Value::Boolean(false)))
        }
        // Keys; their columns are numbers of another type here.
        "generate_subscripts" | "unnest" => {
            let list = first(call).filter(|list| matches!(list, Expr::CompoundIdentifier(_) | Expr::Identifier(_)))?;
            *list = none_of(SqlType::BigInt(None));
            if let FunctionArguments::List(list) = &mut call.args {
                list.args.truncate(1);
            }
            call.name = Ident::new("unnest").into();
            None
        }
        _ => None,
    }
}

fn first(call: &mut Function) -> Option<&mut Expr> {
    let FunctionArguments::List(list) = &mut call.args else { return None };
    match list.args.first_mut() {
        Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))) => Some(argument),
        _ => None,
    }
}

/// Compares functions by name where one side names them.
fn by_name(name: &Expr, number: &mut Expr) {
    if FUNCTIONS.contains(&last_word(name).as_str())
        && let Expr::CompoundIdentifier(parts) = number
        && let Some(oid) = parts.last_mut().filter(|part| part.value.eq_ignore_ascii_case("oid"))
    {
        *oid = Ident::new("proname");
    }
}

/// Returns whether an expression is the columns of a key, as Postgres' own function lists them.
fn is_of_keys(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) => is_of_keys(inner),
        // What the function gave, see `called`.
        Expr::Cast { expr, data_type: SqlType::BigInt(None), .. } => {
            matches!(&**expr, Expr::Value(ValueWithSpan { value: Value::Null, .. }))
        }
        other => last_word(other) == "keys" || KEYS.contains(&last_word(other).as_str()),
    }
}

/// Returns whether a step from a table to a part of it goes to the columns of a key.
fn names_keys(step: &AccessExpr) -> bool {
    matches!(step, AccessExpr::Dot(column) if KEYS.contains(&last_word(column).as_str()))
}

/// Returns nothing for a subquery of tables without rows.
fn vain(query: &Query) -> Option<Expr> {
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let asks = select.projection.first().map(ToString::to_string).unwrap_or_default();
    let reads = select.from.first().map(|from| from.relation.to_string()).unwrap_or_default();
    let table = reads.split(' ').next().unwrap_or_default().rsplit('.').next().unwrap_or_default();
    let is_vain = EMPTY.contains(&table) || asks.ends_with("typcollation");
    is_vain.then(|| null(SqlType::Text))
}

/// Returns the name that a subquery wants the number of: functions are told by name here.
fn name_of_function(query: &Query) -> Option<Expr> {
    let text = query.to_string();
    let name = text.strip_prefix("SELECT oid FROM pg_catalog.pg_proc WHERE proname = '")?.strip_suffix('\'')?;
    let name = name.rsplit('.').next().filter(|name| !name.contains('\''))?;
    Some(value(Value::SingleQuotedString(name.to_owned())))
}

/// Returns the call that numbers a table by its name, for the subquery that stands for `'name'::regclass`: that one looks into
/// the first schema of the path only.
fn number_of_table(query: &Query) -> Option<Expr> {
    let text = query.to_string();
    let (_, rest) = text.split_once("parse_ident(")?;
    let (name, rest) = rest.split_once("::TEXT)")?;
    let is_whole = text.starts_with("SELECT c.oid FROM pg_catalog.pg_class") && rest.contains("array_length(parts");
    parsed(&format!("to_regclass({name})")).filter(|_| is_whole)
}

/// Makes a subquery give one row as the engine demands it: by an aggregation. The catalogs have one row for a number.
fn single(query: &mut Query) {
    let SetExpr::Select(select) = query.body.as_mut() else { return };
    let [SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }] = &mut select.projection[..] else {
        return;
    };
    let is_aggregate = matches!(expr, Expr::Function(call) if AGGREGATES.contains(&name_of(call).as_str()));
    if is_aggregate || select.from.is_empty() {
        return;
    }
    if let Some(first) = parsed(&format!("first_value({expr})")) {
        *expr = first;
        (query.limit_clause, query.order_by) = (None, None);
    }
}

/// Returns an expression that was written here.
pub(super) fn parsed(text: &str) -> Option<Expr> {
    Parser::new(&PostgreSqlDialect {}).try_with_sql(text).ok()?.parse_expr().ok()
}

/// Returns the name of a function without its schema.
fn name_of(call: &Function) -> String {
    call.name.0.last().map(|part| part.to_string().to_ascii_lowercase()).unwrap_or_default()
}

/// Returns the name of a column without its table; nothing of what is no column.
fn last_word(expr: &Expr) -> String {
    match expr {
        Expr::Identifier(name) => name.value.to_ascii_lowercase(),
        Expr::CompoundIdentifier(parts) => parts.last().map(|part| part.value.to_ascii_lowercase()).unwrap_or_default(),
        _ => String::new(),
    }
}

fn value(value: Value) -> Expr {
    Expr::Value(ValueWithSpan::from(value))
}

fn null(kind: SqlType) -> Expr {
    let null = Box::new(value(Value::Null));
    Expr::Cast { kind: CastKind::Cast, expr: null, data_type: kind, array: false, format: None }
}

/// Returns a list of texts that is not there.
pub(super) fn nothing() -> Expr {
    none_of(SqlType::Text)
}

/// Returns a list that is not there.
fn none_of(kind: SqlType) -> Expr {
    null(SqlType::Array(ArrayElemTypeDef::SquareBracket(Box::new(kind), None)))
}
