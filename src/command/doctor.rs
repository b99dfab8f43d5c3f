//! `annals doctor`: explains how a report was read, or why it was not.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use annals_collector::report::{self, Limits, LogRules, Report};
use annals_data::row::Status;
use anyhow::Result;
use serde_json::{Value, json};

use super::plain;
use crate::{cli, style};

/// Exit status where a file cannot be read.
const UNREADABLE: u8 = 1;

/// Runs the command.
pub(super) fn run(options: &cli::Doctor) -> Result<ExitCode> {
    let limits = Limits::default();
    let rules = super::log_rules(options.log_rules.as_deref())?;
    let mut is_all_read = true;
    for path in &options.files {
        let read = read(path, rules.as_ref(), &limits);
        is_all_read &= read.is_ok();
        let told = match (&read, options.json) {
            (Ok(report), true) => as_json(path, report, &limits).to_string(),
            (Err(error), true) => refusal(path, error).to_string(),
            (Ok(report), false) => as_text(path, report, &limits),
            (Err(error), false) => {
                let (bad, end) = (style::BAD, style::PLAIN);
                format!("{bad}not read{end}  {}:{}: {}", plain(&error.file), error.line, plain(&error.reason))
            }
        };
        anstream::println!("{told}");
    }
    Ok(if is_all_read { ExitCode::SUCCESS } else { ExitCode::from(UNREADABLE) })
}

fn read(path: &Path, rules: Option<&LogRules>, limits: &Limits) -> Result<Report, report::Error> {
    let label = path.display().to_string();
    let failed = |reason: String| report::Error { file: label.clone(), line: 1, reason };
    let size = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?.len();
    if size > limits.bytes as u64 {
        return Err(failed(format!("the report has {size} bytes; at most {} are read", limits.bytes)));
    }
    let bytes = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
    report::read_any(&label, &bytes, rules, limits)
}

fn counts(report: &Report) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    report.cases.iter().for_each(|case| *counts.entry(case.status.as_str()).or_default() += 1);
    counts
}

/// Returns how many outcomes are an attempt after the first.
fn retries(report: &Report) -> usize {
    report.cases.iter().filter(|case| case.attempt > 1).count()
}

fn as_json(path: &Path, report: &Report, limits: &Limits) -> Value {
    let word = |((word, status), count): (&(String, Status), &usize)| json!({ "word": word, "status": status.as_str(), "count": count });
    json!({
        "file": path.display().to_string(),
        "format": report.format,
        "tool": report.tool,
        "outcome_count": report.cases.len(),
        "retry_count": retries(report),
        "measure_count": report.cases.iter().map(|case| case.measures.len()).sum::<usize>(),
        "is_failures_only": report.is_failures_only,
        "started_at": report.started_at,
        "statuses": counts(report),
        "words": report.words.iter().map(word).collect::<Vec<_>>(),
        "ignored": report.ignored,
        "warnings": report.warnings.iter().map(|w| json!({ "line": w.line, "text": w.text })).collect::<Vec<_>>(),
        "bounds": {
            "bytes": limits.bytes, "depth": limits.depth, "cases": limits.cases, "name": limits.name,
            "message": limits.message, "warnings": limits.warnings,
        },
    })
}

fn refusal(path: &Path, error: &report::Error) -> Value {
    json!({ "file": path.display().to_string(), "line": error.line, "reason": error.reason })
}

fn as_text(path: &Path, report: &Report, limits: &Limits) -> String {
    let (good, end) = (style::GOOD, style::PLAIN);
    let tool = report.tool.as_deref().map(|tool| format!(", written by {}", plain(tool))).unwrap_or_default();
    let mut lines = vec![format!("{good}read{end}  {} as {}{tool}", path.display(), report.format)];
    let counts: Vec<String> = counts(report).iter().map(|(status, count)| format!("{count} {status}")).collect();
    lines.push(format!("  {} outcomes: {}", report.cases.len(), counts.join(", ")));
    if retries(report) > 0 {
        lines.push(format!("  {} of them are further attempts of a test", retries(report)));
    }
    if report.is_failures_only {
        lines.push("  only failures are listed: a test that is absent has not passed".to_owned());
    }
    for ((word, status), count) in &report.words {
        lines.push(format!("  `{}` became {} ({count} times)", plain(word), status.as_str()));
    }
    for (what, count) in &report.ignored {
        lines.push(format!("  left out: {count} {}", plain(what)));
    }
    for warning in &report.warnings {
        lines.push(format!("  line {}: {}", warning.line, plain(&warning.text)));
    }
    let mib = limits.bytes >> 20;
    let (cases, depth) = (limits.cases, limits.depth);
    lines.push(format!(
        "  bounds: {mib} MiB, {cases} outcomes, depth {depth}; texts keep {} KiB of head and tail, names {} KiB",
        limits.message >> 10,
        limits.name >> 10
    ));
    lines.join("\n")
}
