//! Rows that stand together are added up together.
//!
//! The rows of a fact file are in the order of outcomes, tests and series, so the same test, suite and builder come hundreds of
//! times in a row. The engine would compute `split_part(suite, '.', 2)` and look up its group for each of them. Where a question
//! groups by such columns only, its rows are first made one per run of equal values, and only these are looked up.
//! Builds and positions change with each row, but come in the same order in each series: the group of a row mostly is
//! the one that followed the last row's group before, and need not be looked up either. Where a question groups by both,
//! a group ends with its run, so few are looked through.
//!
//! It is a matter of speed alone: rows that are in no order become short runs, and the answer is the same.

use std::collections::BTreeSet;
use std::fmt;
use std::slice;
use std::sync::Arc;

use annals_data::schema::OUTCOME;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt32Array};
use arrow::compute::{concat, take_record_batch};
use arrow::datatypes::{DataType, FieldRef, SchemaRef};
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

mod sequence;
mod sum;

use sequence::{Sequence, starts};
use sum::Addition;

/// Columns of outcomes that hardly ever change within a series, and so among rows that stand together.
const STEADY: [&str; 10] =
    ["outcome", "series_id", "test_id", "kind", "project", "branch", "builder", "suite", "name", "file"];

/// So many groups of rows that do not stand together are kept before they are handed on.
const GROUPS: usize = 1 << 18;

/// Puts a [`RunExec`] below each first step of an aggregation that is worth it.
#[derive(Debug)]
pub(crate) struct AggregateRuns;

impl PhysicalOptimizerRule for AggregateRuns {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let with_runs = |plan: Arc<dyn ExecutionPlan>| match plan.downcast_ref::<AggregateExec>() {
            Some(first) if is_worth_it(first) => {
                let runs = Arc::new(RunExec::new(first));
                if !are_steady(groups(first)) {
                    // A group comes once from each piece of the files, or nearly so: there is nothing to put together.
                    return Ok(Transformed::yes(runs as Arc<dyn ExecutionPlan>));
                }
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

/// Returns whether the groups of an aggregation's input are found by the order of its rows, and few numbers say what is
/// known of a group.
fn is_worth_it(first: &AggregateExec) -> bool {
    let is_steady = are_steady(groups(first));
    let is_small = |(function, filter): (&Arc<AggregateFunctionExpr>, &Option<_>)| {
        let is_number = |fields: Vec<FieldRef>| {
            !function.is_distinct() && fields.iter().all(|field| !field.data_type().is_nested())
        };
        function.groups_accumulator_supported()
            && function.order_bys().is_empty()
            && (function.state_fields().is_ok_and(is_number) || is_steady && is_of_heads(function, filter.as_ref()))
    };
    *first.mode() == AggregateMode::Partial
        && first.group_expr().is_single()
        && first.limit_options().is_none()
        && (is_steady || whole_number(first).is_some())
        && first.aggr_expr().iter().zip(first.filter_expr()).all(is_small)
        && reads_outcomes(first.input())
}

/// Returns what rows are grouped by.
fn groups(first: &AggregateExec) -> impl Iterator<Item = &Arc<dyn PhysicalExpr>> + Clone {
    first.group_expr().expr().iter().map(|(expression, _)| expression)
}

/// Returns the only column that rows are grouped by beside what is steady, if it is of whole numbers and never null.
fn whole_number(first: &AggregateExec) -> Option<usize> {
    let mut others = groups(first).filter(|expression| !are_steady([*expression]));
    let index = others.next()?.downcast_ref::<Column>()?.index();
    let schema = first.input().schema();
    let field = schema.field(index);
    let is_whole = *field.data_type() == DataType::Int64 && !field.is_nullable();
    (is_whole && others.next().is_none()).then_some(index)
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

/// The first step of an aggregation, from rows to states of groups, by the order of the rows.
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

/// Groups of rows that were read, and the state of each.
struct Runs {
    group: PhysicalGroupBy,
    by: By,
    functions: Vec<Function>,
    /// What the groups that began in each batch are grouped by.
    groups: Vec<Vec<ArrayRef>>,
    count: usize,
    /// So many are worth to be handed on.
    many: usize,
    schema: SchemaRef,
    /// The group of each row of a batch, kept for its room.
    rows: Vec<usize>,
}

/// How the group of a row is found.
enum By {
    /// These columns are the same in all rows of a run, and each run is a group.
    Columns(Vec<usize>),
    Sequence(Sequence),
}

/// One function of an aggregation.
struct Function {
    is_of_heads: bool,
    /// How what is known of a run is had from counts and sums, if it is.
    addition: Option<Addition>,
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
            let (arguments, filter) = (function.expressions(), filter.clone());
            Ok(Function { is_of_heads, addition: Addition::of(function), arguments, filter, states })
        };
        let functions = first.aggr_expr().iter().zip(first.filter_expr()).map(function).collect::<Result<Vec<_>>>()?;
        let of_heads = functions.iter().filter(|function| function.is_of_heads);
        let steady = groups(first).filter(|expression| are_steady([*expression]));
        let steady = columns(steady.chain(of_heads.flat_map(|function| &function.arguments)));
        let steady = steady.map(|column| column.index()).collect::<BTreeSet<_>>().into_iter().collect();
        let by = match whole_number(first) {
            Some(column) => By::Sequence(Sequence::new(column, steady)),
            None => By::Columns(steady),
        };
        Ok(Self {
            many: if matches!(by, By::Columns(_)) { many } else { GROUPS },
            by,
            functions,
            groups: Vec::new(),
            count: 0,
            schema: first.schema(),
            rows: Vec::new(),
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
        self.rows.clear();
        let known = self.count;
        let heads = match &mut self.by {
            By::Columns(columns) => {
                let columns: Vec<&ArrayRef> = columns.iter().map(|index| batch.column(*index)).collect();
                let starts = starts(&columns)?;
                let ends = starts[1..].iter().copied().chain([batch.num_rows() as u32]);
                for (run, end) in (known..).zip(ends) {
                    self.rows.resize(end as usize, run);
                }
                starts
            }
            By::Sequence(sequence) => sequence.find(batch, &mut self.rows)?,
        };
        self.count += heads.len();
        let starts = UInt32Array::from(heads);
        let heads = take_record_batch(batch, &starts)?;
        if heads.num_rows() > 0 {
            self.groups.extend(evaluate_group_by(&self.group, &heads)?);
        }
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
            if let (By::Columns(_), Some(addition)) = (&self.by, function.addition)
                && let Some(states) = addition.of_runs(&arguments[0], filter, starts.values())
            {
                function.states.merge_batch(&states, &each, self.count)?;
                continue;
            }
            function.states.update_batch(&arguments, &self.rows, filter, self.count)?;
        }
        Ok(())
    }

    /// Returns the states of all groups so far, which are forgotten.
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
        if let By::Sequence(sequence) = &mut self.by {
            sequence.clear();
        }
        Ok(RecordBatch::try_new(self.schema.clone(), columns)?)
    }
}
