//! One step: its command, its log and its reports, as one row and one outcome.

use std::path::PathBuf;
use std::time::Duration;

use annals_data::id;
use annals_data::outcomes::Outcomes;
use annals_data::row::{BuildResult, Kind, Outcome, Status, Step};

use super::command::{self, Ending, Ran, Setting};
use super::reports::{Found, Reports};
use super::{Job, environment, one_line};
use crate::builder;
use crate::cancellation::CancellationFlag;
use crate::clock;
use crate::error::{Error, Result};

/// The failure text of a step: so many bytes of the end of its log.
const MESSAGE_LIMIT: usize = 16 * 1024;
/// Signals of which a shell says `128 + n` when a program crashed: ILL, ABRT, BUS, FPE, KILL, SEGV.
const CRASHES: &[i32] = &[4, 6, 7, 8, 9, 11];

/// A step that has ended.
pub(super) struct Done {
    pub(super) row: Step,
    pub(super) outcome: Outcome,
    pub(super) cases: Outcomes,
    pub(super) is_failures_only: bool,
}

/// How a step did: for its row and for its outcome.
struct Verdict {
    result: BuildResult,
    reason: Option<String>,
    exit_status: Option<i64>,
    status: Status,
    error_kind: Option<&'static str>,
}

/// Runs one step; `None` when it was cancelled.
pub(super) fn run(
    job: &Job<'_>,
    step: &builder::Step,
    number: i64,
    reports: &mut Reports,
    cancellation: &CancellationFlag,
) -> Result<Option<Done>> {
    let setting = Setting {
        dir: job.worktree,
        environment: &environment::of(job),
        timeout: Duration::from_secs(step.timeout_s.unwrap_or(job.builder.timeout_s)),
        log_limit: job.builder.log_limit,
        cancellation,
    };
    let ran = match command::run(&step.command, &setting) {
        Ok(Ran { ending: Ending::Cancelled, .. }) => return Ok(None),
        Ok(ran) => ran,
        Err(error) => return Ok(Some(not_started(job, step, number, &error))),
    };
    let mut found = reports.read(&step.reports);
    if let Some(rules) = &step.log {
        reports.read_log(&step.name, &ran.log.text(), rules, &mut found);
    }
    let verdict = judge(ran.ending, setting.timeout, &found);
    let message = message(&verdict, &ran, &found);
    let relative = log_path(job, &step.name, number);
    let path = job.logs.join(&relative);
    ran.log.write(&path).map_err(Error::file(&path))?;
    let mut row = row(job, step, number, &verdict);
    row.started_at = Some(ran.started_at);
    row.duration_us = Some(clock::micros(ran.duration));
    row.log_path = Some(relative.to_string_lossy().into_owned());
    row.log_size = Some(ran.log.size() as i64);
    row.is_log_truncated = ran.log.is_truncated();
    let outcome = outcome(step, &verdict, row.duration_us, message);
    Ok(Some(Done { row, outcome, cases: found.cases, is_failures_only: found.is_failures_only }))
}

fn judge(ending: Ending, timeout: Duration, found: &Found) -> Verdict {
    let (reason, exit_status, error_kind) = match ending {
        Ending::Exited(0) => (None, Some(0), None),
        Ending::Exited(code) if code > 128 && CRASHES.contains(&(code - 128)) => {
            (Some(format!("exit status {code} (signal {})", code - 128)), Some(code.into()), Some("crashed"))
        }
        Ending::Exited(code) => (Some(format!("exit status {code}")), Some(code.into()), None),
        Ending::Signalled(signal) => (Some(format!("killed by signal {signal}")), None, Some("crashed")),
        Ending::TimedOut => (Some(format!("timed out after {} s", timeout.as_secs())), None, Some("timed_out")),
        Ending::Cancelled => (Some("cancelled".to_owned()), None, None),
    };
    let is_clean = reason.is_none();
    // A step that failed by itself often writes no report, and says why in its log.
    let complaints = if is_clean { [&found.errors[..], &found.warnings[..]] } else { [&found.errors[..], &[]] };
    let reasons: Vec<String> = reason.into_iter().chain(complaints.concat()).collect();
    let (result, status) = match () {
        () if error_kind.is_some() || !found.errors.is_empty() => (BuildResult::Failure, Status::Errored),
        // The step did its work, and the outcomes of its tests say what failed: it is no second problem beside them.
        () if !is_clean && found.has_failure => (BuildResult::Failure, Status::Passed),
        () if !is_clean => (BuildResult::Failure, Status::Failed),
        () if !reasons.is_empty() => (BuildResult::Warnings, Status::Passed),
        () => (BuildResult::Success, Status::Passed),
    };
    let reason = (!reasons.is_empty()).then(|| one_line(&reasons.join("; ")));
    Verdict { result, reason, exit_status, status, error_kind }
}

/// Returns the failure text: the reason or the reports' errors, then the end of the log.
fn message(verdict: &Verdict, ran: &Ran, found: &Found) -> Option<String> {
    if verdict.status == Status::Passed {
        return None;
    }
    let mut text = match found.errors.is_empty() {
        true => verdict.reason.clone().unwrap_or_default(),
        false => found.errors.join("\n"),
    };
    text.truncate(text.floor_char_boundary(MESSAGE_LIMIT / 2));
    let end = ran.log.end(MESSAGE_LIMIT - text.len() - 1);
    Some(if end.is_empty() { text } else { format!("{text}\n{end}") })
}

fn not_started(job: &Job<'_>, step: &builder::Step, number: i64, error: &std::io::Error) -> Done {
    let reason = format!("the command does not start: {error}");
    let verdict = Verdict {
        result: BuildResult::Exception,
        reason: Some(reason.clone()),
        exit_status: None,
        status: Status::Errored,
        error_kind: None,
    };
    let outcome = outcome(step, &verdict, None, Some(reason));
    Done { row: row(job, step, number, &verdict), outcome, cases: Outcomes::default(), is_failures_only: false }
}

fn row(job: &Job<'_>, step: &builder::Step, number: i64, verdict: &Verdict) -> Step {
    Step {
        build_key: job.key(),
        project: job.project.to_owned(),
        number,
        name: step.name.clone(),
        command: step.command.clone(),
        result: verdict.result,
        exit_status: verdict.exit_status,
        reason: verdict.reason.clone(),
        started_at: None,
        duration_us: None,
        log_path: None,
        log_size: None,
        is_log_truncated: false,
    }
}

fn outcome(step: &builder::Step, verdict: &Verdict, duration_us: Option<i64>, message: Option<String>) -> Outcome {
    Outcome {
        kind: Kind::Step,
        error_kind: verdict.error_kind.map(str::to_owned),
        duration_us,
        message,
        ..Outcome::new("", &step.name, verdict.status)
    }
}

/// Returns where the log goes, relative to the log folder; names are hostile, so little of them is kept.
fn log_path(job: &Job<'_>, step: &str, number: i64) -> PathBuf {
    let build = id::build_id(job.project, &job.key());
    PathBuf::from(plain(job.project)).join(format!("{build:016x}")).join(format!("{number}-{}.log.zst", plain(step)))
}

fn plain(name: &str) -> String {
    let keep = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' };
    let plain: String = name.chars().map(keep).take(60).collect();
    // No hidden files, and neither `.` nor `..`.
    if plain.is_empty() || plain.starts_with('.') { format!("_{plain}") } else { plain }
}
