//! `annals import`: takes in a history from files by SELECT statements.

use std::collections::BTreeSet;
use std::process::ExitCode;

use annals_analytics::Warehouse;
use annals_collector::history::History;
use annals_collector::import::{GroupSize, Import, Plan, Planned, Preview, Statements};
use annals_collector::{CancellationFlag, Error};
use annals_data::row::Change;
use annals_data::store::Ingest;
use anyhow::{Result, bail};

use crate::cli;
use crate::interrupt::{self, INTERRUPTED};
use crate::progress::Progress;
use crate::style;

/// Changes that share a commit.
const CHANGES_PER_COMMIT: usize = 10_000;
/// How many of a list are shown.
const SHOWN: usize = 5;

/// Runs the command.
pub(super) async fn run(options: &cli::Import, warehouse: &Warehouse) -> Result<ExitCode> {
    let import = Import::plan(Plan {
        project: options.project.clone(),
        branch: options.branch.clone(),
        builder: options.builder.clone(),
        statements: statements(options)?,
    })
    .await?;
    let history = options.repository.as_deref().map(History::open).transpose()?;
    let flag = interrupt::flag();
    if options.dry_run {
        let has = |revision: &str| history.as_ref().is_some_and(|history| history.resolve(revision).is_ok());
        let stored = |revision: &str| warehouse.store().knows_change(&options.project, revision).unwrap_or(false);
        let known = |revision: &str| stored(revision) || has(revision);
        let mut preview = import.preview(&known).await?;
        if let Some(history) = &history {
            preview.change_count = read(history, warehouse, &options.project, &import.builds().await?, &flag)?.len();
        }
        tell(&preview);
        return Ok(ExitCode::SUCCESS);
    }
    // All builds are read before anything is written: what is wrong with them is said first.
    let all = import.builds().await?;
    let changes = match &history {
        Some(history) => read(history, warehouse, &options.project, &all, &flag)?,
        None => import.changes().await?,
    };
    let change_count = commit_changes(&changes, warehouse, &flag).await?;
    let (build_count, outcome_count) = commit_builds(&import, warehouse, &options.project, &all, &flag).await?;
    anstream::eprintln!(
        "{}: {build_count} builds with {outcome_count} outcomes, {} not new or not reached, {change_count} new changes",
        options.project,
        all.len() - build_count
    );
    Ok(if flag.is_cancelled() { ExitCode::from(INTERRUPTED) } else { ExitCode::SUCCESS })
}

fn statements(options: &cli::Import) -> Result<Statements> {
    match (&options.select, &options.builds, &options.outcomes) {
        (Some(rows), _, _) => Ok(Statements::One { changes: options.changes.clone(), rows: rows.clone() }),
        (None, Some(builds), Some(outcomes)) => Ok(Statements::Three {
            changes: options.changes.clone(),
            builds: builds.clone(),
            outcomes: outcomes.clone(),
        }),
        _ => bail!("`--select`, or `--builds` and `--outcomes`, must be given"),
    }
}

/// Reads what led to the builds' revisions from a repository, as far as the store does not have it; says which revisions
/// the repository lacks. Nothing was read when the flag is raised meanwhile.
fn read(
    history: &History,
    warehouse: &Warehouse,
    project: &str,
    builds: &[Planned],
    flag: &CancellationFlag,
) -> Result<Vec<Change>> {
    let revisions: BTreeSet<&str> = builds.iter().map(Planned::revision).collect();
    let (tips, strange): (Vec<String>, Vec<String>) =
        revisions.into_iter().map(str::to_owned).partition(|revision| history.resolve(revision).is_ok());
    if let Some(told) = list(&strange, "revisions that the repository does not have: blamelists end there") {
        anstream::eprintln!("{told}");
    }
    let known = |revision: &str| warehouse.store().knows_change(project, revision).unwrap_or(false);
    let (mut all, mut progress) = (Vec::new(), None);
    let read = history.changes(project, &tips, &known, &mut |batch| {
        if flag.is_cancelled() {
            return Err(Error::Cancelled);
        }
        progress.get_or_insert_with(|| Progress::new("changes read", batch.total as u64)).go_to(batch.done as u64, "");
        all.extend(batch.changes);
        Ok(())
    });
    match read {
        Ok(_) => Ok(all),
        Err(Error::Cancelled) => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

async fn commit_changes(changes: &[Change], warehouse: &Warehouse, flag: &CancellationFlag) -> Result<usize> {
    let (mut progress, mut count) = (Progress::new("changes", changes.len() as u64), 0);
    let mut done = 0;
    for some in changes.chunks(CHANGES_PER_COMMIT) {
        if flag.is_cancelled() {
            break;
        }
        let ingest = Ingest { changes: some.to_vec(), builds: Vec::new() };
        count += warehouse.commit(vec![ingest]).await?.change_count;
        done += some.len();
        progress.go_to(done as u64, "");
    }
    Ok(count)
}

/// Commits the builds that the store does not have, a group at a time; returns the number of builds and of outcomes.
async fn commit_builds(
    import: &Import,
    warehouse: &Warehouse,
    project: &str,
    all: &[Planned],
    flag: &CancellationFlag,
) -> Result<(usize, usize)> {
    let keys: Vec<String> = all.iter().map(|planned| planned.key().to_owned()).collect();
    let known = warehouse.store().known_builds(project, &keys)?;
    let waiting: Vec<Planned> = all.iter().filter(|planned| !known.contains(planned.key())).cloned().collect();
    let mut progress = Progress::new("builds", waiting.len() as u64);
    let (mut size, mut done, mut outcome_count) = (GroupSize::default(), 0, 0);
    while done < waiting.len() && !flag.is_cancelled() {
        let group = &waiting[done..waiting.len().min(done + size.get())];
        let facts = match import.facts(group, flag).await {
            Ok(Some(facts)) => facts,
            Ok(None) => {
                size.halve(group.len());
                continue;
            }
            // What was committed stays; the rest comes in with the next run.
            Err(Error::Cancelled) => break,
            Err(error) => return Err(error.into()),
        };
        let receipt = warehouse.commit(vec![Ingest { changes: Vec::new(), builds: facts }]).await?;
        size.learn(group.len(), receipt.outcome_count);
        outcome_count += receipt.outcome_count;
        done += group.len();
        progress.go_to(done as u64, &format!("{outcome_count} outcomes"));
    }
    Ok((done, outcome_count))
}

/// Prints what would come in, and what follows from what does not.
fn tell(preview: &Preview) {
    let Preview { change_count, build_count, outcome_count, .. } = preview;
    anstream::println!("{change_count} changes, {build_count} builds, {outcome_count} outcomes would come in");
    for (select, column) in &preview.missing {
        let follows = column.absent.unwrap_or_default();
        anstream::println!("{}{select}: no {}: {follows}{}", style::QUIET, column.name, style::PLAIN);
    }
    let stray = format!("keys without a build ({} outcomes are left out)", preview.stray_count);
    let lists = [
        list(&preview.empty_builds, "builds without outcomes"),
        list(&preview.stray_keys, &stray),
        list(&preview.unknown_revisions, "revisions without a change: blamelists end there"),
        list(&preview.unknown_words, "unknown words for outcomes: the import would stop there"),
    ];
    lists.into_iter().flatten().for_each(|told| anstream::println!("{told}"));
}

/// Returns how many there are, and the first of them; `None` where there is none.
fn list(items: &[String], what: &str) -> Option<String> {
    if items.is_empty() {
        return None;
    }
    let shown: Vec<String> = items.iter().take(SHOWN).map(|item| format!("`{}`", super::plain(item))).collect();
    let more = if items.len() > SHOWN { ", …" } else { "" };
    Some(format!("{}{} {what}{}: {}{more}", style::DOUBT, items.len(), style::PLAIN, shown.join(", ")))
}
