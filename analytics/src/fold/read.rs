//! What a fold reads from the fact tables beside outcomes: builds, changes, and which tests are meant.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringViewArray};
use arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};
use datafusion::logical_expr::{Expr, col, lit};
use rusqlite::Connection;

use super::{BROKEN, Exclusion, Facts, Graphs, MASS_FAILURE};
use crate::Result;
use crate::knowledge::Lane;
use crate::streak::Place;

/// Maps by ids: these are hashes already.
pub(super) type ById<T> = HashMap<i64, T, BuildHasherDefault<IdHasher>>;

/// Takes an id for its own hash.
#[derive(Default)]
pub(super) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_i64(&mut self, id: i64) {
        self.0 = id.cast_unsigned();
    }
}

/// Some of all tests, by their ids; both ends are in it.
#[derive(Clone, Copy)]
pub(crate) struct Tests {
    first: i64,
    last: i64,
}

impl Tests {
    /// Deals all tests out, so that each part has about `size` of `count` rows: ids are hashes, spread evenly.
    pub(crate) fn slices(count: u64, size: u64) -> Vec<Self> {
        let parts = i128::from(count / size + 1);
        let edge = |part: i128| i128::from(i64::MIN) + (part << 64) / parts;
        (0..parts).map(|part| Self { first: edge(part) as i64, last: (edge(part + 1) - 1) as i64 }).collect()
    }

    /// Returns the condition on `test_id`.
    pub(crate) fn filter(&self) -> Expr {
        match (self.first, self.last) {
            (i64::MIN, i64::MAX) => lit(true),
            (first, last) => col("test_id").between(lit(first), lit(last)),
        }
    }

    /// Returns whether a test is among them.
    pub(super) fn contains(&self, test_id: i64) -> bool {
        (self.first..=self.last).contains(&test_id)
    }
}

/// Which batches are meant.
pub(super) struct Slice {
    /// Not this one, and none before it.
    pub after: i64,
    /// The last one.
    pub up_to: i64,
}

impl Slice {
    pub(super) fn filter(&self) -> Expr {
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
    /// Outcomes of its tests.
    pub outcome_count: i64,
    /// Tests that passed or failed, and those that failed.
    pub test_counts: (i64, i64),
    /// Why it gives no verdicts, once that is decided.
    pub exclusion: Option<Exclusion>,
}

/// Builds in the order of their places, so that a build's index orders what was observed.
pub(super) struct Builds {
    pub list: Vec<Build>,
    pub index: ById<u32>,
}

impl Builds {
    /// Returns how many outcomes they have.
    pub(super) fn outcome_count(&self) -> u64 {
        self.list.iter().map(|build| build.outcome_count.max(0).cast_unsigned()).sum()
    }

    /// Returns about how many series they are of: no build of a lane has more tests than its largest one.
    pub(super) fn series_count(&self) -> u64 {
        let mut largest: HashMap<&Lane, u64> = HashMap::new();
        for build in &self.list {
            let count = largest.entry(&build.lane).or_default();
            *count = (*count).max(build.outcome_count.max(0).cast_unsigned());
        }
        largest.values().sum()
    }
}

/// Reads the builds of a slice.
pub(super) async fn builds(facts: &Facts, slice: &Slice) -> Result<Builds> {
    const COLUMNS: [&str; 15] = [
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
        "outcome_count",
        "decisive_test_count",
        "failing_test_count",
    ];
    let frame = facts.context.table("build").await?.filter(slice.filter())?.select_columns(&COLUMNS)?;
    let mut list = Vec::new();
    let mut lanes: HashMap<Lane, Arc<Lane>> = HashMap::new();
    for batch in frame.collect().await? {
        let (build_id, position) = (ints(&batch, 0), ints(&batch, 1));
        let times = [2, 3, 4].map(|column| batch.column(column).as_primitive::<TimestampMicrosecondType>());
        let [outcome_count, decisive, failing] = [12, 13, 14].map(|column| ints(&batch, column));
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
                    revision: revision.value(row).into(),
                },
                result: text(&result),
                is_patch: is_patch.value(row),
                patch_author: patch_author.is_valid(row).then(|| text(&patch_author)),
                outcome_count: outcome_count[row],
                test_counts: (decisive[row], failing[row]),
                exclusion: None,
            });
        }
    }
    list.sort_by_key(|build| build.place.key());
    let index = (0..).zip(&list).map(|(index, build)| (build.place.build_id, index)).collect();
    Ok(Builds { list, index })
}

/// Returns ids in order, each once.
pub(super) fn ordered(ids: impl Iterator<Item = i64>) -> Vec<i64> {
    let mut ids: Vec<i64> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Narrows a scan to some tests, by which files are sorted: by id when they are few, else by the bounds of the ids,
/// which are in order.
pub(super) fn among(tests: &[i64]) -> Expr {
    const FEW: usize = 200;
    if tests.len() <= FEW {
        return col("test_id").in_list(tests.iter().map(|&id| lit(id)).collect(), false);
    }
    let (first, last) = (tests.first().copied().unwrap_or(i64::MIN), tests.last().copied().unwrap_or(i64::MAX));
    col("test_id").between(lit(first), lit(last))
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
pub(super) fn exclusions(c: &Connection) -> rusqlite::Result<ById<Exclusion>> {
    let mut query = c.prepare_cached("SELECT build_id, rule, detail FROM excluded_build")?;
    let rows = query.query_map([], |row| {
        let rule: String = row.get(1)?;
        let rules = BROKEN.into_iter().chain([MASS_FAILURE]);
        let rule = rules.into_iter().find(|known| *known == rule).unwrap_or("patch");
        Ok((row.get(0)?, Exclusion { rule, detail: row.get(2)? }))
    })?;
    rows.collect()
}

pub(super) fn ints(batch: &RecordBatch, column: usize) -> &[i64] {
    batch.column(column).as_primitive::<Int64Type>().values()
}

pub(super) fn texts(batch: &RecordBatch, column: usize) -> StringViewArray {
    view(batch.column(column))
}

fn view(array: &ArrayRef) -> StringViewArray {
    let cast = arrow::compute::cast(array, &DataType::Utf8View).expect("a text column casts to a view of it");
    cast.as_string_view().clone()
}
