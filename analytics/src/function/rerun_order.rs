//! The tests that a change most likely breaks.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::Expr;
use futures::future::try_join_all;
use tokio::sync::OnceCell;

use super::Function;
use crate::computed::{self, Compute, Computed};
use crate::judge::counts::Counts;
use crate::judge::evidence::{self, Figures};
use crate::judge::order::{self, Test};
use crate::judge::read::{self, History, ints, texts};
use crate::judge::words::Words;

pub(super) const FUNCTION: Function = Function {
    call: "rerun_order(revision)",
    returns: "setof record",
    about: "a table of the tests of a change's project in the order in which to run them: project, revision, rank, test_id, suite, name, \
        share (the probability that it is the test that breaks, if one does), score; the revision is whole, a beginning of at \
        least 6 characters, or empty for the newest change of each project",
    formula: "score = Σ weight × figure of the evidence against the change if the test failed (step.evidence_weight) \
        + ln(0.3 + Σ exp(−age / 200) over the test's breaks + half the mean of its suite), age in positions; share = exp(score) of all",
    source: "failure history and names as in M. Machalica et al., Predictive Test Selection, ICSE-SEIP 2019, with the weights of suspicion",
    example: "SELECT suite, name, share FROM rerun_order('') ORDER BY rank LIMIT 20",
};

const TESTS: &str = "SELECT DISTINCT project, test_id, suite, name FROM step.live_series WHERE kind = 'test' \
    ORDER BY project, suite, name, test_id";
const BREAKS: &str = "SELECT DISTINCT test_id, opened_position FROM step.episode WHERE kind = 'test'";
const PLACES: &str = "SELECT project, revision, max(position) AS position FROM raw.build WHERE NOT is_patch \
    GROUP BY project, revision";
const WEIGHTS: &str = "SELECT project, evidence, CAST(weight AS VARCHAR) AS weight FROM step.evidence_weight";

/// The table function; what is known of the tests and changes of a session is read when somebody first asks.
#[derive(Debug, Default)]
pub(super) struct Table(Arc<OnceCell<Known>>);

impl TableFunctionImpl for Table {
    fn call_with_args(&self, args: TableFunctionArgs) -> Result<Arc<dyn TableProvider>> {
        match args.exprs() {
            [Expr::Literal(ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)), _)]
                if text.is_empty() || (text.len() >= 6 && text.chars().all(|c| c.is_ascii_alphanumeric())) =>
            {
                Ok(Arc::new(Computed(Order { revision: text.clone(), known: Arc::clone(&self.0) })))
            }
            _ => plan_err!("rerun_order(revision) takes a revision as a text, of 6 characters at least, or ''"),
        }
    }
}

/// The tests in their order.
#[derive(Debug)]
struct Order {
    revision: String,
    known: Arc<OnceCell<Known>>,
}

fn schema() -> SchemaRef {
    use DataType::{Float64, Int64, Utf8};
    let columns = [
        ("project", Utf8),
        ("revision", Utf8),
        ("rank", Int64),
        ("test_id", Int64),
        ("suite", Utf8),
        ("name", Utf8),
        ("share", Float64),
        ("score", Float64),
    ];
    Arc::new(Schema::new(columns.map(|(name, data_type)| Field::new(name, data_type, false)).to_vec()))
}

#[async_trait]
impl Compute for Order {
    fn schema(&self) -> SchemaRef {
        schema()
    }

    async fn compute(&self, session: &dyn Session) -> Result<Vec<RecordBatch>> {
        let known = self.known.get_or_try_init(|| Known::read(session)).await?;
        let rows: Vec<RecordBatch> =
            known.0.iter().filter_map(|project| project.rows(&self.revision).transpose()).collect::<Result<_>>()?;
        if rows.is_empty() && !self.revision.is_empty() {
            return plan_err!("no change is known as {}, or its project has no tests", self.revision);
        }
        Ok(rows)
    }
}

/// The projects that have tests and changes, by name.
#[derive(Debug)]
struct Known(Vec<Project>);

/// What is known of a project, whatever the change.
#[derive(Debug)]
struct Project {
    name: String,
    history: History,
    tests: Vec<Test>,
    /// The ids of the tests.
    ids: Vec<i64>,
    /// Where its changes were built.
    positions: HashMap<String, i64>,
    weights: Figures,
}

impl Known {
    async fn read(session: &dyn Session) -> Result<Self> {
        let questions = [read::CHANGES, read::FILES, TESTS, BREAKS, PLACES, WEIGHTS];
        let answers = try_join_all(questions.map(|sql| computed::ask(session, sql))).await?;
        let mut words = Words::default();
        let histories = read::histories(&answers[0], &answers[1], &[], &mut words)?;
        let mut tests = tests(&answers[2], &answers[3], &mut words)?;
        let mut positions = positions(&answers[4])?;
        let weights = weights(&answers[5])?;
        let known = |(name, history): (String, History)| {
            let (tests, ids) = tests.remove(&name)?;
            let positions = positions.remove(&name).unwrap_or_default();
            let weights = weights.get(&name).copied().unwrap_or_else(evidence::shipped);
            Some(Project { name, history, tests, ids, positions, weights })
        };
        let mut projects: Vec<Project> = histories.into_iter().filter_map(known).collect();
        projects.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(Self(projects))
    }
}

impl Project {
    /// Returns the tests in their order for a change; `None` where that is none of the project's.
    fn rows(&self, revision: &str) -> Result<Option<RecordBatch>> {
        let Some(place) = place(&self.history, revision) else { return Ok(None) };
        let mut counts = Counts::default();
        self.history.changes[..=place].iter().for_each(|change| counts.add(change));
        let change = &self.history.changes[place];
        let newest = self.tests.iter().flat_map(|test| &test.breaks).max().map_or(0, |newest| newest + 1);
        // What was not built yet comes behind everything.
        let position = self.positions.get(&change.told.revision).map_or(newest, |position| newest.min(*position));
        let scores = order::scores(&self.tests, change, position, &counts, &self.weights);
        self.batch(&change.told.revision, &scores).map(Some)
    }

    fn batch(&self, revision: &str, scores: &[f64]) -> Result<RecordBatch> {
        let (order, shares) = (order::order(scores), order::shares(scores));
        let same = |text: &str| StringArray::from_iter_values(std::iter::repeat_n(text, order.len()));
        let text = |of: fn(&Test) -> &str| StringArray::from_iter_values(order.iter().map(|at| of(&self.tests[*at])));
        let columns: Vec<ArrayRef> = vec![
            Arc::new(same(&self.name)),
            Arc::new(same(revision)),
            Arc::new(Int64Array::from_iter_values(1..=order.len() as i64)),
            Arc::new(Int64Array::from_iter_values(order.iter().map(|at| self.ids[*at]))),
            Arc::new(text(|test| &test.suite)),
            Arc::new(text(|test| &test.name)),
            Arc::new(Float64Array::from_iter_values(order.iter().map(|at| shares[*at]))),
            Arc::new(Float64Array::from_iter_values(order.iter().map(|at| scores[*at]))),
        ];
        Ok(RecordBatch::try_new(schema(), columns)?)
    }
}

/// Returns the place of the change that is meant.
fn place(history: &History, revision: &str) -> Option<usize> {
    match revision {
        "" => history.changes.len().checked_sub(1),
        beginning => history.changes.iter().position(|change| change.told.revision.starts_with(beginning)),
    }
}

type ByProject<T> = HashMap<String, T>;

/// Returns the tests of each project, with where they broke, and their ids.
fn tests(
    listed: &[RecordBatch],
    broken: &[RecordBatch],
    words: &mut Words,
) -> Result<ByProject<(Vec<Test>, Vec<i64>)>> {
    let mut breaks: HashMap<i64, Vec<i64>> = HashMap::new();
    for batch in broken {
        for (test, position) in ints(batch, 0)?.into_iter().zip(ints(batch, 1)?) {
            breaks.entry(test.unwrap_or_default()).or_default().extend(position);
        }
    }
    let mut tests = ByProject::<(Vec<Test>, Vec<i64>)>::new();
    for batch in listed {
        let [project, suite, name] = texts(batch, [0, 2, 3])?;
        for (row, id) in ints(batch, 1)?.into_iter().enumerate() {
            let id = id.unwrap_or_default();
            let breaks = breaks.get(&id).cloned().unwrap_or_default();
            let (own, ids) = tests.entry(project.value(row).to_owned()).or_default();
            own.push(Test::new(suite.value(row).to_owned(), name.value(row).to_owned(), breaks, words));
            ids.push(id);
        }
    }
    Ok(tests)
}

fn positions(batches: &[RecordBatch]) -> Result<ByProject<HashMap<String, i64>>> {
    let mut positions = ByProject::<HashMap<String, i64>>::new();
    for batch in batches {
        let [project, revision] = texts(batch, [0, 1])?;
        for (row, position) in ints(batch, 2)?.into_iter().enumerate() {
            let own = positions.entry(project.value(row).to_owned()).or_default();
            own.insert(revision.value(row).to_owned(), position.unwrap_or_default());
        }
    }
    Ok(positions)
}

fn weights(batches: &[RecordBatch]) -> Result<ByProject<Figures>> {
    let mut weights = ByProject::new();
    for batch in batches {
        let [project, name, weight] = texts(batch, [0, 1, 2])?;
        for row in 0..batch.num_rows() {
            let own = weights.entry(project.value(row).to_owned()).or_insert_with(evidence::shipped);
            let place = evidence::EVIDENCE.iter().position(|evidence| evidence.name == name.value(row));
            if let (Some(place), Ok(weight)) = (place, weight.value(row).parse()) {
                own[place] = weight;
            }
        }
    }
    Ok(weights)
}
