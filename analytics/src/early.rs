//! New incidents are judged before all is judged again.
//!
//! To judge a version takes as long as its history, and who is told of a new incident wants to know at once. So when a
//! version is shown under the judgement of the version before, the incidents which that does not know are judged on
//! their own: by the same views, over these problems, their tests and the changes of their ranges only. What is known of
//! the project beside them (how rare words are, how often tests fail by chance, who is flaky) is that of the judgement
//! before; `step.circumstance` and `step.confirmation` have no row of them. Their rows stand beside those that were
//! judged before, until the version has its own judgement.
//!
//! There are few rows, so it takes longer to plan than to run: the questions are planned before they are asked, over
//! tables that are filled when it is time.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock};

use arrow::array::{AsArray, BooleanArray, RecordBatch, StringViewArray};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::{DataType, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{
    CatalogProvider, CatalogProviderList, MemTable, MemoryCatalogProvider, MemoryCatalogProviderList,
    MemorySchemaProvider, SchemaProvider, Session as EngineSession, TableProvider,
};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SessionStateBuilder;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::union::UnionExec;
use datafusion::physical_plan::{ExecutionPlan, collect};
use datafusion::prelude::SessionContext;
use tokio::task::JoinSet;

use crate::judge::clue::{self, Clues};
use crate::kept::{Kept, KeptView};
use crate::session::Given;
use crate::{Session, view};

mod filled;

use filled::{Filled, Whole, locked};

/// Of more new problems it takes long enough to be left to the judgement of all.
const MOST: usize = 1 << 10;

/// What the judgement reads of the version that is shown, whole.
const WHOLE: [&str; 5] = ["raw.range", "raw.range_change", "raw.change", "raw.streak", "raw.message"];

/// The problems, which all of it is about.
const PROBLEMS: &str = "step.episode";

/// The same of new problems only: each by what it stands on before it.
const NEW: [(&str, &str); 5] = [
    (
        "raw.range",
        "SELECT r.* FROM whole.range AS r \
         JOIN (SELECT DISTINCT project, good_revision, opened_revision FROM step.episode) AS e \
         ON e.project = r.project AND e.good_revision = r.good_revision AND e.opened_revision = r.bad_revision",
    ),
    ("raw.range_change", "SELECT c.* FROM whole.range_change AS c JOIN raw.range AS r ON r.range_id = c.range_id"),
    (
        "raw.change",
        "SELECT c.* FROM whole.change AS c JOIN (SELECT DISTINCT r.project, l.revision FROM raw.range AS r \
         JOIN raw.range_change AS l ON l.range_id = r.range_id) AS l \
         ON l.project = c.project AND l.revision = c.revision",
    ),
    (
        "raw.streak",
        "SELECT s.* FROM whole.streak AS s \
         JOIN (SELECT DISTINCT test_id FROM step.episode) AS e ON e.test_id = s.test_id",
    ),
    (
        "raw.message",
        "SELECT m.* FROM whole.message AS m \
         JOIN (SELECT DISTINCT message_id FROM step.episode) AS e ON e.message_id = m.message_id",
    ),
];

/// What the judgement before has no row of that is about new incidents.
const NOTHING: [&str; 2] = ["step.circumstance", "step.confirmation"];

/// Views over changes that are not kept, so they are made anew over those of the new incidents.
const OF_CHANGES: [&str; 2] = ["step.authored", "step.change_size"];

/// The views that are judged early, behind the one that all stand on.
const VIEWS: [&str; 5] = ["step.clue", "step.judgement", "step.nobody", "mart.suspect", "step.accused"];

/// What is added to the judgement.
const JUDGED: [&str; 5] = [clue::NAME, "step.judgement", "step.nobody", "mart.suspect", "step.accused"];

/// What a judgement knows, made ready to judge the incidents that come after it.
pub(crate) struct Early {
    judged: Given,
    incidents: HashSet<String>,
    /// The tables of the judgement, with `filled` ones in the place of those that are about new incidents, and `whole`
    /// ones beside them.
    near: Session,
    whole: BTreeMap<String, Arc<Whole>>,
    filled: BTreeMap<&'static str, Arc<Filled>>,
    /// Plans that wait to be run: each once, as what ran keeps what it read.
    plans: Mutex<HashMap<&'static str, Arc<dyn ExecutionPlan>>>,
}

impl Early {
    /// Returns what `judged` knows; none if it has not judged all by itself.
    pub(crate) async fn of(judged: &Session) -> crate::Result<Option<Arc<Self>>> {
        if judged.judged().get(clue::NAME).is_none_or(|clues| clues.downcast_ref::<Kept<Clues>>().is_none()) {
            return Ok(None);
        }
        let schema = async |name| judged.context.table_provider(name).await.map(|table| table.schema());
        let (mut wholes, mut filled) = (BTreeMap::new(), BTreeMap::new());
        for name in WHOLE {
            wholes.insert(whole(name), Arc::new(Whole { schema: schema(name).await?, table: Mutex::default() }));
        }
        let own = OF_CHANGES.into_iter().chain(VIEWS).chain(NOTHING).chain([PROBLEMS, clue::NAME]).chain(WHOLE);
        for name in own {
            filled.insert(name, Arc::new(Filled { schema: schema(name).await?, rows: Mutex::default() }));
        }
        let mut incidents = HashSet::new();
        for rows in problems(judged).await? {
            incidents.extend(incident_ids(&rows)?.iter().flatten().map(str::to_owned));
        }
        let near = Session::of(beside(&judged.context, &wholes, &filled).await?, judged.version);
        let (judged, plans) = (judged.judged().clone(), Mutex::default());
        let early = Self { judged, incidents, near, whole: wholes, filled, plans };
        for (_, sql) in NEW {
            early.near.query_with(sql, &[]).await?;
        }
        early.plan().await?;
        Ok(Some(Arc::new(early)))
    }

    /// Plans what reads nothing of a version by itself, so that it only has to be run.
    pub(crate) async fn plan(&self) -> crate::Result<()> {
        for sql in OF_CHANGES.into_iter().chain(VIEWS).map(text).chain(Clues::OF_NEW) {
            if !locked(&self.plans).contains_key(sql) {
                let plan = self.near.query_with(sql, &[]).await?.create_physical_plan().await?;
                locked(&self.plans).insert(sql, plan);
            }
        }
        Ok(())
    }

    /// Returns the version whose judgement this is.
    pub(crate) fn version(&self) -> i64 {
        self.near.version
    }

    /// Returns the tables that are judged, for a session that is shown under them, with room for what is new.
    pub(crate) fn extended(&self) -> (Given, Extensions) {
        let (mut judged, mut extensions) = (self.judged.clone(), Extensions::new());
        for name in JUDGED {
            let table = Arc::new(Extended { before: Arc::clone(&judged[name]), new: OnceLock::new() });
            extensions.push((name, Arc::clone(&table)));
            judged.insert(name.to_owned(), table);
        }
        (judged, extensions)
    }

    /// Judges the incidents of `session` that were not known before, and adds them to what it is shown under. Returns how
    /// many problems they have.
    pub(crate) async fn judge(self: &Arc<Self>, session: &Session, extensions: Extensions) -> crate::Result<usize> {
        let judged = self.judge_new(session).await;
        if judged.is_ok() {
            for (name, table) in extensions {
                let Filled { schema, rows } = &*self.filled[name];
                if let Some(rows) = locked(rows).take() {
                    let rows = MemTable::try_new(Arc::clone(schema), vec![rows])?;
                    table.new.get_or_init(|| Arc::new(rows));
                }
            }
        }
        // Nothing of this version is held any longer than it is shown.
        self.whole.values().for_each(|table| *locked(&table.table) = None);
        self.filled.values().for_each(|table| *locked(&table.rows) = None);
        judged
    }

    async fn judge_new(self: &Arc<Self>, session: &Session) -> crate::Result<usize> {
        for name in WHOLE {
            *locked(&self.whole[&whole(name)].table) = Some(session.context.table_provider(name).await?);
        }
        for name in NOTHING {
            self.filled[name].fill(&[])?;
        }
        let new = self.new_problems(session).await?;
        let count = new.iter().map(RecordBatch::num_rows).sum();
        self.filled[PROBLEMS].fill(&new)?;
        if count == 0 || count > MOST {
            return Ok(0);
        }
        let [range, range_change, change, streak, message] = NEW;
        let mut tasks = JoinSet::new();
        self.fill_beside(&mut tasks, streak);
        for step in [message, range, range_change, change] {
            self.fill(step).await?;
        }
        for name in OF_CHANGES {
            self.fill((name, text(name))).await?;
        }
        joined(&mut tasks).await?;
        let [clue, judgement, nobody, suspect, accused] = VIEWS.map(|name| (name, text(name)));
        self.fill_beside(&mut tasks, nobody);
        let clues = self.judged[clue::NAME].downcast_ref::<Kept<Clues>>().expect("it was asked for");
        let mut answers = Vec::new();
        for sql in Clues::OF_NEW {
            answers.push(self.ask(sql).await?);
        }
        let Some(rows) = clues.source().of_new(&answers)? else { return Ok(0) };
        self.filled[clue::NAME].fill(&[rows])?;
        self.fill(clue).await?;
        self.fill(judgement).await?;
        joined(&mut tasks).await?;
        self.fill(suspect).await?;
        self.fill(accused).await?;
        Ok(count)
    }

    /// Returns the problems of incidents that were not judged before.
    async fn new_problems(&self, session: &Session) -> crate::Result<Vec<RecordBatch>> {
        let mut new = Vec::new();
        for rows in problems(session).await? {
            let is_new = |id: Option<&str>| id.is_some_and(|id| !self.incidents.contains(id));
            let is_new: BooleanArray = incident_ids(&rows)?.iter().map(|id| Some(is_new(id))).collect();
            new.push(filter_record_batch(&rows, &is_new).map_err(DataFusionError::from)?);
        }
        Ok(new)
    }

    /// Fills a table with the answer to a question.
    async fn fill(&self, (name, sql): (&'static str, &'static str)) -> crate::Result<()> {
        Ok(self.filled[name].fill(&self.ask(sql).await?)?)
    }

    async fn ask(&self, sql: &str) -> crate::Result<Vec<RecordBatch>> {
        let planned = locked(&self.plans).remove(sql);
        let plan = match planned {
            Some(plan) => plan,
            None => self.near.query_with(sql, &[]).await?.create_physical_plan().await?,
        };
        Ok(collect(plan, self.near.context.task_ctx()).await?)
    }

    /// Fills a table while others are filled.
    fn fill_beside(self: &Arc<Self>, tasks: &mut JoinSet<crate::Result<()>>, step: (&'static str, &'static str)) {
        let early = Arc::clone(self);
        tasks.spawn(async move { early.fill(step).await });
    }
}

async fn joined(tasks: &mut JoinSet<crate::Result<()>>) -> crate::Result<()> {
    while let Some(filled) = tasks.join_next().await {
        filled.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?;
    }
    Ok(())
}

/// Returns all problems of a session, which keeps them.
async fn problems(session: &Session) -> Result<Vec<RecordBatch>> {
    match session.kept().get(PROBLEMS).and_then(|problems| problems.downcast_ref::<KeptView>()) {
        Some(problems) => problems.batches().await,
        None => Ok(Vec::new()),
    }
}

fn incident_ids(problems: &RecordBatch) -> Result<StringViewArray> {
    let ids = problems.column(problems.schema().index_of("incident_id")?);
    Ok(cast(ids, &DataType::Utf8View)?.as_string_view().clone())
}

/// Returns the name of a table of the version that is shown.
fn whole(name: &str) -> String {
    name.replace("raw.", "whole.")
}

/// Returns the text of a view.
fn text(name: &str) -> &'static str {
    &view::all().iter().find(|view| view.full_name() == name).expect("a test judges early").text
}

/// Returns a context with the tables of another, in the place of some the filled ones.
async fn beside(
    context: &SessionContext,
    wholes: &BTreeMap<String, Arc<Whole>>,
    filled: &BTreeMap<&'static str, Arc<Filled>>,
) -> Result<SessionContext> {
    let catalog = MemoryCatalogProvider::new();
    let known = context.catalog("annals").expect("each session has it");
    for schema in known.schema_names() {
        let (copy, known) = (MemorySchemaProvider::new(), known.schema(&schema).expect("it was just named"));
        for name in known.table_names() {
            let table = match filled.get(&*format!("{schema}.{name}")) {
                Some(table) => Some(table.as_table()),
                None => known.table(&name).await?,
            };
            table.map(|table| copy.register_table(name, table)).transpose()?;
        }
        catalog.register_schema(&schema, Arc::new(copy))?;
    }
    catalog.register_schema("whole", Arc::new(MemorySchemaProvider::new()))?;
    let catalogs = MemoryCatalogProviderList::new();
    catalogs.register_catalog("annals".to_owned(), Arc::new(catalog));
    // There are few rows of anything: in one piece it is done sooner.
    let state = SessionStateBuilder::new_from_existing(context.state())
        .with_config(context.copied_config().with_target_partitions(1))
        .with_catalog_list(Arc::new(catalogs));
    let near = SessionContext::new_with_state(state.build());
    for (name, table) in wholes {
        near.register_table(name.as_str(), Arc::clone(table) as Arc<dyn TableProvider>)?;
    }
    Ok(near)
}

/// The tables that new rows are added to, by name.
pub(crate) type Extensions = Vec<(&'static str, Arc<Extended>)>;

/// What was judged before, and the rows of new incidents behind it.
#[derive(Debug)]
pub(crate) struct Extended {
    before: Arc<dyn TableProvider>,
    new: OnceLock<Arc<dyn TableProvider>>,
}

impl Extended {
    /// Returns what was judged before.
    pub(crate) fn before(&self) -> &Arc<dyn TableProvider> {
        &self.before
    }
}

#[async_trait]
impl TableProvider for Extended {
    fn schema(&self) -> SchemaRef {
        self.before.schema()
    }

    fn table_type(&self) -> TableType {
        self.before.table_type()
    }

    async fn scan(
        &self,
        state: &dyn EngineSession,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let before = self.before.scan(state, projection, filters, limit).await?;
        match self.new.get() {
            Some(new) => UnionExec::try_new(vec![before, new.scan(state, projection, filters, limit).await?]),
            None => Ok(before),
        }
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        self.before.supports_filters_pushdown(filters)
    }
}
