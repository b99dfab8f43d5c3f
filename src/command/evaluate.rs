//! `annals evaluate`: how often suspicion is right, beside published rules.

use std::collections::HashSet;

use annals_analytics::Warehouse;
use annals_analytics::judge::evaluate::{self, Protocol, Score};
use anyhow::{Context, Result, bail};
use serde_json::json;

use super::plain;
use crate::{cli, style};

/// Runs the command.
pub(super) async fn run(options: &cli::Evaluate, warehouse: &Warehouse) -> Result<()> {
    let protocol = Protocol {
        project: options.project.clone(),
        thinning: options.every.clone(),
        hidden: options.hide.clone(),
        from_position: options.from,
        culprits: match &options.culprits {
            None => HashSet::new(),
            Some(path) => {
                let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
                text.split_whitespace().map(str::to_owned).collect()
            }
        },
    };
    let scores = evaluate::evaluate(&*warehouse.session().await?, &protocol).await?;
    if scores.is_empty() {
        bail!("no break has a known culprit: none lies between two tested positions that are neighbours");
    }
    if options.json {
        anstream::println!("{}", serde_json::to_string_pretty(&scores.iter().map(document).collect::<Vec<_>>())?);
        return Ok(());
    }
    for (index, score) in scores.iter().enumerate() {
        if index == 0 || (&scores[index - 1].project, scores[index - 1].k) != (&score.project, score.k) {
            head(score);
        }
        anstream::println!(
            "    {:30} {:5.2}  {:5.2}  {:5.3}  {:5.2}  {:5.2}",
            score.method,
            score.rank1,
            score.rank3,
            score.reciprocal_rank,
            score.log_loss,
            score.false_blame
        );
    }
    Ok(())
}

fn head(score: &Score) {
    let Score { project, k, break_count, .. } = score;
    let project = plain(project);
    anstream::println!("{}{project}{}, every {k}th position kept, {break_count} breaks", style::STRONG, style::PLAIN);
    anstream::println!("    {}{:30} rank1  rank3    MRR   loss  blame{}", style::QUIET, "", style::PLAIN);
}

fn document(score: &Score) -> serde_json::Value {
    json!({
        "project": score.project, "k": score.k, "method": score.method, "break_count": score.break_count,
        "rank1": score.rank1, "rank3": score.rank3, "reciprocal_rank": score.reciprocal_rank,
        "log_loss": score.log_loss, "false_blame": score.false_blame,
    })
}
