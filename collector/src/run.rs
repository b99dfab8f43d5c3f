//! One build: its commands in order, what they printed, and the reports that they wrote, as rows.
//!
//! A failing command, an unreadable report and a broken checkout are data. An error is only what would make every
//! build fail in the same way, such as a log folder that cannot be written to.

mod command;
mod environment;
mod log;
mod reports;
mod step;
mod tally;

use std::path::Path;

use annals_data::outcomes::Outcomes;
use annals_data::row::{Build, BuildResult, Step};
use annals_data::store::BuildFacts;

use crate::builder::Builder;
use crate::cancellation::CancellationFlag;
use crate::clock;
use crate::error::{Error, Result};
use crate::history::Revision;
use crate::report::Limits;
use reports::Reports;
use tally::Tally;

pub(crate) use reports::warnings;
pub(crate) use tally::Attempts;

/// What is to be built, and where.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// The project.
    pub project: &'a str,
    /// The branch.
    pub branch: &'a str,
    /// The revision.
    pub revision: &'a Revision,
    /// How to build it.
    pub builder: &'a Builder,
    /// Where it is checked out.
    pub worktree: &'a Path,
    /// The store's log folder.
    pub logs: &'a Path,
    /// The bounds of a single report.
    pub limits: Limits,
    /// How often it was built before: 0, but for who asks whether a verdict is chance.
    pub repeat: u32,
}

impl Job<'_> {
    /// Returns the idempotency key: a branch, a builder and a revision are built once, also when the builder's
    /// definition changes later, and once for each repeat.
    pub fn key(&self) -> String {
        repeat_key(&key(self.branch, &self.builder.name, &self.revision.id), self.repeat)
    }
}

/// Returns the key of a repeated build.
pub fn repeat_key(key: &str, repeat: u32) -> String {
    if repeat == 0 { key.to_owned() } else { format!("{key}:{repeat}") }
}

/// Returns the idempotency key of a collected build. Neither branches nor builders hold a `:`.
pub fn key(branch: &str, builder: &str, revision: &str) -> String {
    format!("collect:{branch}:{builder}:{revision}")
}

/// What has been gathered of a build so far.
#[derive(Default)]
struct Progress {
    steps: Vec<Step>,
    outcomes: Outcomes,
    is_failures_only: bool,
}

/// Runs a build in its worktree; `None` when it was cancelled, so that it can be built again.
pub fn run(job: &Job<'_>, cancellation: &CancellationFlag) -> Result<Option<BuildFacts>> {
    let started_at = clock::now();
    let mut progress = Progress::default();
    let mut reports = Reports::new(job.worktree, job.builder, job.limits).map_err(Error::file(job.worktree))?;
    let setup = job.builder.setup_steps();
    for step in setup.iter().chain(&job.builder.step) {
        let number = progress.steps.len() as i64 + 1;
        let Some(ran) = step::run(job, step, number, &mut reports, cancellation)? else { return Ok(None) };
        let goes_on = step.continues || ran.row.result > BuildResult::Failure;
        progress.is_failures_only |= ran.is_failures_only;
        progress.outcomes.push(ran.outcome);
        for outcome in ran.cases.iter() {
            progress.outcomes.push(outcome.map_err(Error::spilled)?);
        }
        progress.steps.push(ran.row);
        if !goes_on {
            break;
        }
    }
    facts(job, started_at, progress).map(Some)
}

/// Returns the build that could not begin: result `exception`, with the reason and without any outcome.
pub fn exception(job: &Job<'_>, reason: &str) -> Result<BuildFacts> {
    let now = clock::now();
    let mut facts = facts(job, now, Progress::default())?;
    facts.build.result = BuildResult::Exception;
    facts.build.reason = Some(one_line(reason));
    Ok(facts)
}

/// Returns the result of a build whose outcomes are `outcomes` and why it is not a success.
///
/// A test fails when no attempt of it passed; one that passed after a failure is flaky, which is a warning.
///
/// # Errors
///
/// When the outcomes cannot be read back.
pub(crate) fn judge(steps: &[Step], outcomes: &Outcomes) -> Result<(BuildResult, Option<String>)> {
    let Tally { total, failed, flaky } = Tally::of(outcomes).map_err(Error::spilled)?;
    let worst = steps.iter().map(|step| step.result).min().unwrap_or(BuildResult::Success);
    let of_tests = match (failed, flaky) {
        (0, 0) => BuildResult::Success,
        (0, _) => BuildResult::Warnings,
        _ => BuildResult::Failure,
    };
    let result = worst.min(of_tests);
    let mut reasons: Vec<String> = steps
        .iter()
        .filter(|step| step.result <= BuildResult::Warnings)
        .map(|step| format!("step `{}`: {}", step.name, step.reason.as_deref().unwrap_or(step.result.as_str())))
        .collect();
    if failed > 0 {
        reasons.push(format!("{failed} of {total} tests failed"));
    }
    if flaky > 0 {
        reasons.push(format!("{flaky} of {total} tests passed after failing"));
    }
    Ok((result, (!reasons.is_empty()).then(|| one_line(&reasons.join("; ")))))
}

fn facts(job: &Job<'_>, started_at: i64, progress: Progress) -> Result<BuildFacts> {
    let Progress { steps, outcomes, is_failures_only } = progress;
    let (result, reason) = judge(&steps, &outcomes)?;
    let build = Build {
        key: job.key(),
        project: job.project.to_owned(),
        branch: job.branch.to_owned(),
        revision: job.revision.id.clone(),
        position: job.revision.position,
        builder: job.builder.name.clone(),
        number: None,
        result,
        reason,
        worker: Some(environment::hostname()),
        environment: Some(environment::recorded(job.builder)),
        url: None,
        started_at: Some(started_at),
        finished_at: Some(clock::now()),
        is_patch: false,
        patch_author_name: None,
        patch_author_email: None,
        is_failures_only,
    };
    Ok(BuildFacts { build, steps, outcomes })
}

/// Reasons are one line of a bounded length.
fn one_line(text: &str) -> String {
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.truncate(line.floor_char_boundary(500));
    line
}
