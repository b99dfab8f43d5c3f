//! Rows that stand together are added up together.
//!
//! The rows of a fact file are in the order of tests and series, so the same test, suite and builder come hundreds of times
//! in a row. The engine would compute `split_part(suite, '.', 2)` and look up its group for each of them. Where a question
//! groups by such columns only, its rows are first made one per run of equal values, and only these are looked up. It is a
//! matter of speed alone: rows that are in no order become short runs, and the answer is the same.

use std::collections::BTreeSet;
use std::fmt;
use std::iter;
use std::slice;
use std::sync::Arc;

use annals_data::schema::OUTCOME;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt32Array};
use arrow::buffer::BooleanBuffer;
use arrow::compute::kernels::cmp::distinct;
use arrow::compute::{concat, take_record_batch};
use arrow::datatypes::{FieldRef, SchemaRef};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::datasource::physical_plan::FileScanConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_expr_common::physical_expr::is_volatile;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::aggregates::{
    AggregateExec, AggregateMode, PhysicalGroupBy, evaluate_group_by, evaluate_many,
};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet, RecordOutput};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr, PlanProperties,
    ReplaceChildrenOptions, SendableRecordBatchStream,
};
use futures::stream::{self, Fuse};
use futures::{StreamExt, TryStreamExt};

/// Columns of outcomes that hardly ever change within a series, and so among rows that stand together.
const STEADY: [&str; 9] = ["series_id", "test_id", "kind", "project", "branch", "builder", "suite", "name", "file"];

/// Puts a [`RunExec`] below each first step of an aggregation that is worth it.
#[derive(Debug)]
pub(crate) struct AggregateRuns;

impl PhysicalOptimizerRule for AggregateRuns {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let with_runs = |plan: Arc<dyn ExecutionPlan>| match plan.downcast_ref::<AggregateExec>() {
            Some(first) if is_worth_it(first) => {
                let runs = Arc::new(RunExec::new(first));
                let (group, count) = (first.group_expr().as_final(), first.aggr_expr().len());
                let (functions, schema) = (first.aggr_expr().to_vec(), first.input_schema());
                let mode = AggregateMode::PartialReduce;
                let rest = AggregateExec::try_new(mode, group, functions, vec![None; count], runs, schema)?;
                Ok(Transformed::yes(Arc::new(rest) as Arc<dyn ExecutionPlan>))
            }
            _ => Ok(Transformed::no(plan)),
        };
        Ok(plan.transform_up(with_runs)?.data)
    }

    fn name(&self) -> &'static str {
        "aggregate_runs"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Returns whether the rows of an aggregation's input stand together by what they are grouped by, and few numbers say
/// what is known of a group.
fn is_worth_it(first: &AggregateExec) -> bool {
    let group = first.group_expr();
    let is_small = |(function, filter): (&Arc<AggregateFunctionExpr>, &Option<_>)| {
        let is_number = |fields: Vec<FieldRef>| {
            !function.is_distinct() && fields.iter().all(|field| !field.data_type().is_nested())
        };
        function.groups_accumulator_supported()
            && function.order_bys().is_empty()
            && (function.state_fields().is_ok_and(is_number) || is_of_heads(function, filter.as_ref()))
    };
    *first.mode() == AggregateMode::Partial
        && group.is_single()
        && first.limit_options().is_none()
        && are_steady(group.expr().iter().map(|(expression, _)| expression))
        && first.aggr_expr().iter().zip(first.filter_expr()).all(is_small)
        && reads_outcomes(first.input())
}

/// Returns whether a function asks for the different values of what is the same in all rows of a run: its first row has
/// them.
fn is_of_heads(function: &AggregateFunctionExpr, filter: Option<&Arc<dyn PhysicalExpr>>) -> bool {
    function.is_distinct() && filter.is_none() && are_steady(&function.expressions())
}

/// Returns whether expressions have one value in a run of rows: what they read is the same there, and they do not throw
/// dice.
fn are_steady<'a>(expressions: impl IntoIterator<Item = &'a Arc<dyn PhysicalExpr>> + Clone) -> bool {
    let mut columns = columns(expressions.clone()).peekable();
    columns.peek().is_some()
        && columns.all(|column| STEADY.contains(&column.name()))
        && !expressions.into_iter().any(is_volatile)
}

/// Returns the columns that expressions read.
fn columns<'a>(expressions: impl IntoIterator<Item = &'a Arc<dyn PhysicalExpr>>) -> impl Iterator<Item = Column> {
    expressions.into_iter().flat_map(collect_columns)
}

/// Returns whether these are rows of outcomes as they lie, but for some that are left out.
fn reads_outcomes(plan: &Arc<dyn ExecutionPlan>) -> bool {
    let Some(source) = plan.downcast_ref::<DataSourceExec>() else {
        return matches!(plan.children()[..], [input] if plan.maintains_input_order() == [true] && reads_outcomes(input));
    };
    let Some(files) = source.data_source().downcast_ref::<FileScanConfig>() else { return false };
    files.file_schema().fields().iter().map(|field| field.name()).eq(OUTCOME.columns.iter().map(|column| column.name))
}

/// The first step of an aggregation, from rows to states of groups, for runs of rows instead of for all.
#[derive(Debug)]
struct RunExec {
    /// The step as the engine planned it.
    first: AggregateExec,
    metrics: ExecutionPlanMetricsSet,
}

impl RunExec {
    fn new(first: &AggregateExec) -> Self {
        Self { first: first.clone(), metrics: ExecutionPlanMetricsSet::new() }
    }
}

impl DisplayAs for RunExec {
    fn fmt_as(&self, kind: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RunExec: ")?;
        self.first.fmt_as(kind, f)
    }
}

impl ExecutionPlan for RunExec {
    fn name(&self) -> &str {
        "RunExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.first.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.first.children()
    }

    fn apply_expressions(
        &self,
        visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.first.apply_expressions(visit)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
        let first = Arc::new(self.first.clone()).replace_children(children, options)?;
        let first = first.downcast_ref::<AggregateExec>();
        let first =
            first.ok_or_else(|| DataFusionError::Internal("an aggregation has become something else".into()))?;
        Ok(Arc::new(Self::new(first)))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        // It is asked once more after its end, when the last states are handed on.
        let input = self.first.input().execute(partition, Arc::clone(&context))?.fuse();
        let runs = Runs::new(&self.first, context.session_config().batch_size())?;
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let next = async |(mut input, mut runs, metrics): (Fuse<SendableRecordBatchStream>, Runs, BaselineMetrics)| {
            while !runs.are_many() {
                let Some(batch) = input.try_next().await? else { break };
                let _timer = metrics.elapsed_compute().timer();
                runs.add(&batch)?;
            }
            let states = runs.states()?.record_output(&metrics);
            Ok((states.num_rows() > 0).then_some((states, (input, runs, metrics))))
        };
        let states = stream::try_unfold((input, runs, metrics), next);
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), states.boxed())))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// Runs of rows that were read, and the state of each.
struct Runs {
    group: PhysicalGroupBy,
    /// The columns that are the same in all rows of a run.
    columns: Vec<usize>,
    functions: Vec<Function>,
    /// What the runs of each batch are grouped by.
    groups: Vec<Vec<ArrayRef>>,
    count: usize,
    /// So many are worth to be handed on.
    many: usize,
    schema: SchemaRef,
    /// The run of each row of a batch, kept for its room.
    runs: Vec<usize>,
}

/// One function of an aggregation.
struct Function {
    is_of_heads: bool,
    arguments: Vec<Arc<dyn PhysicalExpr>>,
    filter: Option<Arc<dyn PhysicalExpr>>,
    states: Box<dyn GroupsAccumulator>,
}

impl Runs {
    fn new(first: &AggregateExec, many: usize) -> Result<Self> {
        let group = first.group_expr().clone();
        let function = |(function, filter): (&Arc<AggregateFunctionExpr>, &Option<_>)| {
            let is_of_heads = is_of_heads(function, filter.as_ref());
            let states = function.create_groups_accumulator()?;
            Ok(Function { is_of_heads, arguments: function.expressions(), filter: filter.clone(), states })
        };
        let functions = first.aggr_expr().iter().zip(first.filter_expr()).map(function).collect::<Result<Vec<_>>>()?;
        let of_heads = functions.iter().filter(|function| function.is_of_heads);
        let steady = group.expr().iter().map(|(expression, _)| expression);
        let steady = columns(steady.chain(of_heads.flat_map(|function| &function.arguments)));
        Ok(Self {
            columns: steady.map(|column| column.index()).collect::<BTreeSet<_>>().into_iter().collect(),
            functions,
            groups: Vec::new(),
            count: 0,
            many,
            schema: first.schema(),
            runs: Vec::new(),
            group,
        })
    }

    fn are_many(&self) -> bool {
        self.count >= self.many
    }

    fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let columns: Vec<&ArrayRef> = self.columns.iter().map(|index| batch.column(*index)).collect();
        let starts = starts(&columns)?;
        let ends = starts[1..].iter().copied().chain([batch.num_rows() as u32]);
        self.runs.clear();
        for (run, end) in (self.count..).zip(ends) {
            self.runs.resize(end as usize, run);
        }
        let known = self.count;
        self.count += starts.len();
        let heads = take_record_batch(batch, &UInt32Array::from(starts))?;
        self.groups.extend(evaluate_group_by(&self.group, &heads)?);
        let each: Vec<usize> = (known..self.count).collect();
        for function in &mut self.functions {
            if function.is_of_heads {
                let arguments = evaluate_many(slice::from_ref(&function.arguments), &heads)?.concat();
                function.states.update_batch(&arguments, &each, None, self.count)?;
                continue;
            }
            let arguments = evaluate_many(slice::from_ref(&function.arguments), batch)?.concat();
            let filter = function.filter.as_ref().map(|filter| filter.evaluate(batch)?.into_array(batch.num_rows()));
            let filter = filter.transpose()?;
            let filter = filter.as_ref().map(|filter| filter.as_boolean());
            function.states.update_batch(&arguments, &self.runs, filter, self.count)?;
        }
        Ok(())
    }

    /// Returns the states of all runs so far, which are forgotten.
    fn states(&mut self) -> Result<RecordBatch> {
        if self.count == 0 {
            return Ok(RecordBatch::new_empty(self.schema.clone()));
        }
        let groups = std::mem::take(&mut self.groups);
        let column = |index: usize| {
            let pieces: Vec<&dyn Array> = groups.iter().map(|columns| columns[index].as_ref()).collect();
            concat(&pieces)
        };
        let mut columns = (0..groups[0].len()).map(column).collect::<Result<Vec<_>, _>>()?;
        for function in &mut self.functions {
            columns.extend(function.states.state(EmitTo::All)?);
        }
        self.count = 0;
        Ok(RecordBatch::try_new(self.schema.clone(), columns)?)
    }
}

/// Returns the rows at which a run of equal values begins, in `columns` of at least one row.
fn starts(columns: &[&ArrayRef]) -> Result<Vec<u32>> {
    let mut turns = BooleanBuffer::new_unset(columns[0].len() - 1);
    for column in columns {
        turns = &turns | &turns_of(column)?;
    }
    Ok(iter::once(0).chain(turns.set_indices().map(|row| row as u32 + 1)).collect())
}

/// Returns for each row but the last whether the next has another value.
fn turns_of(column: &ArrayRef) -> Result<BooleanBuffer> {
    let last = column.len() - 1;
    if let Some(texts) = column.as_string_view_opt().filter(|texts| texts.null_count() == 0) {
        // What is seen through the same view is the same text, and a file has each of its texts once.
        let views = texts.views();
        return Ok(BooleanBuffer::collect_bool(last, |row| views[row] != views[row + 1]));
    }
    Ok(distinct(&column.slice(0, last), &column.slice(1, last))?.values().clone())
}
