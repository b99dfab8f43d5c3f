//! Reads `junitResult.xml`, in which Jenkins' JUnit plugin keeps the results of a build in its own folder.
//!
//! # Recognised by
//!
//! The root element `result`, with `suites` or the attribute `plugin="junit@…"` near the beginning.
//!
//! # Identity
//!
//! The suite is `className`, else the name of the suite around the case; the name is `testName`.
//!
//! # Attempts
//!
//! Cases with equal suite and name are attempts of one test, in the order of the file.
//!
//! # Status
//!
//! | what the case holds | status |
//! |---|---|
//! | `skipped` that is `true` | `skipped` |
//! | `errorStackTrace` or `errorDetails`, with text or without | `failed` |
//! | neither | `passed` |
//!
//! # Limits
//!
//! The plugin does not keep whether a test failed or erred, nor which attempts Surefire repeated. What was printed is
//! left out.

#[cfg(test)]
mod tests;

use annals_data::outcomes::Outcomes;
use annals_data::row::{Outcome, Status};

use super::cases::Cases;
use super::text::{Source, line};
use super::xml::{Element, Visitor, walk};
use super::{Error, Format, Limits, Report, duration};

/// What Jenkins keeps of a build's JUnit reports.
pub(super) const FORMAT: Format =
    Format { name: "jenkins", title: "Jenkins junitResult.xml", is_streamed: true, is_like, read };

fn is_like(source: &Source) -> bool {
    let head = &source.text[..source.text.floor_char_boundary(8 << 10)];
    source.root() == Some("result") && (head.contains("<suites") || head.contains("plugin=\"junit@"))
}

fn read(source: &Source, limits: &Limits) -> Result<Report<Outcomes>, Error> {
    let mut reading =
        Reading { cases: Cases::new(source, limits), limits, suite: String::new(), case: Case::default() };
    walk(source, limits, &mut reading)?;
    Ok(Report { tool: Some("Jenkins".to_owned()), ..reading.cases.finish(&FORMAT)? })
}

/// A case as far as it was read.
#[derive(Debug, Default)]
struct Case {
    class: Option<String>,
    name: Option<String>,
    duration: Option<String>,
    is_skipped: bool,
    skip_message: Option<String>,
    details: Option<String>,
    stack: Option<String>,
}

impl Case {
    fn status(&self) -> Status {
        match (self.is_skipped, self.details.is_some() || self.stack.is_some()) {
            (true, _) => Status::Skipped,
            (false, true) => Status::Failed,
            (false, false) => Status::Passed,
        }
    }

    /// The stack mostly begins with the details; they are said once.
    fn message(&mut self) -> Option<String> {
        let (details, stack) = (self.details.take().unwrap_or_default(), self.stack.take().unwrap_or_default());
        let text = match (self.is_skipped, stack.contains(details.trim())) {
            (true, _) => self.skip_message.take().unwrap_or_default(),
            (false, true) => stack,
            (false, false) => format!("{details}\n{stack}"),
        };
        Some(text.trim_end().to_owned()).filter(|text| !text.is_empty())
    }
}

struct Reading<'r> {
    cases: Cases<'r>,
    limits: &'r Limits,
    /// The name of the suite that is open.
    suite: String,
    /// The case that is open.
    case: Case,
}

impl Visitor for Reading<'_> {
    fn open(&mut self, element: &Element, path: &[Element]) -> Result<(), Error> {
        match element.name.as_str() {
            name if path.is_empty() && name != "result" => {
                Err(self.refuse(element.position, format!("a further root element `{}`", line(name, 40))))
            }
            "suite" => {
                self.suite.clear();
                Ok(())
            }
            "case" => {
                self.case = Case::default();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn close(&mut self, mut element: Element, path: &[Element]) -> Result<(), Error> {
        let parent = path.last().map_or("", |parent| parent.name.as_str());
        match (parent, element.name.as_str()) {
            ("suite", "name") => self.suite = element.take_text(self.limits),
            ("case", "className") => self.case.class = Some(element.take_text(self.limits)),
            ("case", "testName") => self.case.name = Some(element.take_text(self.limits)),
            ("case", "duration") => self.case.duration = Some(element.take_text(self.limits)),
            ("case", "skipped") => self.case.is_skipped = element.take_text(self.limits).trim() == "true",
            ("case", "skippedMessage") => self.case.skip_message = Some(element.take_text(self.limits)),
            ("case", "errorDetails") => self.case.details = Some(element.take_text(self.limits)),
            ("case", "errorStackTrace") => self.case.stack = Some(element.take_text(self.limits)),
            ("cases", "case") => self.close_case(&element)?,
            _ => {}
        }
        Ok(())
    }

    fn refuse(&self, position: usize, reason: String) -> Error {
        self.cases.refuse(position, reason)
    }
}

impl Reading<'_> {
    fn close_case(&mut self, element: &Element) -> Result<(), Error> {
        let mut case = std::mem::take(&mut self.case);
        let duration_us = case.duration.as_deref().and_then(duration::microseconds);
        let status = case.status();
        let suite = case.class.take().filter(|class| !class.trim().is_empty()).unwrap_or_else(|| self.suite.clone());
        let name = case.name.take().unwrap_or_default();
        let message = case.message();
        let outcome = Outcome { duration_us, message, ..Outcome::new(suite.trim(), name.trim(), status) };
        self.cases.push(element.position, status.as_str(), outcome)
    }
}
