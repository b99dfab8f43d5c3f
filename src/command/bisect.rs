//! `annals bisect`: builds the revisions of blamelists that tell most, until culprits are verified.
//!
//! What to build next is `annals_analytics::judge::hunt`'s; how, the collector's. Problems of one builder and branch are
//! hunted together, so that each build answers for all of them. Builds are facts like others: they go to the store as
//! they end. A verdict is written as a note, which decides suspicion from then on, and each hunt with its cost.

pub(super) mod automatic;
mod quarry;
mod record;
mod round;

use std::process::ExitCode;

use annals_analytics::Warehouse;
use annals_analytics::judge::hunt::{Finding, plain_cost};
use annals_collector::CancellationFlag;
use anyhow::{Context, Result, bail};
use tokio::runtime::Handle;

use super::{plain, problems, short};
use crate::config::Config;
use crate::interrupt::{self, INTERRUPTED};
use crate::{cli, style};
use quarry::{Lane, Quarry};
use round::Round;

/// Runs the command.
pub(super) async fn run(options: &cli::Bisect, warehouse: &Warehouse, config: &Config) -> Result<ExitCode> {
    if options.problem.is_empty() && !options.all {
        bail!("say which problem, as `annals problems` lists them, or --all");
    }
    let session = warehouse.session().await?;
    let lanes = quarry::find(&session, options, false).await?;
    if lanes.is_empty() {
        anstream::eprintln!("no open problem has more than one change against it");
    }
    let flag = interrupt::flag();
    let mut left = options.budget;
    for lane in lanes {
        let spent = hunt(warehouse, options, config, lane, left, &flag, false)?;
        left = left.saturating_sub(spent);
        if flag.is_cancelled() {
            return Ok(ExitCode::from(INTERRUPTED));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Hunts the problems of a lane within a budget; returns how many builds it took.
fn hunt(
    warehouse: &Warehouse,
    options: &cli::Bisect,
    config: &Config,
    lane: Lane,
    budget: u32,
    flag: &CancellationFlag,
    is_automatic: bool,
) -> Result<u32> {
    let builder = config.builder.iter().find(|builder| builder.name == lane.builder);
    let builder = builder.with_context(|| format!("there is no builder `{}` in the configuration", lane.builder))?;
    let handle = Handle::current();
    // The collector blocks on processes and disks; commits are awaited on the runtime from there.
    tokio::task::block_in_place(|| {
        let mut round = Round::open(warehouse, options, config, builder, lane, &handle)?;
        round.run(budget, flag)?;
        tell(&round)?;
        if !options.dry_run {
            record::write(warehouse, &round, is_automatic, round.spent >= budget || flag.is_cancelled())?;
        }
        Ok(round.spent)
    })
}

/// Tells what was found out about each problem of a lane.
fn tell(round: &Round<'_>) -> Result<()> {
    let Lane { project, branch, builder, .. } = &round.lane;
    for quarry in &round.lane.quarries {
        let test = plain(&problems::title(&quarry.kind, &quarry.suite, &quarry.name));
        anstream::println!(
            "{}{test}{} on {} {} {}",
            style::STRONG,
            style::PLAIN,
            plain(project),
            plain(branch),
            plain(builder)
        );
        tell_finding(round, quarry);
    }
    let spent = round.spent;
    anstream::eprintln!("{spent} builds");
    Ok(())
}

fn tell_finding(round: &Round<'_>, quarry: &Quarry) {
    let Some(hunt) = &quarry.hunt else {
        anstream::println!("    its revisions are not in the repository: nothing was built");
        return;
    };
    match hunt.finding() {
        Some(Finding::Culprit { position, failed, passed }) => anstream::println!(
            "    {}{}{} broke it: failed {failed} of {failed} there, passed {passed} times before it",
            style::BAD,
            short(round.revision(position)),
            style::PLAIN
        ),
        Some(Finding::Nobody) => {
            anstream::println!("    {}nobody{}: it passed where it had failed", style::DOUBT, style::PLAIN);
        }
        None => {
            let mut chances: Vec<(i64, f64)> = hunt.chances().filter(|(_, chance)| *chance > 0.01).collect();
            chances.sort_by(|left, right| right.1.total_cmp(&left.1));
            let words = chances
                .iter()
                .take(5)
                .map(|(position, chance)| format!("{} {:.0}%", short(round.revision(*position)), 100.0 * chance));
            let words: Vec<String> = words.collect();
            anstream::println!("    not decided: {}, nobody {:.0}%", words.join(", "), 100.0 * hunt.nobody());
        }
    }
    let suspects = hunt.chances().count();
    anstream::println!(
        "    {}{} suspects, {} builds of it; plain bisection: {} and {} to verify{}",
        style::QUIET,
        suspects,
        quarry.spent,
        plain_cost(suspects),
        2 * hunt.verification_count(),
        style::PLAIN
    );
}
