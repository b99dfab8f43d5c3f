//! `annals collect`: runs builds over a repository's history and commits them as they end.

mod refine;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use annals_analytics::Warehouse;
use annals_collector::builder::Builder;
use annals_collector::collect::{Event, Plan, Summary, collect};
use annals_collector::history::{History, Picked, Selection};
use annals_collector::mirror::{self, Mirror};
use annals_collector::report::Limits;
use annals_collector::{CancellationFlag, builder, run as build_run};
use annals_data::row::BuildResult;
use annals_data::store::{BuildFacts, Ingest};
use anyhow::{Context, Result, bail};
use tokio::runtime::Handle;

use super::{bisect, plain, short};
use crate::cli;
use crate::config::Config;
use crate::interrupt::{self, INTERRUPTED};
use crate::progress::Progress;
use crate::style;

/// How long finished builds may wait to share a commit.
const COMMIT_EVERY: Duration = Duration::from_secs(2);

/// What is to be collected.
#[derive(Clone)]
pub(super) struct Job {
    /// The repository, URL or path.
    pub repository: String,
    /// The project.
    pub project: String,
    /// Which revisions.
    pub selection: Selection,
    /// The builders.
    pub builders: Vec<Builder>,
    /// Builds at once.
    pub jobs: usize,
    /// The bounds of a single report.
    pub limits: Limits,
}

/// Runs the command.
pub(super) async fn run(options: &cli::Collect, warehouse: &Warehouse, config: &Config) -> Result<ExitCode> {
    let project = options.project.clone().or_else(|| config.project.clone());
    let project = project.or_else(|| mirror::project_name(&options.repository));
    let job = Job {
        repository: options.repository.clone(),
        project: project.context("the repository's name gives no project; say `--project NAME`")?,
        selection: Selection {
            branch: options.branch.clone(),
            range: options.range.clone(),
            last: options.last,
            every: options.every,
            all_parents: options.all_parents,
        },
        builders: chosen(config, &options.builder)?,
        jobs: options.jobs.unwrap_or_else(cores),
        limits: config.report,
    };
    let flag = interrupt::flag();
    let refined = options.refine.then(|| (job.clone(), flag.clone()));
    let mut summary = work(warehouse, job, flag.clone()).await?;
    if let Some((job, flag)) = refined.filter(|_| !summary.is_cancelled) {
        summary.is_cancelled = refine::run(warehouse, &job, options.budget, &flag).await?;
    }
    if !summary.is_cancelled {
        bisect::automatic::round(warehouse, config, &flag).await?;
        summary.is_cancelled = flag.is_cancelled();
    }
    Ok(if summary.is_cancelled { ExitCode::from(INTERRUPTED) } else { ExitCode::SUCCESS })
}

/// Returns how many builds run at once unless told otherwise.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn chosen(config: &Config, names: &[String]) -> Result<Vec<Builder>> {
    if config.builder.is_empty() {
        bail!("no builder is configured; write `[[builder]]` into annals.toml");
    }
    if let Some(unknown) = names.iter().find(|name| !config.builder.iter().any(|b| b.name == **name)) {
        bail!("there is no builder `{unknown}` in the configuration");
    }
    Ok(config.builder.iter().filter(|b| names.is_empty() || names.contains(&b.name)).cloned().collect())
}

/// Mirrors the repository, reads its changes and runs the builds that the store does not have.
pub(super) async fn work(warehouse: &Warehouse, job: Job, flag: CancellationFlag) -> Result<Summary> {
    builder::validate(&PathBuf::from("builders"), &job.builders)?;
    let handle = Handle::current();
    // The collector blocks on processes and disks; commits are awaited on the runtime from there.
    tokio::task::block_in_place(|| work_blocking(warehouse, &job, &flag, &handle))
}

fn work_blocking(warehouse: &Warehouse, job: &Job, flag: &CancellationFlag, handle: &Handle) -> Result<Summary> {
    let history = &mirror(warehouse, &job.project, Some(&job.repository))?;
    if history.is_shallow()? {
        anstream::eprintln!("the repository is shallow: blamelists end where its history ends");
    }
    let picked = history.select(&job.selection)?;
    let summary = build(warehouse, job, history, &picked, &job.builders, flag, handle)?;
    anstream::eprintln!(
        "{}: {} revisions of `{}`: {} builds run, {} there already, {} new changes",
        job.project,
        picked.revisions.len(),
        picked.branch,
        summary.built,
        summary.skipped,
        summary.changes
    );
    Ok(summary)
}

/// Runs the builds of these revisions that the store does not have.
fn build(
    warehouse: &Warehouse,
    job: &Job,
    history: &History,
    picked: &Picked,
    builders: &[Builder],
    flag: &CancellationFlag,
    handle: &Handle,
) -> Result<Summary> {
    let root = warehouse.store().root();
    let plan = Plan {
        project: &job.project,
        history,
        picked,
        builders,
        jobs: job.jobs,
        work: &root.join("work"),
        logs: &warehouse.store().log_folder(),
        limits: job.limits,
    };
    let keys = picked.revisions.iter().flat_map(|revision| {
        builders.iter().map(|builder| build_run::key(&picked.branch, &builder.name, &revision.id))
    });
    let done = warehouse.store().known_builds(&job.project, &keys.collect::<Vec<_>>())?;
    let known = |revision: &str| warehouse.store().knows_change(&job.project, revision).unwrap_or(false);
    let mut writer = Writer::new(warehouse, handle);
    let result = collect(&plan, &known, &|key| done.contains(key), flag, &mut |event| writer.take(event));
    // What was finished before an error or an interruption is kept.
    writer.flush()?;
    let summary = result?;
    drop(writer.bar.take());
    Ok(summary)
}

/// Collects what comes and commits it in groups.
struct Writer<'a> {
    warehouse: &'a Warehouse,
    handle: &'a Handle,
    waiting: Ingest,
    committed_at: Instant,
    bar: Option<Progress>,
}

impl<'a> Writer<'a> {
    fn new(warehouse: &'a Warehouse, handle: &'a Handle) -> Self {
        Self { warehouse, handle, waiting: Ingest::default(), committed_at: Instant::now(), bar: None }
    }

    fn take(&mut self, event: Event) -> Result<()> {
        match event {
            Event::Changes { changes, done, total } => {
                let bar = self.bar.get_or_insert_with(|| Progress::new("changes", total as u64));
                bar.go_to(done as u64, "");
                self.waiting.changes.extend(changes);
            }
            Event::Planned { total, .. } => {
                self.flush()?;
                self.bar = Some(Progress::new("builds", total as u64));
            }
            Event::Started { .. } => {}
            Event::Finished(facts) => {
                self.tell(&facts);
                self.waiting.builds.push(*facts);
            }
        }
        if self.committed_at.elapsed() >= COMMIT_EVERY { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        let ingest = std::mem::take(&mut self.waiting);
        if !ingest.changes.is_empty() || !ingest.builds.is_empty() {
            self.handle.block_on(self.warehouse.commit(vec![ingest]))?;
        }
        self.committed_at = Instant::now();
        Ok(())
    }

    fn tell(&mut self, facts: &BuildFacts) {
        let Some(bar) = &mut self.bar else { return };
        let build = &facts.build;
        if build.result != BuildResult::Success {
            let (color, sign) = style::of(build.result.as_str());
            bar.say(&format!(
                "{color}{sign} {}{} {} {}: {}",
                build.result.as_str(),
                style::PLAIN,
                build.builder,
                short(&build.revision),
                plain(build.reason.as_deref().unwrap_or_default())
            ));
        }
        bar.step(&format!("{} {}", build.builder, short(&build.revision)));
    }
}

/// Returns the history of a project: its mirror's, brought up to date where the repository is named.
pub(super) fn mirror(warehouse: &Warehouse, project: &str, repository: Option<&str>) -> Result<History> {
    let folder = mirror_folder(warehouse, project);
    match repository {
        Some(repository) => {
            let mirror = Mirror::open_or_clone(repository, &folder)?;
            if let Some(former) = mirror.moved_from() {
                let now = mirror::without_credentials(repository);
                anstream::eprintln!("{project}: collected from `{}` so far, now from `{}`", plain(former), plain(&now));
            }
            Ok(mirror.history().clone())
        }
        None if folder.exists() => Ok(History::open(&folder)?),
        None => bail!("project `{}` was not collected here; say which `--repository` it is", plain(project)),
    }
}

/// Returns where the mirror of a project lies, once there is one.
pub(super) fn mirror_folder(warehouse: &Warehouse, project: &str) -> PathBuf {
    warehouse.store().root().join("mirror").join(folder_name(project))
}

/// Returns a folder name for a project: its own name as far as that is one, and a hash that keeps it apart.
fn folder_name(project: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let name: String = project.chars().map(|c| if is_plain(c) { c } else { '-' }).take(40).collect();
    format!("{name}-{:08x}", annals_data::id::id(&["mirror", project]) as u32)
}

/// Adds the changes that `history` has and the store has not, as far as `revision` reaches.
pub(super) fn new_changes(
    warehouse: &Warehouse,
    history: &History,
    project: &str,
    revision: &str,
) -> Result<Vec<annals_data::row::Change>> {
    let known = |revision: &str| warehouse.store().knows_change(project, revision).unwrap_or(false);
    let mut all = Vec::new();
    let tips = [revision.to_owned()];
    history.changes(project, &tips, &known, &mut |batch| {
        all.extend(batch.changes);
        Ok::<(), annals_collector::Error>(())
    })?;
    Ok(all)
}
