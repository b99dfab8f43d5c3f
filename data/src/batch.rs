//! Rows turned into arrow batches of the declared schemas, with the ids that follow from them.
//!
//! This is the only place where ids are attached to rows. Duplicates are not looked for here: the store has already
//! left out what it knows.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Builder, RecordBatch, StringBuilder};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::json::ReaderBuilder;
use serde::Serialize;

use crate::row::{Build, Change, Measure, Outcome, Status, Step};
use crate::schema::{BUILD, CHANGE, MEASURE, MESSAGE, OUTCOME, STEP, Table};
use crate::signature::signature;
use crate::store::BuildFacts;
use crate::{Error, Result, id};

/// A failure text that the store does not hold yet.
#[derive(Serialize)]
struct Message<'a> {
    batch: i64,
    message_id: i64,
    signature: String,
    text: &'a str,
}

#[derive(Serialize)]
struct ChangeRow<'a> {
    batch: i64,
    change_id: i64,
    author_id: i64,
    committer_id: i64,
    #[serde(flatten)]
    change: &'a Change,
}

#[derive(Serialize)]
struct BuildRow<'a> {
    batch: i64,
    build_id: i64,
    patch_author_id: Option<i64>,
    outcome_count: usize,
    passed_count: usize,
    failed_count: usize,
    skipped_count: usize,
    decisive_test_count: usize,
    failing_test_count: usize,
    ingest_key: &'a str,
    ingested_at: i64,
    #[serde(flatten)]
    build: &'a Build,
}

#[derive(Serialize)]
struct StepRow<'a> {
    batch: i64,
    build_id: i64,
    #[serde(flatten)]
    step: &'a Step,
}

#[derive(Serialize)]
struct MeasureRow<'a> {
    batch: i64,
    series_id: i64,
    position: i64,
    test_id: i64,
    build_id: i64,
    attempt: i64,
    #[serde(flatten)]
    measure: &'a Measure,
}

/// Returns the rows of `change`.
pub(crate) fn changes(batch: i64, changes: &[Change]) -> Result<RecordBatch> {
    let rows: Vec<_> = changes
        .iter()
        .map(|change| ChangeRow {
            batch,
            change_id: id::change_id(&change.project, &change.revision),
            author_id: id::author_id(&change.author_name, &change.author_email),
            committer_id: id::author_id(&change.committer_name, &change.committer_email),
            change,
        })
        .collect();
    decode(&CHANGE, &rows)
}

/// Returns the rows of `build`; `now` is the time of the ingest.
pub(crate) fn builds(batch: i64, now: i64, builds: &[BuildFacts]) -> Result<RecordBatch> {
    let rows: Vec<_> = builds.iter().map(|facts| build_row(batch, now, facts)).collect();
    decode(&BUILD, &rows)
}

fn build_row(batch: i64, now: i64, facts: &BuildFacts) -> BuildRow<'_> {
    let build = &facts.build;
    let tests = || facts.outcomes.iter().filter(|o| o.kind == crate::row::Kind::Test);
    let count = |statuses: &[Status]| tests().filter(|o| statuses.contains(&o.status)).count();
    let mut has_passed: HashMap<(&str, &str), bool> = HashMap::new();
    for o in tests().filter(|o| o.status != Status::Skipped) {
        *has_passed.entry((&o.suite, &o.name)).or_default() |= matches!(o.status, Status::Passed | Status::Xfailed);
    }
    let patch_author = build.patch_author_name.as_deref().or(build.patch_author_email.as_deref());
    BuildRow {
        batch,
        build_id: id::build_id(&build.project, &build.key),
        patch_author_id: patch_author
            .map(|name| id::author_id(name, build.patch_author_email.as_deref().unwrap_or_default())),
        outcome_count: tests().count(),
        passed_count: count(&[Status::Passed, Status::Xfailed]),
        failed_count: count(&[Status::Failed, Status::Errored, Status::Xpassed]),
        skipped_count: count(&[Status::Skipped]),
        decisive_test_count: has_passed.len(),
        failing_test_count: has_passed.values().filter(|has_passed| !**has_passed).count(),
        ingest_key: &build.key,
        ingested_at: now,
        build,
    }
}

/// Returns the rows of `step`.
pub(crate) fn steps(batch: i64, builds: &[BuildFacts]) -> Result<RecordBatch> {
    let rows: Vec<_> = builds
        .iter()
        .flat_map(|facts| &facts.steps)
        .map(|step| StepRow { batch, build_id: id::build_id(&step.project, &step.build_key), step })
        .collect();
    decode(&STEP, &rows)
}

/// Returns the rows of `measure`.
pub(crate) fn measures(batch: i64, builds: &[BuildFacts]) -> Result<RecordBatch> {
    let mut rows = Vec::new();
    for BuildFacts { build, outcomes, .. } in builds {
        for outcome in outcomes.iter().filter(|outcome| !outcome.measures.is_empty()) {
            let test_id = test_id(build, outcome);
            let row = |measure| MeasureRow {
                batch,
                series_id: id::series_id(test_id, &build.branch, &build.builder),
                position: build.position,
                test_id,
                build_id: id::build_id(&build.project, &build.key),
                attempt: outcome.attempt,
                measure,
            };
            rows.extend(outcome.measures.iter().filter(|measure| measure.value.is_finite()).map(row));
        }
    }
    decode(&MEASURE, &rows)
}

fn test_id(build: &Build, outcome: &Outcome) -> i64 {
    id::test_id(&build.project, outcome.kind.as_str(), &outcome.suite, &outcome.name)
}

/// Returns the rows of `message` for the texts among `builds` of which `is_known` is false, and their ids.
pub(crate) fn messages(
    batch: i64,
    builds: &[BuildFacts],
    is_known: impl Fn(i64) -> Result<bool>,
) -> Result<(RecordBatch, Vec<i64>)> {
    let mut seen = HashSet::new();
    let mut rows = Vec::new();
    for text in builds.iter().flat_map(|facts| &facts.outcomes).filter_map(|o| o.message.as_deref()) {
        let message_id = id::message_id(text);
        if seen.insert(message_id) && !is_known(message_id)? {
            rows.push(Message { batch, message_id, signature: signature(text), text });
        }
    }
    let ids = rows.iter().map(|m| m.message_id).collect();
    Ok((decode(&MESSAGE, &rows)?, ids))
}

/// Returns the rows of `outcome`, those of one test together: who asks for a test reads few pages of a file.
pub(crate) fn outcomes(batch: i64, builds: &[BuildFacts]) -> Result<RecordBatch> {
    let mut rows: Vec<OutcomeRow> = builds.iter().flat_map(outcome_rows).collect();
    // Sorted before the columns are written, so that no text is copied twice.
    rows.sort_by_key(|row| (row.test_id, row.series_id, row.build.position));
    let mut columns = OutcomeColumns::default();
    rows.iter().for_each(|row| columns.append(batch, row));
    columns.finish(OUTCOME.arrow()).map_err(|source| Error::Rows { table: OUTCOME.name, source })
}

/// An outcome with the ids that follow from it.
struct OutcomeRow<'a> {
    test_id: i64,
    series_id: i64,
    build_id: i64,
    build: &'a Build,
    outcome: &'a Outcome,
}

fn outcome_rows(facts: &BuildFacts) -> impl Iterator<Item = OutcomeRow<'_>> {
    let build = &facts.build;
    let build_id = id::build_id(&build.project, &build.key);
    facts.outcomes.iter().map(move |outcome| {
        let test_id = test_id(build, outcome);
        let series_id = id::series_id(test_id, &build.branch, &build.builder);
        OutcomeRow { test_id, series_id, build_id, build, outcome }
    })
}

/// Builders of the outcome columns, in the schema's order: the one table that is large enough to deserve them.
#[derive(Default)]
struct OutcomeColumns {
    batch: Int64Builder,
    series_id: Int64Builder,
    position: Int64Builder,
    test_id: Int64Builder,
    build_id: Int64Builder,
    outcome: StringBuilder,
    attempt: Int64Builder,
    duration_us: Int64Builder,
    message_id: Int64Builder,
    kind: StringBuilder,
    error_kind: StringBuilder,
    project: StringBuilder,
    branch: StringBuilder,
    builder: StringBuilder,
    suite: StringBuilder,
    name: StringBuilder,
    file: StringBuilder,
    line: Int64Builder,
}

impl OutcomeColumns {
    fn append(&mut self, batch: i64, row: &OutcomeRow<'_>) {
        let build = row.build;
        self.batch.append_value(batch);
        self.series_id.append_value(row.series_id);
        self.position.append_value(build.position);
        self.test_id.append_value(row.test_id);
        self.build_id.append_value(row.build_id);
        self.project.append_value(&build.project);
        self.branch.append_value(&build.branch);
        self.builder.append_value(&build.builder);
        self.append_outcome(row.outcome);
    }

    fn append_outcome(&mut self, outcome: &Outcome) {
        self.outcome.append_value(outcome.status.as_str());
        self.attempt.append_value(outcome.attempt);
        self.duration_us.append_option(outcome.duration_us);
        self.message_id.append_option(outcome.message.as_deref().map(id::message_id));
        self.kind.append_value(outcome.kind.as_str());
        self.error_kind.append_option(outcome.error_kind.as_deref());
        self.suite.append_value(&outcome.suite);
        self.name.append_value(&outcome.name);
        self.file.append_option(outcome.file.as_deref());
        self.line.append_option(outcome.line);
    }

    fn finish(mut self, schema: SchemaRef) -> Result<RecordBatch, ArrowError> {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.batch.finish()),
            Arc::new(self.series_id.finish()),
            Arc::new(self.position.finish()),
            Arc::new(self.test_id.finish()),
            Arc::new(self.build_id.finish()),
            Arc::new(self.outcome.finish()),
            Arc::new(self.attempt.finish()),
            Arc::new(self.duration_us.finish()),
            Arc::new(self.message_id.finish()),
            Arc::new(self.kind.finish()),
            Arc::new(self.error_kind.finish()),
            Arc::new(self.project.finish()),
            Arc::new(self.branch.finish()),
            Arc::new(self.builder.finish()),
            Arc::new(self.suite.finish()),
            Arc::new(self.name.finish()),
            Arc::new(self.file.finish()),
            Arc::new(self.line.finish()),
        ];
        RecordBatch::try_new(schema, columns)
    }
}

/// Turns `rows` into one batch of the table's schema; columns that are no field of a row are null.
fn decode<R: Serialize>(table: &Table, rows: &[R]) -> Result<RecordBatch> {
    let failed = |source| Error::Rows { table: table.name, source };
    let schema = table.arrow();
    let mut decoder =
        ReaderBuilder::new(schema.clone()).with_batch_size(rows.len().max(1)).build_decoder().map_err(failed)?;
    decoder.serialize(rows).map_err(failed)?;
    Ok(decoder.flush().map_err(failed)?.unwrap_or_else(|| RecordBatch::new_empty(schema)))
}
