//! What planning would make of a query: the engine puts expressions where their columns are read, and types into
//! types, so that what each step of a query says twice is there many times in the end. It is bounded by computing how
//! large each column would be, written out, which costs no more than to look through the plan once.

use std::collections::HashMap;

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, TableReference};
use datafusion::logical_expr::{Between, Expr, LogicalPlan};

use super::error::{Error, Result};

/// Parts of an expression that is written out, of which each is a name, a value or what is done with them.
const PARTS: u64 = 10_000;

/// Functions that become `CASE` and name what they are given twice.
const TWICE: &[&str] = &["coalesce", "ifnull", "nvl", "nvl2"];

/// Refuses a plan in which an expression would be huge, were its columns replaced by what they stand for.
///
/// # Errors
/// [`Error::TooLarge`] where that is so.
pub(super) fn check(plan: &LogicalPlan) -> Result<()> {
    sizes(plan).map(drop)
}

/// Returns the parts of each column of a plan.
fn sizes(plan: &LogicalPlan) -> Result<Vec<u64>> {
    let mut inputs: Vec<(&DFSchema, Vec<u64>)> = Vec::new();
    for input in plan.inputs() {
        inputs.push((input.schema().as_ref(), sizes(input)?));
    }
    let known = Known::of(&inputs);
    let count = plan.schema().fields().len();
    let mut own = Vec::new();
    for expression in plan.expressions() {
        own.push(known.size(&expression)?);
    }
    let own_most = own.iter().copied().max();
    let before = || inputs.iter().flat_map(|(_, sizes)| sizes).copied();
    let sizes: Vec<u64> = match plan {
        LogicalPlan::Projection(_) | LogicalPlan::Aggregate(_) => own,
        LogicalPlan::Window(_) => before().chain(own).collect(),
        LogicalPlan::Unnest(unnest) => {
            let before: Vec<_> = before().collect();
            unnest.dependency_indices.iter().map(|place| before.get(*place).copied().unwrap_or(1)).collect()
        }
        LogicalPlan::Union(_) => {
            let of_place = |place: usize| inputs.iter().filter_map(|(_, sizes)| sizes.get(place).copied()).max();
            (0..count).map(|place| of_place(place).unwrap_or(1)).collect()
        }
        _ => before().collect(),
    };
    let sizes = match sizes.len() == count {
        true => sizes,
        // Of a semi join, for one, there are columns of one side.
        false => {
            let most = own_most.unwrap_or(1);
            plan.schema().iter().map(|(of, field)| known.of_column(of, field.name()).unwrap_or(most)).collect()
        }
    };
    let of_types = plan.schema().fields().iter().zip(sizes).map(|(field, size)| {
        let mut parts = 0;
        add_parts(field.data_type(), &mut parts);
        check_parts(size.max(parts))
    });
    of_types.collect()
}

/// What columns stand for is this large.
struct Known<'a>(HashMap<(Option<&'a TableReference>, &'a str), u64>);

impl<'a> Known<'a> {
    fn of(inputs: &'a [(&DFSchema, Vec<u64>)]) -> Self {
        let columns = inputs.iter().flat_map(|(schema, sizes)| schema.iter().zip(sizes));
        Self(columns.map(|((of, field), size)| ((of, field.name().as_str()), *size)).collect())
    }

    fn of_column(&self, of: Option<&TableReference>, name: &str) -> Option<u64> {
        self.0.get(&(of, name)).copied()
    }

    /// Returns the parts of an expression.
    fn size(&self, expression: &Expr) -> Result<u64> {
        let size = match expression {
            Expr::Column(column) => self.of_column(column.relation.as_ref(), &column.name).unwrap_or(1),
            // What is computed over many rows is not put in another's place; its type is.
            Expr::AggregateFunction(_) | Expr::WindowFunction(_) => {
                self.inner(expression)?;
                1
            }
            Expr::Between(Between { expr, .. }) => self.inner(expression)?.saturating_add(self.size(expr)?),
            Expr::ScalarFunction(call) if TWICE.contains(&call.name()) => self.inner(expression)?.saturating_mul(2),
            Expr::ScalarSubquery(subquery) => {
                check(&subquery.subquery)?;
                1
            }
            Expr::Exists(exists) => {
                check(&exists.subquery.subquery)?;
                1
            }
            Expr::InSubquery(within) => {
                check(&within.subquery.subquery)?;
                self.inner(expression)?
            }
            _ => self.inner(expression)?,
        };
        check_parts(size)
    }

    /// Returns the parts of what is in an expression, and one for itself.
    fn inner(&self, expression: &Expr) -> Result<u64> {
        let (mut size, mut error) = (1_u64, None);
        let walked = expression.apply_children(|child| {
            match self.size(child) {
                Ok(more) => size = size.saturating_add(more),
                Err(fault) => error = Some(fault),
            }
            Ok(if error.is_none() { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
        });
        walked.map_err(|fault| Error::of(&fault))?;
        error.map_or(Ok(size), Err)
    }
}

/// Adds the parts of a type to `count`, which it leaves where there are too many.
fn add_parts(of: &DataType, count: &mut u64) {
    *count += 1;
    if *count > PARTS {
        return;
    }
    match of {
        DataType::Struct(fields) => fields.iter().for_each(|field| add_parts(field.data_type(), count)),
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::ListView(field)
        | DataType::LargeListView(field)
        | DataType::FixedSizeList(field, _)
        | DataType::Map(field, _) => add_parts(field.data_type(), count),
        _ => {}
    }
}

/// Says what is refused.
fn check_parts(count: u64) -> Result<u64> {
    if count > PARTS {
        return Err(Error::TooLarge(format!(
            "an expression has more than {PARTS} parts when its columns are written out; say less of it twice"
        )));
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use datafusion::prelude::SessionContext;

    use super::*;

    /// Each step reads the one before it; the last is read by `end`.
    async fn told(step: &str, count: usize, end: &str) -> Option<String> {
        let steps: String = (1..=count).map(|at| format!(", c{at} AS (SELECT {step} FROM c{})", at - 1)).collect();
        let text = format!("WITH c0 AS (SELECT column1 AS x FROM (VALUES (1), (2))){steps} SELECT {end} FROM c{count}");
        let plan = SessionContext::new().state().create_logical_plan(&text).await.unwrap();
        check(&plan).err().map(|error| error.to_string())
    }

    #[tokio::test]
    async fn what_doubles_at_each_step_is_bounded() {
        for step in ["x + x AS x", "CASE WHEN x > 1 THEN x END AS x", "coalesce(x, 1) AS x", "struct(x, x) AS x"] {
            assert_eq!(told(step, 8, "x").await, None, "{step}");
            assert!(told(step, 18, "x").await.unwrap().contains("parts"), "{step}");
        }
        let chained = "x BETWEEN 1 AND 2 BETWEEN false AND true";
        assert_eq!(told("x", 1, chained).await, None);
        let more = " BETWEEN false AND true".repeat(16);
        assert!(told("x", 1, &format!("{chained}{more}")).await.is_some());
        assert!(told("x + x AS x", 18, "1 + (SELECT max(x) FROM c18)").await.is_some());
    }

    #[tokio::test]
    async fn what_grows_by_one_at_each_step_is_let_in() {
        assert_eq!(told("x + 1 AS x", 300, "x").await, None);
        assert_eq!(told("max(x) + max(x) AS x", 60, "x").await, None);
        assert_eq!(told("sum(x) OVER (ORDER BY x) + 1 AS x", 60, "x").await, None);
    }
}
