//! Reads the XML of xUnit.net, versions 1 to 3, and of the tools that write the same (Fixie).
//!
//! # Recognised by
//!
//! The root element `assemblies`; or `assembly` with `test-framework` or `run-date` (version 1).
//!
//! # Identity
//!
//! The suite is the class (`type`), else the name of the collection, else the file name of the assembly. The name is
//! the display name without the class before it, so it holds the arguments of a theory. What breaks outside of tests
//! (`errors`) is the case `(fatal)`, `(test-class-cleanup)` and so on, by its `type`, of the class or collection that it
//! names, else of the assembly.
//!
//! # Attempts
//!
//! Tests with equal suite and name are attempts of one test, in the order of the file. xUnit.net itself repeats none.
//!
//! # Status
//!
//! | what the test says | status |
//! |---|---|
//! | `Pass` | `passed` |
//! | `Fail` | `failed` |
//! | `Fail` with a failure that its runner writes for a timeout or a crash | `errored` with that kind |
//! | `Skip` | `skipped` |
//! | `NotRun` (an explicit test that nobody asked for) | left out |
//! | no `result`, but a failure; a reason | `failed`; `skipped` |
//! | any other word, or nothing | `errored`, with a warning |
//! | an `error` of the assembly | `errored` |
//!
//! # Limits
//!
//! One assembly built for two frameworks and reported in one file gives two attempts of each test. Rows of a theory
//! whose arguments look alike cannot be told apart and become attempts.

#[cfg(test)]
mod tests;

use annals_data::outcomes::Outcomes;
use annals_data::row::{Outcome, Status};

use super::cases::Cases;
use super::error_kind::error_kind;
use super::text::{Source, line, name};
use super::xml::{Element, Visitor, walk};
use super::{Error, Format, Limits, Report, clock, dotnet, duration};

/// xUnit.net's XML.
pub(super) const FORMAT: Format = Format { name: "xunit", title: "xUnit.net XML", is_streamed: true, is_like, read };

fn is_like(source: &Source) -> bool {
    let head = &source.text[..source.text.floor_char_boundary(8 << 10)];
    match source.root() {
        Some("assemblies") => true,
        Some("assembly") => head.contains("test-framework=") || head.contains("run-date="),
        _ => false,
    }
}

fn read(source: &Source, limits: &Limits) -> Result<Report<Outcomes>, Error> {
    let mut reading = Reading {
        cases: Cases::new(source, limits),
        limits,
        test: Found::default(),
        error: Found::default(),
        assembly: String::new(),
        collection: String::new(),
        listed_count: 0,
        tool: None,
        started_at: None,
    };
    walk(source, limits, &mut reading)?;
    let Reading { cases, tool, started_at, .. } = reading;
    Ok(Report { tool, started_at, ..cases.finish(&FORMAT)? })
}

/// What the elements inside a test or an error say.
#[derive(Debug, Default)]
struct Found {
    exception: String,
    message: String,
    trace: String,
    reason: String,
    out: String,
    has_failure: bool,
    has_reason: bool,
}

struct Reading<'r> {
    cases: Cases<'r>,
    limits: &'r Limits,
    /// The test that is open.
    test: Found,
    /// The error of the assembly that is open.
    error: Found,
    /// The file name of the assembly and the name of the collection that are open, bounded, because every test inside
    /// may have them.
    assembly: String,
    collection: String,
    /// Tests of the assembly that is open.
    listed_count: usize,
    tool: Option<String>,
    started_at: Option<i64>,
}

impl Visitor for Reading<'_> {
    fn open(&mut self, element: &Element, path: &[Element]) -> Result<(), Error> {
        match element.name.as_str() {
            "assemblies" | "assembly" if path.is_empty() => {}
            name if path.is_empty() => {
                return Err(self.refuse(element.position, format!("a further root element `{}`", line(name, 40))));
            }
            _ => {}
        }
        match element.name.as_str() {
            "assembly" => self.open_assembly(element),
            "collection" | "class" => {
                self.collection = name(element.attribute("name").unwrap_or_default(), self.limits.name);
            }
            "test" => self.test = Found::default(),
            "error" => self.error = Found::default(),
            "failure" => {
                let found = self.innermost(path);
                found.has_failure = true;
                found.exception = element.attribute("exception-type").unwrap_or_default().to_owned();
            }
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, mut element: Element, path: &[Element]) -> Result<(), Error> {
        let parent = path.last().map_or("", |parent| parent.name.as_str());
        let limits = self.limits;
        match (parent, element.name.as_str()) {
            ("failure", "message") => self.innermost(path).message = element.take_text(limits),
            ("failure", "stack-trace") => self.innermost(path).trace = element.take_text(limits),
            // Version 1 has a further element around the text.
            ("test", "reason") | ("reason", "message") => {
                let text = element.take_text(limits);
                self.test.has_reason = true;
                if !text.is_empty() {
                    self.test.reason = text;
                }
            }
            ("test", "output") => self.test.out = element.take_text(limits),
            ("collection" | "class", "test") => self.close_test(&element)?,
            ("errors", "error") => self.close_error(&element)?,
            (_, "assembly") => self.close_assembly(&element),
            _ => {}
        }
        Ok(())
    }

    fn refuse(&self, position: usize, reason: String) -> Error {
        self.cases.refuse(position, reason)
    }
}

impl Reading<'_> {
    /// Returns the test or the error that the open elements belong to.
    fn innermost(&mut self, path: &[Element]) -> &mut Found {
        let is_error = path.iter().rev().any(|element| element.name == "error");
        if is_error { &mut self.error } else { &mut self.test }
    }

    fn open_assembly(&mut self, element: &Element) {
        self.listed_count = 0;
        let path = element.attribute("name").map_or("", dotnet::file_name);
        self.assembly = name(path, self.limits.name);
        let framework = element.attribute("test-framework").map(str::trim).filter(|text| !text.is_empty());
        // Behind the version stands the commit that it was built from.
        let framework = framework.and_then(|text| text.split('+').next());
        self.tool = self.tool.take().or(framework.map(|text| line(text, 80)));
        let text = |name| element.attribute(name).unwrap_or_default();
        let local = clock::microseconds(&format!("{} {}", text("run-date"), text("run-time")));
        let started_at = clock::microseconds(text("start-rtf")).or(local);
        self.started_at = [self.started_at, started_at].into_iter().flatten().min();
    }

    fn close_assembly(&mut self, element: &Element) {
        let declared = element.attribute("total").and_then(|count| count.trim().parse::<usize>().ok());
        if let Some(count) = declared.filter(|&count| count != self.listed_count) {
            let text = format!("declared are {count} tests, listed are {}", self.listed_count);
            self.cases.warn(element.position, text);
        }
    }

    fn close_test(&mut self, element: &Element) -> Result<(), Error> {
        self.listed_count += 1;
        let found = std::mem::take(&mut self.test);
        let word = element.attribute("result").map(str::trim);
        if word == Some("NotRun") {
            self.cases.ignore("explicit tests that nobody asked for");
            return Ok(());
        }
        let (status, error_kind) = self.status(word, &found, element.position);
        let duration_us = self.duration(element);
        let suite = self.suite(element);
        let name = dotnet::own_name(suite, element.attribute("name").unwrap_or_default());
        let outcome = Outcome {
            error_kind: error_kind.map(str::to_owned),
            duration_us,
            message: found.text(status),
            file: element.attribute("source-file").map(str::to_owned),
            line: element.attribute("source-line").and_then(|line| line.trim().parse().ok()).filter(|&line| line > 0),
            ..Outcome::new(suite, name, status)
        };
        self.cases.push(element.position, word.unwrap_or("(none)"), outcome)
    }

    /// Returns the suite of a test by its class, its collection or its assembly.
    fn suite<'s>(&'s self, test: &'s Element) -> &'s str {
        let class = test.attribute("type").map_or("", dotnet::class);
        let given = [class, &self.collection, &self.assembly];
        given.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
    }

    fn status(&mut self, word: Option<&str>, found: &Found, position: usize) -> (Status, Option<&'static str>) {
        match word {
            Some("Pass") => (Status::Passed, None),
            Some("Fail") => found.failing(),
            Some("Skip") => (Status::Skipped, None),
            None if found.has_failure => found.failing(),
            None if found.has_reason => (Status::Skipped, None),
            _ => {
                let seen = line(word.unwrap_or("(none)"), 40);
                self.cases.warn(position, format!("the result `{seen}` is not known; it counts as an error"));
                (Status::Errored, None)
            }
        }
    }

    fn duration(&mut self, element: &Element) -> Option<i64> {
        // Version 3 also writes the time without the rounding of the first attribute.
        let text = [element.attribute("time"), element.attribute("time-rtf")].into_iter().flatten().next()?;
        let duration = duration::microseconds(text);
        if duration.is_none() && !text.trim().is_empty() {
            self.cases.warn(element.position, format!("`{}` is no length of time", line(text, 40)));
        }
        duration
    }

    fn close_error(&mut self, element: &Element) -> Result<(), Error> {
        let found = std::mem::take(&mut self.error);
        let kind = element.attribute("type").map(str::trim).filter(|kind| !kind.is_empty()).unwrap_or("error");
        let named = element.attribute("name").map(str::trim).unwrap_or_default();
        // The assembly is named by its path.
        let is_path = named.is_empty() || named.contains(['/', '\\']);
        let suite = if is_path { &self.assembly } else { named };
        let error_kind = error_kind(&found.exception, &found.message);
        let outcome = Outcome {
            error_kind: error_kind.map(str::to_owned),
            message: found.text(Status::Errored),
            ..Outcome::of_suite(suite, format!("({kind})"), Status::Errored)
        };
        self.cases.push(element.position, &format!("error {kind}"), outcome)
    }
}

impl Found {
    fn failing(&self) -> (Status, Option<&'static str>) {
        match error_kind(&self.exception, &self.message) {
            Some(kind) => (Status::Errored, Some(kind)),
            None => (Status::Failed, None),
        }
    }

    /// Returns what explains the status; what a test printed stands in for a failure without a text.
    fn text(self, status: Status) -> Option<String> {
        match status {
            Status::Skipped => Some(self.reason),
            Status::Failed | Status::Errored => dotnet::explained(&self.message, &self.trace)
                .or_else(|| dotnet::explained(&self.out, ""))
                .or_else(|| dotnet::explained(&self.exception, "")),
            _ => None,
        }
    }
}
