//! `annals ingest`: takes in reports of a build that ran elsewhere.

use std::path::Path;

use annals_analytics::Warehouse;
use annals_collector::ingest::{Given, Origin, ingest};
use annals_collector::report::Limits;
use annals_data::store::Ingest;
use anyhow::{Context, Result};

use super::collect::new_changes;
use super::short;
use crate::cli;

/// Runs the command.
pub(super) async fn run(options: &cli::Ingest, warehouse: &Warehouse, limits: &Limits) -> Result<()> {
    let given = Given {
        project: options.project.clone(),
        branch: options.branch.clone(),
        revision: options.revision.clone(),
        position: options.position,
        builder: options.builder.clone(),
        key: options.key.clone(),
        number: options.number,
        url: options.url.clone(),
        patch_author: options.patch_by.as_deref().map(patch_author).transpose()?,
        ..Given::default()
    };
    let (origin, history) = Origin::from_checkout(Path::new("."), given)?;
    let rules = super::log_rules(options.log_rules.as_deref())?;
    let (facts, warnings) = ingest(&origin, &options.files, rules.as_ref(), limits)?;
    warnings.iter().for_each(|warning| anstream::eprintln!("{warning}"));
    let changes = match &history {
        Some(history) if history.resolve(&origin.revision).is_ok() => {
            if history.is_shallow()? {
                anstream::eprintln!("the checkout is shallow: blamelists end where its history ends");
            }
            new_changes(warehouse, history, &origin.project, &origin.revision)?
        }
        _ => Vec::new(),
    };
    let key = facts.build.key.clone();
    let receipt = warehouse.commit(vec![Ingest { changes, builds: vec![facts] }]).await?;
    let what = format!("{} {} {} at {}", origin.project, origin.branch, origin.builder, short(&origin.revision));
    if receipt.replayed.is_empty() {
        anstream::eprintln!("{what}: {} outcomes, {} new changes", receipt.outcome_count, receipt.change_count);
    } else {
        anstream::eprintln!("{what}: the store has this build already (key {key}); nothing was changed");
    }
    Ok(())
}

/// Reads `NAME <ADDRESS>`.
pub(super) fn patch_author(text: &str) -> Result<(String, String)> {
    let (name, rest) = text.split_once('<').context("`--patch-by` must be NAME <ADDRESS>")?;
    let address = rest.strip_suffix('>').context("`--patch-by` must be NAME <ADDRESS>")?;
    Ok((name.trim().to_owned(), address.trim().to_owned()))
}
