//! `annals rebuild`, `compact`, `retain` and `check`: keeping the store sound and small.

use std::process::ExitCode;
use std::time::Instant;

use annals_analytics::Warehouse;
use annals_data::store::Store;
use anyhow::{Result, bail};

use super::{open, plain, upkeep};
use crate::cli::{Cli, Rebuild, Retain};
use crate::config::Config;
use crate::style;

/// Exit status of `check` on a store that is not sound.
const UNSOUND: u8 = 3;

/// Computes all knowledge anew.
pub(super) async fn rebuild(options: &Rebuild, cli: &Cli, config: &Config) -> Result<()> {
    if options.forget {
        // A store whose knowledge is lost opens after that only.
        Store::open(&config.location(cli)?).await?.forget_horizons()?;
    }
    let warehouse = open(cli, config).await?;
    let begun_at = Instant::now();
    warehouse.rebuild().await?;
    anstream::eprintln!("rebuilt in {:.1} s", begun_at.elapsed().as_secs_f64());
    Ok(())
}

/// Merges small files, and deletes those that no reader needs any more.
pub(super) async fn compact(warehouse: &Warehouse, config: &Config) -> Result<()> {
    let counts = warehouse.store().compact().await?;
    let deleted = warehouse.store().vacuum(config.upkeep()?.vacuum).await?;
    let sizes = warehouse.store().sizes().await?;
    for ((table, before, after), size) in counts.iter().zip(sizes) {
        let (rows, bytes) = (size.row_count, size.byte_count);
        anstream::eprintln!("{table:8} {before:6} files before, {after:6} after; {rows} rows in {bytes} bytes");
    }
    anstream::eprintln!("{deleted} files deleted that nobody reads any more");
    Ok(())
}

/// Lets go what the rules of the configuration say, or says what would go.
pub(super) async fn retain(options: &Retain, warehouse: &Warehouse, config: &Config) -> Result<()> {
    let upkeep = config.upkeep()?;
    if upkeep.rules.is_empty() {
        bail!("no `[[retention]]` in the configuration: everything is kept");
    }
    let gone = upkeep::retain(warehouse, &upkeep.rules, options.dry_run).await?;
    for (horizon, builds, outcomes) in &gone.lanes {
        let lane = [&horizon.project, &horizon.branch, &horizon.builder].map(|text| plain(text)).join(" ");
        let position = horizon.position;
        anstream::println!("{lane}: {outcomes} outcomes of {builds} builds, up to position {position}");
    }
    let verb = if options.dry_run { "would go" } else { "went" };
    let (outcomes, texts, logs) = (gone.outcome_count, gone.text_count, gone.log_count);
    let bytes = gone.byte_count;
    anstream::eprintln!("{outcomes} outcomes, {texts} failure texts and {logs} logs {verb}: about {bytes} bytes");
    if !options.dry_run {
        let deleted = warehouse.store().vacuum(upkeep.vacuum).await?;
        anstream::eprintln!("{deleted} files deleted that nobody reads any more; the others follow after their time");
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
