//! Reads `Test.xml`, what CTest writes as a dashboard client (`ctest -T Test`, `ctest_test`) and sends to CDash.
//!
//! # Recognised by
//!
//! The root element `Site` with an element `Testing`; CTest's other files have the same root.
//!
//! # Identity
//!
//! The suite is `Path`, the folder of the test below the build folder, without `./`; it is empty for tests of the
//! topmost folder. The name is `Name`.
//!
//! # Attempts
//!
//! Tests with equal suite and name are attempts of one test, in the order of the file. `--repeat` writes the last
//! attempt only.
//!
//! # Status
//!
//! | `Status` | what else is said | status |
//! |---|---|---|
//! | `passed` | | `passed` |
//! | `failed` | exit code `Failed`, `Completed` or none | `failed` |
//! | `failed` | exit code `Timeout` | `errored`, `timed_out` |
//! | `failed` | exit code `BAD_COMMAND` | `errored` |
//! | `failed` | any other exit code: `SEGFAULT`, `ILLEGAL`, `Child aborted`, … | `errored`, `crashed` |
//! | `notrun` | `Disabled`, `SKIP_RETURN_CODE=…`, `SKIP_REGULAR_EXPRESSION_MATCHED` | `skipped` |
//! | `notrun` | `Not Run`: nobody says why | left out |
//! | `notrun` | anything else: `Unable to find executable`, `Fixture dependency failed`, … | `errored` |
//! | any other word | | `errored`, with a warning |
//!
//! # Measures
//!
//! Every `NamedMeasurement` of a numeric type that the test printed itself (`<CTestMeasurement>`,
//! `<DartMeasurement>`) is a measure without a unit. `Execution Time` is the duration; `Processors` is no measurement
//! but the test's property. Texts, files and images are counted only.
//!
//! # Limits
//!
//! `WILL_FAIL` turns a status around before it is written, so such a test looks passed. Compressed output is unpacked
//! for tests that did not pass, at most 4 MiB of one test and as much of one report as a report may have bytes.

mod output;
#[cfg(test)]
mod tests;

use annals_data::outcomes::Outcomes;
use annals_data::row::{Measure, Outcome, Status};

use self::output::Unpacking;
use super::cases::Cases;
use super::error_kind::{CRASHED, TIMED_OUT};
use super::text::{Source, line};
use super::xml::{Element, Visitor, walk};
use super::{Error, Format, Limits, Report, dotnet, duration};

/// CTest's XML.
pub(super) const FORMAT: Format = Format { name: "ctest", title: "CTest XML", is_streamed: true, is_like, read };

/// Measures that are kept of one test.
const MEASURES: usize = 1000;

fn is_like(source: &Source) -> bool {
    // The site's attributes, its labels and its subprojects stand before it.
    let head = &source.text[..source.text.floor_char_boundary(64 << 10)];
    source.root() == Some("Site") && head.contains("<Testing")
}

fn read(source: &Source, limits: &Limits) -> Result<Report<Outcomes>, Error> {
    // Compressed output is of no use in pieces.
    let whole = Limits { message: output::LONGEST.max(limits.message), ..*limits };
    let mut reading = Reading {
        cases: Cases::new(source, limits),
        unpacking: Unpacking::new(limits.bytes),
        whole: &whole,
        test: Found::default(),
        announced_count: 0,
        listed_count: 0,
        tool: None,
        started_at: None,
    };
    walk(source, &whole, &mut reading)?;
    let Reading { cases, tool, started_at, .. } = reading;
    Ok(Report { tool, started_at, ..cases.finish(&FORMAT)? })
}

/// A test that is open.
#[derive(Debug, Default)]
struct Found {
    name: String,
    path: String,
    exit_code: String,
    exit_value: String,
    completion: String,
    fail_reason: String,
    out: String,
    duration_us: Option<i64>,
    measures: Vec<Measure>,
}

struct Reading<'r> {
    cases: Cases<'r>,
    unpacking: Unpacking,
    whole: &'r Limits,
    test: Found,
    /// Tests that CTest set out to run.
    announced_count: usize,
    listed_count: usize,
    tool: Option<String>,
    started_at: Option<i64>,
}

impl Visitor for Reading<'_> {
    fn open(&mut self, element: &Element, path: &[Element]) -> Result<(), Error> {
        match (path.last().map(|parent| parent.name.as_str()), element.name.as_str()) {
            (None, "Site") => self.tool = self.tool.take().or(element.attribute("Generator").map(tool)),
            (None, name) => {
                return Err(self.refuse(element.position, format!("a further root element `{}`", line(name, 40))));
            }
            (Some("Testing"), "Test") => self.test = Found::default(),
            (Some("TestList"), "Test") => self.announced_count += 1,
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, mut element: Element, path: &[Element]) -> Result<(), Error> {
        let [.., around, parent] = path else { return self.close_outer(&element, path) };
        match (around.name.as_str(), parent.name.as_str(), element.name.as_str()) {
            ("Testing", "Test", "Name") => self.test.name = element.take_text(self.whole),
            ("Testing", "Test", "Path") => self.test.path = element.take_text(self.whole),
            ("Results", "NamedMeasurement", "Value") => {
                let text = element.take_text(self.whole);
                self.measure(parent, text);
            }
            ("Results", "Measurement", "Value") => self.print(element, path),
            ("Site", "Testing", "StartTestTime") => {
                let seconds: Option<f64> = element.take_text(self.whole).trim().parse().ok();
                let started_at = seconds.filter(|seconds| (1e8..1e11).contains(seconds)).map(|s| (s * 1e6) as i64);
                self.started_at = [self.started_at, started_at].into_iter().flatten().min();
            }
            (_, "Testing", "Test") => self.close_test(&element)?,
            _ => {}
        }
        Ok(())
    }

    fn refuse(&self, position: usize, reason: String) -> Error {
        self.cases.refuse(position, reason)
    }
}

impl Reading<'_> {
    /// Closes the root or what stands directly in it.
    fn close_outer(&mut self, element: &Element, path: &[Element]) -> Result<(), Error> {
        if path.is_empty() && self.announced_count > self.listed_count {
            let (announced, listed) = (self.announced_count, self.listed_count);
            let text = format!("{announced} tests were to be run, listed are {listed}: CTest did not come to its end");
            self.cases.warn(element.position, text);
        }
        Ok(())
    }

    fn measure(&mut self, measurement: &Element, text: String) {
        let kind = measurement.attribute("type").unwrap_or_default();
        let name = measurement.attribute("name").unwrap_or_default().trim();
        match name {
            "Execution Time" => self.test.duration_us = self.length(measurement, &text),
            "Exit Code" => self.test.exit_code = text,
            "Exit Value" => self.test.exit_value = text,
            "Completion Status" => self.test.completion = text,
            "Fail Reason" => self.test.fail_reason = text,
            "Processors" | "Command Line" | "Environment" | "Pass Reason" => {}
            _ if kind.starts_with("numeric/") => self.add_measure(measurement, name, &text),
            _ => self.cases.ignore(&format!("measurements of type `{}`", line(kind, 40))),
        }
    }

    fn length(&mut self, measurement: &Element, text: &str) -> Option<i64> {
        let length = duration::microseconds(text);
        if length.is_none() && !text.trim().is_empty() {
            self.cases.warn(measurement.position, format!("`{}` is no length of time", line(text, 40)));
        }
        length
    }

    fn add_measure(&mut self, measurement: &Element, name: &str, text: &str) {
        let value = text.trim().parse::<f64>().ok().filter(|value| value.is_finite());
        match value {
            Some(value) if self.test.measures.len() < MEASURES && !name.is_empty() => {
                self.test.measures.push(Measure { metric: line(name, 200), value, unit: None });
            }
            Some(_) => self.cases.ignore("measurements without a name, or beyond a thousand of one test"),
            None => {
                let text = format!("`{}` is no number; the measurement is left out", line(text, 40));
                self.cases.warn(measurement.position, text);
            }
        }
    }

    /// Keeps what the test printed, where that explains its status.
    fn print(&mut self, mut value: Element, path: &[Element]) {
        let test = path.iter().rev().find(|element| element.name == "Test");
        if test.and_then(|test| test.attribute("Status")) == Some("passed") {
            return;
        }
        let text = value.take_text(self.whole);
        match self.unpacking.unpack(&text, value.attribute("encoding"), value.attribute("compression")) {
            Ok(printed) => self.test.out = printed,
            Err(reason) => self.cases.warn(value.position, format!("what the test printed is left out: {reason}")),
        }
    }

    fn close_test(&mut self, element: &Element) -> Result<(), Error> {
        self.listed_count += 1;
        let found = std::mem::take(&mut self.test);
        let word = element.attribute("Status").unwrap_or("(none)").trim();
        let Some((status, error_kind)) = found.status(word) else {
            self.cases.ignore("tests that were not run, without a reason");
            return Ok(());
        };
        if !matches!(word, "passed" | "failed" | "notrun") {
            let text = format!("the status `{}` is not known; it counts as an error", line(word, 40));
            self.cases.warn(element.position, text);
        }
        let said = found.word(word);
        let outcome = Outcome {
            error_kind: error_kind.map(str::to_owned),
            duration_us: found.duration_us,
            message: found.message(status),
            ..Outcome::new(found.suite(), found.name.trim(), status)
        };
        self.cases.push(element.position, &said, Outcome { measures: found.measures, ..outcome })
    }
}

impl Found {
    /// Returns the folder of the test; of an absolute one only the last part is the same on every machine.
    fn suite(&self) -> &str {
        let path = self.path.trim();
        match path.strip_prefix("./").unwrap_or(path) {
            "." => "",
            path if path.starts_with('/') || path.contains(":/") || path.contains(":\\") => dotnet::file_name(path),
            path => path,
        }
    }

    fn status(&self, word: &str) -> Option<(Status, Option<&'static str>)> {
        let completion = self.completion.trim();
        Some(match (word, self.exit_code.trim()) {
            ("passed", _) => (Status::Passed, None),
            ("failed", "" | "Failed" | "Completed") => (Status::Failed, None),
            ("failed", "Timeout") => (Status::Errored, Some(TIMED_OUT)),
            ("failed", "BAD_COMMAND") => (Status::Errored, None),
            ("failed", _) => (Status::Errored, Some(CRASHED)),
            ("notrun", _) if completion == "Disabled" || completion.starts_with("SKIP_") => (Status::Skipped, None),
            ("notrun", _) if completion == "Not Run" => return None,
            _ => (Status::Errored, None),
        })
    }

    /// Returns what the file says of the status, without the number in `SKIP_RETURN_CODE=77`.
    fn word(&self, status: &str) -> String {
        let said = if status == "notrun" { &self.completion } else { &self.exit_code };
        let said = said.split('=').next().unwrap_or_default().trim();
        if said.is_empty() || status == "passed" { status.to_owned() } else { format!("{status}, {said}") }
    }

    /// Returns why the test did not pass, then what it printed.
    fn message(&self, status: Status) -> Option<String> {
        let exit_code = self.exit_code.trim();
        let reason = match status {
            Status::Passed => return None,
            Status::Skipped => self.completion.trim().to_owned(),
            _ if !self.fail_reason.trim().is_empty() => self.fail_reason.trim().to_owned(),
            Status::Failed if self.out.trim().is_empty() && !self.exit_value.trim().is_empty() => {
                format!("exit value {}", self.exit_value.trim())
            }
            Status::Failed => String::new(),
            _ if exit_code.is_empty() => self.completion.trim().to_owned(),
            _ => exit_code.to_owned(),
        };
        // Of a test that could not be started the output repeats the reason.
        let reason = if self.out.trim().starts_with(&reason) { "" } else { &reason };
        dotnet::explained(reason, &self.out)
    }
}

/// Returns CTest with its version: `ctest-4.4.4`.
fn tool(generator: &str) -> String {
    match generator.trim().strip_prefix("ctest-") {
        Some(version) => format!("CTest {}", line(version, 40)),
        None => line(generator, 40),
    }
}
