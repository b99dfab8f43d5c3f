//! `annals rebuild`, `compact` and `check`: keeping the store sound.

use std::process::ExitCode;
use std::time::Instant;

use annals_analytics::Warehouse;
use anyhow::Result;

use crate::style;

/// Exit status of `check` on a store that is not sound.
const UNSOUND: u8 = 3;

/// Computes all knowledge anew.
pub(super) async fn rebuild(warehouse: &Warehouse) -> Result<()> {
    let begun_at = Instant::now();
    warehouse.rebuild().await?;
    anstream::eprintln!("rebuilt in {:.1} s", begun_at.elapsed().as_secs_f64());
    Ok(())
}

/// Merges small files.
pub(super) async fn compact(warehouse: &Warehouse) -> Result<()> {
    for (table, before, after) in warehouse.store().compact().await? {
        anstream::eprintln!("{table:8} {before:6} files before, {after:6} after");
    }
    Ok(())
}

/// Compares maintained and recomputed knowledge.
pub(super) async fn check(warehouse: &Warehouse) -> Result<ExitCode> {
    let differences = warehouse.check().await?;
    for difference in &differences {
        anstream::println!("{difference}");
    }
    if differences.is_empty() {
        anstream::eprintln!("{}sound{}: what is maintained equals what is recomputed", style::GOOD, style::PLAIN);
        return Ok(ExitCode::SUCCESS);
    }
    anstream::eprintln!("{}not sound{}: `annals rebuild` mends it", style::BAD, style::PLAIN);
    Ok(ExitCode::from(UNSOUND))
}
