//! `annals doctor`: explains how a report was read, or why it was not.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use annals_collector::ingest::files;
use annals_collector::report::{self, Limits, LogRules, Report};
use annals_data::outcomes::Outcomes;
use annals_data::row::Status;
use anyhow::Result;
use serde_json::{Value, json};

use super::plain;
use crate::{cli, style};

/// Exit status where a file cannot be read.
const UNREADABLE: u8 = 1;

/// A report that was read, and what is counted of its outcomes.
struct Examined {
    report: Report<Outcomes>,
    counts: BTreeMap<&'static str, usize>,
    /// Outcomes that are an attempt after the first.
    retries: usize,
    measures: usize,
}

/// Runs the command.
pub(super) fn run(options: &cli::Doctor, limits: &Limits) -> Result<ExitCode> {
    let rules = super::log_rules(options.log_rules.as_deref())?;
    let mut is_all_read = true;
    for word in &options.files {
        let found = match files::find(std::slice::from_ref(word)) {
            Ok(found) => found,
            Err(_) if word.is_dir() => {
                let reason = "the folder holds no report of a known format".to_owned();
                let error = report::Error { file: word.display().to_string(), line: 1, reason };
                tell(word, &Err(error), options.json, limits);
                is_all_read = false;
                continue;
            }
            // What is not there: reading says so.
            Err(_) => vec![word.clone()],
        };
        for path in &found {
            let read = read(path, rules.as_ref(), limits);
            is_all_read &= read.is_ok();
            tell(path, &read, options.json, limits);
        }
    }
    if !options.json {
        anstream::println!("{}", bounds(limits));
    }
    Ok(if is_all_read { ExitCode::SUCCESS } else { ExitCode::from(UNREADABLE) })
}

fn tell(path: &Path, read: &Result<Examined, report::Error>, is_json: bool, limits: &Limits) {
    let told = match (read, is_json) {
        (Ok(examined), true) => as_json(path, examined, limits).to_string(),
        (Err(error), true) => refusal(path, error).to_string(),
        (Ok(examined), false) => as_text(path, examined),
        (Err(error), false) => {
            let (bad, end) = (style::BAD, style::PLAIN);
            format!("{bad}not read{end}  {}:{}: {}", plain(&error.file), error.line, plain(&error.reason))
        }
    };
    anstream::println!("{told}");
}

fn read(path: &Path, rules: Option<&LogRules>, limits: &Limits) -> Result<Examined, report::Error> {
    let label = path.display().to_string();
    let failed = |error: std::io::Error| report::Error { file: label.clone(), line: 1, reason: error.to_string() };
    let input = files::open(path).map_err(failed)?;
    let report = report::read_from(&label, input, rules, limits)?;
    let (mut counts, mut retries, mut measures) = (BTreeMap::new(), 0, 0);
    for piece in report.cases.pieces() {
        for case in piece.map_err(failed)?.rows() {
            let case = case.map_err(failed)?;
            *counts.entry(case.status.as_str()).or_default() += 1;
            retries += usize::from(case.attempt > 1);
            measures += case.measures.len();
        }
    }
    Ok(Examined { report, counts, retries, measures })
}

fn as_json(path: &Path, examined: &Examined, limits: &Limits) -> Value {
    let Examined { report, counts, retries, measures } = examined;
    let word = |((word, status), count): (&(String, Status), &usize)| json!({ "word": word, "status": status.as_str(), "count": count });
    json!({
        "file": path.display().to_string(),
        "format": report.format,
        "tool": report.tool,
        "outcome_count": report.cases.len(),
        "retry_count": retries,
        "measure_count": measures,
        "is_failures_only": report.is_failures_only,
        "started_at": report.started_at,
        "statuses": counts,
        "words": report.words.iter().map(word).collect::<Vec<_>>(),
        "ignored": report.ignored,
        "warnings": report.warnings.iter().map(|w| json!({ "line": w.line, "text": w.text })).collect::<Vec<_>>(),
        "bounds": {
            "bytes": limits.bytes, "streamed_bytes": limits.streamed_bytes, "attribute": limits.attribute, "depth": limits.depth, "cases": limits.cases, "name": limits.name,
            "message": limits.message, "warnings": limits.warnings,
        },
    })
}

fn refusal(path: &Path, error: &report::Error) -> Value {
    json!({ "file": path.display().to_string(), "line": error.line, "reason": error.reason })
}

fn as_text(path: &Path, examined: &Examined) -> String {
    let Examined { report, counts, retries, measures } = examined;
    let (good, end) = (style::GOOD, style::PLAIN);
    let tool = report.tool.as_deref().map(|tool| format!(", written by {}", plain(tool))).unwrap_or_default();
    let mut lines = vec![format!("{good}read{end}  {} as {}{tool}", path.display(), report.format)];
    let counts: Vec<String> = counts.iter().map(|(status, count)| format!("{count} {status}")).collect();
    lines.push(match report.cases.len() {
        0 => "  no outcome".to_owned(),
        1 => format!("  1 outcome: {}", counts.join(", ")),
        count => format!("  {count} outcomes: {}", counts.join(", ")),
    });
    if *retries > 0 {
        lines.push(format!("  {retries} of them are further attempts of a test"));
    }
    if *measures > 0 {
        lines.push(format!("  {measures} measures"));
    }
    if report.is_failures_only {
        lines.push("  only failures are listed: a test that is absent has not passed".to_owned());
    }
    for ((word, status), count) in &report.words {
        lines.push(format!("  `{}` became {} ({count}×)", plain(word), status.as_str()));
    }
    for (what, count) in &report.ignored {
        lines.push(format!("  left out: {count} {}", plain(what)));
    }
    for warning in &report.warnings {
        lines.push(format!("  line {}: {}", warning.line, plain(&warning.text)));
    }
    lines.join("\n")
}

/// Returns what holds for every report, once for all of them.
fn bounds(limits: &Limits) -> String {
    let Limits { bytes, streamed_bytes, depth, cases, name, message, .. } = limits;
    let (whole, streamed, texts, names) = (bytes >> 20, streamed_bytes >> 20, message >> 10, name >> 10);
    format!(
        "bounds of a report: {streamed} MiB, of what must be read whole {whole}; {cases} outcomes, depth {depth}; \
         texts keep {texts} KiB of head and tail, names {names} KiB"
    )
}
