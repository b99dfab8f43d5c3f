//! Ends a query at its deadline wherever it is, and lets others run meanwhile.
//!
//! DataFusion's streams yield when their sources do. A cross join turns one batch of its source into thousands, and
//! whoever sums these up never comes back to the runtime: no timeout fires, and a dropped query runs on. So every
//! operator of a query from outside is wrapped: each batch that passes looks at the clock.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr, PlanProperties, RecordBatchStream,
    SendableRecordBatchStream,
};
use futures::Stream;

/// Batches between two breaths of an operator.
const BREATH: u32 = 16;

/// Wraps every operator of a plan.
pub(super) fn guarded(plan: Arc<dyn ExecutionPlan>, deadline: Instant) -> Result<Arc<dyn ExecutionPlan>> {
    let wrap = |input| Ok(Transformed::yes(Arc::new(Guard { input, deadline }) as Arc<dyn ExecutionPlan>));
    Ok(plan.transform_up(wrap)?.data)
}

/// One operator under guard.
#[derive(Debug)]
struct Guard {
    input: Arc<dyn ExecutionPlan>,
    deadline: Instant,
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
        Ok(Arc::new(Self { input, deadline: self.deadline }))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let input = self.input.execute(partition, context)?;
        Ok(Box::pin(Guarded { input, deadline: self.deadline, count: 0 }))
    }
}

/// The batches of one operator.
struct Guarded {
    input: SendableRecordBatchStream,
    deadline: Instant,
    count: u32,
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
        self.input.as_mut().poll_next(context)
    }
}

impl RecordBatchStream for Guarded {
    fn schema(&self) -> SchemaRef {
        self.input.schema()
    }
}
