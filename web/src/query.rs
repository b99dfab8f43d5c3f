//! SQL from outside: read-only, and bounded in time, rows and memory.
//!
//! A query runs in a task of its own, so that its deadline is kept even while it computes; dropping the question ends
//! the task. How many queries may run at once is decided by [`crate::App`]; what the tables hide is decided by the session.

mod guard;

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use annals_analytics::Session;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::{ParamValues, TableReference};
use datafusion::dataframe::DataFrame;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::{Expr, SQLOptions, SessionContext, ident, lit};
use datafusion::scalar::ScalarValue;
use futures::StreamExt;

use crate::{Error, Result};

/// What one query may use.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// It is stopped after this time.
    pub time: Duration,
    /// Its answer is cut after this many rows.
    pub rows: usize,
    /// Its operators and its answer live in this pool; queries share it.
    pub memory: Arc<dyn MemoryPool>,
}

/// The answer to a query.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Names and types of its columns, also when there are no rows.
    pub schema: SchemaRef,
    /// Its rows.
    pub batches: Vec<RecordBatch>,
    /// There are more rows than the bound lets out.
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

/// Runs one `SELECT`, `EXPLAIN`, `SHOW` or `DESCRIBE` with `$1`, `$2`… bound to `params`.
///
/// Dropping the future stops the query.
///
/// # Errors
/// [`Error::Query`] for what is wrong or not allowed, [`Error::Timeout`] and [`Error::TooLarge`] at the bounds.
pub async fn run(session: &Session, sql: &str, params: Vec<ScalarValue>, bounds: &Bounds) -> Result<Answer> {
    let context = bounded(session, bounds)?;
    let (sql, memory) = (sql.to_owned(), Arc::clone(&bounds.memory));
    let deadline = Instant::now() + bounds.time;
    let rows = bounds.rows;
    let work = async move { collect(&context, plan(&context, &sql, params).await?, rows, deadline, memory).await };
    within(session.version, bounds.time, work).await
}

/// Rows, and whether there are more.
type Rows = (SchemaRef, Vec<RecordBatch>, bool);

/// Runs a query's work in a task that ends with its time or with the one who asked.
async fn within(
    version: i64,
    time: Duration,
    work: impl Future<Output = Result<Rows>> + Send + 'static,
) -> Result<Answer> {
    let started = Instant::now();
    let done = tokio::time::timeout(time, SpawnedTask::spawn(work).join()).await;
    let done = done.map_err(|_| Error::Timeout(time))?.map_err(Error::internal)?;
    // The guard's own error comes at the deadline too, sometimes before the timer's.
    let late = |error| if started.elapsed() >= time { Error::Timeout(time) } else { error };
    let (schema, batches, is_truncated) = done.map_err(late)?;
    Ok(Answer { schema, batches, is_truncated, version, elapsed: started.elapsed() })
}

/// Returns a context over the same tables whose operators live in the bounded pool and whose errors know their place.
fn bounded(session: &Session, bounds: &Bounds) -> Result<SessionContext> {
    let runtime = RuntimeEnvBuilder::from_runtime_env(&session.context.runtime_env())
        .with_memory_pool(Arc::clone(&bounds.memory))
        .build_arc()
        .map_err(Error::internal)?;
    let mut config = session.context.copied_config();
    config.options_mut().sql_parser.collect_spans = true;
    let state = SessionStateBuilder::new_from_existing(session.context.state())
        .with_config(config)
        .with_runtime_env(runtime)
        .build();
    Ok(SessionContext::new_with_state(state))
}

/// Plans a query; whatever would change or configure anything is refused, also below `EXPLAIN`.
async fn plan(context: &SessionContext, sql: &str, params: Vec<ScalarValue>) -> Result<DataFrame> {
    let failed = |error| Error::of_query(&error);
    let options = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    let frame = context.sql_with_options(sql, options).await.map_err(failed)?;
    if params.is_empty() {
        return Ok(frame);
    }
    frame.with_param_values(ParamValues::from(params)).map_err(failed)
}

/// Reads rows up to the bound; they count against the pool like everything else of the query.
async fn collect(
    context: &SessionContext,
    frame: DataFrame,
    rows: usize,
    deadline: Instant,
    memory: Arc<dyn MemoryPool>,
) -> Result<Rows> {
    let failed = |error| Error::of_query(&error);
    let held = MemoryConsumer::new("answer").register(&memory);
    let plan = frame.create_physical_plan().await.map_err(failed)?;
    let plan = guard::guarded(plan, deadline).map_err(failed)?;
    let mut stream = execute_stream(plan, context.task_ctx()).map_err(failed)?;
    let schema = stream.schema();
    let (mut batches, mut left) = (Vec::new(), rows);
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(failed)?;
        held.try_grow(batch.get_array_memory_size()).map_err(failed)?;
        if batch.num_rows() > left {
            batches.push(batch.slice(0, left));
            return Ok((schema, batches, true));
        }
        left -= batch.num_rows();
        batches.push(batch);
    }
    Ok((schema, batches, false))
}

/// Returns rows of one table or view where columns equal the given values.
///
/// # Errors
/// [`Error::NotFound`] for a table that is not there, [`Error::BadRequest`] for a column that is not there or a value
/// that its column cannot hold, and as [`run`].
pub async fn table(
    session: &Session,
    name: TableReference,
    filters: &[(&str, &str)],
    bounds: &Bounds,
) -> Result<Answer> {
    let context = bounded(session, bounds)?;
    let missing = |_| Error::NotFound(format!("there is no view `{}`", name.table()));
    let mut frame = context.table(name.clone()).await.map_err(missing)?;
    for (column, value) in filters {
        let filter = equal(&frame, column, value)?;
        frame = frame.filter(filter).map_err(|error| Error::of_query(&error))?;
    }
    let (rows, deadline, memory) = (bounds.rows, Instant::now() + bounds.time, Arc::clone(&bounds.memory));
    within(session.version, bounds.time, async move { collect(&context, frame, rows, deadline, memory).await }).await
}

/// Returns `column = value`, the value read as the column's type.
fn equal(frame: &DataFrame, column: &str, value: &str) -> Result<Expr> {
    let found = frame.schema().fields().iter().find(|f| f.name() == column);
    let field = found.ok_or_else(|| Error::BadRequest(format!("there is no column `{column}`")))?;
    let wrong = |_| Error::BadRequest(format!("`{value}` is not a value of column `{column}` ({})", field.data_type()));
    let value = ScalarValue::try_from_string(value.to_owned(), field.data_type()).map_err(wrong)?;
    Ok(ident(column).eq(lit(value)))
}
