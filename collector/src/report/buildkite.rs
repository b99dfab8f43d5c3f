//! Reads the JSON of Buildkite's Test Engine, as its collectors write and send it: an array of executions.
//!
//! # Recognised by
//!
//! An array whose first object has `result` and `history`, and a `name`.
//!
//! # Identity
//!
//! The suite is `scope`, the name is `name`. `location` gives file and line, else `file_name` the file.
//!
//! # Attempts
//!
//! Executions with equal scope and name are attempts of one test, in the order of the file.
//!
//! # Status
//!
//! | `result` | status |
//! |---|---|
//! | `passed` | `passed` |
//! | `failed` | `failed` |
//! | `skipped`, `pending` | `skipped` |
//! | `unknown`, or none | left out: nothing is known of it |
//!
//! The message is `failure_reason`, and of each `failure_expanded` the text and the backtrace.
//!
//! # Limits
//!
//! When the tests began cannot be told: `start_at` is a clock of the process. Spans are left out.

use annals_data::outcomes::Outcomes;
use annals_data::row::{Outcome, Status};
use serde::Deserialize;

use super::cases::Cases;
use super::text::Source;
use super::{Error, Format, Limits, Report, duration};

/// The JSON of Buildkite's Test Engine.
pub(super) const FORMAT: Format =
    Format { name: "buildkite", title: "Buildkite Test Engine JSON", is_streamed: false, is_like, read };

/// The first object is looked for in so many bytes.
const HEAD: usize = 256 << 10;

/// One execution; what is not read is left out.
#[derive(Deserialize)]
struct Execution {
    scope: Option<String>,
    name: Option<String>,
    location: Option<String>,
    file_name: Option<String>,
    result: Option<String>,
    failure_reason: Option<String>,
    failure_expanded: Option<Vec<Expanded>>,
    history: Option<History>,
}

/// A failure in full.
#[derive(Deserialize)]
struct Expanded {
    expanded: Option<Vec<String>>,
    backtrace: Option<Vec<String>>,
}

/// How long it took.
#[derive(Deserialize)]
struct History {
    duration: Option<serde_json::Number>,
}

fn is_like(source: &Source) -> bool {
    let text = source.text.trim_start();
    let head = &text[..text.floor_char_boundary(HEAD)];
    let is_array = head.strip_prefix('[').is_some_and(|rest| rest.trim_start().starts_with('{'));
    is_array && ["\"result\"", "\"history\"", "\"name\""].iter().all(|key| head.contains(key))
}

fn read(source: &Source, limits: &Limits) -> Result<Report<Outcomes>, Error> {
    let mut cases = Cases::new(source, limits);
    let executions: Vec<Execution> = serde_json::from_str(&source.text).map_err(|error| {
        let position = source.text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
        source.error(position, format!("the JSON is damaged or truncated: {error}"))
    })?;
    for execution in executions {
        let word = execution.result.clone().unwrap_or_default();
        let status = match word.as_str() {
            "passed" => Status::Passed,
            "failed" => Status::Failed,
            "skipped" | "pending" => Status::Skipped,
            "unknown" | "" => {
                cases.ignore("executions of an unknown result");
                continue;
            }
            other => {
                cases.warn(0, format!("an execution is left out: its result is `{}`", super::text::line(other, 40)));
                cases.ignore("executions of another result");
                continue;
            }
        };
        cases.push(0, &word, outcome(execution, status))?;
    }
    cases.finish(&FORMAT)
}

fn outcome(execution: Execution, status: Status) -> Outcome {
    let message = message(&execution);
    let place = execution.location.as_deref().and_then(|place| place.rsplit_once(':'));
    let line = place.and_then(|(_, line)| line.parse().ok()).filter(|line| *line > 0);
    let file = place.filter(|_| line.is_some()).map(|(file, _)| file.to_owned()).or(execution.file_name);
    let duration = execution.history.and_then(|history| history.duration);
    Outcome {
        message: (status == Status::Failed).then_some(message),
        file: file.map(|file| file.trim_start_matches("./").to_owned()),
        line,
        duration_us: duration.and_then(|seconds| duration::microseconds(&seconds.to_string())),
        ..Outcome::new(execution.scope.unwrap_or_default(), execution.name.unwrap_or_default(), status)
    }
}

fn message(execution: &Execution) -> String {
    let mut lines: Vec<&str> = execution.failure_reason.as_deref().into_iter().collect();
    for expanded in execution.failure_expanded.iter().flatten() {
        let texts = [&expanded.expanded, &expanded.backtrace].into_iter().flatten();
        lines.extend(texts.flatten().map(String::as_str));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use crate::report::read;

    #[test]
    fn what_is_damaged_or_strange_is_told() {
        let one = r#"[{"name":"a","result":"passed","history":{"duration":1.5}},
            {"name":"b","result":"odd","history":{}},{"name":"c","result":"unknown"}]"#;
        let report = read("x", one.as_bytes()).unwrap();
        assert_eq!((report.cases.len(), report.cases[0].duration_us, report.warnings.len()), (1, Some(1_500_000), 1));
        assert_eq!(report.ignored.values().sum::<usize>(), 2);
        let torn = read("x", &one.as_bytes()[..90]).unwrap_err();
        assert!(torn.line == 2 && torn.reason.contains("truncated"), "{torn}");
    }
}
