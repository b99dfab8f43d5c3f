//! Reads the JSON of jest (`--json`) and vitest (`--reporter=json`).
//!
//! # Recognised by
//!
//! An object with `testResults` and `numTotalTests`.
//!
//! # Identity
//!
//! The suite is the file and the `describe` blocks around the test, joined by ` > `: `a.test.js > outer > inner`. The
//! name is `title`. Of the absolute path only the last part counts, with as many folders as tell it from other files of
//! the report (`a/index.test.js`, `b/index.test.js`). What breaks a file as a whole is its case `(suite)`.
//!
//! # Attempts
//!
//! jest tells how often a test ran (`invocations`) and, with `logErrorsBeforeRetry`, why (`retryReasons`); vitest lists
//! one failure of each attempt of a test that passed at last. The attempts before the last one failed; of those without
//! a reason nothing else is known. vitest hides the attempts of a test that failed at last.
//!
//! # Status
//!
//! | what the file says | status |
//! |---|---|
//! | `passed`, `focused` | `passed`; `xfailed` if jest says `failing` (30 and later) |
//! | `failed` | `failed`; `xpassed` if jest says `failing`; `errored` if the runner says timeout or crash |
//! | `skipped`, `disabled`, `todo`; jest's `pending` | `skipped` |
//! | vitest's `pending`, `running`, `queued` | left out: the test did not run |
//! | any other word | left out with a warning |
//! | a file that did not load, or failed without a failed test (`afterAll`) | `errored`, as `(suite)` |
//!
//! # Limits
//!
//! vitest's `test.fails`, and jest's `failing` before 30, look passed when the test failed as expected and failed when
//! it passed. vitest calls tests `skipped` whose `beforeAll` failed. A failed `beforeAll` or `afterAll` beside a failed
//! test of the same file is not told apart from it.
//! The texts of several failures of one attempt are joined.

mod file;
#[cfg(test)]
mod tests;

use annals_data::outcomes::Outcomes;
use serde::Deserialize;

use super::cases::Cases;
use super::json::{self, Json, Number, Text};
use super::path::Names;
use super::text::Source;
use super::{Error, Format, Limits, Report};

/// The JSON of jest and vitest.
pub(super) const FORMAT: Format =
    Format { name: "jest", title: "jest and vitest JSON", is_streamed: false, is_like, read };

/// The whole run, without its files.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Run {
    num_total_tests: Number,
    start_time: Number,
}

fn is_like(source: &Source) -> bool {
    json::has_keys(&source.text, &["testResults", "numTotalTests"])
}

fn read(source: &Source, limits: &Limits) -> Result<Report<Outcomes>, Error> {
    let json = Json::new(source);
    let mut cases = Cases::new(source, limits);
    let document = json.document(&cases)?;
    let run: Run = json.parse(document, &cases)?;
    let is_jest = json::get(document, "numRuntimeErrorTestSuites").is_some();
    let mut paths: Vec<String> = Vec::new();
    for piece in json::items(document, "testResults") {
        if paths.len() >= limits.cases {
            return Err(cases.refuse(json.position(piece), "the report has too many files"));
        }
        let path: Text = json.parse(json::get(piece, "name").unwrap_or("null"), &cases)?;
        paths.push(path.get().to_owned());
    }
    let names = Names::new(paths.iter().map(String::as_str));
    let mut listed = 0;
    for (piece, path) in json::items(document, "testResults").zip(&paths) {
        listed += file::read(&json, piece, (path, names.get(path)), is_jest, &mut cases, limits)?;
    }
    if let Some(declared) = run.num_total_tests.get().filter(|declared| *declared != listed as f64) {
        cases.warn(0, format!("declared are {declared} tests, listed are {listed}"));
    }
    let tool = if is_jest { "jest" } else { "vitest" };
    let started_at = json::instant_of_ms(&run.start_time);
    Ok(Report { tool: Some(tool.to_owned()), started_at, ..cases.finish(&FORMAT)? })
}
