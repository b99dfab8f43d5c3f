//! `annals evaluate`: how often suspicion is right, beside published rules.

use std::collections::HashSet;

use annals_analytics::Warehouse;
use annals_analytics::judge::evaluate::{self, Choice, Protocol, Score};
use annals_analytics::judge::foresight::{self, Foresight};
use annals_analytics::judge::injected::{self, BANDS, Injected};
use anyhow::{Context, Result, bail};
use serde_json::json;

use super::plain;
use crate::{cli, style};

/// How sure a culprit has to be in made-up histories, as `annals bisect` wants it unless told otherwise.
const CONFIDENCE: f64 = 0.999;

/// Runs the command.
pub(super) async fn run(options: &cli::Evaluate, warehouse: &Warehouse) -> Result<()> {
    if let Some(count) = options.injected {
        return made_up(count).await;
    }
    let protocol = Protocol {
        project: options.project.clone(),
        fixes: options.fixes,
        reverts: options.reverts,
        threshold: options.threshold,
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
    if options.order {
        return order(&foresight::measure(&*warehouse.session().await?, &protocol).await?);
    }
    let scores = evaluate::evaluate(&*warehouse.session().await?, &protocol).await?;
    if scores.is_empty() && options.reverts {
        bail!("no change of a branch was taken back there with a failure as the reason");
    }
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
            "    {:30} {:5.2}  {:5.2}  {:5.3}  {:5.2}  {:5.2}  {:5.3}  {}",
            score.method,
            score.rank1,
            score.rank3,
            score.reciprocal_rank,
            score.log_loss,
            score.named,
            score.false_blame,
            score.choice.map(|choice| chosen(&choice)).unwrap_or_default()
        );
    }
    Ok(())
}

/// Prints how soon breaks are found.
fn order(all: &[Foresight]) -> Result<()> {
    if all.is_empty() {
        bail!("no break has a known culprit: none lies between two tested positions that are neighbours");
    }
    for (index, own) in all.iter().enumerate() {
        if index == 0 || all[index - 1].project != own.project {
            let Foresight { project, break_count, test_count, .. } = own;
            let project = plain(project);
            anstream::println!("{}{project}{}, {break_count} breaks, {test_count} tests", style::STRONG, style::PLAIN);
            anstream::println!(
                "    {}found in the first         1%     5%    10%    25%{}",
                style::QUIET,
                style::PLAIN
            );
        }
        let [least, few, some, many] = own.found;
        anstream::println!("    {:24} {least:5.2}  {few:5.2}  {some:5.2}  {many:5.2}", own.method);
    }
    Ok(())
}

/// Judges made-up histories and prints their sums.
async fn made_up(count: u64) -> Result<()> {
    let mut sum = Injected::default();
    for seed in 1..=count {
        let own = injected::measure(seed, CONFIDENCE).await?;
        anstream::eprintln!(
            "history {seed}: {} problems, {} guilty, {} innocent",
            own.problem_count,
            own.named_count,
            own.innocent_count
        );
        sum.add(&own);
    }
    let share = |part: usize, whole: usize| 100.0 * part as f64 / whole.max(1) as f64;
    anstream::println!(
        "{} problems, {} by a change; rank 1 right in {:.1}% of these; {} with a guilty person, an innocent in {:.1}%",
        sum.problem_count,
        sum.broken_count,
        share(sum.rank1_count, sum.broken_count),
        sum.named_count,
        share(sum.innocent_count, sum.named_count)
    );
    anstream::println!(
        "{}flakiness    hunts  right%  innocent%  missed%  builds  plain right%  plain builds{}",
        style::QUIET,
        style::PLAIN
    );
    for (band, hunted) in BANDS.iter().zip(&sum.hunts) {
        let mean = |builds: u32| f64::from(builds) / hunted.count.max(1) as f64;
        anstream::println!(
            "up to {band:5}  {:6}  {:6.1}  {:9.1}  {:7.1}  {:6.1}  {:12.1}  {:12.1}",
            hunted.count,
            share(hunted.right_count, hunted.count),
            share(hunted.innocent_count, hunted.count),
            share(hunted.missed_count, hunted.count),
            mean(hunted.build_count),
            share(hunted.plain_right_count, hunted.count),
            mean(hunted.plain_build_count)
        );
    }
    Ok(())
}

fn head(score: &Score) {
    let Score { project, k, break_count, .. } = score;
    let project = plain(project);
    anstream::println!("{}{project}{}, every {k}th position kept, {break_count} breaks", style::STRONG, style::PLAIN);
    anstream::println!(
        "    {}{:30} rank1  rank3    MRR   loss  named  blame  threshold of the older half on the newer{}",
        style::QUIET,
        "",
        style::PLAIN
    );
}

/// Returns what the threshold that the older breaks chose did on the newer ones.
fn chosen(choice: &Choice) -> String {
    let Choice { threshold, break_count, named, false_blame } = choice;
    match threshold {
        Some(threshold) => format!("{threshold:.2}: named {named:.2}, blame {false_blame:.3} of {break_count}"),
        None => "none would do".to_owned(),
    }
}

fn document(score: &Score) -> serde_json::Value {
    json!({
        "project": score.project, "k": score.k, "method": score.method, "break_count": score.break_count,
        "rank1": score.rank1, "rank3": score.rank3, "reciprocal_rank": score.reciprocal_rank,
        "log_loss": score.log_loss, "named": score.named, "false_blame": score.false_blame,
        "choice": score.choice.map(|choice| json!({
            "threshold": choice.threshold, "break_count": choice.break_count, "named": choice.named,
            "false_blame": choice.false_blame,
        })),
    })
}
