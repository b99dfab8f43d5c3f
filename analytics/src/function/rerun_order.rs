//! The tests that a change most likely breaks.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::Expr;

use super::Function;
use crate::computed::{self, Compute, Computed};
use crate::judge::counts::Counts;
use crate::judge::evidence;
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

/// The table function.
#[derive(Debug)]
pub(super) struct Table;

impl TableFunctionImpl for Table {
    fn call_with_args(&self, args: TableFunctionArgs) -> Result<Arc<dyn TableProvider>> {
        match args.exprs() {
            [Expr::Literal(ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)), _)]
                if text.is_empty() || (text.len() >= 6 && text.chars().all(|c| c.is_ascii_alphanumeric())) =>
            {
                Ok(Arc::new(Computed(Order { revision: text.clone() })))
            }
            _ => plan_err!("rerun_order(revision) takes a revision as a text, of 6 characters at least, or ''"),
        }
    }
}

/// The tests in their order.
#[derive(Debug)]
struct Order {
    revision: String,
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
        let mut answers = Vec::new();
        for sql in [read::CHANGES, read::FILES, TESTS, BREAKS, PLACES, WEIGHTS] {
            answers.push(computed::ask(session, sql).await?);
        }
        rows(&answers, &self.revision)
    }
}

fn rows(answers: &[Vec<RecordBatch>], revision: &str) -> Result<Vec<RecordBatch>> {
    let mut words = Words::default();
    let histories = read::histories(&answers[0], &answers[1], &[], &mut words)?;
    let (mut tests, ids) = tests(&answers[2], &answers[3])?;
    let places = places(&answers[4])?;
    let weights = weights(&answers[5])?;
    let mut rows = Vec::new();
    let mut projects: Vec<(&String, &History)> = histories.iter().collect();
    projects.sort_by_key(|(project, _)| *project);
    for (project, history) in projects {
        let Some(place) = place(history, revision) else { continue };
        let (Some(tests), Some(ids)) = (tests.remove(project), ids.get(project)) else { continue };
        let mut counts = Counts::default();
        history.changes[..=place].iter().for_each(|change| counts.add(change));
        let change = &history.changes[place];
        let own = (project.clone(), change.told.revision.clone());
        // What was not built yet comes behind everything.
        let position = places.get(&own).copied().unwrap_or(i64::MAX >> 1);
        let newest = tests.iter().flat_map(|test| &test.breaks).max().map_or(0, |newest| newest + 1);
        let weights = weights.get(project).copied().unwrap_or_else(evidence::shipped);
        let scores = order::scores(&tests, change, position.min(newest), &counts, &weights, &mut words);
        rows.push(batch(&own, &tests, ids, &scores)?);
    }
    if rows.is_empty() && !revision.is_empty() {
        return plan_err!("no change is known as {revision}, or its project has no tests");
    }
    Ok(rows)
}

/// Returns the place of the change that is meant.
fn place(history: &History, revision: &str) -> Option<usize> {
    match revision {
        "" => history.changes.len().checked_sub(1),
        beginning => history.changes.iter().position(|change| change.told.revision.starts_with(beginning)),
    }
}

fn batch((project, revision): &(String, String), tests: &[Test], ids: &[i64], scores: &[f64]) -> Result<RecordBatch> {
    let (order, shares) = (order::order(scores), order::shares(scores));
    let text = |of: &dyn Fn(usize) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(order.iter().map(|at| of(*at))))
    };
    let columns: Vec<ArrayRef> = vec![
        text(&|_| project.clone()),
        text(&|_| revision.clone()),
        Arc::new(Int64Array::from_iter_values(1..=order.len() as i64)),
        Arc::new(Int64Array::from_iter_values(order.iter().map(|at| ids[*at]))),
        text(&|at| tests[at].suite.clone()),
        text(&|at| tests[at].name.clone()),
        Arc::new(Float64Array::from_iter_values(order.iter().map(|at| shares[*at]))),
        Arc::new(Float64Array::from_iter_values(order.iter().map(|at| scores[*at]))),
    ];
    Ok(RecordBatch::try_new(schema(), columns)?)
}

type ByProject<T> = HashMap<String, T>;

/// The tests of each project, and the positions at which something broke there.
type Listed = (ByProject<Vec<Test>>, ByProject<Vec<i64>>);

fn tests(listed: &[RecordBatch], broken: &[RecordBatch]) -> Result<Listed> {
    let mut breaks: HashMap<i64, Vec<i64>> = HashMap::new();
    for batch in broken {
        for (test, position) in ints(batch, 0)?.into_iter().zip(ints(batch, 1)?) {
            breaks.entry(test.unwrap_or_default()).or_default().extend(position);
        }
    }
    let (mut tests, mut ids) = (ByProject::<Vec<Test>>::new(), ByProject::<Vec<i64>>::new());
    for batch in listed {
        let [project, suite, name] = texts(batch, [0, 2, 3])?;
        for (row, id) in ints(batch, 1)?.into_iter().enumerate() {
            let id = id.unwrap_or_default();
            let breaks = breaks.get(&id).cloned().unwrap_or_default();
            let test = Test { suite: suite.value(row).to_owned(), name: name.value(row).to_owned(), breaks };
            tests.entry(project.value(row).to_owned()).or_default().push(test);
            ids.entry(project.value(row).to_owned()).or_default().push(id);
        }
    }
    Ok((tests, ids))
}

fn places(batches: &[RecordBatch]) -> Result<HashMap<(String, String), i64>> {
    let mut places = HashMap::new();
    for batch in batches {
        let [project, revision] = texts(batch, [0, 1])?;
        for (row, position) in ints(batch, 2)?.into_iter().enumerate() {
            places
                .insert((project.value(row).to_owned(), revision.value(row).to_owned()), position.unwrap_or_default());
        }
    }
    Ok(places)
}

fn weights(batches: &[RecordBatch]) -> Result<ByProject<evidence::Figures>> {
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
