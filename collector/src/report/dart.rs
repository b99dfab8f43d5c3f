//! Reads the JSON lines of `dart test --reporter json` and `flutter test --machine`.
//!
//! # Recognised by
//!
//! One of the first lines is an object with `time` and a `type` of the protocol (`start`, `suite`, `testStart` and so
//! on). Other lines (what flutter prints or reports of its tool) are counted and left out.
//!
//! # Identity
//!
//! The suite is the file and the groups around the test, joined by ` > `: `test/cart_test.dart > Cart > total`. On
//! another platform than the virtual machine, that stands before them, because one report may hold several:
//! `[chrome] > …`. The name is what the test's name has behind that of its group. Of an absolute path (flutter) only
//! the last part counts, with as many folders as tell it from others. A file that does not load is its case `(suite)`.
//!
//! # Attempts
//!
//! None: a test that is retried within Dart ends once.
//!
//! # Status
//!
//! | what the events say | status |
//! |---|---|
//! | `success` | `passed` |
//! | `success` and `skipped` | `skipped`, with the reason |
//! | `failure` | `failed` |
//! | `error` | `errored`; `timed_out` if the runner says so |
//! | a file that does not load; a failed `(setUpAll)` or `(tearDownAll)` | `errored` |
//! | an `error` after the end of its test | the test becomes `failed` or `errored`, with a warning |
//! | `testStart` and no `testDone` | `errored`, `crashed`, with a warning |
//! | a hidden test that succeeds: files that load, `(setUpAll)` | no outcome |
//! | any other result | left out with a warning |
//!
//! A stream that stops within a line is refused; one that stops between two lines is read, with a warning if it has no
//! `done`.
//!
//! # Limits
//!
//! Failed attempts of `retry` are not told.

mod reading;
#[cfg(test)]
mod tests;

use annals_data::outcomes::Outcomes;
use serde::Deserialize;

use self::reading::Reading;
use super::cases::Cases;
use super::json::{self, Json, Number, Text, Texts};
use super::text::{Source, line};
use super::{Error, Format, Limits, Report};

/// Dart's and Flutter's JSON.
pub(super) const FORMAT: Format =
    Format { name: "dart", title: "Dart and Flutter test JSON", is_streamed: false, is_like, read };

/// The types of the protocol.
const TYPES: [&str; 11] =
    ["start", "allSuites", "suite", "debug", "group", "testStart", "print", "error", "testDone", "done", "loading"];

/// One event, with what matters of it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Event {
    #[serde(rename = "type")]
    kind: Text,
    time: Number,
    #[serde(rename = "runnerVersion")]
    runner_version: Text,
    suite: Option<Suite>,
    group: Option<Group>,
    test: Option<Test>,
    #[serde(rename = "testID")]
    test_id: Number,
    error: Text,
    #[serde(rename = "stackTrace")]
    stack_trace: Text,
    #[serde(rename = "isFailure")]
    is_failure: Option<bool>,
    result: Text,
    hidden: Option<bool>,
    skipped: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Suite {
    id: Number,
    platform: Text,
    path: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Group {
    id: Number,
    name: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Test {
    id: Number,
    name: Text,
    #[serde(rename = "suiteID")]
    suite_id: Number,
    #[serde(rename = "groupIDs")]
    group_ids: Texts,
    line: Number,
    root_line: Number,
    metadata: Option<Metadata>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    #[serde(rename = "skipReason")]
    skip_reason: Text,
}

fn is_like(source: &Source) -> bool {
    let is_known = |line: &str| {
        json::get(line, "type").is_some_and(|kind| TYPES.iter().any(|known| kind.trim_matches('"') == *known))
    };
    let has = |line: &str| json::has_keys(line, &["type", "time"]) && !json::has_keys(line, &["event"]);
    json::has_line(&source.text, |line| has(line) && is_known(line))
}

fn read(source: &Source, limits: &Limits) -> Result<Report<Outcomes>, Error> {
    let json = Json::new(source);
    let mut cases = Cases::open(source, limits);
    let mut reading = Reading::new(source, limits);
    let mut version = None;
    json.each_line("{\"testID\":", &mut cases, |cases, piece| {
        let is_known = |event: &Event| TYPES.contains(&event.kind.get());
        let Some(event) = json.event::<Event>(piece, cases)?.filter(is_known) else {
            return Ok(false);
        };
        version = version.take().or(event.runner_version.some().map(|version| line(version, 40)));
        reading.event(event, json.position(piece), cases)?;
        Ok(true)
    })?;
    reading.finish(&mut cases)?;
    let tool = format!("dart test {}", version.unwrap_or_default()).trim().to_owned();
    Ok(Report { tool: Some(tool), ..cases.finish(&FORMAT)? })
}
