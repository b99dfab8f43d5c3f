//! Ends a query at its deadline wherever it is, and lets others run meanwhile.
//!
//! DataFusion's streams yield when their sources do. A cross join turns one batch of its source into thousands, and
//! whoever sums these up never comes back to the runtime: no timeout fires, and a dropped query runs on. So every
//! operator of a query from outside is wrapped: each batch that passes looks at the clock.
//!
//! Nor does the engine count a batch that it makes by repeating values: a list of a million numbers beside each row of a batch
//! would be made before anybody asks whether there is room. So a query that repeats lists computes batches of few rows, and
//! both its constants and what comes to an operator that repeats are looked at.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::physical_expr::expressions::Literal;
use datafusion::physical_plan::joins::{
    CrossJoinExec, HashJoinExec, NestedLoopJoinExec, PiecewiseMergeJoinExec, SortMergeJoinExec, SymmetricHashJoinExec,
};
use datafusion::physical_plan::scalar_subquery::ScalarSubqueryExec;
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};
use datafusion::physical_plan::unnest::UnnestExec;
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowAggExec};
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr, PlanProperties,
    RecordBatchStream, ReplaceChildrenOptions, SendableRecordBatchStream,
};
use futures::Stream;

use super::{Error, width};

/// Batches between two breaths of an operator.
const BREATH: u32 = 16;

/// Bytes of one column of a batch that repeats a list.
const REPEATED: usize = 512 << 20;
/// Rows of the batches of a query that repeats lists: the files of a change are a list of a megabyte now and then.
pub(super) const FEW_ROWS: usize = 128;
/// Rows of the batches of tables in memory.
const MANY_ROWS: usize = 8192;

/// Returns whether a plan that computes batches of so many rows repeats lists: whether it is to compute fewer at once.
pub(super) fn repeats_lists(plan: &Arc<dyn ExecutionPlan>, batch_rows: usize) -> Result<bool> {
    plan.exists(|operator| {
        let mut children = operator.children().into_iter().enumerate();
        let is_repeated =
            children.any(|(place, child)| !repeated(operator.as_ref(), place, &child.schema()).is_empty());
        Ok(is_repeated || check_constants(operator.as_ref(), batch_rows).is_err())
    })
}

/// Wraps every operator of a plan that computes batches of so many rows.
pub(super) fn guarded(
    plan: Arc<dyn ExecutionPlan>,
    deadline: Instant,
    batch_rows: usize,
) -> Result<Arc<dyn ExecutionPlan>> {
    plan.apply(|operator| {
        check_constants(operator.as_ref(), batch_rows)?;
        Ok(TreeNodeRecursion::Continue)
    })?;
    let most = REPEATED / batch_rows.max(1);
    let wrap = |operator: Arc<dyn ExecutionPlan>| {
        let watched = |(place, child): (usize, &Arc<dyn ExecutionPlan>)| match child.downcast_ref::<Guard>() {
            Some(guard) => {
                let repeated = repeated(operator.as_ref(), place, &child.schema());
                // It repeats as often as the other side's batches have rows, which may lie there already.
                let most = if operator.is::<CrossJoinExec>() { REPEATED / MANY_ROWS } else { most };
                Arc::new(Guard { input: Arc::clone(&guard.input), repeated, most, ..*guard }) as Arc<dyn ExecutionPlan>
            }
            None => Arc::clone(child),
        };
        let children = operator.children().into_iter().enumerate().map(watched).collect();
        let input = operator.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Keep))?;
        Ok(Transformed::yes(Arc::new(Guard { input, deadline, repeated: vec![], most }) as Arc<dyn ExecutionPlan>))
    };
    Ok(plan.transform_up(wrap)?.data)
}

/// Refuses a list that would be written beside each row.
fn check_constants(operator: &dyn ExecutionPlan, batch_rows: usize) -> Result<()> {
    let mut widest = 0;
    operator.apply_expressions(&mut |expression| {
        expression.apply(|part| {
            if let Some(literal) = part.downcast_ref::<Literal>()
                && width::is_any(&literal.value().data_type())
            {
                widest = widest.max(width::of(&literal.value().to_array()?));
            }
            Ok(TreeNodeRecursion::Continue)
        })
    })?;
    if widest <= REPEATED / batch_rows.max(1) {
        return Ok(());
    }
    let mut rows = 1;
    for child in operator.children() {
        let known = StatisticsContext::new().compute(child.as_ref(), &StatisticsArgs::new())?.num_rows;
        rows = rows.max(if let Precision::Exact(count) = known { count.min(batch_rows) } else { batch_rows });
    }
    let rows = if operator.children().is_empty() { batch_rows } else { rows };
    check_width(widest, REPEATED / rows.max(1))
}

fn check_width(width: usize, most: usize) -> Result<()> {
    if width <= most {
        return Ok(());
    }
    let text = format!("a list of {width} bytes would be repeated for each row; lists up to {most} bytes are");
    Err(Error::TooLarge(text).into())
}

/// Returns which columns of its input an operator may repeat, of those whose values may be of any width.
fn repeated(operator: &dyn ExecutionPlan, place: usize, input: &Schema) -> Vec<usize> {
    let unnested = match operator.downcast_ref::<UnnestExec>() {
        Some(unnest) => unnest.list_column_indices().iter().map(|list| list.index_in_input_schema).collect(),
        None => vec![],
    };
    let is_repeating = operator.is::<UnnestExec>()
        || operator.is::<CrossJoinExec>() && place == 0
        || operator.is::<HashJoinExec>()
        || operator.is::<NestedLoopJoinExec>()
        || operator.is::<PiecewiseMergeJoinExec>()
        || operator.is::<SortMergeJoinExec>()
        || operator.is::<SymmetricHashJoinExec>()
        || operator.is::<WindowAggExec>()
        || operator.is::<BoundedWindowAggExec>()
        // Its first input passes as it is; of the others each is one value, which stands beside each row.
        || operator.is::<ScalarSubqueryExec>() && place > 0;
    let columns = input.fields().iter().enumerate().filter(|(_, field)| width::is_any(field.data_type()));
    columns.map(|(column, _)| column).filter(|column| is_repeating && !unnested.contains(column)).collect()
}

/// One operator under guard.
#[derive(Debug)]
struct Guard {
    input: Arc<dyn ExecutionPlan>,
    deadline: Instant,
    /// Columns that whoever takes the batches may repeat, and the most bytes that one of their values may have.
    repeated: Vec<usize>,
    most: usize,
}

impl DisplayAs for Guard {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guard")
    }
}

impl ExecutionPlan for Guard {
    fn name(&self) -> &str {
        "Guard"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let input = children.into_iter().next();
        let input = input.ok_or_else(|| DataFusionError::Internal("a guard has one child".into()))?;
        Ok(Arc::new(Self { input, repeated: self.repeated.clone(), ..*self }))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let input = self.input.execute(partition, context)?;
        let (repeated, most) = (self.repeated.clone(), self.most);
        Ok(Box::pin(Guarded { input, deadline: self.deadline, repeated, most, count: 0 }))
    }
}

/// The batches of one operator.
struct Guarded {
    input: SendableRecordBatchStream,
    deadline: Instant,
    repeated: Vec<usize>,
    most: usize,
    count: u32,
}

impl Guarded {
    fn checked(&self, batch: RecordBatch) -> Result<RecordBatch> {
        let mut widths = self.repeated.iter().map(|column| width::of(batch.column(*column)));
        widths.try_for_each(|width| check_width(width, self.most))?;
        Ok(batch)
    }
}

impl Stream for Guarded {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if Instant::now() >= self.deadline {
            return Poll::Ready(Some(Err(DataFusionError::Execution("the query's time is over".into()))));
        }
        self.count += 1;
        if self.count.is_multiple_of(BREATH) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let next = ready!(self.input.as_mut().poll_next(context));
        Poll::Ready(next.map(|batch| self.checked(batch?)))
    }
}

impl RecordBatchStream for Guarded {
    fn schema(&self) -> SchemaRef {
        self.input.schema()
    }
}
