//! The table `judge.clue`: the figures of the evidence for each problem and change that may have caused or mended it.
//!
//! It follows from changes, ranges and failure texts by ways that SQL does not know, so it is computed here, when
//! somebody first asks, and kept as long as its session. The view `step.clue` documents its columns.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, ArrayRef, Float64Builder, Int64Builder, RecordBatch, StringViewBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::MemTable;
use datafusion::common::Result;
use datafusion::dataframe::DataFrame;
use datafusion::execution::SessionState;
use datafusion::logical_expr::LogicalPlan;

use super::change::Change;
use super::counts::Counts;
use super::evidence::{EVIDENCE, Figures};
use super::incident::{self, Elsewhere, Failure, Matched};
use super::read::{self, Histories, History, Others, Problem, Turn};
use super::words::{Word, Words};
use crate::kept::{Source, engine};

/// The table's full name.
pub(crate) const NAME: &str = "judge.clue";
/// What must be registered before the table can be planned.
pub(crate) const READS: [&str; 2] = ["step.episode", "step.authored"];
/// Words that are told; more are not read.
const TOLD: usize = 6;

/// What the table is computed of.
#[derive(Debug)]
pub(crate) struct Clues {
    plans: Vec<LogicalPlan>,
    schema: SchemaRef,
    state: SessionState,
    /// What the history has shown to its end, once the table is computed.
    counted: Arc<Mutex<Option<Counted>>>,
}

/// What the changes of all projects have shown.
#[derive(Default)]
struct Counted {
    counts: HashMap<String, Counts>,
    words: Words,
    /// The changes that were counted, by project and revision.
    changes: HashSet<(String, String)>,
}

impl std::fmt::Debug for Counted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Counted").field("changes", &self.changes.len()).finish_non_exhaustive()
    }
}

impl Clues {
    /// Plans what the table reads.
    pub(crate) async fn new(state: &SessionState) -> Result<Self> {
        let mut plans = Vec::new();
        for sql in
            [read::CHANGES, read::FILES, read::PROBLEMS, read::LISTED, read::FIXES, read::ELSEWHERE, read::RECORDS]
        {
            plans.push(state.create_logical_plan(sql).await?);
        }
        Ok(Self { plans, schema: schema(), state: engine(state), counted: Arc::default() })
    }

    /// What [`Self::of_new`] is to be told.
    pub(crate) const OF_NEW: [&str; 5] = [read::CHANGES, read::FILES, read::PROBLEMS, read::LISTED, read::ELSEWHERE];

    /// Computes the rows of problems that came later, by the answers to [`Self::OF_NEW`] of a session that knows of no
    /// others, and of all else what concerns them; `None` before the table is computed.
    ///
    /// How rare words are, and what broke what, is counted to the end of the history, and not to that of the range.
    pub(crate) fn of_new(&self, answers: &[Vec<RecordBatch>]) -> Result<Option<RecordBatch>> {
        let mut known = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Counted { counts, words, changes }) = known.as_mut() else { return Ok(None) };
        let histories = read::histories(&answers[0], &answers[1], &[], words)?;
        let (problems, listed) = (read::problems(&answers[2])?, read::listed(&answers[3])?);
        let told = Told { histories: &histories, others: &read::others(&answers[4])? };
        for (project, history) in &histories {
            let counts = counts.entry(project.clone()).or_default();
            let is_new = |change: &&Change| changes.insert((project.clone(), change.told.revision.clone()));
            history.changes.iter().filter(is_new).for_each(|change| counts.add(change));
        }
        let mut rows = Rows::new();
        for range in breaks(&histories, &problems, &listed) {
            of_range(&told, &counts[range.project], &range, words, &mut rows);
        }
        rows.finish(self.schema.clone(), &words.texts()).map(Some)
    }
}

#[async_trait]
impl Source for Clues {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    async fn compute(&self) -> Result<MemTable> {
        let mut answers = Vec::new();
        for plan in &self.plans {
            answers.push(DataFrame::new(self.state.clone(), plan.clone()).collect().await?);
        }
        let (schema, known) = (self.schema.clone(), self.counted.clone());
        let rows = tokio::task::spawn_blocking(move || {
            let mut words = Words::default();
            let histories = read::histories(&answers[0], &answers[1], &[], &mut words)?;
            let (problems, listed) = (read::problems(&answers[2])?, read::listed(&answers[3])?);
            let (fixes, others) = (read::problems(&answers[4])?, read::others(&answers[5])?);
            let has_records = answers[6].iter().any(|batch| batch.num_rows() > 0 && first(batch) == Some(1));
            let mut ranges = breaks(&histories, &problems, &listed);
            ranges.extend(mends(&histories, &fixes));
            let told = Told { histories: &histories, others: &others };
            let (rows, counts) = clues(&told, has_records, ranges, &mut words);
            let rows = rows.finish(schema, &words.texts())?;
            let revisions = |(project, history): (&String, &History)| {
                let revision = |change: &Change| (project.clone(), change.told.revision.clone());
                history.changes.iter().map(revision).collect::<Vec<_>>()
            };
            let changes = histories.iter().flat_map(revisions).collect();
            *known.lock().unwrap_or_else(PoisonError::into_inner) = Some(Counted { counts, words, changes });
            Ok::<_, datafusion::error::DataFusionError>(rows)
        });
        let rows = rows.await.map_err(|error| datafusion::error::DataFusionError::External(error.into()))??;
        MemTable::try_new(self.schema.clone(), vec![vec![rows]])
    }
}

const TEXTS: [&str; 9] = [
    "problem_id",
    "turn",
    "revision",
    "path_match",
    "subject_match",
    "identifier_match",
    "named_file",
    "like_file",
    "acquitted",
];

fn first(batch: &RecordBatch) -> Option<i64> {
    read::ints(batch, 0).ok()?.first().copied().flatten()
}

/// What is known beside the ranges.
struct Told<'a> {
    histories: &'a Histories,
    others: &'a Others,
}

fn schema() -> SchemaRef {
    let texts = TEXTS.map(|name| Field::new(name, DataType::Utf8View, true));
    let ordinal = Field::new("ordinal", DataType::Int64, true);
    let figures = EVIDENCE.map(|evidence| Field::new(evidence.name, DataType::Float64, true));
    Arc::new(Schema::new(texts.into_iter().chain([ordinal]).chain(figures).collect::<Vec<_>>()))
}

/// A range in which problems began or ended: its changes, newest first, and what failed there.
struct Range<'a> {
    project: &'a str,
    turn: Turn,
    /// The place of its newest end among the changes.
    bad: usize,
    places: Vec<usize>,
    problems: Vec<&'a Problem>,
}

impl Range<'_> {
    fn changes<'h>(&self, history: &'h History) -> Vec<&'h Change> {
        self.places.iter().map(|place| &history.changes[*place]).collect()
    }
}

/// Returns the ranges in which problems began.
fn breaks<'a>(histories: &Histories, problems: &'a [Problem], listed: &HashMap<i64, Vec<String>>) -> Vec<Range<'a>> {
    let mut found: BTreeMap<(&str, i64), Vec<&Problem>> = BTreeMap::new();
    for problem in problems {
        found.entry((&problem.project, problem.range_id)).or_default().push(problem);
    }
    let range = |((project, range_id), problems): ((&'a str, i64), Vec<&'a Problem>)| {
        let history = histories.get(project)?;
        let bad = history.find(&problems[0].bad_revision)?;
        let revisions = listed.get(&range_id).map(Vec::as_slice).unwrap_or_default();
        let places = revisions.iter().filter_map(|revision| history.find(revision)).collect();
        Some(Range { project, turn: Turn::Break, bad, places, problems })
    };
    found.into_iter().filter_map(range).collect()
}

/// Returns the ranges in which problems ended.
fn mends<'a>(histories: &Histories, fixes: &'a [Problem]) -> Vec<Range<'a>> {
    let mut found: BTreeMap<(&str, &str, &str), Vec<&Problem>> = BTreeMap::new();
    for fix in fixes {
        found.entry((&fix.project, &fix.bad_revision, &fix.good_revision)).or_default().push(fix);
    }
    let range = |((project, bad, _), problems): ((&'a str, &str, &str), Vec<&'a Problem>)| {
        let history = histories.get(project)?;
        let places = history.mended(problems[0])?;
        Some(Range { project, turn: Turn::Fix, bad: history.find(bad)?, places, problems })
    };
    found.into_iter().filter_map(range).collect()
}

/// Computes the rows: range by range in the order of their newest changes, so that what is rare is known as it was
/// then. Returns what was counted to the end of each history, too.
fn clues(
    told: &Told<'_>,
    has_records: bool,
    mut ranges: Vec<Range<'_>>,
    words: &mut Words,
) -> (Rows, HashMap<String, Counts>) {
    let mut rows = Rows::new();
    ranges.sort_by_key(|range| range.bad);
    let mut of_projects = HashMap::new();
    let histories: BTreeMap<&String, &History> = told.histories.iter().collect();
    for (project, history) in histories {
        let (mut counts, mut counted) = (Counts::new(has_records), 0);
        for range in ranges.iter().filter(|range| range.project == project) {
            history.changes[counted..counted.max(range.bad + 1)].iter().for_each(|change| counts.add(change));
            counted = counted.max(range.bad + 1);
            let good = range.problems.first().and_then(|problem| history.find(&problem.good_revision));
            counts.reach(good.unwrap_or_default());
            let failures = of_range(told, &counts, range, words, &mut rows);
            if range.turn == Turn::Break {
                counts.add_break(range.bad, &failures, &range.changes(history));
            }
        }
        history.changes[counted..].iter().for_each(|change| counts.add(change));
        of_projects.insert(project.clone(), counts);
    }
    (rows, of_projects)
}

/// Adds the rows of a range; returns its failures.
fn of_range(told: &Told<'_>, counts: &Counts, range: &Range<'_>, words: &mut Words, rows: &mut Rows) -> Vec<Failure> {
    let changes = range.changes(&told.histories[range.project]);
    let failures: Vec<Failure> = range.problems.iter().map(|problem| failure(told, range, problem, words)).collect();
    let (figures, _) = incident::figures(&failures, &changes, counts);
    for ((problem, failure), figures) in range.problems.iter().zip(&failures).zip(&figures) {
        for (place, (change, figures)) in changes.iter().zip(figures).enumerate() {
            let ids = [problem.problem_id.as_str(), range.turn.as_str(), change.told.revision.as_str()];
            rows.push(ids, place as i64 + 1, incident::matched(failure, change, place, counts), figures);
        }
    }
    failures
}

/// Returns a problem as the evidence sees it; what mended it is not asked of other builders.
fn failure(told: &Told<'_>, range: &Range<'_>, problem: &Problem, words: &mut Words) -> Failure {
    let history = &told.histories[range.project];
    let said = told.others.get(&problem.problem_id).filter(|_| range.turn == Turn::Break);
    let elsewhere = said.into_iter().flatten().map(|(builder, passed, revision)| Elsewhere {
        builder: builder.clone(),
        passed: *passed,
        revision: revision.clone(),
        has: history.has(revision, &range.places),
    });
    // A revision outside the range says nothing.
    let elsewhere = elsewhere.filter(|elsewhere| !elsewhere.has.is_empty()).collect();
    Failure::new(&problem.test, &problem.text, words).on(&problem.builder, elsewhere, words)
}

/// The rows that are being made; words stay numbers until all are known.
struct Rows {
    ids: [StringViewBuilder; 3],
    ordinals: Int64Builder,
    words: [Vec<Vec<Word>>; 3],
    files: [StringViewBuilder; 3],
    figures: Vec<Float64Builder>,
}

/// Returns a column that keeps each text once: the problems of a range say much the same.
fn text() -> StringViewBuilder {
    StringViewBuilder::new().with_deduplicate_strings()
}

impl Rows {
    fn new() -> Self {
        Self {
            ids: std::array::from_fn(|_| text()),
            ordinals: Int64Builder::new(),
            words: Default::default(),
            files: std::array::from_fn(|_| text()),
            figures: EVIDENCE.iter().map(|_| Float64Builder::new()).collect(),
        }
    }

    fn push(&mut self, ids: [&str; 3], ordinal: i64, matched: Matched, figures: &Figures) {
        self.ids.iter_mut().zip(ids).for_each(|(builder, id)| builder.append_value(id));
        self.ordinals.append_value(ordinal);
        self.words[0].push(matched.path_words);
        self.words[1].push(matched.subject_words);
        self.words[2].push(matched.identifiers);
        self.files[0].append_option(matched.file_in_message);
        self.files[1].append_option(matched.file_like_test);
        self.files[2].append_option(matched.acquitted);
        self.figures.iter_mut().zip(figures).for_each(|(builder, figure)| builder.append_value(*figure));
    }

    fn finish(mut self, schema: SchemaRef, texts: &[&str]) -> Result<RecordBatch> {
        let mut columns: Vec<ArrayRef> = self.ids.iter_mut().map(|ids| Arc::new(ids.finish()) as ArrayRef).collect();
        for lists in &self.words {
            let mut builder = text();
            for list in lists {
                let mut told: Vec<&str> = list.iter().map(|word| texts[*word as usize]).collect();
                told.sort_unstable();
                told.truncate(TOLD);
                builder.append_option((!told.is_empty()).then(|| told.join(", ")));
            }
            columns.push(Arc::new(builder.finish()));
        }
        columns.extend(self.files.iter_mut().map(|files| Arc::new(files.finish()) as ArrayRef));
        columns.push(Arc::new(self.ordinals.finish()));
        columns.extend(self.figures.iter_mut().map(|figures| Arc::new(figures.finish()) as ArrayRef));
        // They stay for as long as the session does, and have grown by doubling.
        columns.iter_mut().for_each(Array::shrink_to_fit);
        Ok(RecordBatch::try_new(schema, columns)?)
    }
}
