//! What a fold reads from the fact tables, streamed and reduced to what streaks need.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringViewArray};
use arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};
use datafusion::logical_expr::{Expr, col, lit};
use futures::TryStreamExt;
use rusqlite::Connection;

use super::{BROKEN, Exclusion, Exclusions, Facts, Graphs, MASS_FAILURE};
use crate::Result;
use crate::knowledge::{Lane, Series};
use crate::streak::{Place, Tally};

/// Which batches are meant.
pub(super) struct Slice {
    /// Not this one, and none before it.
    pub after: i64,
    /// The last one.
    pub up_to: i64,
}

impl Slice {
    fn filter(&self) -> Expr {
        col("batch").gt(lit(self.after)).and(col("batch").lt_eq(lit(self.up_to)))
    }
}

/// A build as the rules see it.
pub(super) struct Build {
    pub lane: Arc<Lane>,
    pub place: Place,
    pub result: String,
    pub is_patch: bool,
    pub patch_author: Option<String>,
}

/// Builds in the order of their places, so that a build's index orders what was observed.
pub(super) struct Builds {
    pub list: Vec<Build>,
    pub index: HashMap<i64, u32>,
}

/// One outcome of a series, packed: rebuilding holds one for every outcome of the store.
pub(super) struct Observed {
    /// Index of the build.
    pub build: u32,
    attempt: u16,
    kind: u8,
    /// Zero for none.
    message_id: i64,
}

impl Observed {
    pub(super) fn new(build: u32, attempt: i64, outcome: &str, message_id: Option<i64>) -> Self {
        let tally = Tally::of(outcome, message_id);
        let kind = if tally.failed > 0 {
            b'f'
        } else if tally.passed > 0 {
            b'p'
        } else {
            b's'
        };
        let attempt = u16::try_from(attempt).unwrap_or(u16::MAX);
        Self { build, attempt, kind, message_id: tally.message_id.unwrap_or(0) }
    }

    pub(super) fn tally(&self) -> Tally {
        let count = |kind| i64::from(self.kind == kind);
        Tally {
            passed: count(b'p'),
            failed: count(b'f'),
            skipped: count(b's'),
            message_id: (self.message_id != 0).then_some(self.message_id),
        }
    }

    fn key(&self) -> (u32, u16, i64) {
        (self.build, self.attempt, self.message_id)
    }
}

/// What was observed, by series, each in the order of builds and attempts.
pub(super) type History = HashMap<i64, (Series, Vec<Observed>)>;

/// Reads the builds of a slice.
pub(super) async fn builds(facts: &Facts, slice: &Slice) -> Result<Builds> {
    const COLUMNS: [&str; 12] = [
        "build_id",
        "position",
        "started_at",
        "finished_at",
        "ingested_at",
        "is_patch",
        "project",
        "branch",
        "builder",
        "revision",
        "result",
        "patch_author_name",
    ];
    let frame = facts.context.table("build").await?.filter(slice.filter())?.select_columns(&COLUMNS)?;
    let mut list = Vec::new();
    let mut lanes: HashMap<Lane, Arc<Lane>> = HashMap::new();
    for batch in frame.collect().await? {
        let (build_id, position) = (ints(&batch, 0), ints(&batch, 1));
        let times = [2, 3, 4].map(|column| batch.column(column).as_primitive::<TimestampMicrosecondType>());
        let is_patch = batch.column(5).as_boolean();
        let [project, branch, builder, revision, result, patch_author] = [6, 7, 8, 9, 10, 11].map(|c| texts(&batch, c));
        for row in 0..batch.num_rows() {
            let text = |column: &StringViewArray| column.value(row).to_owned();
            let lane = Lane { project: text(&project), branch: text(&branch), builder: text(&builder) };
            list.push(Build {
                lane: lanes.entry(lane.clone()).or_insert_with(|| Arc::new(lane)).clone(),
                place: Place {
                    position: position[row],
                    // Imports and reports often say no start: then its end, or its arrival, is its age.
                    at: times.iter().find(|at| at.is_valid(row)).map(|at| at.value(row)),
                    build_id: build_id[row],
                    revision: text(&revision),
                },
                result: text(&result),
                is_patch: is_patch.value(row),
                patch_author: patch_author.is_valid(row).then(|| text(&patch_author)),
            });
        }
    }
    list.sort_by_key(|build| build.place.key());
    let index = (0..).zip(&list).map(|(index, build)| (build.place.build_id, index)).collect();
    Ok(Builds { list, index })
}

/// Some series, and the tests that they are of.
pub(super) struct Only<'a> {
    pub series: &'a BTreeSet<i64>,
    pub tests: &'a BTreeSet<i64>,
}

/// Reads the outcomes of a slice, or of some series only.
pub(super) async fn history(facts: &Facts, builds: &Builds, slice: &Slice, only: Option<Only<'_>>) -> Result<History> {
    const COLUMNS: [&str; 9] =
        ["series_id", "test_id", "build_id", "attempt", "message_id", "outcome", "kind", "suite", "name"];
    let filter = only.iter().fold(slice.filter(), |filter, only| filter.and(among(only.tests)));
    let only = only.map(|only| only.series);
    let frame = facts.context.table("outcome").await?.filter(filter)?.select_columns(&COLUMNS)?;
    let mut history = History::new();
    let mut stream = frame.execute_stream().await?;
    while let Some(batch) = stream.try_next().await? {
        observe(&batch, builds, only, &mut history);
    }
    history.values_mut().for_each(|(_, observed)| observed.sort_unstable_by_key(Observed::key));
    Ok(history)
}

/// Narrows a scan to some tests, by which the files are sorted: by id when they are few, else by the bounds of the ids.
fn among(tests: &BTreeSet<i64>) -> Expr {
    const FEW: usize = 200;
    if tests.len() <= FEW {
        return col("test_id").in_list(tests.iter().map(|&id| lit(id)).collect(), false);
    }
    let (first, last) = (tests.first().copied().unwrap_or(i64::MIN), tests.last().copied().unwrap_or(i64::MAX));
    col("test_id").between(lit(first), lit(last))
}

fn observe(batch: &RecordBatch, builds: &Builds, only: Option<&BTreeSet<i64>>, history: &mut History) {
    let [series_id, test_id, build_id, attempt] = [0, 1, 2, 3].map(|column| ints(batch, column));
    let message_id = batch.column(4).as_primitive::<Int64Type>();
    let [outcome, kind, suite, name] = [5, 6, 7, 8].map(|column| texts(batch, column));
    for row in 0..batch.num_rows() {
        let is_wanted = only.is_none_or(|only| only.contains(&series_id[row]));
        // An outcome without its build is of a batch that is not published: not there yet.
        let Some(&build) = builds.index.get(&build_id[row]).filter(|_| is_wanted) else { continue };
        let series = || Series {
            series_id: series_id[row],
            test_id: test_id[row],
            kind: kind.value(row).to_owned(),
            suite: suite.value(row).to_owned(),
            name: name.value(row).to_owned(),
        };
        let message_id = message_id.is_valid(row).then(|| message_id.value(row));
        let observed = Observed::new(build, attempt[row], outcome.value(row), message_id);
        history.entry(series_id[row]).or_insert_with(|| (series(), Vec::new())).1.push(observed);
    }
}

/// Reads the changes that the graphs do not have yet, `folded` being the newest batch that is folded; returns what
/// the batches after it mean for the ranges that are known.
pub(super) async fn graphs(facts: &Facts, graphs: &mut Graphs, folded: i64) -> Result<NewChanges> {
    let known = Slice { after: graphs.batch, up_to: folded.min(facts.batch) };
    let new = Slice { after: folded.max(graphs.batch), up_to: facts.batch };
    if known.after < known.up_to {
        extend(facts, graphs, &known).await?;
    }
    let found = extend(facts, graphs, &new).await?;
    graphs.batch = facts.batch;
    Ok(found)
}

/// What new changes mean for the ranges that are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum NewChanges {
    /// There are none.
    #[default]
    None,
    /// They may be what incomplete ranges lack.
    Some,
    /// One was a parent already: any range may have looked past it.
    Late,
}

async fn extend(facts: &Facts, graphs: &mut Graphs, slice: &Slice) -> Result<NewChanges> {
    let frame = facts.context.table("change").await?.filter(slice.filter())?;
    let batches = frame.select_columns(&["project", "revision", "parents"])?.collect().await?;
    let columns: Vec<_> = batches.iter().map(|batch| (texts(batch, 0), texts(batch, 1), parents(batch))).collect();
    let mut changes: HashMap<&str, Vec<(&str, Vec<&str>)>> = HashMap::new();
    for (project, revision, parents) in &columns {
        for (row, parents) in parents.iter().enumerate() {
            let change = (revision.value(row), parents.iter().map(String::as_str).collect());
            changes.entry(project.value(row)).or_default().push(change);
        }
    }
    let mut found = NewChanges::None;
    for (project, changes) in changes {
        let graph = graphs.projects.entry(project.to_owned()).or_default();
        // Asked before any is added: among themselves they may come children first.
        let is_late = changes.iter().any(|(revision, _)| graph.lacks(revision));
        found = found.max(if is_late { NewChanges::Late } else { NewChanges::Some });
        graph.extend(changes);
    }
    Ok(found)
}

fn parents(batch: &RecordBatch) -> Vec<Vec<String>> {
    let lists = batch.column(2).as_list::<i32>();
    let names = view(lists.values());
    let of = |ends: &[i32]| (ends[0]..ends[1]).map(|index| names.value(index as usize).to_owned()).collect();
    lists.value_offsets().windows(2).map(of).collect()
}

/// Reads the exclusions of earlier folds.
pub(super) fn exclusions(c: &Connection) -> rusqlite::Result<Exclusions> {
    let mut query = c.prepare_cached("SELECT build_id, rule, detail FROM excluded_build")?;
    let rows = query.query_map([], |row| {
        let rule: String = row.get(1)?;
        let rules = BROKEN.into_iter().chain([MASS_FAILURE]);
        let rule = rules.into_iter().find(|known| *known == rule).unwrap_or("patch");
        Ok((row.get(0)?, Exclusion { rule, detail: row.get(2)? }))
    })?;
    rows.collect()
}

fn ints(batch: &RecordBatch, column: usize) -> &[i64] {
    batch.column(column).as_primitive::<Int64Type>().values()
}

fn texts(batch: &RecordBatch, column: usize) -> StringViewArray {
    view(batch.column(column))
}

fn view(array: &ArrayRef) -> StringViewArray {
    let cast = arrow::compute::cast(array, &DataType::Utf8View).expect("a text column casts to a view of it");
    cast.as_string_view().clone()
}
