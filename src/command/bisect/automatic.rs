//! Bisection that nobody has to ask for: `annals serve` and `annals collect` hunt open problems within a daily budget.
//!
//! It is off unless the configuration has `[bisect]`. The largest incidents that a change likely caused come first. Only
//! lanes are hunted whose builder is configured here, and whose project was collected here: others cannot be built.

use std::sync::Arc;
use std::time::{Duration, Instant};

use annals_analytics::{Session, Warehouse};
use annals_collector::CancellationFlag;
use anyhow::Result;

use super::quarry;
use crate::cli;
use crate::command::Rows;
use crate::command::collect::mirror_folder;
use crate::config::{self, Config};

/// How often it is looked for something new, and for what the budget left.
const LOOK_EVERY: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_secs(600);
/// Problems of one round.
const LIMIT: usize = 20;

/// Hunts until it is aborted or the flag is raised.
pub(in crate::command) async fn keep(warehouse: Arc<Warehouse>, config: Arc<Config>, flag: CancellationFlag) {
    let mut seen: Option<(i64, Instant)> = None;
    while !flag.is_cancelled() {
        let look = async {
            let version = warehouse.judged_session().await?.version;
            if seen.is_none_or(|(known, at)| known != version || at.elapsed() > LOOK_AGAIN) {
                seen = Some((version, Instant::now()));
                round(&warehouse, &config, &flag).await?;
            }
            anyhow::Ok(())
        };
        if let Err(error) = look.await {
            tracing::error!("bisection: {error:#}");
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Hunts what is open once; returns how many builds it took.
pub(in crate::command) async fn round(warehouse: &Warehouse, config: &Config, flag: &CancellationFlag) -> Result<u32> {
    let Some(settings) = &config.bisect else { return Ok(0) };
    let session = warehouse.session().await?;
    let mut left = settings.builds_per_day.saturating_sub(spent_today(&session).await?);
    if left == 0 {
        return Ok(0);
    }
    let options = options(settings);
    let mut lanes = quarry::find(&session, &options, true).await?;
    lanes.retain(|lane| {
        config.builder.iter().any(|builder| builder.name == lane.builder)
            && mirror_folder(warehouse, &lane.project).exists()
    });
    let mut spent = 0;
    for lane in lanes {
        if left == 0 || flag.is_cancelled() {
            break;
        }
        let own = super::hunt(warehouse, &options, config, lane, left, flag, true)?;
        (left, spent) = (left.saturating_sub(own), spent + own);
    }
    Ok(spent)
}

fn options(settings: &config::Bisect) -> cli::Bisect {
    cli::Bisect {
        problem: Vec::new(),
        all: true,
        project: None,
        repository: None,
        budget: settings.builds_per_day,
        limit: LIMIT,
        confidence: settings.confidence,
        jobs: Some(settings.jobs),
        dry_run: false,
    }
}

/// Returns how many builds hunts have run by themselves within a day; what people ask for does not count.
async fn spent_today(session: &Session) -> Result<u32> {
    let sql = "SELECT coalesce(sum(build_count), 0) AS build_count FROM ( \
            SELECT begun_at, project, branch, builder, max(round_build_count) AS build_count FROM bisection \
            WHERE is_automatic AND ended_at > now() - INTERVAL '1 day' GROUP BY begun_at, project, branch, builder)";
    let rows = Rows::ask(session, sql, &[]).await?.texts()?;
    Ok(rows.first().and_then(|row| row.first()?.parse().ok()).unwrap_or_default())
}
