//! What is known, read back from the fact tables of a store whose state database is gone.
//!
//! People keep their names and addresses; joins of identities, teams and notes are state and come back from a backup
//! of the state database only.

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use datafusion::prelude::SessionContext;

use super::FactTable;
use crate::journal::Manifest;
use crate::schema::TABLES;
use crate::state::person::Author;
use crate::{Error, Result};

/// Returns everything that the tables make known.
pub(super) async fn read(tables: &[FactTable]) -> Result<Manifest> {
    let context = SessionContext::new();
    for (table, facts) in TABLES.into_iter().zip(tables) {
        let provider = facts.provider().await?;
        context.register_table(table.name, provider).map_err(failed(table.name))?;
    }
    let authors =
        "SELECT author_name, author_email FROM change UNION SELECT committer_name, committer_email FROM change";
    Ok(Manifest {
        changes: ids(&context, "change", "SELECT change_id FROM change").await?,
        builds: ids(&context, "build", "SELECT build_id FROM build").await?,
        messages: ids(&context, "message", "SELECT message_id FROM message").await?,
        authors: rows(&context, "change", authors).await?.iter().flat_map(authors_of).collect(),
    })
}

async fn ids(context: &SessionContext, table: &'static str, sql: &str) -> Result<Vec<i64>> {
    let batches = rows(context, table, sql).await?;
    Ok(batches.iter().flat_map(|b| b.column(0).as_primitive::<Int64Type>().values().to_vec()).collect())
}

fn authors_of(batch: &RecordBatch) -> Vec<Author> {
    let text = |column: usize, row: usize| {
        let array = arrow::compute::cast(batch.column(column), &arrow::datatypes::DataType::Utf8)
            .expect("a text column casts to text");
        array.as_string::<i32>().value(row).to_owned()
    };
    (0..batch.num_rows()).map(|row| Author { name: text(0, row), email: text(1, row) }).collect()
}

async fn rows(context: &SessionContext, table: &'static str, sql: &str) -> Result<Vec<RecordBatch>> {
    let frame = context.sql(sql).await.map_err(failed(table))?;
    frame.collect().await.map_err(failed(table))
}

fn failed(table: &'static str) -> impl Fn(datafusion::error::DataFusionError) -> Error {
    move |e| Error::Table { table, source: Box::new(deltalake::DeltaTableError::generic(e.to_string())) }
}
