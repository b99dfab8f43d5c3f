//! Reads `go test -json`: one event a line, as `test2json` defines them.
//!
//! # Recognised by
//!
//! One of the first lines is an object with `Action` and one of `Package`, `Test`, `Output` and `ImportPath`. Other
//! lines are counted and left out, but those with which the go command before 1.24 tells that a package did not build
//! (`FAIL example.org/shop [build failed]`, and what the compiler said after `# example.org/shop`).
//!
//! # Identity
//!
//! The suite is the package, the name is the whole test: `TestParse/empty_input`. A benchmark loses the number of
//! processors that it ends with (`BenchmarkParse-8`); where the go command does not name the benchmark apart, it does
//! so only if all benchmarks of the package end with the same number. What breaks a package as a whole (it does not
//! build, `TestMain` fails, it ends outside of any test) is its case `(suite)`.
//!
//! # Attempts
//!
//! `-count=3` and reruns give one attempt per run, in the order in which they end.
//!
//! # Status
//!
//! | what the events say | status |
//! |---|---|
//! | `pass` | `passed` |
//! | `skip` | `skipped`, with the reason that the test logged |
//! | `fail` | `failed` |
//! | `fail`, and the test printed a panic or fatal error with its goroutines | `errored`, `crashed` |
//! | `fail` of a test with subtests of which one failed | left out: it is no second failure |
//! | a benchmark's result | `passed`, with its measures |
//! | no end, and the package failed or has no end either | `errored`: `timed_out` if the package was, else `crashed` |
//! | no end, and the test was paused (`t.Parallel`) | left out: it was waiting, not running |
//! | no end, and the package passed | `passed`, with a warning: what a test prints can hide its end |
//! | `fail` of a package without a failed test, `build-fail`, a line `FAIL … [build failed]` or `[setup failed]` | `errored`, as `(suite)` |
//! | `skip` of a package (`[no test files]`), `bench`, `attr`, `start`, `cont` | no outcome |
//!
//! A stream that stops within a line is refused; one that stops between two lines is read, because a package that was
//! killed ends like that.
//!
//! # Measures
//!
//! Of a benchmark all pairs of value and unit in its result: `ns/op`, `B/op`, `allocs/op`, `MB/s` and what
//! `b.ReportMetric` adds. The unit is the name, as in Go. Its duration is not told.
//!
//! # Limits
//!
//! A failure of a parent's own beside a failed subtest cannot be told from the subtest's. Cached results are read like
//! fresh ones. Runs of one benchmark with several `-cpu` are attempts of one test.

mod benchmark;
mod output;
mod package;
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

/// `go test -json`.
pub(super) const FORMAT: Format = Format { name: "go_test", title: "go test -json", is_streamed: false, is_like, read };

/// One event, with what matters of it.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Event {
    time: Text,
    action: Text,
    package: Text,
    test: Text,
    elapsed: Number,
    output: Text,
    /// `frame` for what the test binary itself writes; newer versions of Go only.
    output_type: Text,
    /// The package that did not build.
    failed_build: Text,
    /// The package that an event of the compiler is about.
    import_path: Text,
}

fn is_like(source: &Source) -> bool {
    let others = ["Package", "Test", "Output", "ImportPath"];
    json::has_line(&source.text, |line| {
        json::has_keys(line, &["Action"]) && others.iter().any(|key| json::has_keys(line, &[key]))
    })
}

fn read(source: &Source, limits: &Limits) -> Result<Report<Outcomes>, Error> {
    let json = Json::new(source);
    let mut cases = Cases::new(source, limits);
    let mut reading = Reading::new(limits);
    json.each_line("{\"Time\":\"", &mut cases, |cases, piece| {
        let Some(event) = json.event::<Event>(piece, cases)?.filter(|event| event.action.some().is_some()) else {
            return reading.line(piece, json.position(piece), cases);
        };
        reading.event(&event, json.position(piece), cases)?;
        Ok(true)
    })?;
    let started_at = reading.finish(&mut cases)?;
    Ok(Report { tool: Some("go test".to_owned()), started_at, ..cases.finish(&FORMAT)? })
}
