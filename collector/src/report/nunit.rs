//! Reads the XML of NUnit, the schemas of version 2 and of version 3, and of the tools that write them (Unity, IEUnit).
//!
//! # Recognised by
//!
//! The root element `test-run` (version 3) or `test-results` (version 2); or `test-suite`, a piece of either, with
//! an attribute that no other tool writes (`testcasecount`, `executed` or `success`).
//!
//! # Identity
//!
//! Version 3: the suite is the full name without the name at its end, so it holds the arguments of a fixture; where the
//! full name does not end with the name, the class; else the innermost fixture. The name is `name`.
//!
//! Version 2 knows full names only: the suite is as much of one as the names of the suites around the test, joined by
//! dots, account for, and the name is the rest. Where they account for nothing, the suite is the innermost fixture.
//!
//! # Attempts
//!
//! Tests with equal suite and name are attempts of one test, in the order of the file. What `[Retry]` and `[Repeat]`
//! did is not in the file.
//!
//! # Status
//!
//! | what version 3 says | status |
//! |---|---|
//! | `Passed`; `Warning` (with its text) | `passed` |
//! | `Failed` | `failed` |
//! | `Failed` with the label `Error`, `Invalid` or `Cancelled`, or with the site `SetUp`, `TearDown` or `Parent` | `errored` |
//! | `Failed` with a message that its runner writes for a timeout | `errored`, `timed_out` |
//! | `Skipped` with any label (`Ignored`, `Explicit`), `Inconclusive` | `skipped` |
//!
//! | what version 2 says | status |
//! |---|---|
//! | `Success` | `passed` |
//! | `Failure` | `failed`; `errored`, `timed_out` as above |
//! | `Error`, `NotRunnable`, `Cancelled` | `errored` |
//! | `Ignored`, `Skipped`, `Inconclusive` | `skipped` |
//! | before 2.5: `executed="False"` | `skipped` |
//! | before 2.5: `success="False"`, or a failure inside | `failed` |
//! | before 2.5: anything else that was executed | `passed` |
//!
//! Any other word counts as `errored`, with a warning.
//!
//! A suite that failed is no outcome where a test inside it failed. Where none did, it is the case `(setup)` or
//! `(suite)`, and where its tear-down failed it is the case `(teardown)`: `errored` each.
//!
//! # Limits
//!
//! Assertions that fail in a test's own set-up are told from others only by version 3. A test that is inconclusive
//! counts as skipped: what it assumes did not hold.

mod case;
mod identity;
#[cfg(test)]
mod tests;

use annals_data::outcomes::Outcomes;
use annals_data::row::{Outcome, Status};

use self::case::Found;
use self::identity::Names;
use super::cases::Cases;
use super::text::{Source, line};
use super::xml::{Element, Visitor, walk};
use super::{Error, Format, Limits, Report, clock, dotnet, duration};

/// NUnit's XML.
pub(super) const FORMAT: Format = Format { name: "nunit", title: "NUnit XML", is_streamed: true, is_like, read };

const ROOTS: [&str; 3] = ["test-run", "test-results", "test-suite"];

fn is_like(source: &Source) -> bool {
    let head = &source.text[..source.text.floor_char_boundary(8 << 10)];
    match source.root() {
        Some("test-run" | "test-results") => true,
        Some("test-suite") => ["testcasecount=", "executed=", "success="].iter().any(|own| head.contains(own)),
        _ => false,
    }
}

fn read(source: &Source, limits: &Limits) -> Result<Report<Outcomes>, Error> {
    let mut reading = Reading {
        cases: Cases::new(source, limits),
        limits,
        suites: Vec::new(),
        test: None,
        listed_count: 0,
        tool: None,
        started_at: None,
    };
    walk(source, limits, &mut reading)?;
    let Reading { cases, tool, started_at, .. } = reading;
    Ok(Report { tool, started_at, ..cases.finish(&FORMAT)? })
}

/// A suite that is open.
#[derive(Debug, Default)]
struct Suite {
    names: Names,
    found: Found,
    has_failing: bool,
}

struct Reading<'r> {
    cases: Cases<'r>,
    limits: &'r Limits,
    suites: Vec<Suite>,
    /// The test that is open.
    test: Option<Found>,
    listed_count: usize,
    tool: Option<String>,
    started_at: Option<i64>,
}

impl Visitor for Reading<'_> {
    fn open(&mut self, element: &Element, path: &[Element]) -> Result<(), Error> {
        let name = element.name.as_str();
        if path.is_empty() {
            if !ROOTS.contains(&name) {
                return Err(self.refuse(element.position, format!("a further root element `{}`", line(name, 40))));
            }
            self.started_at = self.started_at.or_else(|| started_at(element));
        }
        match name {
            "test-suite" => {
                let around = self.suites.last().map(|suite| &suite.names);
                let names = Names::new(element, around, self.limits.name);
                self.suites.push(Suite { names, ..Suite::default() });
            }
            "test-case" => self.test = Some(Found::default()),
            "environment" => {
                let version = element.attribute("framework-version").or(element.attribute("nunit-version"));
                self.tool = self.tool.take().or(version.map(|version| format!("NUnit {}", line(version, 40))));
            }
            "failure" => {
                if let Some(found) = self.innermost(path) {
                    found.has_failure = true;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, mut element: Element, path: &[Element]) -> Result<(), Error> {
        let parent = path.last().map_or("", |parent| parent.name.as_str());
        match (parent, element.name.as_str()) {
            ("failure" | "reason", "message" | "stack-trace") => {
                let (text, name) = (element.take_text(self.limits), element.name.as_str());
                if let Some(found) = self.innermost(&path[..path.len() - 1]) {
                    found.tell(parent, name, text);
                }
            }
            ("test-case", "output") => {
                let text = element.take_text(self.limits);
                if let Some(test) = &mut self.test {
                    test.out = text;
                }
            }
            (_, "test-case") => self.close_test(&element, path)?,
            (_, "test-suite") => self.close_suite(&element)?,
            _ => {}
        }
        if path.is_empty() {
            self.check_count(&element);
        }
        Ok(())
    }

    fn refuse(&self, position: usize, reason: String) -> Error {
        self.cases.refuse(position, reason)
    }
}

impl Reading<'_> {
    /// Returns the test or suite that is the last element of `path`; what an `assertion` inside says is repeated.
    fn innermost(&mut self, path: &[Element]) -> Option<&mut Found> {
        match path.last()?.name.as_str() {
            "test-case" => self.test.as_mut(),
            "test-suite" => self.suites.last_mut().map(|suite| &mut suite.found),
            _ => None,
        }
    }

    fn close_test(&mut self, element: &Element, path: &[Element]) -> Result<(), Error> {
        let Some(found) = self.test.take() else { return Ok(()) };
        self.listed_count += 1;
        let (status, error_kind) = found.status(element);
        let duration_us = self.duration(element);
        if status == Status::Errored && !found.is_known(element) {
            let text = format!("the result `{}` is not known; it counts as an error", case::word(element));
            self.cases.warn(element.position, text);
        }
        if matches!(status, Status::Failed | Status::Errored) {
            self.suites.iter_mut().for_each(|suite| suite.has_failing = true);
        }
        let fixture = self.suites.last().map_or("", |suite| &suite.names.fixture);
        let (suite, name) = identity::of_test(element, path, fixture);
        let outcome = Outcome {
            error_kind: error_kind.map(str::to_owned),
            duration_us,
            message: found.text(status),
            ..Outcome::new(suite, name, status)
        };
        self.cases.push(element.position, &case::word(element), outcome)
    }

    fn close_suite(&mut self, element: &Element) -> Result<(), Error> {
        let Some(Suite { names, found, has_failing }) = self.suites.pop() else { return Ok(()) };
        let Some(name) = case::failed_part(element, &found, has_failing) else { return Ok(()) };
        self.suites.iter_mut().for_each(|suite| suite.has_failing = true);
        let outcome = Outcome {
            duration_us: self.duration(element),
            message: found.text(Status::Errored),
            ..Outcome::of_suite(names.own, name, Status::Errored)
        };
        self.cases.push(element.position, &format!("suite {}", case::word(element)), outcome)
    }

    fn duration(&mut self, element: &Element) -> Option<i64> {
        let text = element.attribute("duration").or(element.attribute("time"))?;
        let duration = duration::microseconds(text);
        if duration.is_none() && !text.trim().is_empty() {
            self.cases.warn(element.position, format!("`{}` is no length of time", line(text, 40)));
        }
        duration
    }

    /// Compares the counters of the root; those of version 2 do not count what was not run.
    fn check_count(&mut self, root: &Element) {
        let count = |name| root.attribute(name).and_then(|count| count.trim().parse::<usize>().ok());
        let listed = std::mem::take(&mut self.listed_count);
        let Some(total) = count("total") else { return };
        if total != listed && total.saturating_add(count("not-run").unwrap_or(0)) != listed {
            self.cases.warn(root.position, format!("declared are {total} tests, listed are {listed}"));
        }
    }
}

/// Returns when the tests of a root began.
fn started_at(root: &Element) -> Option<i64> {
    let text = |name| root.attribute(name).unwrap_or_default();
    clock::microseconds(text("start-time"))
        .or_else(|| clock::microseconds(&format!("{} {}", text("date"), text("time"))))
}
