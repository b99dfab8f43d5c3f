//! Reads the JSON of Playwright Test (`--reporter=json`).
//!
//! # Recognised by
//!
//! An object with `config` and `suites`, where `config` has `rootDir` or `projects`, or the object has `stats` with
//! `expected` and `unexpected`.
//!
//! # Identity
//!
//! The suite is the project in brackets, the file and the `describe` blocks, joined by ` > `:
//! `[chromium] > cart.spec.ts > totals`. The project is part of it because one report holds the same test for several
//! browsers; a run without projects has none. The name is the title of the test. What fails outside of any test is a
//! case `(suite)` of its file.
//!
//! # Attempts
//!
//! Every entry of `results` is one, in order.
//!
//! # Status
//!
//! | what a result says | status |
//! |---|---|
//! | `passed`, and `expectedStatus` is not `failed` | `passed` |
//! | `passed`, and `expectedStatus` is `failed` (`test.fail`) | `xpassed` |
//! | `failed`, and `expectedStatus` is `failed` | `xfailed` |
//! | `failed` | `failed`; `errored`, `crashed` if the worker ended |
//! | `timedOut` | `errored`, `timed_out` |
//! | `interrupted` | `errored` |
//! | `skipped`, and `expectedStatus` is `skipped` (`test.skip`, `test.fixme`) | `skipped`, with the reason |
//! | `skipped` otherwise, or no result (a test before it failed, `--max-failures`) | left out: it did not run |
//! | any other word | left out with a warning |
//! | an entry of `errors` | `errored`, as `(suite)` |
//! | the entry that says that testing stopped early (`--max-failures`) | no outcome |
//!
//! # Limits
//!
//! Tests repeated with `--repeat-each` are attempts of one test. Steps and attachments are not read.

mod suite;
#[cfg(test)]
mod tests;

use annals_data::outcomes::Outcomes;
use serde::Deserialize;

use self::suite::{Place, suites};
use super::cases::Cases;
use super::clock;
use super::json::{self, Json, Number, Text};
use super::text::{Source, line};
use super::{Error, Format, Limits, Report};

/// Playwright's JSON.
pub(super) const FORMAT: Format =
    Format { name: "playwright", title: "Playwright JSON", is_streamed: false, is_like, read };

/// The tests that had each result, and when they began.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Stats {
    start_time: Text,
    expected: Number,
    unexpected: Number,
    flaky: Number,
    skipped: Number,
}

fn is_like(source: &Source) -> bool {
    let head = json::head(&source.text);
    let has = |key: &str, keys: &[&str]| json::get(head, key).is_some_and(|value| json::has_keys(value, keys));
    let is_config = has("config", &["rootDir"]) || has("config", &["projects"]);
    // Of a large report that begins with its suites, the counters at the end are not looked at.
    (is_config && json::get(head, "results").is_none())
        || (json::has_keys(head, &["suites"]) && has("stats", &["expected", "unexpected"]))
}

fn read(source: &Source, limits: &Limits) -> Result<Report<Outcomes>, Error> {
    let json = Json::new(source);
    let mut cases = Cases::new(source, limits);
    let document = json.document(&cases)?;
    let Some(list) = json::get(document, "suites") else {
        return Err(cases.refuse(0, "the report has no `suites`"));
    };
    let mut place = Place::new(&json, limits);
    suites(&mut place, list, &mut cases)?;
    for piece in json::items(document, "errors") {
        place.global_error(piece, &mut cases)?;
    }
    let stats: Stats = json.parse(json::get(document, "stats").unwrap_or("{}"), &cases)?;
    let declared = [stats.expected, stats.unexpected, stats.flaky, stats.skipped].map(Number::get);
    let position = json::get(document, "stats").map_or(0, |piece| json.position(piece));
    if let [Some(expected), Some(unexpected), Some(flaky), Some(skipped)] = declared {
        let (declared, listed) = (expected + unexpected + flaky + skipped, place.listed());
        if declared != listed as f64 {
            cases.warn(position, format!("declared are {declared} tests, listed are {listed}"));
        }
    }
    let version = json::get(document, "config").and_then(|config| json::get(config, "version")).unwrap_or("null");
    let version: Text = json.parse(version, &cases)?;
    let tool = format!("Playwright {}", line(version.get(), 40)).trim().to_owned();
    Ok(Report { tool: Some(tool), started_at: clock::microseconds(stats.start_time.get()), ..cases.finish(&FORMAT)? })
}
