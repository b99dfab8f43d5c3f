//! What is known, read back from the fact tables of a store whose state database is gone.
//!
//! People keep their names and addresses; joins of identities, teams and notes are state and come back from a backup
//! of the state database only.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use datafusion::prelude::SessionContext;

use super::FactTable;
use crate::journal::Known;
use crate::schema::{TABLES, TALLY};
use crate::state::person::Author;
use crate::state::place::{self, Line, Place};
use crate::{Error, Result, id};

/// Returns everything that the tables make known.
pub(super) async fn read(tables: &[FactTable]) -> Result<Known> {
    let context = context(tables).await?;
    let (lines, places) = lines_and_places(&context).await?;
    let authors =
        "SELECT author_name, author_email FROM change UNION SELECT committer_name, committer_email FROM change";
    Ok(Known {
        changes: ids(&context, "change", "SELECT change_id FROM change").await?,
        builds: ids(&context, "build", "SELECT build_id FROM build").await?,
        messages: ids(&context, "message", "SELECT message_id FROM message").await?,
        authors: rows(&context, "change", authors).await?.iter().flat_map(authors_of).collect(),
        lines,
        places,
        times: times_of(&context).await?,
    })
}

/// Returns when all changes were committed, for a state that does not hold it yet.
pub(super) async fn times(tables: &[FactTable]) -> Result<Vec<(i64, i64)>> {
    times_of(&context(tables).await?).await
}

async fn times_of(context: &SessionContext) -> Result<Vec<(i64, i64)>> {
    let batches = rows(context, "change", "SELECT change_id, committed_at FROM change").await?;
    let times = batches.iter().flat_map(|batch| {
        let ids = batch.column(0).as_primitive::<Int64Type>().values().to_vec();
        let times = batch.column(1).as_primitive::<TimestampMicrosecondType>().values().to_vec();
        ids.into_iter().zip(times)
    });
    Ok(times.collect())
}

/// Counts all outcomes by suite and day, for a store whose outcomes were not counted when they came.
pub(super) async fn tallies(tables: &[FactTable]) -> Result<Vec<RecordBatch>> {
    let batches = rows(&context(tables).await?, TALLY.name, include_str!("tally.sql")).await?;
    let counted = batches.iter().map(|batch| {
        let [project, branch, builder, suite] = [2, 3, 4, 5].map(|column| texts(batch.column(column)));
        let [project, branch, builder, suite] = [&project, &branch, &builder, &suite].map(|a| a.as_string::<i32>());
        let of = |id: &dyn Fn(usize) -> i64| -> ArrayRef {
            Arc::new(Int64Array::from_iter_values((0..batch.num_rows()).map(id)))
        };
        let suite_id = of(&|row| id::suite_id(project.value(row), suite.value(row)));
        let lane_id = of(&|row| id::lane_id(project.value(row), branch.value(row), builder.value(row)));
        let (first, rest) = batch.columns().split_at(1);
        let columns = first.iter().cloned().chain([suite_id, lane_id]).chain(rest.iter().cloned());
        let schema = TALLY.arrow();
        let typed = columns.zip(schema.fields()).map(|(c, field)| arrow::compute::cast(&c, field.data_type()));
        RecordBatch::try_new(schema.clone(), typed.collect::<Result<_, _>>()?)
    });
    counted.collect::<Result<_, _>>().map_err(|source| Error::Rows { table: TALLY.name, source })
}

/// Returns the first parents of all changes and the places of all builds, for a state that does not hold them yet.
pub(super) async fn places(tables: &[FactTable]) -> Result<(Vec<Line>, Vec<Place>)> {
    lines_and_places(&context(tables).await?).await
}

/// Returns the ids of all failure texts.
pub(super) async fn message_ids(tables: &[FactTable]) -> Result<Vec<i64>> {
    ids(&context(tables).await?, "message", "SELECT message_id FROM message").await
}

pub(super) async fn context(tables: &[FactTable]) -> Result<SessionContext> {
    let context = SessionContext::new();
    for (table, facts) in TABLES.into_iter().zip(tables) {
        let provider = facts.provider()?;
        context.register_table(table.name, provider).map_err(failed(table.name))?;
    }
    Ok(context)
}

async fn lines_and_places(context: &SessionContext) -> Result<(Vec<Line>, Vec<Place>)> {
    let changes = rows(context, "change", "SELECT change_id, project, parents FROM change").await?;
    let builds = "SELECT position, project, branch, revision FROM build WHERE NOT is_patch";
    let builds = rows(context, "build", builds).await?;
    Ok((changes.iter().flat_map(lines_of).collect(), builds.iter().flat_map(places_of).collect()))
}

fn lines_of(batch: &RecordBatch) -> Vec<Line> {
    let (ids, project) = (batch.column(0).as_primitive::<Int64Type>(), texts(batch.column(1)));
    let parents = batch.column(2).as_list::<i32>();
    let first = |row: usize| {
        let parents = texts(&parents.value(row));
        let parents = parents.as_string::<i32>();
        (!parents.is_empty()).then(|| id::change_id(project.as_string::<i32>().value(row), parents.value(0)))
    };
    (0..batch.num_rows()).map(|row| (ids.value(row), first(row))).collect()
}

fn places_of(batch: &RecordBatch) -> Vec<Place> {
    let positions = batch.column(0).as_primitive::<Int64Type>();
    let [project, branch, revision] = [1, 2, 3].map(|column| texts(batch.column(column)));
    let [project, branch, revision] = [&project, &branch, &revision].map(|array| array.as_string::<i32>());
    let of = |row: usize| {
        let ids = place::ids(project.value(row), branch.value(row), revision.value(row));
        ids.map(|id| (id, positions.value(row)))
    };
    (0..batch.num_rows()).flat_map(of).collect()
}

pub(super) fn texts(column: &ArrayRef) -> ArrayRef {
    arrow::compute::cast(column, &arrow::datatypes::DataType::Utf8).expect("a text column casts to text")
}

async fn ids(context: &SessionContext, table: &'static str, sql: &str) -> Result<Vec<i64>> {
    let batches = rows(context, table, sql).await?;
    Ok(batches.iter().flat_map(|b| b.column(0).as_primitive::<Int64Type>().values().to_vec()).collect())
}

fn authors_of(batch: &RecordBatch) -> Vec<Author> {
    let [name, email] = [0, 1].map(|column| texts(batch.column(column)));
    let text = |array: &ArrayRef, row: usize| array.as_string::<i32>().value(row).to_owned();
    (0..batch.num_rows()).map(|row| Author { name: text(&name, row), email: text(&email, row) }).collect()
}

pub(super) async fn rows(context: &SessionContext, table: &'static str, sql: &str) -> Result<Vec<RecordBatch>> {
    let frame = context.sql(sql).await.map_err(failed(table))?;
    frame.collect().await.map_err(failed(table))
}

fn failed(table: &'static str) -> impl Fn(datafusion::error::DataFusionError) -> Error {
    move |e| Error::Table { table, cause: Box::new(deltalake::DeltaTableError::generic(e.to_string())) }
}
