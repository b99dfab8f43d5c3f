//! Reads `output.xml` of Robot Framework, from version 3 to 7, as `robot` and `rebot` write it.
//!
//! # Recognised by
//!
//! The root element `robot`.
//!
//! # Identity
//!
//! The suite is the names of the suites around the test, outermost first, joined by dots, as Robot itself writes full
//! names. The name is `name`. Source and line are the file of the suite and the line of the test.
//!
//! # Attempts
//!
//! Tests with equal suite and name are attempts of one test, in the order of the file. What `rebot --merge` wrote of
//! earlier runs into the message is an attempt each, before the test's own.
//!
//! # Status
//!
//! | `status` | status |
//! |---|---|
//! | `PASS` | `passed` |
//! | `FAIL` | `failed` |
//! | `FAIL` of a test that is not critical (before version 4) | `xfailed` |
//! | `FAIL` whose message begins with `Setup failed:`, `Teardown failed:` or `Parent suite setup failed:` | `errored` |
//! | `FAIL` because the test's own timeout was exceeded | `errored`, `timed_out` |
//! | `FAIL` because the run was stopped before the test | left out |
//! | `SKIP` | `skipped` |
//! | `NOT RUN`, `NOT SET`, none | left out |
//! | any other word, with a warning | `errored` |
//!
//! A suite whose tear-down failed is the case `(teardown)`, `errored`; Robot's own reports call all its tests failed,
//! but they passed. One whose set-up failed is the case `(setup)` where no test inside tells it.
//!
//! # Limits
//!
//! Keywords are not read. Tests that `--skiponfailure` skipped cannot be told from others that were skipped.

mod merge;
#[cfg(test)]
mod tests;

use annals_data::outcomes::Outcomes;
use annals_data::row::{Outcome, Status};

use self::merge::Run;
use super::cases::Cases;
use super::error_kind::TIMED_OUT;
use super::text::{Source, line, name};
use super::xml::{Element, Visitor, walk};
use super::{Error, Format, Limits, Report, clock, duration};

/// Robot Framework's output.
pub(super) const FORMAT: Format =
    Format { name: "robot", title: "Robot Framework XML", is_streamed: true, is_like, read };

/// Times that elements may nest deeper than in other formats: Robot itself stops at a hundred nested keywords, each
/// with loops and branches around it.
const DEEPER: usize = 8;

/// What Robot writes of tests that it did not come to.
const STOPPED: [&str; 3] = [
    "Failure occurred and exit-on-failure mode is in use.",
    "Error occurred and exit-on-error mode is in use.",
    "Test execution stopped due to a fatal error.",
];

/// What begins the message of a test that broke outside of its body.
const BROKEN: [&str; 3] = ["Setup failed:", "Teardown failed:", "Parent suite setup failed:"];

fn is_like(source: &Source) -> bool {
    source.root() == Some("robot")
}

fn read(source: &Source, limits: &Limits) -> Result<Report<Outcomes>, Error> {
    let deep = Limits { depth: limits.depth.saturating_mul(DEEPER), ..*limits };
    let mut reading = Reading {
        cases: Cases::new(source, limits),
        limits,
        suites: Vec::new(),
        said: None,
        declared_count: None,
        listed_count: 0,
        tool: None,
        started_at: None,
    };
    walk(source, &deep, &mut reading)?;
    let Reading { cases, tool, started_at, .. } = reading;
    Ok(Report { tool, started_at, ..cases.finish(&FORMAT)? })
}

/// What a `status` says.
#[derive(Debug, Default)]
struct Said {
    word: String,
    message: String,
    duration_us: Option<i64>,
    is_critical: bool,
}

/// A suite that is open.
#[derive(Debug, Default)]
struct Suite {
    /// Its full name and its file, bounded, because every test inside has them.
    name: String,
    source: Option<String>,
    said: Option<Said>,
    has_failing: bool,
}

struct Reading<'r> {
    cases: Cases<'r>,
    limits: &'r Limits,
    suites: Vec<Suite>,
    /// The status of the test that is open.
    said: Option<Said>,
    declared_count: Option<usize>,
    listed_count: usize,
    tool: Option<String>,
    started_at: Option<i64>,
}

impl Visitor for Reading<'_> {
    fn open(&mut self, element: &Element, path: &[Element]) -> Result<(), Error> {
        match (path.last().map(|parent| parent.name.as_str()), element.name.as_str()) {
            (None, "robot") => self.tool = self.tool.take().or(element.attribute("generator").map(tool)),
            (None, name) => {
                return Err(self.refuse(element.position, format!("a further root element `{}`", line(name, 40))));
            }
            (Some("robot" | "suite"), "suite") if is_result(path) => self.open_suite(element),
            (Some("suite"), "test") => self.said = None,
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, mut element: Element, path: &[Element]) -> Result<(), Error> {
        let Some(parent) = path.last().map(|parent| parent.name.as_str()) else {
            self.check_count(&element);
            return Ok(());
        };
        match (parent, element.name.as_str()) {
            ("test", "status") => self.said = Some(self.status(&mut element)),
            ("suite", "status") => {
                let said = self.status(&mut element);
                if let Some(suite) = self.suites.last_mut() {
                    suite.said = Some(said);
                }
            }
            ("suite", "test") => self.close_test(&element)?,
            ("robot" | "suite", "suite") if is_result(path) => self.close_suite(&element)?,
            ("total", "stat") => self.note_total(&mut element),
            ("errors", "msg") => self.cases.ignore("errors and warnings of the run"),
            _ => {}
        }
        Ok(())
    }

    fn refuse(&self, position: usize, reason: String) -> Error {
        self.cases.refuse(position, reason)
    }
}

impl Reading<'_> {
    fn open_suite(&mut self, element: &Element) {
        let bounded = |text: &str| name(text, self.limits.name);
        let own = element.attribute("name").unwrap_or_default();
        let name = match self.suites.last() {
            Some(around) => bounded(&format!("{}.{}", around.name, bounded(own))),
            None => bounded(own),
        };
        let source = element.attribute("source").map(bounded);
        self.suites.push(Suite { name, source, ..Suite::default() });
    }

    fn status(&mut self, element: &mut Element) -> Said {
        let text = |name| element.attribute(name).unwrap_or_default().trim();
        // Since version 7 the names are shorter, and the length is written instead of the end.
        let time = |name, old| clock::microseconds(text(name)).or_else(|| clock::microseconds(text(old)));
        let (started_at, ended_at) = (time("start", "starttime"), clock::microseconds(text("endtime")));
        let between = started_at.zip(ended_at).map(|(start, end)| end - start).filter(|&us| us >= 0);
        self.started_at = [self.started_at, started_at].into_iter().flatten().min();
        Said {
            word: text("status").to_owned(),
            duration_us: duration::microseconds(text("elapsed")).or(between),
            is_critical: text("critical") != "no",
            message: element.take_text(self.limits),
        }
    }

    fn close_test(&mut self, element: &Element) -> Result<(), Error> {
        self.listed_count += 1;
        let said = self.said.take().unwrap_or_default();
        let runs = merge::runs(&said.message).unwrap_or_else(|| vec![Run::new(&said.word, &said.message)]);
        let count = runs.len();
        for (at, run) in runs.into_iter().enumerate() {
            let is_last = at + 1 == count;
            // What was merged says of earlier runs neither their length nor whether they were critical.
            let duration_us = said.duration_us.filter(|_| is_last);
            self.add(element, &run, said.is_critical, duration_us)?;
        }
        Ok(())
    }

    fn add(&mut self, element: &Element, run: &Run, is_critical: bool, duration_us: Option<i64>) -> Result<(), Error> {
        if matches!(run.word.as_str(), "NOT RUN" | "NOT SET" | "") {
            self.cases.ignore("tests that were not run");
            return Ok(());
        }
        if run.word == "FAIL" && STOPPED.iter().any(|reason| run.message.starts_with(reason)) {
            self.cases.ignore("tests that a run did not come to, because it was stopped");
            return Ok(());
        }
        let (status, error_kind) = self.verdict(run, is_critical, element.position);
        if matches!(status, Status::Failed | Status::Errored) {
            self.suites.iter_mut().for_each(|suite| suite.has_failing = true);
        }
        let suite = self.suites.last();
        let outcome = Outcome {
            error_kind: error_kind.map(str::to_owned),
            duration_us,
            message: Some(run.message.clone()).filter(|_| status != Status::Passed),
            file: suite.and_then(|suite| suite.source.clone()),
            line: element.attribute("line").and_then(|line| line.trim().parse().ok()).filter(|&line| line > 0),
            ..Outcome::new(suite.map_or("", |suite| &suite.name), element.attribute("name").unwrap_or_default(), status)
        };
        let word = if is_critical { run.word.clone() } else { format!("{}, not critical", run.word) };
        self.cases.push(element.position, &word, outcome)
    }

    fn verdict(&mut self, run: &Run, is_critical: bool, position: usize) -> (Status, Option<&'static str>) {
        let message = run.message.as_str();
        match run.word.as_str() {
            "PASS" => (Status::Passed, None),
            "SKIP" => (Status::Skipped, None),
            "FAIL" if !is_critical => (Status::Xfailed, None),
            "FAIL" if is_timeout(message) => (Status::Errored, Some(TIMED_OUT)),
            "FAIL" if BROKEN.iter().any(|start| message.starts_with(start)) => (Status::Errored, None),
            "FAIL" => (Status::Failed, None),
            word => {
                let text = format!("the status `{}` is not known; it counts as an error", line(word, 40));
                self.cases.warn(position, text);
                (Status::Errored, None)
            }
        }
    }

    /// Adds what failed in a suite outside of its tests.
    fn close_suite(&mut self, element: &Element) -> Result<(), Error> {
        let Some(Suite { name: suite, source, said: Some(said), has_failing }) = self.suites.pop() else {
            return Ok(());
        };
        let message = said.message.as_str();
        let mut parts = Vec::new();
        if message.starts_with("Suite setup failed:") && !has_failing {
            parts.push("(setup)");
        }
        if message.starts_with("Suite teardown failed:") || message.contains("\n\nAlso suite teardown failed:") {
            parts.push("(teardown)");
        }
        for name in parts {
            self.suites.iter_mut().for_each(|suite| suite.has_failing = true);
            let outcome = Outcome {
                message: Some(said.message.clone()),
                file: source.clone(),
                ..Outcome::of_suite(suite.clone(), name, Status::Errored)
            };
            self.cases.push(element.position, &format!("suite {}", said.word), outcome)?;
        }
        Ok(())
    }

    /// Keeps how many tests Robot itself counts.
    fn note_total(&mut self, stat: &mut Element) {
        if stat.take_text(self.limits).trim_start().starts_with("All T") {
            let count = |name| stat.attribute(name).and_then(|count| count.trim().parse::<usize>().ok()).unwrap_or(0);
            let counts = ["pass", "fail", "skip"].map(count);
            self.declared_count = Some(counts.into_iter().fold(0, usize::saturating_add));
        }
    }

    fn check_count(&mut self, root: &Element) {
        let listed = std::mem::take(&mut self.listed_count);
        if let Some(count) = self.declared_count.take().filter(|&count| count != listed) {
            self.cases.warn(root.position, format!("declared are {count} tests, listed are {listed}"));
        }
    }
}

/// Returns whether the elements are the run's own; the statistics name suites once more.
fn is_result(path: &[Element]) -> bool {
    path.iter().all(|element| matches!(element.name.as_str(), "robot" | "suite"))
}

/// Returns whether a message says that the time of the test itself was exceeded: `Test timeout 1 second exceeded.`
fn is_timeout(message: &str) -> bool {
    let line = message.lines().next().unwrap_or_default().trim_end();
    (line.starts_with("Test timeout ") || line.starts_with("Task timeout ")) && line.ends_with(" exceeded.")
}

/// Returns the tool and its version: `Robot 7.5 (Python 3.11.7 on linux)`.
fn tool(generator: &str) -> String {
    let short = generator.split('(').next().unwrap_or_default();
    match short.trim().strip_prefix("Robot ") {
        Some(version) => format!("Robot Framework {}", line(version, 40)),
        None => line(short, 60).trim_end().to_owned(),
    }
}
