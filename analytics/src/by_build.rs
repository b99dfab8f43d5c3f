//! Outcomes are added up by build before they are joined with their builds.
//!
//! Who asks for outcomes by worker, trigger or week groups them by what is known of their builds. The engine would join
//! each outcome with its build, and look up its group by texts. All outcomes of one build end in the same group, so they
//! are added up by the build's number first, and only these sums are joined. Where that cannot be done, as with percentiles,
//! at least what is computed of a build is computed once, and not for each of its outcomes. It is a matter of speed alone:
//! the rows are the same, as long as an outcome has of its build what the store wrote.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, Result, TableReference};
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::expr::{AggregateFunction, AggregateFunctionParams};
use datafusion::logical_expr::{
    Aggregate, AggregateUDF, Expr, ExprSchemable, JoinType, LogicalPlan, LogicalPlanBuilder, cast, col,
};
use datafusion::optimizer::optimizer::ApplyOrder;
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};

/// What joins outcomes with builds.
const KEY: &str = "build_id";

/// What an outcome has of its build: the store writes both from the same words.
const SHARED: [&str; 4] = ["project", "branch", "builder", "position"];

/// More rows than there are.
const NO_LIMIT: usize = i64::MAX as usize;

/// Adds outcomes up by build where they are joined with builds and then grouped.
#[derive(Debug)]
pub(crate) struct AddUpByBuild;

impl OptimizerRule for AddUpByBuild {
    fn name(&self) -> &str {
        "add_up_by_build"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::BottomUp)
    }

    fn rewrite(&self, plan: LogicalPlan, _: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let rewritten = match &plan {
            LogicalPlan::Aggregate(aggregate) => match Sides::of(&aggregate.input) {
                Some(sides) => match by_build(aggregate, &sides)? {
                    None => computed_once(aggregate, &sides)?,
                    by_build => by_build,
                },
                None => None,
            },
            _ => None,
        };
        Ok(rewritten.map_or_else(|| Transformed::no(plan), Transformed::yes))
    }
}

/// Outcomes and builds, and by which columns they are joined.
struct Sides<'a> {
    outcomes: &'a Arc<LogicalPlan>,
    outcome_key: &'a Column,
    builds: &'a Arc<LogicalPlan>,
    build_key: &'a Column,
}

impl<'a> Sides<'a> {
    fn of(plan: &'a LogicalPlan) -> Option<Self> {
        let LogicalPlan::Join(join) = plan else { return None };
        let [(Expr::Column(left), Expr::Column(right))] = &join.on[..] else { return None };
        let is_by_key = left.name == KEY && right.name == KEY;
        if join.join_type != JoinType::Inner || join.filter.is_some() || !is_by_key {
            return None;
        }
        match (table(&join.left)?, table(&join.right)?) {
            ("outcome", "build") => {
                Some(Self { outcomes: &join.left, outcome_key: left, builds: &join.right, build_key: right })
            }
            ("build", "outcome") => {
                Some(Self { outcomes: &join.right, outcome_key: right, builds: &join.left, build_key: left })
            }
            _ => None,
        }
    }

    /// Returns an expression over builds only; none if it asks for what differs among the outcomes of a build.
    fn of_builds(&self, expression: &Expr) -> Result<Option<Expr>> {
        let shared = |part: Expr| {
            let found = match &part {
                Expr::Column(column) if SHARED.contains(&column.name.as_str()) && self.is_of_outcomes(column) => {
                    self.builds.schema().columns_with_unqualified_name(&column.name).pop()
                }
                _ => None,
            };
            Ok(found.map_or_else(|| Transformed::no(part), |column| Transformed::yes(Expr::Column(column))))
        };
        let expression = expression.clone().transform(shared)?.data;
        // Sets of groups are of several aggregations, and bring a column of their own.
        let is_set = matches!(expression, Expr::GroupingSet(_));
        let is_of_builds = !is_set && !expression.column_refs().into_iter().any(|column| self.is_of_outcomes(column));
        Ok((is_of_builds && !expression.is_volatile()).then_some(expression))
    }

    fn is_of_outcomes(&self, column: &Column) -> bool {
        self.outcomes.schema().has_column(column)
    }
}

/// Returns which table of facts a plan reads, row by row.
fn table(plan: &LogicalPlan) -> Option<&str> {
    let fact = |name: &TableReference| name.schema() == Some("raw");
    match plan {
        LogicalPlan::TableScan(scan) if fact(&scan.table_name) => Some(scan.table_name.table()),
        LogicalPlan::SubqueryAlias(alias) if fact(&alias.alias) => Some(alias.alias.table()),
        LogicalPlan::SubqueryAlias(alias) => table(&alias.input),
        LogicalPlan::Filter(filter) => table(&filter.input),
        _ => None,
    }
}

/// Returns whether all rows of a table are meant.
fn is_whole(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::TableScan(scan) => scan.filters.is_empty(),
        LogicalPlan::SubqueryAlias(alias) => is_whole(&alias.input),
        LogicalPlan::Projection(projection) => is_whole(&projection.input),
        _ => false,
    }
}

/// Returns the same rows, with what is computed of builds computed before the join; none where there is no such thing.
fn computed_once(aggregate: &Aggregate, sides: &Sides<'_>) -> Result<Option<LogicalPlan>> {
    let (mut computed, mut groups) = (Vec::new(), Vec::new());
    for group in &aggregate.group_expr {
        let of_builds = match group.clone().unalias() {
            Expr::Column(_) => None,
            group => sides.of_builds(&group)?.filter(|of_builds| !of_builds.column_refs().is_empty()),
        };
        groups.push(match of_builds {
            Some(of_builds) => {
                let name = format!("of_build_{}", computed.len());
                computed.push(of_builds.alias(&name));
                col(name)
            }
            None => group.clone(),
        });
    }
    if computed.is_empty() {
        return Ok(None);
    }
    let columns = sides.builds.schema().columns().into_iter().map(Expr::Column);
    let builds = LogicalPlanBuilder::from(sides.builds.clone()).project(columns.chain(computed))?.build()?;
    let keys = (vec![sides.build_key.clone()], vec![sides.outcome_key.clone()]);
    let rows = LogicalPlanBuilder::from(builds)
        .join(sides.outcomes.as_ref().clone(), JoinType::Inner, keys, None)?
        .aggregate(groups, aggregate.aggr_expr.clone())?
        .build()?;
    let columns = rows.schema().columns().into_iter().map(Expr::Column);
    named(rows, columns, aggregate)
}

/// Returns the rows of an aggregate under its names; none if their types are others.
fn named(rows: LogicalPlan, columns: impl Iterator<Item = Expr>, aggregate: &Aggregate) -> Result<Option<LogicalPlan>> {
    let mut named = Vec::new();
    for (column, (qualifier, field)) in columns.zip(aggregate.schema.iter()) {
        if column.get_type(rows.schema())? != *field.data_type() {
            return Ok(None);
        }
        named.push(column.alias_qualified(qualifier.cloned(), field.name()));
    }
    Ok(Some(LogicalPlanBuilder::from(rows).project(named)?.build()?))
}

/// Returns the same rows, added up by build first; none where that cannot be done.
fn by_build(aggregate: &Aggregate, sides: &Sides<'_>) -> Result<Option<LogicalPlan>> {
    let groups = aggregate.group_expr.iter().map(|group| sides.of_builds(group)).collect::<Result<Option<Vec<_>>>>()?;
    // Without a group there is a row even of nothing.
    let Some(groups) = groups.filter(|groups| !groups.is_empty()) else { return Ok(None) };
    let mut sums = Sums::default();
    let wholes = aggregate.aggr_expr.iter().map(|function| sums.add(function, sides));
    let Some(wholes) = wholes.collect::<Option<Vec<Expr>>>() else { return Ok(None) };

    let by_build = LogicalPlanBuilder::from(sides.outcomes.clone())
        .aggregate([Expr::Column(sides.outcome_key.clone())], sums.of_builds)?;
    let by_build = match is_whole(sides.builds) {
        // Of all builds nothing is won by looking each outcome's build up before it is read; no filter passes a limit.
        true => by_build.limit(0, Some(NO_LIMIT))?.build()?,
        false => by_build.build()?,
    };
    let keys = (vec![sides.build_key.clone()], vec![sides.outcome_key.clone()]);
    let group = |(index, group): (usize, Expr)| group.alias(format!("group_{index}"));
    let groups: Vec<Expr> = groups.into_iter().enumerate().map(group).collect();
    let names: Vec<Expr> = (0..groups.len()).map(|index| col(format!("group_{index}"))).collect();
    let rows = LogicalPlanBuilder::from(sides.builds.clone())
        .join(by_build, JoinType::Inner, keys, None)?
        .aggregate(groups, sums.of_groups)?
        .build()?;
    named(rows, names.into_iter().chain(wholes), aggregate)
}

/// What is added up of each build, and then of each group.
#[derive(Default)]
struct Sums {
    of_builds: Vec<Expr>,
    of_groups: Vec<Expr>,
}

impl Sums {
    /// Adds what a function needs; returns its value, or none if it cannot be put together of builds.
    fn add(&mut self, function: &Expr, sides: &Sides<'_>) -> Option<Expr> {
        let Expr::AggregateFunction(AggregateFunction { func, params }) = function.clone().unalias() else {
            return None;
        };
        let is_plain = !params.distinct && params.order_by.is_empty() && params.null_treatment.is_none();
        let read = params.args.iter().chain(params.filter.as_deref());
        let is_of_outcomes = |part: &Expr| {
            !part.is_volatile() && part.column_refs().into_iter().all(|column| sides.is_of_outcomes(column))
        };
        if !is_plain || !read.clone().all(is_of_outcomes) {
            return None;
        }
        match func.name() {
            "count" => Some(self.part(func, &params, sum_udaf())),
            "sum" | "min" | "max" => Some(self.part(func.clone(), &params, func)),
            "avg" => {
                let (sum, count) =
                    (self.part(sum_udaf(), &params, sum_udaf()), self.part(count_udaf(), &params, sum_udaf()));
                Some(sum / cast(count, DataType::Float64))
            }
            _ => None,
        }
    }

    /// Adds one number of each build, and how these make one of a group; returns that one.
    fn part(
        &mut self,
        of_build: Arc<AggregateUDF>,
        params: &AggregateFunctionParams,
        of_group: Arc<AggregateUDF>,
    ) -> Expr {
        let name = format!("part_{}", self.of_builds.len());
        let (args, filter) = (params.args.clone(), params.filter.clone());
        let of_build = AggregateFunction::new_udf(of_build, args, false, filter, Vec::new(), None);
        let of_group = AggregateFunction::new_udf(of_group, vec![col(&name)], false, None, Vec::new(), None);
        self.of_builds.push(Expr::AggregateFunction(of_build).alias(&name));
        self.of_groups.push(Expr::AggregateFunction(of_group).alias(&name));
        col(name)
    }
}
