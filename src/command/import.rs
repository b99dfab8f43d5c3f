//! `annals import`: takes in a history from files by SELECT statements.

use annals_analytics::Warehouse;
use anyhow::{Result, bail};

use crate::cli;

/// Runs the command.
pub(super) async fn run(_options: &cli::Import, _warehouse: &Warehouse) -> Result<()> {
    bail!("not here yet")
}
