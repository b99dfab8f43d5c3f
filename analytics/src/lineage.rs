//! `system.lineage`: which columns each column of a view is computed from.
//!
//! It is read off the plans of the views, as they were written: what a value is made of counts, what only filters, joins or
//! orders does not. Tables that a view reads in any way have a row without columns.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::MemTable;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{JoinType, Result, TableReference};
use datafusion::datasource::ViewTable;
use datafusion::logical_expr::utils::grouping_set_to_exprlist;
use datafusion::logical_expr::{Distinct, Expr, LogicalPlan};
use datafusion::prelude::SessionContext;

use crate::early::Extended;
use crate::kept::{KeptView, Source};

/// What is known of each view.
#[derive(Debug, Default)]
pub(crate) struct Lineage(Vec<Known>);

#[derive(Debug)]
struct Known {
    layer: String,
    name: String,
    plan: LogicalPlan,
    /// The tables that it reads, with their columns.
    reads: Vec<(String, Vec<String>)>,
}

impl Lineage {
    /// Adds a view with the full names of what it reads.
    pub(crate) async fn add(&mut self, context: &SessionContext, view: [&str; 2], reads: Vec<String>) -> Result<()> {
        let [layer, name] = view;
        let table = context.table_provider(TableReference::partial(layer, name)).await?;
        let table = table.downcast_ref().map_or(&table, Extended::before);
        let written = table.downcast_ref::<ViewTable>().map(ViewTable::logical_plan);
        let Some(plan) = written.or_else(|| table.downcast_ref::<KeptView>().map(KeptView::plan)) else {
            return Ok(());
        };
        let mut known = Known { layer: layer.into(), name: name.into(), plan: plan.clone(), reads: vec![] };
        for read in reads {
            // What a function gives has a name, too, and no columns before it is called.
            let columns = match context.table_exist(read.as_str())? {
                true => context.table_provider(read.as_str()).await?.schema(),
                false => SchemaRef::new(Schema::empty()),
            };
            known.reads.push((read, columns.fields().iter().map(|field| field.name().clone()).collect()));
        }
        self.0.push(known);
        Ok(())
    }
}

#[async_trait]
impl Source for Lineage {
    fn schema(&self) -> SchemaRef {
        let columns = ["layer", "view", "name", "reads_layer", "reads", "reads_name"];
        let field = |name| Field::new(name, DataType::Utf8, true);
        Arc::new(Schema::new(columns.map(field).to_vec()))
    }

    async fn compute(&self) -> Result<MemTable> {
        let mut rows: Vec<[Option<&str>; 6]> = Vec::new();
        let all: Vec<_> = self.0.iter().map(|known| (known, known.origins(&known.plan))).collect();
        for (known, origins) in &all {
            let (layer, view) = (Some(known.layer.as_str()), Some(known.name.as_str()));
            for (read, _) in &known.reads {
                let (reads_layer, reads) = read.split_once('.').unwrap_or_default();
                rows.push([layer, view, None, Some(reads_layer), Some(reads), None]);
            }
            for (field, origins) in known.plan.schema().fields().iter().zip(origins) {
                for (read, column) in origins {
                    let (reads_layer, reads) = read.split_once('.').unwrap_or_default();
                    let name = Some(field.name().as_str());
                    rows.push([layer, view, name, Some(reads_layer), Some(reads), Some(column)]);
                }
            }
        }
        rows.sort_unstable();
        let column = |place: usize| Arc::new(rows.iter().map(|row| row[place]).collect::<StringArray>()) as _;
        let batch = RecordBatch::try_new(self.schema(), (0..6).map(column).collect())?;
        MemTable::try_new(self.schema(), vec![vec![batch]])
    }
}

/// Columns with the full names of their tables.
type Origins<'a> = BTreeSet<(&'a str, &'a str)>;

impl Known {
    /// Returns what each column of a plan is computed from.
    fn origins<'a>(&'a self, plan: &LogicalPlan) -> Vec<Origins<'a>> {
        if let Some((name, columns)) = self.read(plan) {
            return columns.iter().map(|column| Origins::from([(name.as_str(), column.as_str())])).collect();
        }
        let inputs = plan.inputs();
        let input = |place: usize| inputs.get(place).map(|input| self.origins(input)).unwrap_or_default();
        let own = |exprs: &[&Expr]| -> Vec<_> {
            let (schema, below) = (inputs.first().map(|input| input.schema()), input(0));
            exprs.iter().map(|expr| self.of(expr, |column| below.get(schema?.maybe_index_of_column(column)?))).collect()
        };
        let mut found = match plan {
            LogicalPlan::Projection(projection) => own(&projection.expr.iter().collect::<Vec<_>>()),
            LogicalPlan::Window(window) => [input(0), own(&window.window_expr.iter().collect::<Vec<_>>())].concat(),
            LogicalPlan::Aggregate(aggregate) => {
                let groups = own(&grouping_set_to_exprlist(&aggregate.group_expr).unwrap_or_default());
                let values = own(&aggregate.aggr_expr.iter().collect::<Vec<_>>());
                // Between the two stands which of several groupings a row is of.
                let between = plan.schema().fields().len().saturating_sub(groups.len() + values.len());
                [groups, vec![Origins::new(); between], values].concat()
            }
            LogicalPlan::Distinct(Distinct::On(on)) => own(&on.select_expr.iter().collect::<Vec<_>>()),
            LogicalPlan::Join(join) => match join.join_type {
                JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark => input(0),
                JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark => input(1),
                _ => [input(0), input(1)].concat(),
            },
            LogicalPlan::Union(_) | LogicalPlan::RecursiveQuery(_) => {
                let all = (0..inputs.len()).map(input);
                all.reduce(|one, other| one.into_iter().zip(other).map(|(a, b)| &a | &b).collect()).unwrap_or_default()
            }
            LogicalPlan::Unnest(unnest) => {
                let below = input(0);
                unnest.dependency_indices.iter().map(|place| below.get(*place).cloned().unwrap_or_default()).collect()
            }
            _ => input(0),
        };
        found.resize(plan.schema().fields().len(), Origins::new());
        found
    }

    /// Returns the table or view that a node of the plan stands for, if the view reads it by that name.
    fn read(&self, plan: &LogicalPlan) -> Option<&(String, Vec<String>)> {
        let name = match plan {
            LogicalPlan::SubqueryAlias(alias) => &alias.alias,
            LogicalPlan::TableScan(scan) => &scan.table_name,
            _ => return None,
        };
        let name = format!("{}.{}", name.schema().unwrap_or("mart"), name.table());
        let fields = plan.schema().fields();
        // Something else of that name, which the query has made itself, has other columns.
        let is_same = |columns: &[String]| fields.iter().map(|field| field.name()).eq(columns);
        self.reads.iter().find(|(read, columns)| *read == name && is_same(columns))
    }

    /// Returns what an expression is computed from, given what the columns below it are.
    fn of<'a, 'b>(
        &'a self,
        expr: &Expr,
        below: impl Fn(&datafusion::common::Column) -> Option<&'b Origins<'a>>,
    ) -> Origins<'a>
    where
        'a: 'b,
    {
        let mut found = Origins::new();
        // Nothing here can fail.
        let _ = expr.apply(|part| {
            match part {
                Expr::Column(column) | Expr::OuterReferenceColumn(_, column) => {
                    found.extend(below(column).into_iter().flatten().copied());
                }
                Expr::ScalarSubquery(query) => found.extend(self.origins(&query.subquery).into_iter().flatten()),
                Expr::InSubquery(of) => found.extend(self.origins(&of.subquery.subquery).into_iter().flatten()),
                _ => {}
            }
            Ok(TreeNodeRecursion::Continue)
        });
        found
    }
}
