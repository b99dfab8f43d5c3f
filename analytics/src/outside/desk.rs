//! The desk: where questions of strangers are planned and asked, whatever protocol they come by.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use datafusion::catalog::{CatalogProvider, CatalogProviderList, MemoryCatalogProviderList, SchemaProvider};
use datafusion::common::ScalarValue;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, MemoryPool, TrackConsumersPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::{SQLOptions, SessionConfig, SessionContext};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::dialect::dialect_from_str;

use super::portion::Portion;
use super::rows::Work;
use super::sealed::{Schemas, Sealed};
use super::system::System;
use super::weight::check_nesting;
use super::{
    Asker, Bounds, Error, Log, Question, Result, Role, Rows, Share, allow, expanded, gathered, grown, information,
    path, question_mark, queue, store,
};
use crate::saved::Saved;
use crate::{Session, Warehouse};

/// Where strangers ask; one for all protocols.
pub struct Desk {
    bounds: Arc<Bounds>,
    runtime: Arc<RuntimeEnv>,
    queue: queue::Queue,
    log: Arc<Log>,
    /// Whose files `system.store` counts.
    warehouse: Option<Arc<Warehouse>>,
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
        Ok(Self { bounds: Arc::new(bounds), runtime, queue, log: Arc::default(), warehouse: None })
    }

    /// Lets the desk tell of the files of a warehouse.
    #[must_use]
    pub fn over(self, warehouse: Arc<Warehouse>) -> Self {
        Self { warehouse: Some(warehouse), ..self }
    }

    /// Returns what somebody may use.
    pub fn share(&self, asker: &Asker) -> &Share {
        self.bounds.of(asker)
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
        let mut schemas = self.schemas(session, asker)?;
        schemas.extend(further.into_iter().map(|(name, schema)| (name, sealed(schema))));
        let catalog = Arc::new(Sealed(schemas)) as Arc<dyn CatalogProvider>;
        let list = Arc::new(MemoryCatalogProviderList::new());
        CatalogProviderList::register_catalog(list.as_ref(), "annals".into(), catalog);
        let state = session.context.state();
        let scalars = state.scalar_functions().values();
        let scalars = scalars.map(|f| grown::bounded(f).map_or_else(|| Arc::clone(f), Arc::new)).collect();
        let mut aggregates: Vec<_> = state.aggregate_functions().values().cloned().collect();
        aggregates.push(Arc::new(gathered::array_agg()));
        let state = SessionStateBuilder::new_from_existing(state)
            .with_config(configuration(session))
            .with_runtime_env(Arc::clone(&self.runtime))
            .with_catalog_list(list)
            .with_table_factories(Default::default())
            .with_scalar_functions(scalars)
            .with_aggregate_functions(aggregates)
            .build();
        Ok(SessionContext::new_with_state(state))
    }

    /// Returns the schemas of a session as this asker may see them, and what describes them.
    fn schemas(&self, session: &Session, asker: &Asker) -> Result<Schemas> {
        let catalog = session.context.catalog("annals").ok_or_else(|| Error::internal("no catalog"))?;
        let mut schemas: Schemas = Vec::new();
        let mut names = catalog.schema_names();
        names.sort();
        for name in names {
            let Some(mut schema) = catalog.schema(&name) else { continue };
            if name == "raw" && asker.role == Role::Private {
                schema = session.whole.clone().unwrap_or(schema);
            }
            if name == "system" {
                let (log, bounds) = (Arc::clone(&self.log), Arc::clone(&self.bounds));
                schema = Arc::new(System { own: schema, log, bounds, warehouse: self.warehouse.clone() });
            }
            schemas.push((name, sealed(schema)));
        }
        path::extend(&mut schemas);
        let described = information::Information::new(schemas.clone());
        schemas.push(("information_schema".into(), Arc::new(described)));
        Ok(schemas)
    }

    /// Plans one `SELECT`, `EXPLAIN`, `SHOW` or `DESCRIBE`.
    ///
    /// # Errors
    /// [`Error::Query`] for what is wrong, [`Error::Refused`] for what would do more than ask.
    pub async fn plan(&self, context: &SessionContext, version: i64, text: &str) -> Result<Question> {
        self.check_length(text)?;
        let statement = parsed(context, text)?;
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
        check_size(&plan)?;
        expanded::check(&plan)?;
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
        self.ask_within(asker, question, rows, self.share(asker).time).await
    }

    /// The same for an asker who gives the query less time than the bounds do.
    ///
    /// # Errors
    /// As [`Desk::ask`].
    pub async fn ask_within(&self, asker: &Asker, question: Question, rows: usize, time: Duration) -> Result<Rows> {
        let own = self.share(asker);
        let share = Share { rows: rows.min(own.rows), time: time.min(own.time), ..own.clone() };
        let entry = self.log.begin(asker, &question.text);
        let turn = match self.queue.enter(&asker.name, own.concurrency).await {
            Ok(turn) => turn,
            Err(error) => {
                entry.end(0, 0, Some(&error));
                return Err(error);
            }
        };
        Rows::begin(turn, self.work(asker, question, share), entry).await
    }

    /// Returns a question with the means to answer it: the memory that it may hold, and who asks.
    fn work(&self, asker: &Asker, question: Question, share: Share) -> Work {
        let Question { plan, context, version, .. } = question;
        let memory: Arc<dyn MemoryPool> = Arc::new(Portion::of(&self.runtime.memory_pool, share.memory));
        let runtime = RuntimeEnv { memory_pool: Arc::clone(&memory), ..self.runtime.as_ref().clone() };
        // Functions that stand for tables ask by the state that they are planned with, so it has these means, too.
        let state = SessionStateBuilder::new_from_existing(context.state())
            .with_config(System::told(context.copied_config(), asker))
            .with_runtime_env(Arc::new(runtime))
            .build();
        Work { plan, state, memory, share, version }
    }
}

/// Reads a text by the dialect of a context.
fn parsed(context: &SessionContext, text: &str) -> Result<Statement> {
    let state = context.state();
    let name = state.config().options().sql_parser.dialect;
    let dialect = dialect_from_str(name).ok_or_else(|| Error::internal("no such dialect"))?;
    check_nesting(dialect.as_ref(), text)?;
    state.sql_to_statement(text, &name).map_err(|e| Error::of(&e))
}

fn sealed(schema: Arc<dyn SchemaProvider>) -> Arc<dyn SchemaProvider> {
    Arc::new(Sealed(schema))
}

/// Returns the configuration of a session as questions of strangers have it.
fn configuration(session: &Session) -> SessionConfig {
    let mut config = session.context.copied_config();
    let options = config.options_mut();
    options.sql_parser.collect_spans = true;
    // The engine's own would list its settings.
    options.catalog.information_schema = false;
    // What a question calls a time with a zone has the zone that all times have here.
    options.execution.time_zone = Some("UTC".into());
    // One query is one of many: it may use what it gets of the machine, but not split itself for all of it.
    options.execution.target_partitions = options.execution.target_partitions.min(4);
    config
}

/// Nodes of a plan with all views in it; the largest view has a tenth of that.
const NODES: usize = 20_000;

/// Columns of an answer, as many as Postgres has at most: its clients count them in 16 bits.
const COLUMNS: usize = 1_664;

/// Refuses a plan that would take long only to look through: each line of a query can double it, and nothing ends a
/// query before it is planned.
fn check_size(plan: &LogicalPlan) -> Result<()> {
    if plan.schema().fields().len() > COLUMNS {
        return Err(Error::TooLarge(format!("an answer has at most {COLUMNS} columns")));
    }
    let mut count = 0;
    let counted = plan.apply_with_subqueries(|_| {
        count += 1;
        Ok(if count > NODES { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    counted.map_err(|error| Error::of(&error))?;
    if count > NODES { Err(Error::TooLarge(format!("a plan has at most {NODES} parts"))) } else { Ok(()) }
}
