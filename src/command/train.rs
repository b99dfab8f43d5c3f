//! `annals train`: learns from each project's own history what evidence against a change is worth.

use annals_analytics::Warehouse;
use annals_analytics::judge::evidence::{EVIDENCE, RULE_VERSION};
use annals_analytics::judge::train::{self, Learnt};
use anyhow::{Result, bail};

use super::plain;
use crate::{cli, style};

/// Runs the command.
pub(super) async fn run(options: &cli::Train, warehouse: &Warehouse) -> Result<()> {
    if options.forget {
        return forget(options.project.as_deref(), warehouse);
    }
    let session = warehouse.session().await?;
    let mut learnt = train::train(&session).await?;
    learnt.retain(|learnt| options.project.as_ref().is_none_or(|project| *project == learnt.project));
    if let (Some(project), true) = (&options.project, learnt.is_empty()) {
        bail!("project `{}` has no problem with a blamelist to learn from", plain(project));
    }
    learnt.iter().for_each(print);
    if !options.dry_run {
        keep(&learnt, warehouse)?;
    }
    Ok(())
}

fn print(learnt: &Learnt) {
    anstream::println!(
        "{}{}{}: {} ranges taught, {} of them by a change that was reverted",
        style::STRONG,
        plain(&learnt.project),
        style::PLAIN,
        learnt.lesson_count,
        learnt.confirmed_count
    );
    for (evidence, weight) in EVIDENCE.iter().zip(learnt.weights) {
        let (name, shipped) = (evidence.name, evidence.weight);
        anstream::println!(
            "    {name:16} {weight:6.2}  {}shipped {shipped:5.2}  {}{}",
            style::QUIET,
            evidence.meaning,
            style::PLAIN
        );
    }
}

/// Keeps the weights of the projects, in place of those that they had.
fn keep(learnt: &[Learnt], warehouse: &Warehouse) -> Result<()> {
    let now = chrono::Utc::now().timestamp_micros();
    warehouse.store().state().write(|t| {
        let mut insert = t.prepare("INSERT OR REPLACE INTO learnt_weight VALUES (?1, ?2, ?3, ?4, ?5)")?;
        for learnt in learnt {
            for (evidence, weight) in EVIDENCE.iter().zip(learnt.weights) {
                insert.execute((&learnt.project, evidence.name, weight, RULE_VERSION, now))?;
            }
        }
        Ok(())
    })?;
    Ok(())
}

fn forget(project: Option<&str>, warehouse: &Warehouse) -> Result<()> {
    let sql = "DELETE FROM learnt_weight WHERE ?1 IS NULL OR project = ?1";
    let count = warehouse.store().state().write(|t| t.execute(sql, [project]))?;
    anstream::eprintln!("{} weights forgotten: the shipped ones hold", count);
    Ok(())
}
