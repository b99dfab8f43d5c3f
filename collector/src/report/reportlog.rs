//! Reads the JSON lines of pytest-reportlog: one report for every phase of every test, the most that pytest tells.
//!
//! # Recognised by
//!
//! One of the first lines is an object with `$report_type`. Other lines are counted and left out.
//!
//! # Identity
//!
//! As in pytest's JUnit XML, so that a project may change from one to the other: the suite is the module and the
//! classes with dots (`tests.test_cart.TestTotal`), the name is the function with its parameters
//! (`test_add[a/b::c]`). A subtest adds its message and parameters: `test_add [empty] (n=0)`. A module or class that
//! cannot be collected is its case `(suite)`.
//!
//! # Attempts
//!
//! Set-up, call and teardown are one attempt. With pytest-rerunfailures every run is an attempt of its own.
//!
//! # Status
//!
//! | what the reports of one attempt say | status |
//! |---|---|
//! | the set-up `failed` or is to `rerun` | `errored` |
//! | the call `failed` or is to `rerun` | `failed`; `errored`, `timed_out` if pytest-timeout says so |
//! | the call `failed` with `[XPASS(strict)]`, or `Unexpected success` (unittest) | `xpassed` |
//! | only the teardown `failed` | `errored` |
//! | a phase is `skipped` with `wasxfail` | `xfailed` |
//! | a phase is `skipped` | `skipped`, with the reason |
//! | the call `passed` with `wasxfail` | `xpassed` |
//! | all `passed` | `passed` |
//! | a worker of pytest-xdist crashed | `errored`, `crashed` |
//! | a subtest `failed` | an outcome of its own; a parent that fails only for it is left out |
//! | a collection that `failed`; was `skipped` | `errored`; `skipped`, as `(suite)` |
//! | no teardown | `errored`, `crashed`, with a warning |
//!
//! A stream that stops within a line is refused; one that stops between two lines is read, with a warning if it has no
//! `SessionFinish`.
//!
//! # Limits
//!
//! Of chained exceptions the last one is told. What a test printed and its properties are not read.

mod longrepr;
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

/// pytest-reportlog.
pub(super) const FORMAT: Format =
    Format { name: "reportlog", title: "pytest-reportlog", is_streamed: false, is_like, read };

/// One line, with what matters of it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Line {
    #[serde(rename = "$report_type")]
    kind: Text,
    /// What plugins call their own reports.
    #[serde(rename = "_report_type")]
    plugin_kind: Text,
    pytest_version: Text,
    nodeid: Text,
    /// File, line from zero, and name.
    location: Texts,
    outcome: Text,
    when: Text,
    duration: Number,
    start: Number,
    wasxfail: Text,
}

fn is_like(source: &Source) -> bool {
    json::has_line(&source.text, |line| json::get(line, "$report_type").is_some())
}

fn read(source: &Source, limits: &Limits) -> Result<Report<Outcomes>, Error> {
    let json = Json::new(source);
    let mut cases = Cases::new(source, limits);
    let mut reading = Reading::new(limits);
    let mut tool = "pytest".to_owned();
    json.each_line("{\"$report_type\":", &mut cases, |cases, piece| {
        let is_known = |report: &Line| report.kind.some().or(report.plugin_kind.some()).is_some();
        let Some(report) = json.event::<Line>(piece, cases)?.filter(is_known) else {
            return Ok(false);
        };
        if let Some(version) = report.pytest_version.some() {
            tool = format!("pytest {}", line(version, 40));
        }
        reading.line(&json, &report, piece, cases)?;
        Ok(true)
    })?;
    let started_at = reading.finish(&mut cases)?;
    Ok(Report { tool: Some(tool), started_at, ..cases.finish(&FORMAT)? })
}
