//! The parameters of a prepared statement: how many there are, of which types, and the values that clients send.

mod list;
mod number;

use std::collections::HashMap;
use std::sync::Arc;

use annals_analytics::outside::Question;
use arrow::datatypes::DataType;
use arrow_pg::datatypes::{PG_OID_ALIAS_KEY, df, into_pg_type};
use bytes::Bytes;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{ParamValues, ScalarValue};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{Expr, LogicalPlan};
use pgwire::api::Type;
use pgwire::api::portal::{Format, Portal};
use pgwire::api::stmt::StoredStatement;
use pgwire::error::PgWireResult;

use super::error::failed;

/// What is known of one parameter.
#[derive(Clone, Debug, Default, PartialEq)]
struct Parameter {
    kind: Option<DataType>,
    is_oid: bool,
}

/// Returns the parameters in their order.
fn parameters(plan: &LogicalPlan) -> Result<Vec<Parameter>> {
    let mut found: HashMap<String, Parameter> = HashMap::new();
    for (name, kind) in plan.get_parameter_types()? {
        found.insert(name, Parameter { kind, is_oid: false });
    }
    plan.apply_with_subqueries(|node| {
        for expr in node.expressions() {
            expr.apply(|expr| {
                look(expr, &mut found);
                Ok(TreeNodeRecursion::Continue)
            })?;
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    let number = |name: &str| name.trim_start_matches('$').parse::<usize>().ok();
    let last = found.keys().filter_map(|name| number(name)).max().unwrap_or(0);
    Ok((1..=last).map(|place| found.remove(&format!("${place}")).unwrap_or_default()).collect())
}

/// Learns a type from a cast, which the planner does not look at.
fn look(expr: &Expr, found: &mut HashMap<String, Parameter>) {
    match expr {
        Expr::Cast(cast) => {
            if let Expr::Placeholder(placeholder) = cast.expr.as_ref() {
                let parameter = found.entry(placeholder.id.clone()).or_default();
                parameter.kind.get_or_insert_with(|| cast.field.data_type().clone());
            }
        }
        Expr::Placeholder(placeholder) => {
            let parameter = found.entry(placeholder.id.clone()).or_default();
            let is_oid = placeholder.field.as_ref().is_some_and(|field| {
                field.data_type() == &DataType::Int32
                    && field.metadata().get(PG_OID_ALIAS_KEY).is_some_and(|k| k == "oid")
            });
            parameter.is_oid |= is_oid;
        }
        _ => {}
    }
}

/// Returns the types that clients are told.
pub(super) fn types(question: &Question) -> PgWireResult<Vec<Type>> {
    let parameters = parameters(&question.plan).map_err(|error| failed("42P18", error.strip_backtrace()))?;
    parameters.iter().map(wire_type).collect()
}

fn wire_type(parameter: &Parameter) -> PgWireResult<Type> {
    match &parameter.kind {
        Some(_) if parameter.is_oid => Ok(Type::OID),
        Some(kind) => into_pg_type(kind),
        None => Ok(Type::UNKNOWN),
    }
}

/// Reads the values that a client sent.
pub(super) fn values<S: Clone>(question: &Question, portal: &Portal<S>) -> PgWireResult<ParamValues> {
    let parameters = parameters(&question.plan).map_err(|error| failed("42P18", error.strip_backtrace()))?;
    if parameters.len() != portal.parameter_len() {
        let text = format!("{} parameters were sent, {} are needed", portal.parameter_len(), parameters.len());
        return Err(failed("08P01", text));
    }
    let values = parameters.iter().enumerate().map(|(place, parameter)| sent(portal, place, parameter));
    Ok(ParamValues::List(values.map(|value| value.map(Into::into)).collect::<PgWireResult<_>>()?))
}

/// Reads one value: by the type that the client gives it, else by the one that it was told.
fn sent<S: Clone>(portal: &Portal<S>, place: usize, parameter: &Parameter) -> PgWireResult<ScalarValue> {
    let given = portal.statement.parameter_types.get(place).cloned().flatten();
    let wire = match given.filter(|wire| *wire != Type::UNKNOWN) {
        Some(wire) => wire,
        None => wire_type(parameter)?,
    };
    let is_binary = portal.parameter_format.is_binary(place);
    let bytes = portal.parameters.get(place).and_then(Option::as_ref);
    value(bytes, is_binary, &wire, parameter.kind.as_ref())
}

/// Reads a value for a place of some type, or as what it is where the place has none.
fn value(bytes: Option<&Bytes>, is_binary: bool, wire: &Type, kind: Option<&DataType>) -> PgWireResult<ScalarValue> {
    let unknown = |error: DataFusionError| failed("0A000", error.strip_backtrace());
    let Some(bytes) = bytes else { return kind.map_or(Ok(ScalarValue::Null), ScalarValue::try_from).map_err(unknown) };
    if let Some(element) = list::element(wire) {
        let wrong = || failed("22P02", "this is no list, or one of lists");
        let kind = kind.and_then(|kind| match kind {
            DataType::List(field) | DataType::LargeList(field) => Some(field.data_type()),
            _ => None,
        });
        let all = list::elements(bytes, is_binary).ok_or_else(wrong)?.into_iter().map(|one| one.map(Bytes::from));
        let all = all.map(|one| value(one.as_ref(), is_binary, &element, kind)).collect::<PgWireResult<Vec<_>>>()?;
        return listed(&all, &element, kind);
    }
    match *wire {
        Type::NUMERIC => number::value(bytes, is_binary, kind),
        Type::UNKNOWN => read(bytes, is_binary, &Type::TEXT, None),
        // A part of a whole number is compared as what it is.
        Type::FLOAT4 | Type::FLOAT8 => read(bytes, is_binary, wire, kind.filter(|kind| kind.is_floating())),
        // The type of a place is a guess: what does not fit stands for itself.
        _ => read(bytes, is_binary, wire, kind).or_else(|_| read(bytes, is_binary, wire, None)),
    }
}

/// Reads a value as the library does.
fn read(bytes: &Bytes, is_binary: bool, wire: &Type, kind: Option<&DataType>) -> PgWireResult<ScalarValue> {
    let statement = StoredStatement::new(String::new(), (), vec![Some(wire.clone())]);
    let mut portal = Portal::new_cursor(String::new(), Arc::new(statement));
    portal.parameters = vec![Some(bytes.clone())];
    portal.parameter_format = Format::from(i16::from(is_binary));
    match df::deserialize_parameters(&portal, &[kind])? {
        ParamValues::List(mut all) => all.pop().map(|value| value.value),
        ParamValues::Map(_) => None,
    }
    .ok_or_else(|| failed("0A000", format!("parameters of type {wire} are not known here")))
}

/// Returns a list of values, all of one type: that of the place, else their own, and the widest of decimal numbers.
fn listed(all: &[ScalarValue], element: &Type, kind: Option<&DataType>) -> PgWireResult<ScalarValue> {
    let unlike = |error: DataFusionError| failed("22003", error.strip_backtrace());
    let kinds = || all.iter().filter(|value| !value.is_null()).map(ScalarValue::data_type);
    let scale = |kind: DataType| if let DataType::Decimal128(_, scale) = kind { scale } else { 0 };
    let common = match kinds().next() {
        None => kind.cloned().unwrap_or(DataType::Null),
        Some(_) if *element == Type::NUMERIC && kinds().any(|kind| matches!(kind, DataType::Decimal128(_, _))) => {
            DataType::Decimal128(38, kinds().map(scale).max().unwrap_or(0))
        }
        Some(first) => first,
    };
    let all = all.iter().map(|value| value.cast_to(&common)).collect::<Result<Vec<_>>>().map_err(unlike)?;
    Ok(ScalarValue::List(ScalarValue::new_list_nullable(&all, &common)))
}
