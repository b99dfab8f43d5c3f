//! An answer as it is computed.
//!
//! A query runs in a task of its own, so that its time is kept even while it computes. A few batches wait for whoever
//! takes them, no more: a slow reader holds the query back. Dropping the rows ends the task.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::datasource::source_as_provider;
use datafusion::error::DataFusionError;
use datafusion::execution::SessionState;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool};
use datafusion::logical_expr::{Expr, LogicalPlan, Volatility};
use datafusion::physical_plan::execute_stream;
use futures::StreamExt;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::error::{Error, Result};
use super::log::Entry;
use super::queue::Turn;
use super::{Clock, Share, guard, system};

/// Batches that wait for their reader.
const AHEAD: usize = 2;

/// What the computing task hands over.
enum Part {
    Schema(SchemaRef),
    Batch(RecordBatch),
    /// There is more than the bounds let out.
    Cut,
}

/// The rows of an answer, to be taken one batch after another.
pub struct Rows {
    /// Names and types of the columns, also when there are no rows.
    pub schema: SchemaRef,
    /// The version of the data.
    pub version: i64,
    parts: Receiver<Result<Part>>,
    entry: Option<Entry>,
    started: Instant,
    time: Duration,
    count: u64,
    bytes: u64,
    is_truncated: bool,
    /// What the query may hold.
    memory: Arc<dyn MemoryPool>,
    /// Ends with the rows.
    _task: SpawnedTask<()>,
}

/// A whole answer in memory.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Names and types of its columns, also when there are no rows.
    pub schema: SchemaRef,
    /// Its rows.
    pub batches: Vec<RecordBatch>,
    /// There are more rows than the bounds let out.
    pub is_truncated: bool,
    /// The version of the data that it was computed from.
    pub version: i64,
    /// How long it took.
    pub elapsed: Duration,
}

impl Answer {
    /// Returns the number of rows.
    pub fn row_count(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }
}

impl Rows {
    pub(super) async fn begin(turn: Turn, work: Work, entry: Entry) -> Result<Self> {
        let (started, time, version) = (Instant::now(), work.share.time, work.version);
        let memory = Arc::clone(&work.memory);
        let (give, parts) = channel(AHEAD);
        let task = SpawnedTask::spawn(async move {
            if let Err(error) = work.run(started + time, &give).await {
                let _ = give.send(Err(error)).await;
            }
            drop(turn);
        });
        let schema = Arc::new(arrow::datatypes::Schema::empty());
        let mut rows = Self {
            schema,
            version,
            parts,
            entry: Some(entry),
            started,
            time,
            count: 0,
            bytes: 0,
            is_truncated: false,
            memory,
            _task: task,
        };
        match rows.part().await? {
            Some(Part::Schema(schema)) => rows.schema = schema,
            // The task always says the schema first, unless it was ended with the whole runtime.
            _ => return Err(Error::Cancelled),
        }
        Ok(rows)
    }

    /// Returns the next batch.
    ///
    /// # Errors
    /// Whatever ends the query; nothing comes after it.
    pub async fn next(&mut self) -> Option<Result<RecordBatch>> {
        loop {
            match self.part().await {
                Ok(Some(Part::Batch(batch))) => {
                    self.count += batch.num_rows() as u64;
                    self.bytes += batch.get_array_memory_size() as u64;
                    return Some(Ok(batch));
                }
                Ok(Some(Part::Cut)) => self.is_truncated = true,
                Ok(Some(Part::Schema(_))) => {}
                Ok(None) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// Returns whether rows were left out; known at the end.
    pub fn is_truncated(&self) -> bool {
        self.is_truncated
    }

    /// Takes all rows; they count against the memory of the query.
    ///
    /// # Errors
    /// As [`Rows::next`], and [`Error::TooLarge`] when they do not fit.
    pub async fn collect(mut self) -> Result<Answer> {
        let held = MemoryConsumer::new("answer").register(&self.memory);
        let mut batches = Vec::new();
        while let Some(batch) = self.next().await {
            let batch = batch?;
            held.try_grow(batch.get_array_memory_size()).map_err(|e| Error::of(&e))?;
            batches.push(batch);
        }
        Ok(Answer {
            schema: Arc::clone(&self.schema),
            batches,
            is_truncated: self.is_truncated,
            version: self.version,
            elapsed: self.started.elapsed(),
        })
    }

    async fn part(&mut self) -> Result<Option<Part>> {
        let left = self.time.saturating_sub(self.started.elapsed());
        let part = tokio::time::timeout(left, self.parts.recv()).await;
        let late = || Err(Error::Timeout(self.time));
        match part {
            Err(_) => self.ended(late()),
            // The guard's own error comes at the deadline too, sometimes before the timer's.
            Ok(Some(Err(_))) if self.started.elapsed() >= self.time => self.ended(late()),
            Ok(Some(Err(error))) => self.ended(Err(error)),
            Ok(Some(Ok(part))) => Ok(Some(part)),
            Ok(None) => self.ended(Ok(None)),
        }
    }

    /// Notes the end, once.
    fn ended(&mut self, end: Result<Option<Part>>) -> Result<Option<Part>> {
        self.parts.close();
        if let Some(entry) = self.entry.take() {
            entry.end(self.count, self.bytes, end.as_ref().err());
        }
        end
    }
}

/// A question with the means to answer it.
pub(super) struct Work {
    pub(super) plan: LogicalPlan,
    /// The engine as this query may use it.
    pub(super) state: SessionState,
    /// What it may hold.
    pub(super) memory: Arc<dyn MemoryPool>,
    pub(super) share: Share,
    /// The version of the data.
    pub(super) version: i64,
}

impl Work {
    async fn run(self, deadline: Instant, give: &Sender<Result<Part>>) -> Result<()> {
        let failed = |error| Error::of(&error);
        let mut state = self.state;
        let mut plan = state.create_physical_plan(&self.plan).await.map_err(failed)?;
        if guard::repeats_lists(&plan, state.config().batch_size()).map_err(failed)? {
            *state.config_mut() = state.config().clone().with_batch_size(guard::FEW_ROWS);
            plan = state.create_physical_plan(&self.plan).await.map_err(failed)?;
        }
        let plan = guard::guarded(plan, deadline, state.config().batch_size()).map_err(failed)?;
        let mut stream = execute_stream(plan, state.task_ctx()).map_err(failed)?;
        if give.send(Ok(Part::Schema(stream.schema()))).await.is_err() {
            return Ok(());
        }
        let (mut rows, mut bytes) = (self.share.rows, self.share.bytes);
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(failed)?;
            let size = batch.get_array_memory_size();
            let is_cut = batch.num_rows() > rows || size > bytes;
            let batch = if is_cut { batch.slice(0, rows.min(batch.num_rows())) } else { batch };
            (rows, bytes) = (rows - batch.num_rows(), bytes.saturating_sub(size));
            // A reader that is gone wants nothing more.
            if give.send(Ok(Part::Batch(batch))).await.is_err() {
                return Ok(());
            }
            if is_cut {
                let _ = give.send(Ok(Part::Cut)).await;
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Returns what a plan depends on besides the data.
pub(super) fn clock(plan: &LogicalPlan) -> Clock {
    let mut clock = Clock::None;
    let seen = plan.apply_with_subqueries(|node| {
        clock = clock.max(clock_of_node(node)?);
        for expr in node.expressions() {
            expr.apply(|expr| {
                clock = clock.max(clock_of_call(expr));
                Ok(TreeNodeRecursion::Continue)
            })?;
        }
        Ok(TreeNodeRecursion::Continue)
    });
    if seen.is_err() { Clock::Chance } else { clock }
}

fn clock_of_node(node: &LogicalPlan) -> Result<Clock, DataFusionError> {
    let is_by_chance = match node {
        LogicalPlan::TableScan(scan) => system::changes(source_as_provider(&scan.source)?.as_ref()),
        LogicalPlan::Analyze(_) => true,
        _ => false,
    };
    Ok(if is_by_chance { Clock::Chance } else { Clock::None })
}

fn clock_of_call(expr: &Expr) -> Clock {
    let Expr::ScalarFunction(call) = expr else { return Clock::None };
    match call.func.signature().volatility {
        Volatility::Immutable => Clock::None,
        Volatility::Stable => Clock::Time,
        Volatility::Volatile => Clock::Chance,
    }
}
