//! The table `judge.clue`: the figures of the evidence for each problem and change of its blamelist.
//!
//! It follows from changes, ranges and failure texts by ways that SQL does not know, so it is computed here, when
//! somebody first asks, and kept as long as its session. The view `step.clue` documents its columns.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Builder, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{MemTable, MemoryCatalogProviderList, Session, TableProvider};
use datafusion::common::Result;
use datafusion::dataframe::DataFrame;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::{Expr, LogicalPlan, TableType};
use datafusion::physical_plan::ExecutionPlan;
use tokio::sync::OnceCell;

use super::change::Counts;
use super::evidence::{EVIDENCE, Figures};
use super::incident::{self, Failure, Matched};
use super::read::{self, Histories, History, Problem};
use super::words::{Word, Words};

/// The table's full name.
pub(crate) const NAME: &str = "judge.clue";
/// What must be registered before the table can be planned.
pub(crate) const READS: [&str; 2] = ["step.episode", "step.authored"];
/// Words that are told; more are not read.
const TOLD: usize = 6;

/// The table.
#[derive(Debug)]
pub(crate) struct ClueTable {
    plans: Vec<LogicalPlan>,
    schema: SchemaRef,
    state: SessionState,
    rows: OnceCell<MemTable>,
}

impl ClueTable {
    /// Plans what the table reads.
    pub(crate) async fn new(state: &SessionState) -> Result<Self> {
        let mut plans = Vec::new();
        for sql in [read::CHANGES, read::FILES, read::PROBLEMS, read::LISTED] {
            plans.push(state.create_logical_plan(sql).await?);
        }
        // The catalog will hold this table: a state that holds the catalog would keep the session alive for ever.
        let nothing = Arc::new(MemoryCatalogProviderList::new());
        let state = SessionStateBuilder::new_from_existing(state.clone()).with_catalog_list(nothing).build();
        Ok(Self { plans, schema: schema(), state, rows: OnceCell::new() })
    }

    async fn compute(&self) -> Result<MemTable> {
        let mut answers = Vec::new();
        for plan in &self.plans {
            answers.push(DataFrame::new(self.state.clone(), plan.clone()).collect().await?);
        }
        let schema = self.schema.clone();
        let rows = tokio::task::spawn_blocking(move || {
            let mut words = Words::default();
            let histories = read::histories(&answers[0], &answers[1], &[], &mut words)?;
            let (problems, listed) = (read::problems(&answers[2])?, read::listed(&answers[3])?);
            clues(&histories, &problems, &listed, &mut words, schema)
        });
        let rows = rows.await.map_err(|error| datafusion::error::DataFusionError::External(error.into()))??;
        MemTable::try_new(self.schema.clone(), vec![vec![rows]])
    }
}

#[async_trait]
impl TableProvider for ClueTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let rows = self.rows.get_or_try_init(|| self.compute()).await?;
        rows.scan(state, projection, filters, limit).await
    }
}

const TEXTS: [&str; 6] = ["problem_id", "revision", "path_match", "subject_match", "named_file", "like_file"];

fn schema() -> SchemaRef {
    let texts = TEXTS.map(|name| Field::new(name, DataType::Utf8, true));
    let figures = EVIDENCE.map(|evidence| Field::new(evidence.name, DataType::Float64, true));
    Arc::new(Schema::new(texts.into_iter().chain(figures).collect::<Vec<_>>()))
}

/// Computes the rows: range by range in the order of their newest changes, so that what is rare is known as it was
/// then.
fn clues(
    histories: &Histories,
    problems: &[Problem],
    listed: &HashMap<i64, Vec<String>>,
    words: &mut Words,
    schema: SchemaRef,
) -> Result<RecordBatch> {
    let mut rows = Rows::new();
    let mut projects: BTreeMap<&str, BTreeMap<(usize, i64), Vec<&Problem>>> = BTreeMap::new();
    for problem in problems {
        let Some(history) = histories.get(&problem.project) else { continue };
        let Some(bad) = history.find(&problem.bad_revision) else { continue };
        projects.entry(&problem.project).or_default().entry((bad, problem.range_id)).or_default().push(problem);
    }
    for (project, ranges) in projects {
        let (history, mut counts, mut counted) = (&histories[project], Counts::default(), 0);
        for ((bad, range_id), problems) in ranges {
            history.changes[counted..=bad].iter().for_each(|change| counts.add(change));
            counted = bad + 1;
            let revisions = listed.get(&range_id).map(Vec::as_slice).unwrap_or_default();
            let places: Vec<usize> = revisions.iter().filter_map(|revision| history.find(revision)).collect();
            range(history, &counts, &problems, &places, words, &mut rows);
        }
    }
    rows.finish(schema, &words.texts())
}

fn range(
    history: &History,
    counts: &Counts,
    problems: &[&Problem],
    places: &[usize],
    words: &mut Words,
    rows: &mut Rows,
) {
    let changes: Vec<_> = places.iter().map(|place| &history.changes[*place]).collect();
    let failures: Vec<Failure> =
        problems.iter().map(|problem| Failure::new(&problem.test, &problem.text, words)).collect();
    let (figures, _) = incident::figures(&failures, &changes, counts);
    for ((problem, failure), figures) in problems.iter().zip(&failures).zip(&figures) {
        for (change, figures) in changes.iter().zip(figures) {
            rows.push(&problem.problem_id, &change.told.revision, incident::matched(failure, change), figures);
        }
    }
}

/// The rows that are being made; words stay numbers until all are known.
struct Rows {
    ids: [StringBuilder; 2],
    words: [Vec<Vec<Word>>; 2],
    files: [StringBuilder; 2],
    figures: Vec<Float64Builder>,
}

impl Rows {
    fn new() -> Self {
        Self {
            ids: Default::default(),
            words: Default::default(),
            files: Default::default(),
            figures: EVIDENCE.iter().map(|_| Float64Builder::new()).collect(),
        }
    }

    fn push(&mut self, problem_id: &str, revision: &str, matched: Matched, figures: &Figures) {
        self.ids[0].append_value(problem_id);
        self.ids[1].append_value(revision);
        self.words[0].push(matched.path_words);
        self.words[1].push(matched.subject_words);
        self.files[0].append_option(matched.file_in_message);
        self.files[1].append_option(matched.file_like_test);
        self.figures.iter_mut().zip(figures).for_each(|(builder, figure)| builder.append_value(*figure));
    }

    fn finish(mut self, schema: SchemaRef, texts: &[&str]) -> Result<RecordBatch> {
        let mut columns: Vec<ArrayRef> = self.ids.iter_mut().map(|ids| Arc::new(ids.finish()) as ArrayRef).collect();
        for lists in &self.words {
            let mut builder = StringBuilder::new();
            for list in lists {
                let mut told: Vec<&str> = list.iter().map(|word| texts[*word as usize]).collect();
                told.sort_unstable();
                told.truncate(TOLD);
                builder.append_option((!told.is_empty()).then(|| told.join(", ")));
            }
            columns.push(Arc::new(builder.finish()));
        }
        columns.extend(self.files.iter_mut().map(|files| Arc::new(files.finish()) as ArrayRef));
        columns.extend(self.figures.iter_mut().map(|figures| Arc::new(figures.finish()) as ArrayRef));
        Ok(RecordBatch::try_new(schema, columns)?)
    }
}
