//! One version of all tables under all views: what a page, a query, a mail or an export is computed from.
//!
//! A view is bound to the tables that it was planned on, so a session is built whole for each version and swapped
//! whole. Nobody can write through a session, and private columns are not in it. Bounds of time, rows and memory are
//! set by whoever serves queries, not here.

use std::collections::BTreeMap;
use std::sync::Arc;

use annals_data::schema::{self, Visibility};
use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::SchemaRef;
use datafusion::catalog::{CatalogProvider, MemTable, MemoryCatalogProvider, MemorySchemaProvider, SchemaProvider};
use datafusion::common::{ScalarValue, TableReference};
use datafusion::dataframe::DataFrame;
use datafusion::datasource::{TableProvider, ViewTable, provider_as_source};
use datafusion::error::DataFusionError;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::optimizer::Optimizer;
use datafusion::prelude::{SQLOptions, SessionConfig, SessionContext, col};
use tokio::task::JoinSet;

use crate::by_build::AddUpByBuild;
use crate::function;
use crate::history::Histories;
use crate::judge::{clue, evidence};
use crate::kept::{Kept, KeptView, Planned};
use crate::lineage::Lineage;
use crate::prepared::Prepared;
use crate::run::AggregateRuns;
use crate::view::{self, Keep, View};
use crate::{Error, Result};

/// The raw tables by name, with all their columns.
pub type RawTables = BTreeMap<String, Arc<dyn TableProvider>>;

/// Tables that are computed once, by full name: those of one session can be given to another.
pub(crate) type Given = BTreeMap<String, Arc<dyn TableProvider>>;

/// A session on one version of facts, knowledge and state; what is judged may be that of the version before.
pub struct Session {
    /// The engine's context; `mart` is the default schema.
    pub context: SessionContext,
    /// Changes whenever an answer may change, and never becomes less.
    pub version: i64,
    /// Whether what is judged is of this version, and not of one before.
    pub is_judged: bool,
    /// What is computed once in it, by full name.
    kept: Given,
    judged: Given,
    /// The raw tables with their private columns; they are beside the context, never in it.
    pub(crate) whole: Option<Arc<dyn SchemaProvider>>,
    prepared: Prepared,
}

impl Session {
    /// Returns a session over tables made by hand.
    pub fn of(context: SessionContext, version: i64) -> Self {
        let prepared = Prepared::new(&context.state());
        Self { context, version, is_judged: true, kept: Given::new(), judged: Given::new(), whole: None, prepared }
    }

    /// Returns whether the tables are those of this number.
    pub(crate) fn is_of(&self, number: i64) -> bool {
        self.version == version(number, self.is_judged)
    }

    /// Returns the tables of [`Keep::Kept`].
    pub(crate) fn kept(&self) -> &Given {
        &self.kept
    }

    /// Returns the tables of [`Keep::Judged`].
    pub(crate) fn judged(&self) -> &Given {
        &self.judged
    }

    /// Plans a query that only reads.
    ///
    /// # Errors
    ///
    /// [`Error::Query`] when the text is no single query, names something unknown, or would write.
    pub async fn query(&self, sql: &str) -> Result<DataFrame> {
        let read_only = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        Ok(self.context.sql_with_options(sql, read_only).await?)
    }

    /// Plans a query that only reads, with `$1`, `$2`, … bound to values; cheap for a text that was asked before.
    ///
    /// # Errors
    ///
    /// As [`Session::query`], and when a parameter has no value or one that cannot be what it is compared with.
    pub async fn query_with(&self, sql: &str, parameters: &[ScalarValue]) -> Result<DataFrame> {
        if let Some(frame) = self.prepared.known(sql, parameters) {
            return Ok(frame?);
        }
        let frame = self.query(sql).await?;
        Ok(self.prepared.learn(sql, frame, parameters)?)
    }

    /// Answers a query that only reads, as [`Session::query_with`]; at once where it was answered before.
    ///
    /// # Errors
    ///
    /// As [`Session::query_with`], and [`Error::Query`] when it cannot be run to its end.
    pub async fn answer(&self, sql: &str, parameters: &[ScalarValue]) -> Result<(SchemaRef, Vec<RecordBatch>)> {
        if let Some(answer) = self.prepared.answer(sql, parameters) {
            return Ok(answer);
        }
        let frame = self.query_with(sql, parameters).await?;
        let schema = frame.schema().inner().clone();
        let rows = frame.collect().await?;
        Ok(self.prepared.remember(sql, parameters, (schema, rows))?)
    }

    /// Returns a session on the same tables that nobody has asked yet; what is computed once is computed for it, too.
    pub fn unasked(&self) -> Self {
        Self {
            context: self.context.clone(),
            version: self.version,
            is_judged: self.is_judged,
            kept: self.kept.clone(),
            judged: self.judged.clone(),
            whole: self.whole.clone(),
            prepared: Prepared::new(&self.context.state()),
        }
    }

    /// Computes what is kept but for what is judged, so that nobody who asks has to wait for it.
    pub(crate) async fn warm(&self) -> Result<()> {
        warm(&self.kept).await
    }

    /// Computes what is judged.
    pub(crate) async fn judge(&self) -> Result<()> {
        warm(&self.judged).await
    }
}

/// Computes tables, all at once: one that stands on another waits for it and for nothing else.
async fn warm(tables: &Given) -> Result<()> {
    let mut views = JoinSet::new();
    for table in tables.values() {
        let table = Arc::clone(table);
        views.spawn(async move {
            match table.downcast_ref::<KeptView>() {
                Some(view) => view.warm().await,
                // What is no view is computed when a view reads it.
                None => Ok(()),
            }
        });
    }
    while let Some(warmed) = views.join_next().await {
        warmed.unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()))?;
    }
    Ok(())
}

/// Returns the version of a session on tables of this number: they are shown twice, before they are judged and after.
fn version(number: i64, is_judged: bool) -> i64 {
    2 * number + i64::from(is_judged)
}

/// Returns the engine's settings in every session.
pub(crate) fn config() -> SessionConfig {
    SessionConfig::new()
        .with_default_catalog_and_schema("annals", "mart")
        .with_create_default_catalog_and_schema(false)
        .with_information_schema(true)
        // Most questions are about few tests: texts of the rows that a filter drops need not be decoded.
        .set_bool("datafusion.execution.parquet.pushdown_filters", true)
        .set_bool("datafusion.execution.parquet.reorder_filters", true)
        // Few rows pass the first filter: to keep what it decoded costs more than to decode again what passes.
        .set_usize("datafusion.execution.parquet.max_predicate_cache_size", 0)
        // The bound of an `ORDER BY … LIMIT` would have its columns decoded for every row of the file.
        .set_bool("datafusion.optimizer.enable_topk_dynamic_filter_pushdown", false)
        // Most outcomes have no text, and to see that takes a glance: what a join with texts drops is not read.
        .set_bool("datafusion.optimizer.filter_null_join_keys", true)
        // An outcome is about a byte, so a file is worth to be shared out long before the engine thinks so.
        .set_u64("datafusion.optimizer.repartition_file_min_size", 256 << 10)
}

/// Returns the engine of every session, without its tables and functions.
pub fn engine(runtime: Arc<RuntimeEnv>) -> SessionContext {
    let mut rules = Optimizer::new().rules;
    // Before the last one, which drops the columns that nobody seems to need.
    rules.insert(rules.len() - 1, Arc::new(AddUpByBuild));
    let state = SessionStateBuilder::new_with_default_features().with_config(config()).with_runtime_env(runtime);
    let state = state.with_optimizer_rules(rules).with_physical_optimizer_rule(Arc::new(AggregateRuns));
    SessionContext::new_with_state(state.build())
}

/// Builds a session on these tables, with the built-in views and a site's own; sessions that share a runtime share what
/// was read of their files' footers.
///
/// # Errors
///
/// [`Error::View`] when a view cannot be planned, [`Error::ViewCycle`] when views read each other in a circle.
pub async fn build(tables: &RawTables, extra: &[View], version: i64, runtime: Arc<RuntimeEnv>) -> Result<Session> {
    let session = build_numbered(tables, extra, version, runtime, &Given::new()).await?;
    Ok(Session { version, ..session })
}

/// Builds one of the two sessions on tables of this number: tables that are given stand in the place of views.
pub(crate) async fn build_numbered(
    tables: &RawTables,
    extra: &[View],
    number: i64,
    runtime: Arc<RuntimeEnv>,
    given: &Given,
) -> Result<Session> {
    let context = engine(runtime);
    function::register(&context);
    let whole = MemorySchemaProvider::new();
    for (name, provider) in tables {
        whole.register_table(name.clone(), provider.clone())?;
    }
    let catalog = Arc::new(MemoryCatalogProvider::new());
    for name in ["raw", "judge", "step", "mart", "system"] {
        catalog.register_schema(name, Arc::new(MemorySchemaProvider::new()))?;
    }
    context.register_catalog("annals", catalog);
    for (name, provider) in tables {
        let provider: Arc<dyn TableProvider> = match name == schema::OUTCOME.name {
            true => Arc::new(Histories::new(provider.clone(), &context.state())),
            false => provider.clone(),
        };
        context.register_table(TableReference::partial("raw", name.as_str()), public(name, &provider)?)?;
    }
    context.register_table("judge.evidence", evidence_table()?)?;
    let views: Vec<&View> = view::all().iter().chain(extra).collect();
    let (kept, judged) = register_views(&context, &views, given).await?;
    register_system(&context, &views).await?;
    let is_judged = !given.contains_key(clue::NAME);
    let session = Session::of(context, version(number, is_judged));
    Ok(Session { is_judged, kept, judged, whole: Some(Arc::new(whole)), ..session })
}

/// Returns the table without its private columns; a table that is no fact table has none.
fn public(name: &str, provider: &Arc<dyn TableProvider>) -> Result<Arc<dyn TableProvider>> {
    let Some(table) = schema::TABLES.into_iter().find(|table| table.name == name) else {
        return Ok(provider.clone());
    };
    let columns = table.columns.iter().filter(|column| column.visibility == Visibility::Public);
    let plan = LogicalPlanBuilder::scan(name, provider_as_source(provider.clone()), None)?
        .project(columns.map(|column| col(column.name)).collect::<Vec<_>>())?
        .build()?;
    Ok(Arc::new(ViewTable::new(plan, None)))
}

/// Plans every view after the views that it reads; returns what is kept and what is judged.
async fn register_views(context: &SessionContext, views: &[&View], given: &Given) -> Result<(Given, Given)> {
    let (mut kept, mut judged) = (Given::new(), Given::new());
    let state = context.state();
    let mut waiting = Vec::with_capacity(views.len());
    for view in views {
        waiting.push((*view, references(&state, view)?));
    }
    let mut is_judged = false;
    while !waiting.is_empty() {
        let mut names: Vec<String> = waiting.iter().map(|(view, _)| view.full_name()).collect();
        if !is_judged && clue::READS.iter().all(|read| !names.iter().any(|name| name == read)) {
            let clues = match given.get(clue::NAME) {
                Some(clues) => Arc::clone(clues),
                None => Arc::new(Kept::of(clue::Clues::new(&state).await?)),
            };
            context.register_table(clue::NAME, Arc::clone(&clues))?;
            judged.insert(clue::NAME.to_owned(), clues);
            is_judged = true;
        }
        if !is_judged {
            names.push(clue::NAME.to_owned());
        }
        let (ready, blocked): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|(_, reads)| !reads.iter().any(|read| names.contains(read)));
        if ready.is_empty() {
            return Err(Error::ViewCycle { views: names.join(", ") });
        }
        for (view, _) in ready {
            let table = match given.get(&view.full_name()) {
                Some(table) => Arc::clone(table),
                None => table(&state, view).await.map_err(|source| fault(view, source))?,
            };
            match view.keep {
                Keep::Not => None,
                Keep::Kept => kept.insert(view.full_name(), Arc::clone(&table)),
                Keep::Judged => judged.insert(view.full_name(), Arc::clone(&table)),
            };
            context.register_table(TableReference::partial(view.layer.as_str(), view.name.as_str()), table)?;
        }
        waiting = blocked;
    }
    Ok((kept, judged))
}

/// Returns the full names of what the view reads, by itself or by a function; names without a schema are in `mart`.
fn references(state: &SessionState, view: &View) -> Result<Vec<String>> {
    let dialect = state.config().options().sql_parser.dialect;
    let statement = state.sql_to_statement(&view.text, &dialect).map_err(|source| fault(view, source))?;
    let references = state.resolve_table_references(&statement).map_err(|source| fault(view, source))?;
    let mut reads = Vec::new();
    for reference in references {
        match function::reads(reference.table()) {
            Some(tables) => reads.extend(tables.iter().map(|table| (*table).to_owned())),
            None => reads.push(format!("{}.{}", reference.schema().unwrap_or("mart"), reference.table())),
        }
    }
    Ok(reads)
}

async fn table(state: &SessionState, view: &View) -> Result<Arc<dyn TableProvider>, DataFusionError> {
    let plan = plan(state, view).await?;
    Ok(match view.keep {
        Keep::Not => Arc::new(ViewTable::new(plan, Some(view.text.clone()))),
        Keep::Kept | Keep::Judged => Arc::new(KeptView::of(Planned::new(plan, state))),
    })
}

async fn plan(state: &SessionState, view: &View) -> Result<LogicalPlan, DataFusionError> {
    let plan = state.create_logical_plan(&view.text).await?;
    let read_only = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    read_only.verify_plan(&plan)?;
    Ok(plan)
}

fn fault(view: &View, source: DataFusionError) -> Error {
    Error::View { view: view.full_name(), source: Box::new(source) }
}

/// Returns the kinds of evidence with their shipped weights.
fn evidence_table() -> Result<Arc<MemTable>, DataFusionError> {
    let text = |of: fn(&evidence::Evidence) -> &'static str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(evidence::EVIDENCE.iter().map(of)))
    };
    let weights: ArrayRef = Arc::new(Float64Array::from_iter_values(evidence::shipped()));
    let version: ArrayRef = Arc::new(Int64Array::from_value(evidence::RULE_VERSION, evidence::COUNT));
    let rule: ArrayRef = Arc::new(StringArray::from(vec![evidence::RULE; evidence::COUNT]));
    let columns = [
        ("evidence", text(|evidence| evidence.name)),
        ("weight", weights),
        ("meaning", text(|evidence| evidence.meaning)),
        ("rule", rule),
        ("rule_version", version),
    ];
    let batch = RecordBatch::try_from_iter(columns)?;
    Ok(Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]])?))
}

/// Registers `system.view` and `system.column`: the catalog itself, for pages and for the curious.
async fn register_system(context: &SessionContext, views: &[&View]) -> Result<()> {
    let of = |field: fn(&View) -> &str| views.iter().map(|view| field(view)).collect::<Vec<_>>();
    let catalog = texts(&[
        ("layer", of(|view| &view.layer)),
        ("name", of(|view| &view.name)),
        ("title", of(|view| &view.title)),
        ("about", of(|view| &view.about)),
        ("grain", of(|view| &view.grain)),
        ("text", of(|view| &view.text)),
    ])?;
    context.register_table(TableReference::partial("system", "view"), catalog)?;
    let mut rows: Vec<[String; 5]> = Vec::new();
    for view in views {
        let table = context.table_provider(TableReference::partial(view.layer.as_str(), view.name.as_str())).await?;
        rows.extend(table.schema().fields().iter().map(|field| {
            let doc = view.columns.iter().find(|(name, _)| name == field.name()).map_or("", |(_, doc)| doc);
            let [layer, name, doc] = [&view.layer, &view.name, doc].map(String::from);
            [layer, name, field.name().clone(), field.data_type().to_string(), doc]
        }));
    }
    rows.extend(raw_columns());
    let at = |index: usize| rows.iter().map(|row| row[index].as_str()).collect::<Vec<_>>();
    let columns = texts(&[("layer", at(0)), ("view", at(1)), ("name", at(2)), ("type", at(3)), ("doc", at(4))])?;
    context.register_table(TableReference::partial("system", "column"), columns)?;
    let lineage = Kept::of(lineage(context, views).await?);
    context.register_table(TableReference::partial("system", "lineage"), Arc::new(lineage))?;
    Ok(())
}

/// Returns what each view reads, and which of its columns from which of theirs.
async fn lineage(context: &SessionContext, views: &[&View]) -> Result<Lineage> {
    let (state, mut lineage) = (context.state(), Lineage::default());
    for view in views {
        lineage.add(context, [&view.layer, &view.name], references(&state, view)?).await?;
    }
    Ok(lineage)
}

/// Returns the public columns of the fact tables as rows of `system.column`.
fn raw_columns() -> Vec<[String; 5]> {
    let mut rows = Vec::new();
    for table in schema::TABLES {
        for (column, field) in table.columns.iter().zip(table.arrow().fields()) {
            if column.visibility == Visibility::Public {
                let data_type = field.data_type().to_string();
                rows.push(["raw".into(), table.name.into(), column.name.into(), data_type, column.doc.into()]);
            }
        }
    }
    rows
}

fn texts(columns: &[(&str, Vec<&str>)]) -> Result<Arc<MemTable>, DataFusionError> {
    let arrays = columns.iter().map(|(name, values)| (*name, Arc::new(StringArray::from(values.clone())) as ArrayRef));
    let batch = RecordBatch::try_from_iter(arrays)?;
    Ok(Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]])?))
}
