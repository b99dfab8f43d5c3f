//! The parameters of a prepared statement: how many there are, and of which types.

use std::collections::HashMap;

use annals_analytics::outside::Question;
use arrow::datatypes::DataType;
use arrow_pg::datatypes::{PG_OID_ALIAS_KEY, df, into_pg_type};
use datafusion::common::ParamValues;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlan};
use pgwire::api::Type;
use pgwire::api::portal::Portal;
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
    let wire = parameters.iter().map(wire_type).collect::<PgWireResult<Vec<_>>>()?;
    let wire: Vec<_> = wire.iter().map(Some).collect();
    let kinds: Vec<_> = parameters.iter().map(|parameter| parameter.kind.as_ref()).collect();
    df::deserialize_parameters_with_server_types(portal, &kinds, &wire)
}
