//! The questions of `bench/queries`: the same text over the same files, here and in DuckDB.
//!
//! A question may name `{test_id}`, `{name}`, `{build_id}` and `{position}`: those of a test and a build that failed, and
//! a position with a tenth of the history behind it.

use std::path::{Path, PathBuf};
use std::time::Instant;

use annals_analytics::session;
use annals_data::store::Store;
use anyhow::{Context, Result, ensure};
use datafusion::arrow::util::display::array_value_to_string;
use datafusion::catalog::{CatalogProvider, MemoryCatalogProvider, MemorySchemaProvider};
use datafusion::prelude::SessionContext;
use std::sync::Arc;

use super::peer;

/// A question ready to be asked.
pub(crate) struct Question {
    pub(crate) name: String,
    pub(crate) sql: String,
}

/// Prints the times of all questions, and the ratios.
pub(crate) async fn measure(store: &Store, facts: &Path, only: Option<&str>, rounds: usize) -> Result<()> {
    let context = context(store).await?;
    let mut questions = questions(&context).await?;
    questions.retain(|question| only.is_none_or(|only| question.name == only));
    let peer = peer::answers(facts, &questions, rounds)?;
    println!("{:22} {:>9} {:>11} {:>11} {:>7}", "question", "rows", "annals ms", "DuckDB ms", "ratio");
    let mut logarithms = Vec::new();
    for question in &questions {
        let mut best = f64::MAX;
        let mut rows = 0;
        for _ in 0..rounds {
            let start = Instant::now();
            let batches = context.sql(&question.sql).await?.collect().await.with_context(|| question.name.clone())?;
            best = best.min(start.elapsed().as_secs_f64() * 1e3);
            rows = batches.iter().map(|batch| batch.num_rows()).sum();
        }
        let Some(other) = peer.as_ref().and_then(|peer| peer.answers.get(&question.name)) else {
            println!("{:22} {rows:>9} {best:>11.1}", question.name);
            continue;
        };
        ensure!(rows == other.rows, "{}: {rows} rows here, {} there", question.name, other.rows);
        let ratio = best / (other.seconds * 1e3);
        logarithms.push(ratio.ln());
        println!("{:22} {rows:>9} {best:>11.1} {:>11.1} {ratio:>7.2}", question.name, other.seconds * 1e3);
    }
    if let Some(peer) = peer {
        let mean = (logarithms.iter().sum::<f64>() / logarithms.len() as f64).exp();
        println!("geometric mean of the time ratios annals / DuckDB {}: {mean:.2}", peer.version);
    }
    Ok(())
}

/// Returns the raw tables under the settings that sessions have.
async fn context(store: &Store) -> Result<SessionContext> {
    let context = session::engine(Arc::default());
    let catalog = Arc::new(MemoryCatalogProvider::new());
    for schema in ["raw", "mart"] {
        catalog.register_schema(schema, Arc::new(MemorySchemaProvider::new()))?;
    }
    context.register_catalog("annals", catalog);
    for (table, provider) in store.providers(&store.publication()?).await? {
        context.register_table(format!("raw.{}", table.name), provider)?;
    }
    Ok(context)
}

async fn questions(context: &SessionContext) -> Result<Vec<Question>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("bench/queries");
    let mut paths = std::fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<PathBuf>>>()?;
    paths.sort();
    let values = values(context).await?;
    let read = |path: PathBuf| {
        let mut sql = std::fs::read_to_string(&path)?;
        for (key, value) in &values {
            sql = sql.replace(key, value);
        }
        let name = path.file_stem().context("a file has a name")?.to_string_lossy().into_owned();
        Ok(Question { name, sql })
    };
    paths.into_iter().map(read).collect()
}

/// Returns what questions may name, from the newest failure.
async fn values(context: &SessionContext) -> Result<Vec<(&'static str, String)>> {
    let failure = "SELECT test_id, name, build_id, (SELECT max(position) * 9 / 10 FROM raw.build) \
        FROM raw.outcome WHERE outcome = 'failed' AND position > (SELECT max(position) - 20 FROM raw.build) \
        ORDER BY position DESC, test_id LIMIT 1";
    let batches = context.sql(failure).await?.collect().await?;
    let row = batches.iter().find(|batch| batch.num_rows() > 0).context("nothing failed lately")?;
    let value = |column: usize| array_value_to_string(row.column(column), 0);
    let keys = ["{test_id}", "{name}", "{build_id}", "{position}"];
    keys.into_iter().enumerate().map(|(column, key)| Ok((key, value(column)?.replace('\'', "''")))).collect()
}
