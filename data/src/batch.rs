//! Rows turned into arrow batches of the declared schemas, with the ids that follow from them.
//!
//! This is the only place where ids are attached to rows. Duplicates are not looked for here: the store has already
//! left out what it knows. What many outcomes are made of goes to the tables' files piece by piece (`write`).

mod outcome;
mod piece;

use std::io;

use arrow::array::RecordBatch;
use arrow::json::ReaderBuilder;
use serde::Serialize;

use crate::row::{Build, Change, Kind, Status, Step};
use crate::schema::{BUILD, CHANGE, STEP, TALLY, Table};
use crate::store::BuildFacts;
use crate::store::fresh::Fresh;
use crate::tally::{Suites, Tallies};
use crate::{Error, Result, id};
use outcome::OutcomeRow;
use piece::Pieces;

/// Rows of a piece of a table at most.
const CHUNK_ROWS: usize = 65_536;

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

/// How many outcomes of a build did what.
#[derive(Default)]
struct Counts {
    outcome: usize,
    passed: usize,
    failed: usize,
    skipped: usize,
    /// The tests of the attempts that were not skipped, with their lowest bit as a mark of those that passed.
    decisive: Vec<u64>,
}

impl Counts {
    fn add(&mut self, row: &OutcomeRow<'_>) {
        if row.outcome.kind == Kind::Step {
            return;
        }
        self.outcome += 1;
        let has_passed = matches!(row.outcome.status, Status::Passed | Status::Xfailed);
        if row.outcome.status != Status::Skipped {
            self.decisive.push(row.test_id as u64 & !1 | u64::from(has_passed));
        }
        match row.outcome.status {
            Status::Passed | Status::Xfailed => self.passed += 1,
            Status::Failed | Status::Errored | Status::Xpassed => self.failed += 1,
            Status::Skipped => self.skipped += 1,
        }
    }

    /// Returns how many tests passed or failed, and how many of these never passed.
    fn tests(&mut self) -> (usize, usize) {
        self.decisive.sort_unstable();
        let tests = || self.decisive.chunk_by(|a, b| a & !1 == b & !1);
        // The last attempt of a test is one that passed, if any did.
        (tests().count(), tests().filter(|test| test.last().is_some_and(|last| last & 1 == 0)).count())
    }
}

/// Adds the rows of all tables to a batch; returns the ids of the messages among them, which are those of which
/// `is_known` is false; `committed_at` says when a build's revision was committed. In memory are one piece of each
/// table and what is counted, never all outcomes.
pub(crate) async fn write(
    fresh: &mut Fresh<'_>,
    batch: i64,
    changes: &[Change],
    builds: &[BuildFacts],
    is_known: impl Fn(i64) -> Result<bool>,
    committed_at: impl Fn(&Build) -> Result<i64>,
) -> Result<Vec<i64>> {
    let now = chrono::Utc::now().timestamp_micros();
    let mut pieces = Pieces::new(batch, is_known);
    let (mut rows, mut tallies) = (Vec::new(), Tallies::default());
    for facts in builds {
        let mut suites = Suites::default();
        let mut counts = Counts::default();
        let build_id = id::build_id(&facts.build.project, &facts.build.key);
        for piece in facts.outcomes.pieces() {
            for outcome in piece.map_err(spilled)?.rows() {
                let row = OutcomeRow::new(build_id, &facts.build, outcome.map_err(spilled)?);
                counts.add(&row);
                suites.add(&row.outcome);
                pieces.add(&row)?;
                if pieces.are_full() {
                    pieces.flush(fresh).await?;
                }
            }
        }
        rows.push(build_row(batch, now, facts, &mut counts));
        if !facts.build.is_patch {
            tallies.add(&facts.build, committed_at(&facts.build)?, suites);
        }
    }
    pieces.flush(fresh).await?;
    fresh.append(&TALLY, &tallies.rows(batch)?).await?;
    fresh.append(&STEP, &steps(batch, builds)?).await?;
    fresh.append(&CHANGE, &self::changes(batch, changes)?).await?;
    fresh.append(&BUILD, &decode(&BUILD, &rows)?).await?;
    Ok(pieces.into_messages())
}

fn spilled(source: io::Error) -> Error {
    Error::Spilled { source }
}

fn build_row<'a>(batch: i64, now: i64, facts: &'a BuildFacts, counts: &mut Counts) -> BuildRow<'a> {
    let build = &facts.build;
    let (decisive_test_count, failing_test_count) = counts.tests();
    let patch_author = build.patch_author_name.as_deref().or(build.patch_author_email.as_deref());
    BuildRow {
        batch,
        build_id: id::build_id(&build.project, &build.key),
        patch_author_id: patch_author
            .map(|name| id::author_id(name, build.patch_author_email.as_deref().unwrap_or_default())),
        outcome_count: counts.outcome,
        passed_count: counts.passed,
        failed_count: counts.failed,
        skipped_count: counts.skipped,
        decisive_test_count,
        failing_test_count,
        ingest_key: &build.key,
        ingested_at: now,
        build,
    }
}

/// Returns the rows of `change`.
fn changes(batch: i64, changes: &[Change]) -> Result<RecordBatch> {
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

/// Returns the rows of `step`.
fn steps(batch: i64, builds: &[BuildFacts]) -> Result<RecordBatch> {
    let rows: Vec<_> = builds
        .iter()
        .flat_map(|facts| &facts.steps)
        .map(|step| StepRow { batch, build_id: id::build_id(&step.project, &step.build_key), step })
        .collect();
    decode(&STEP, &rows)
}

/// Turns `rows` into one batch of the table's schema; columns that are no field of a row are null.
pub(crate) fn decode<R: Serialize>(table: &Table, rows: &[R]) -> Result<RecordBatch> {
    let failed = |source| Error::Rows { table: table.name, source };
    let schema = table.arrow();
    let mut decoder =
        ReaderBuilder::new(schema.clone()).with_batch_size(rows.len().max(1)).build_decoder().map_err(failed)?;
    decoder.serialize(rows).map_err(failed)?;
    Ok(decoder.flush().map_err(failed)?.unwrap_or_else(|| RecordBatch::new_empty(schema)))
}
