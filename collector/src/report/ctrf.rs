//! Reads CTRF, the Common Test Report Format, as the schema 1.0 and the reporters before it define it.
//!
//! # Recognised by
//!
//! An object with `reportFormat` `CTRF`, or, as older reporters write it, with `results` that have a `tool` and a
//! `summary`.
//!
//! # Identity
//!
//! The suite is `suite`: a list from the outside in, joined by ` > `, or one text. A test without one belongs to its
//! `filePath`. The name is `name`, as the reporter chose it. Of an absolute path only the last part counts.
//!
//! # Attempts
//!
//! Those of `retryAttempts` in order, then the test itself. The list may or may not end with the last attempt: it does
//! if it has more entries than `retries`; without `retries`, if it ends with the test's own status. Where a reporter
//! only counts (`retries` without a list), the attempts before the last failed and nothing else is known of them; of a
//! passed test that is not `flaky` they are not believed.
//!
//! # Status
//!
//! The word of the tool (`rawStatus`) counts first, where it is one of these:
//!
//! | what the file says | status |
//! |---|---|
//! | `rawStatus` `xfailed`, `xfail`; `xpassed`, `xpass` | `xfailed`; `xpassed` |
//! | `rawStatus` `timedOut`, `timedout`, `timed_out`, `timeout` | `errored`, `timed_out` |
//! | `rawStatus` `crashed` | `errored`, `crashed` |
//! | `rawStatus` `setup_failed`, `teardown_failed`, `broken`, `error`, `errored`, `interrupted`, `aborted` | `errored` |
//! | `rawStatus` `todo` | `skipped` |
//! | `passed` | `passed` |
//! | `failed` | `failed`; `xpassed` for `[XPASS(strict)]`; `errored` if a runner says timeout or crash |
//! | `skipped`, `pending` | `skipped` |
//! | `other`, and nothing above | left out: it says nothing |
//! | any other word | left out with a warning |
//!
//! # Limits
//!
//! `pending` is what reporters of jest, mocha and Cypress write for tests that are marked so; a tool that means `not
//! run` by it cannot be told apart.

use annals_data::outcomes::Outcomes;
use annals_data::row::{Outcome, Status};
use serde::Deserialize;

use super::cases::Cases;
use super::error_kind::{CRASHED, TIMED_OUT, error_kind};
use super::json::{self, Json, Number, Text, Texts};
use super::path::last_part;
use super::text::Source;
use super::{Error, Format, Limits, Report};

/// CTRF.
pub(super) const FORMAT: Format = Format { name: "ctrf", title: "CTRF", is_streamed: false, is_like, read };

/// A test, or an attempt in its list.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Test {
    name: Text,
    status: Text,
    raw_status: Text,
    duration: Number,
    suite: Texts,
    message: Text,
    trace: Text,
    file_path: Text,
    line: Number,
    retries: Number,
    flaky: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Tool {
    name: Text,
    version: Text,
}

/// The counters, and when the tests began.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Summary {
    tests: Number,
    passed: Number,
    failed: Number,
    skipped: Number,
    pending: Number,
    other: Number,
    start: Number,
}

fn is_like(source: &Source) -> bool {
    let head = json::head(&source.text);
    json::get(head, "reportFormat") == Some("\"CTRF\"")
        || json::get(head, "results").is_some_and(|results| json::has_keys(results, &["tool", "summary"]))
}

fn read(source: &Source, limits: &Limits) -> Result<Report<Outcomes>, Error> {
    let json = Json::new(source);
    let mut cases = Cases::new(source, limits);
    let document = json.document(&cases)?;
    let Some(results) = json::get(document, "results").filter(|results| results.starts_with('{')) else {
        return Err(cases.refuse(0, "the report has no `results`"));
    };
    let mut counts = Counts::default();
    for piece in json::items(results, "tests") {
        let test: Test = json.parse(piece, &cases)?;
        counts.add(test.status.get());
        let attempts = attempts(&json, piece, &cases)?;
        push(test, attempts, json.position(piece), &mut cases, limits)?;
    }
    let summary: Summary = json.parse(json::get(results, "summary").unwrap_or("{}"), &cases)?;
    counts.compare(&summary, json::get(results, "summary").map_or(0, |piece| json.position(piece)), &mut cases);
    let tool: Tool = json.parse(json::get(results, "tool").unwrap_or("{}"), &cases)?;
    let tool = tool.name.some().map(|name| format!("{name} {}", tool.version.get()).trim().to_owned());
    Ok(Report { tool, started_at: json::instant_of_ms(&summary.start), ..cases.finish(&FORMAT)? })
}

/// Returns the entries of `retryAttempts`.
fn attempts(json: &Json, piece: &str, cases: &Cases) -> Result<Vec<Test>, Error> {
    let mut attempts: Vec<Test> = Vec::new();
    for piece in json::items(piece, "retryAttempts") {
        if attempts.len() >= 1000 {
            return Err(cases.refuse(json.position(piece), "a test has more than 1000 retry attempts"));
        }
        attempts.push(json.parse(piece, cases)?);
    }
    Ok(attempts)
}

/// Adds the attempts of a test.
fn push(
    mut test: Test,
    mut attempts: Vec<Test>,
    position: usize,
    cases: &mut Cases,
    limits: &Limits,
) -> Result<(), Error> {
    let Some((status, kind)) = status(&test) else {
        let word = super::text::line(test.status.get(), 40);
        match word.as_str() {
            "other" => cases.ignore("tests of the status `other`"),
            _ => cases.warn(position, format!("the status `{word}` is not known")),
        }
        return Ok(());
    };
    let has_last = match test.retries.whole() {
        Some(retries) => i64::try_from(attempts.len()).is_ok_and(|count| count > retries),
        None => attempts.last().is_some_and(|last| last.status == test.status),
    };
    let last = if has_last { attempts.pop() } else { None };
    let suite = suite(&test);
    let identity = |status| {
        let mut outcome = Outcome::new(suite.as_str(), test.name.get(), status);
        outcome.file = test.file_path.some().map(str::to_owned);
        outcome.line = test.line.line();
        outcome
    };
    let mut outcome = identity(status);
    if attempts.is_empty() && last.is_none() && is_retried(&test, status) {
        json::push_hidden(cases, position, &test.retries, &outcome)?;
    }
    for attempt in attempts {
        let Some((status, kind)) = self::status(&attempt) else {
            cases.ignore("attempts without a status");
            continue;
        };
        let outcome = fill(identity(status), &attempt, kind, position, cases, limits);
        cases.push(position, attempt.status.get(), outcome)?;
    }
    if let Some(last) = last {
        // The time of the test may be that of all attempts.
        test.duration = if last.duration.get().is_some() { last.duration } else { test.duration };
        if test.message.some().is_none() && test.trace.some().is_none() {
            (test.message, test.trace) = (last.message, last.trace);
        }
    }
    outcome = fill(outcome, &test, kind, position, cases, limits);
    let word = test.raw_status.some().unwrap_or(test.status.get());
    cases.push(position, word, outcome)
}

/// Returns whether the number of retries tells of attempts that failed.
fn is_retried(test: &Test, status: Status) -> bool {
    match status {
        Status::Passed => test.flaky != Some(false),
        Status::Failed | Status::Errored => true,
        Status::Skipped | Status::Xfailed | Status::Xpassed => false,
    }
}

/// Returns an outcome with what one attempt did.
fn fill(
    mut outcome: Outcome,
    test: &Test,
    kind: Option<&'static str>,
    position: usize,
    cases: &mut Cases,
    limits: &Limits,
) -> Outcome {
    outcome.error_kind = kind.map(str::to_owned);
    outcome.duration_us = json::duration(&test.duration, "ms", position, cases);
    outcome.message = match outcome.status {
        Status::Passed => None,
        _ => json::paragraphs(&[test.message.get(), test.trace.get()], limits),
    };
    outcome
}

/// Returns the suite of a test.
fn suite(test: &Test) -> String {
    let names: Vec<&str> = test.suite.get().into_iter().map(str::trim).filter(|name| !name.is_empty()).collect();
    match names.as_slice() {
        [] => last_part(test.file_path.get().trim()).to_owned(),
        names => names.iter().map(|name| last_part(name)).collect::<Vec<_>>().join(" > "),
    }
}

/// Returns the status of a test or an attempt, by the tool's word and by CTRF's.
fn status(test: &Test) -> Option<(Status, Option<&'static str>)> {
    let raw = match test.raw_status.get().to_ascii_lowercase().as_str() {
        "xfailed" | "xfail" => Some((Status::Xfailed, None)),
        "xpassed" | "xpass" => Some((Status::Xpassed, None)),
        "timedout" | "timed_out" | "timeout" => Some((Status::Errored, Some(TIMED_OUT))),
        "crashed" => Some((Status::Errored, Some(CRASHED))),
        "setup_failed" | "teardown_failed" | "broken" | "error" | "errored" | "interrupted" | "aborted" => {
            Some((Status::Errored, None))
        }
        "todo" => Some((Status::Skipped, None)),
        _ => None,
    };
    raw.or_else(|| match test.status.get() {
        "passed" => Some((Status::Passed, None)),
        "failed" if test.message.get().starts_with("[XPASS(strict)]") => Some((Status::Xpassed, None)),
        "failed" => match error_kind("", test.message.some().unwrap_or(test.trace.get())) {
            Some(kind) => Some((Status::Errored, Some(kind))),
            None => Some((Status::Failed, None)),
        },
        "skipped" | "pending" => Some((Status::Skipped, None)),
        _ => None,
    })
}

/// How many tests have each of CTRF's words.
#[derive(Default)]
struct Counts([usize; 6]);

/// CTRF's words, behind the sum of all.
const WORDS: [&str; 6] = ["tests", "passed", "failed", "skipped", "pending", "other"];

impl Counts {
    fn add(&mut self, word: &str) {
        self.0[0] += 1;
        if let Some(at) = WORDS.iter().skip(1).position(|known| *known == word) {
            self.0[at + 1] += 1;
        }
    }

    /// Tells where the summary counts otherwise.
    fn compare(&self, summary: &Summary, position: usize, cases: &mut Cases) {
        let declared = [summary.tests, summary.passed, summary.failed, summary.skipped, summary.pending, summary.other];
        for ((word, declared), listed) in WORDS.iter().zip(declared).zip(self.0) {
            if let Some(declared) = declared.get().filter(|declared| *declared != listed as f64) {
                cases.warn(position, format!("the summary counts {declared} `{word}`, listed are {listed}"));
            }
        }
    }
}

#[cfg(test)]
mod tests;
