//! One test file of a run, and the assertions in it.

use annals_data::row::{Outcome, SUITE, Status};
use serde::Deserialize;

use super::super::cases::Cases;
use super::super::error_kind::{TIMED_OUT, error_kind};
use super::super::json::{self, Json, Number, Text, Texts};
use super::super::text::line;
use super::super::{Error, Limits};

/// A file, without its assertions.
#[derive(Default, Deserialize)]
#[serde(default)]
struct File {
    status: Text,
    message: Text,
}

/// An assertion: what jest calls a test.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Assertion {
    ancestor_titles: Texts,
    title: Text,
    full_name: Text,
    status: Text,
    duration: Number,
    failure_messages: Texts,
    invocations: Number,
    retry_reasons: Texts,
    retry_messages: Texts,
    /// The test is marked as one that fails.
    failing: Option<bool>,
    location: Option<Location>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Location {
    line: Number,
}

/// Reads a file, which has a path and a short name, and returns how many tests the tool counts in it.
pub(super) fn read(
    json: &Json,
    piece: &str,
    (path, short): (&str, &str),
    is_jest: bool,
    cases: &mut Cases,
    limits: &Limits,
) -> Result<usize, Error> {
    let file: File = json.parse(piece, cases)?;
    let mut listed = 0;
    let mut is_explained = false;
    for piece in json::items(piece, "assertionResults") {
        let assertion: Assertion = json.parse(piece, cases)?;
        let position = json.position(piece);
        let is_whole_file = is_whole_file(&assertion);
        is_explained |= is_whole_file || assertion.status.get() == "failed";
        if is_whole_file {
            push_file(short, path, &assertion.failure_messages.0.join("\n\n"), position, cases)?;
            continue;
        }
        listed += 1;
        push(&assertion, (path, short), position, is_jest, cases, limits)?;
    }
    if file.status.get() == "failed" && !is_explained {
        push_file(short, path, file.message.get(), json.position(piece), cases)?;
    }
    Ok(listed)
}

/// Returns whether an assertion stands for a file that did not load.
fn is_whole_file(assertion: &Assertion) -> bool {
    let is_unnamed = assertion.title.some().is_none() && assertion.full_name.some().is_none();
    let begin = "● Test suite failed to run";
    let says_so = || assertion.failure_messages.0.first().is_some_and(|text| text.trim_start().starts_with(begin));
    assertion.ancestor_titles.0.is_empty() && (is_unnamed || says_so())
}

/// Adds the failure of a whole file.
fn push_file(short: &str, path: &str, message: &str, position: usize, cases: &mut Cases) -> Result<(), Error> {
    let mut outcome = Outcome::of_suite(short, SUITE, Status::Errored);
    outcome.error_kind = error_kind("", message).map(str::to_owned);
    let is_said = !message.trim().is_empty();
    outcome.message = Some(if is_said { message } else { "the file failed, and none of its tests did" }.to_owned());
    outcome.file = Some(path.to_owned());
    cases.push(position, "failed (file)", outcome)
}

/// Adds the attempts of a test.
fn push(
    assertion: &Assertion,
    (path, short): (&str, &str),
    position: usize,
    is_jest: bool,
    cases: &mut Cases,
    limits: &Limits,
) -> Result<(), Error> {
    let word = assertion.status.get();
    let is_failing = assertion.failing == Some(true);
    let Some(status) = status(word, is_jest, is_failing) else {
        match word {
            "pending" | "running" | "queued" => cases.ignore("tests that did not run"),
            _ => cases.warn(position, format!("the status `{}` is not known", line(word, 40))),
        }
        return Ok(());
    };
    let outcome = |status, texts: &[String]| attempt(assertion, (path, short), status, texts, is_jest, limits);
    let reasons = reasons(assertion, status);
    let ran = assertion.invocations.get().unwrap_or(1.0) - 1.0;
    if status != Status::Skipped && !is_failing {
        let last = outcome(Status::Passed, &[]);
        json::push_hidden(cases, position, &Number::from(ran - reasons.len() as f64), &last)?;
    }
    for reason in reasons {
        let status = if is_failing { Status::Xpassed } else { Status::Failed };
        cases.push(position, "retried", outcome(status, std::slice::from_ref(reason)))?;
    }
    let mut last = outcome(status, if status == Status::Passed { &[] } else { &assertion.failure_messages.0 });
    last.duration_us = json::duration(&assertion.duration, "ms", position, cases);
    cases.push(position, word, last)
}

/// Returns what one attempt of a test did, with what was said of it.
fn attempt(
    assertion: &Assertion,
    (path, short): (&str, &str),
    status: Status,
    texts: &[String],
    is_jest: bool,
    limits: &Limits,
) -> Outcome {
    let mut suite = vec![short];
    suite.extend(assertion.ancestor_titles.0.iter().map(|title| title.trim()).filter(|title| !title.is_empty()));
    let name = assertion.title.some().unwrap_or(assertion.full_name.get());
    let mut outcome = Outcome::new(suite.join(" > "), name, status);
    outcome.file = Some(path.to_owned());
    outcome.line = assertion.location.as_ref().and_then(|location| location.line.line());
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    outcome.message = json::paragraphs(&texts, limits);
    let kind = outcome.message.as_deref().and_then(|text| kind(text, is_jest));
    if let Some(kind) = kind.filter(|_| status == Status::Failed) {
        outcome.status = Status::Errored;
        outcome.error_kind = Some(kind.to_owned());
    }
    outcome
}

/// Returns why the attempts before the last one failed.
fn reasons(assertion: &Assertion, status: Status) -> Vec<&String> {
    let Assertion { retry_reasons, retry_messages, failure_messages, .. } = assertion;
    let mut reasons: Vec<&String> = retry_reasons.0.iter().chain(&retry_messages.0).collect();
    // Both lists say the same in versions that have both.
    reasons.truncate(retry_reasons.0.len().max(retry_messages.0.len()));
    if status == Status::Passed {
        reasons.extend(&failure_messages.0);
    }
    reasons
}

/// Returns what a word stands for.
fn status(word: &str, is_jest: bool, is_failing: bool) -> Option<Status> {
    match word {
        "passed" if is_failing => Some(Status::Xfailed),
        "failed" if is_failing => Some(Status::Xpassed),
        "passed" | "focused" => Some(Status::Passed),
        "failed" => Some(Status::Failed),
        "skipped" | "disabled" | "todo" => Some(Status::Skipped),
        "pending" if is_jest => Some(Status::Skipped),
        _ => None,
    }
}

/// Returns the kind of error that the runner names; of a timeout vitest writes only the place, under this name.
fn kind(text: &str, is_jest: bool) -> Option<&'static str> {
    let is_vitest_timeout = !is_jest && text.starts_with("Error: STACK_TRACE_ERROR");
    if is_vitest_timeout { Some(TIMED_OUT) } else { error_kind("", text) }
}
