//! Questions from outside: read-only, and bounded in time, memory, rows, bytes and number.
//!
//! Whatever protocol a question comes by (HTTP, Postgres, Flight, MCP), it goes over one [`Desk`]:
//!
//! - `allow`, `question_mark`: what may be said, and how parameters are written; the plan is verified besides.
//! - `sealed`, `store`: tables that cannot be written, files that cannot be reached.
//! - `information`, `kind`, `system`: tables that tell of the others; `path`: where a name without a schema is looked for.
//! - `queue`: who may ask now, turn by turn.
//! - `guard`, `grown`: a query ends at its time wherever it is, and no function makes more than there is room for.
//! - [`Rows`]: the answer as it is computed, held back while nobody takes it.
//!
//! Who somebody is, and how an answer is written, is left to the protocols.

mod allow;
mod error;
mod grown;
mod guard;
mod information;
mod kind;
mod log;
mod path;
mod question_mark;
mod queue;
mod rows;
mod sealed;
mod store;
mod system;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use datafusion::catalog::{CatalogProvider, MemoryCatalogProviderList, SchemaProvider};
use datafusion::common::{ParamValues, ScalarValue};
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::{SQLOptions, SessionContext};
use datafusion::sql::parser::Statement;

pub use error::{Error, Result};
pub use kind::type_name;
pub use log::{Asked, Log};
pub use path::PATH;
pub use rows::{Answer, Rows};

use crate::saved::Saved;
use crate::{Session, Warehouse};
use sealed::{Schemas, Sealed};

/// What questions from outside may use.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// A query is stopped after this time.
    pub time: Duration,
    /// An answer is cut after this many rows, and says so.
    pub rows: usize,
    /// An answer is cut after this many bytes of memory, and says so.
    pub bytes: usize,
    /// All queries together may hold this much memory; what can spill to disk does.
    pub memory: usize,
    /// All queries together may spill this many bytes.
    pub spill: u64,
    /// So many queries run at once.
    pub concurrency: usize,
    /// So many more wait for their turn; the next is refused.
    pub waiting: usize,
    /// A query waits this long for its turn.
    pub patience: Duration,
    /// Bytes of a query's text.
    pub text: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(30),
            rows: 1_000_000,
            bytes: 1 << 30,
            memory: 1 << 30,
            spill: 4 << 30,
            concurrency: 8,
            waiting: 256,
            patience: Duration::from_secs(30),
            text: 256 << 10,
        }
    }
}

/// What somebody may see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Everything but private columns.
    #[default]
    Public,
    /// Private columns of the raw tables, too.
    Private,
}

/// Who asks, and how.
#[derive(Clone, Debug)]
pub struct Asker {
    /// The name that turns go by.
    pub name: String,
    /// What they may see.
    pub role: Role,
    /// The protocol.
    pub wire: &'static str,
}

/// Where strangers ask; one for all protocols.
pub struct Desk {
    bounds: Bounds,
    runtime: Arc<RuntimeEnv>,
    queue: queue::Queue,
    log: Arc<Log>,
    /// Whose files `system.store` counts.
    warehouse: Option<Arc<Warehouse>>,
}

/// A planned question.
#[derive(Clone)]
pub struct Question {
    /// What it means.
    pub plan: LogicalPlan,
    /// The tables that it was planned on.
    pub context: SessionContext,
    /// The version of the data.
    pub version: i64,
    /// As it was asked, for the log.
    pub text: String,
}

impl Desk {
    /// Opens a desk; what does not fit into memory is left in `spill`, an empty folder, or not at all.
    ///
    /// # Errors
    /// [`Error::Internal`] when the folder for spilling cannot be used.
    pub fn new(bounds: Bounds, spill: Option<PathBuf>) -> Result<Self> {
        let mode = match spill {
            Some(folder) => DiskManagerMode::Directories(vec![folder]),
            None => DiskManagerMode::Disabled,
        };
        let disk = DiskManagerBuilder::default().with_mode(mode).with_max_temp_directory_size(bounds.spill);
        let most = std::num::NonZeroUsize::new(3).expect("three is not zero");
        let runtime = RuntimeEnvBuilder::new()
            .with_disk_manager_builder(disk)
            .with_memory_pool(Arc::new(TrackConsumersPool::new(FairSpillPool::new(bounds.memory), most)))
            .with_object_store_registry(Arc::new(store::FencedStores::default()))
            .build_arc()
            .map_err(Error::internal)?;
        let queue = queue::Queue::new(bounds.concurrency, bounds.waiting, bounds.patience);
        Ok(Self { bounds, runtime, queue, log: Arc::default(), warehouse: None })
    }

    /// Lets the desk tell of the files of a warehouse.
    #[must_use]
    pub fn over(self, warehouse: Arc<Warehouse>) -> Self {
        Self { warehouse: Some(warehouse), ..self }
    }

    /// Returns the bounds.
    pub fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// Returns what was asked lately.
    pub fn log(&self) -> &Arc<Log> {
        &self.log
    }

    /// Returns a context over the tables of a session, as this asker may see them, with `further` schemas of a protocol.
    ///
    /// # Errors
    /// [`Error::Internal`] when the session lacks a schema.
    pub fn context(
        &self,
        session: &Session,
        asker: &Asker,
        further: Vec<(String, Arc<dyn SchemaProvider>)>,
    ) -> Result<SessionContext> {
        let state = session.context.state();
        let catalog = state.catalog_list().catalog("annals").ok_or_else(|| Error::internal("no catalog"))?;
        let mut schemas: Schemas = Vec::new();
        for name in catalog.schema_names() {
            let Some(mut schema) = catalog.schema(&name) else { continue };
            if name == "raw" && asker.role == Role::Private {
                schema = session.whole.clone().unwrap_or(schema);
            }
            if name == "system" {
                schema = Arc::new(system::System::new(schema, &self.log, self.warehouse.clone(), asker));
            }
            schemas.push((name, Arc::new(Sealed(schema)) as Arc<dyn SchemaProvider>));
        }
        path::extend(&mut schemas);
        let described = information::Information::new(schemas.clone());
        schemas.push(("information_schema".into(), Arc::new(described)));
        let seal = |schema| Arc::new(Sealed(schema)) as Arc<dyn SchemaProvider>;
        schemas.extend(further.into_iter().map(|(name, schema)| (name, seal(schema))));
        let list = Arc::new(MemoryCatalogProviderList::new());
        datafusion::catalog::CatalogProviderList::register_catalog(
            list.as_ref(),
            "annals".into(),
            Arc::new(Sealed(schemas)) as Arc<dyn CatalogProvider>,
        );
        let mut config = session.context.copied_config();
        let options = config.options_mut();
        options.sql_parser.collect_spans = true;
        // The engine's own would list its settings.
        options.catalog.information_schema = false;
        // What a question calls a time with a zone has the zone that all times have here.
        options.execution.time_zone = Some("UTC".into());
        // One query is one of many: it may use what it gets of the machine, but not split itself for all of it.
        options.execution.target_partitions = options.execution.target_partitions.min(4);
        let scalars = state.scalar_functions().values();
        let scalars = scalars.map(|f| grown::bounded(f).map_or_else(|| Arc::clone(f), Arc::new)).collect();
        let state = SessionStateBuilder::new_from_existing(state)
            .with_config(config)
            .with_runtime_env(Arc::clone(&self.runtime))
            .with_catalog_list(list)
            .with_table_factories(Default::default())
            .with_scalar_functions(scalars)
            .build();
        Ok(SessionContext::new_with_state(state))
    }

    /// Plans one `SELECT`, `EXPLAIN`, `SHOW` or `DESCRIBE`.
    ///
    /// # Errors
    /// [`Error::Query`] for what is wrong, [`Error::Refused`] for what would do more than ask.
    pub async fn plan(&self, context: &SessionContext, version: i64, text: &str) -> Result<Question> {
        self.check_length(text)?;
        let state = context.state();
        let dialect = state.config().options().sql_parser.dialect;
        let statement = state.sql_to_statement(text, &dialect).map_err(|e| Error::of(&e))?;
        self.plan_statement(context, version, statement, text).await
    }

    /// Plans a saved query with the values of its parameters; the log knows it by its name.
    ///
    /// # Errors
    /// As [`Desk::plan`].
    pub async fn saved(
        &self,
        session: &Session,
        asker: &Asker,
        saved: &Saved,
        values: HashMap<String, ScalarValue>,
    ) -> Result<Question> {
        let context = self.context(session, asker, vec![])?;
        let question = self.plan(&context, session.version, &saved.text).await?;
        let question = if values.is_empty() { question } else { question.bind(values)? };
        Ok(Question { text: format!("query {}", saved.name), ..question })
    }

    /// Plans what a protocol has parsed itself.
    ///
    /// # Errors
    /// As [`Desk::plan`].
    pub async fn plan_statement(
        &self,
        context: &SessionContext,
        version: i64,
        mut statement: Statement,
        text: &str,
    ) -> Result<Question> {
        self.check_length(text)?;
        allow::check(&statement)?;
        question_mark::numbered(&mut statement);
        let plan = context.state().statement_to_plan(statement).await.map_err(|e| Error::of(&e))?;
        let options = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        options.verify_plan(&plan).map_err(|e| Error::Refused(e.strip_backtrace()))?;
        Ok(Question { plan, context: context.clone(), version, text: text.to_owned() })
    }

    /// Refuses a text that would take long to read.
    fn check_length(&self, text: &str) -> Result<()> {
        let bound = self.bounds.text;
        if text.len() > bound { Err(Error::TooLarge(format!("a query has at most {bound} bytes"))) } else { Ok(()) }
    }

    /// Waits for a turn and begins to compute the answer, of `rows` rows at most.
    ///
    /// # Errors
    /// [`Error::Busy`] when too many wait, and whatever ends the query before its first rows.
    pub async fn ask(&self, asker: &Asker, question: Question, rows: usize) -> Result<Rows> {
        self.ask_within(asker, question, rows, self.bounds.time).await
    }

    /// The same for an asker who gives the query less time than the bounds do.
    ///
    /// # Errors
    /// As [`Desk::ask`].
    pub async fn ask_within(&self, asker: &Asker, question: Question, rows: usize, time: Duration) -> Result<Rows> {
        let mut bounds = self.bounds.clone();
        (bounds.rows, bounds.time) = (rows.min(bounds.rows), time.min(bounds.time));
        let entry = self.log.begin(asker, &question.text);
        let turn = match self.queue.enter(&asker.name).await {
            Ok(turn) => turn,
            Err(error) => {
                entry.end(0, 0, Some(&error));
                return Err(error);
            }
        };
        Rows::begin(turn, question, &bounds, entry).await
    }
}

impl Question {
    /// Returns the question with `$1`, `$2`… or `$name` bound to values.
    ///
    /// # Errors
    /// [`Error::Query`] for a value that is missing or does not fit.
    pub fn bind(mut self, values: impl Into<ParamValues>) -> Result<Self> {
        let values = values.into();
        self.plan = self.plan.replace_params_with_values(&values).map_err(|e| Error::of(&e))?;
        Ok(self)
    }

    /// Returns what the answer depends on besides the data.
    pub fn clock(&self) -> Clock {
        rows::clock(&self.plan)
    }
}

/// What an answer depends on besides the version of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Clock {
    /// Nothing.
    None,
    /// The time of asking.
    Time,
    /// Chance.
    Chance,
}
