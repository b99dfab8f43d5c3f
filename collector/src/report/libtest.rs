//! Reads what `cargo test -- -Z unstable-options --format json` and nextest's `libtest-json` and `libtest-json-plus`
//! write: one event a line.
//!
//! # Recognised by
//!
//! One of the first lines is an object with `event` whose `type` is `suite`, `test` or `bench`. Other lines (what
//! cargo or a test with `--nocapture` prints) are counted and left out.
//!
//! # Identity
//!
//! The name is the path of the test: `tests::parses`. Of nextest the suite is the binary as nextest names it: `shop`
//! for a library, `shop::it` for `tests/it.rs`, `shop::bin/tool`. libtest does not name the binary: the suite is
//! empty, unless cargo's own lines (`Running tests/it.rs (…)`) stand between the events, as in the output of one
//! terminal. Because every binary is a suite of its own, a name that comes again in a later one is another test: its
//! suite ends with ` (2)`, ` (3)` in the order of the binaries.
//!
//! A doc test loses its line (`src/lib.rs - two (line 5)`), which every edit above it would change; of several in one
//! item the second is `src/lib.rs - two (2)`. The line is told beside it.
//!
//! # Attempts
//!
//! nextest tells the number of the last attempt (`tests::flaky#2`) and nothing of those before it. They failed, or
//! there would be no later one: they are attempts of the status `failed` of which nothing else is known.
//!
//! # Status
//!
//! | what the event says | status |
//! |---|---|
//! | `ok` | `passed` |
//! | `failed` | `failed` |
//! | `failed` with the reason `time limit exceeded` | `errored`, `timed_out` |
//! | `failed` of a doc test whose program a signal ended | `errored`, `crashed` |
//! | `ignored` | `skipped`, with its reason |
//! | `allowed_failure` (older versions) | `xfailed` |
//! | an event of the type `bench` | `passed`, with its measures |
//! | `started` and no end | `errored`, `crashed`, with a warning: its binary ended first |
//! | `timeout` (the test is slow), `discovered` | no outcome |
//!
//! A stream that stops within a line is refused; one that stops between two lines is read.
//!
//! # Measures
//!
//! Of a benchmark `median` and `deviation` in ns, and `mib_per_second` where it is told.
//!
//! # Limits
//!
//! nextest does not tell a test that crashed from one that failed. Runs of one binary after each other in one file
//! look like several binaries. Tests that were filtered out are only counted by the tools. `cargo bench` calls plain
//! tests `ignored`.

mod doc_test;
mod reading;
#[cfg(test)]
mod tests;

use annals_data::outcomes::Outcomes;
use serde::Deserialize;

use self::reading::Reading;
use super::cases::Cases;
use super::json::{self, Json, Number, Text};
use super::text::Source;
use super::{Error, Format, Limits, Report};

/// libtest's JSON.
pub(super) const FORMAT: Format =
    Format { name: "libtest", title: "libtest JSON (cargo test, nextest)", is_streamed: false, is_like, read };

/// One event, with what matters of it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Event {
    #[serde(rename = "type")]
    kind: Text,
    event: Text,
    name: Text,
    exec_time: Number,
    stdout: Text,
    message: Text,
    reason: Text,
    passed: Number,
    failed: Number,
    ignored: Number,
    measured: Number,
    median: Number,
    deviation: Number,
    mib_per_second: Number,
}

/// The binary of a suite, as `libtest-json-plus` adds it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Nextest {
    #[serde(rename = "crate")]
    package: Text,
    test_binary: Text,
    kind: Text,
}

fn is_like(source: &Source) -> bool {
    let is_known = |line: &str| matches!(json::get(line, "type"), Some("\"suite\"" | "\"test\"" | "\"bench\""));
    json::has_line(&source.text, |line| json::has_keys(line, &["event"]) && is_known(line))
}

fn read(source: &Source, limits: &Limits) -> Result<Report<Outcomes>, Error> {
    let json = Json::new(source);
    let mut cases = Cases::open(source, limits);
    let mut reading = Reading::new(limits);
    json.each_line("{ \"type\": \"", &mut cases, |cases, piece| {
        let Some(event) = json.event::<Event>(piece, cases)? else {
            return Ok(reading.line(piece));
        };
        let binary = match json::get(piece, "nextest") {
            Some(nextest) => Some(json.parse::<Nextest>(nextest, cases)?),
            None => None,
        };
        reading.event(&event, binary, json.position(piece), cases)
    })?;
    let is_nextest = reading.finish(&mut cases)?;
    let tool = if is_nextest { "nextest" } else { "libtest" };
    Ok(Report { tool: Some(tool.to_owned()), ..cases.finish(&FORMAT)? })
}
