//! What keeps a store small and quick: merging files, letting go what is old, deleting files that nobody reads.
//!
//! `annals serve` does it in the background; [`super::maintain`] when it is asked for. How it is done is the store's.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use annals_analytics::Warehouse;
use annals_data::store::{Retained, Rule};
use anyhow::Result;
use arrow::array::AsArray;
use arrow::datatypes::Int64Type;

use crate::config::Upkeep;

/// How often it is looked for files that have become worth merging.
const MERGE_EVERY: Duration = Duration::from_secs(15);
/// How often what is old is let go.
const CLEAN_EVERY: Duration = Duration::from_secs(3600);

/// Does so until it is aborted, which is safe at any time.
pub(super) async fn run(warehouse: Arc<Warehouse>, upkeep: Upkeep) {
    let mut cleaned: Option<Instant> = None;
    loop {
        tokio::time::sleep(MERGE_EVERY).await;
        if let Err(error) = warehouse.store().compact_due().await {
            tracing::error!("merging files: {error}");
        }
        if cleaned.is_none_or(|at| at.elapsed() >= CLEAN_EVERY) {
            cleaned = Some(Instant::now());
            if let Err(error) = clean(&warehouse, &upkeep).await {
                tracing::error!("letting go what is old: {error:#}");
            }
        }
    }
}

async fn clean(warehouse: &Warehouse, upkeep: &Upkeep) -> Result<()> {
    if !upkeep.rules.is_empty() {
        let gone = retain(warehouse, &upkeep.rules, false).await?;
        tracing::info!(outcomes = gone.outcome_count, texts = gone.text_count, logs = gone.log_count, "let go");
    }
    let count = warehouse.store().vacuum(upkeep.vacuum).await?;
    tracing::info!(files = count, "deleted what no reader needs");
    Ok(())
}

/// Lets go what the rules say; with `is_dry` it only says what would go. Texts that streaks tell of stay.
pub(super) async fn retain(warehouse: &Warehouse, rules: &[Rule], is_dry: bool) -> Result<Retained> {
    // Before streaks are asked, so that they tell what all of these batches say.
    let folded = warehouse.watermark()?;
    let told = "SELECT DISTINCT message_id FROM raw.streak WHERE message_id IS NOT NULL";
    let told = warehouse.session().await?.query(told).await?.collect().await?;
    let ids = told.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec());
    Ok(warehouse.store().retain(rules, &ids.collect::<HashSet<i64>>(), folded, is_dry).await?)
}
