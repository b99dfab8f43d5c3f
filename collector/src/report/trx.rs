//! Reads TRX, the result file of Visual Studio's test runner: `dotnet test --logger trx`, `vstest.console`, MSTest.
//!
//! # Recognised by
//!
//! The root element `TestRun`.
//!
//! # Identity
//!
//! The suite is the class of the test's definition, without the assembly that old versions write behind it. Where the
//! class is not known, it is the file name of the assembly, else it is empty. The name is `testName`, without the
//! class before it (the adapter of xUnit.net writes it there). Rows of data-driven tests are tests of their own; where
//! they all have the name of their test, the number of the row is added: `Test (row 1)`. What the run itself reports as
//! an error is the case `(run)` of the assembly.
//!
//! # Attempts
//!
//! Results with equal suite and name are attempts of one test, in the order of `startTime`, because the file has them
//! in any order. Retries in files of their own are put in order by the time at which each run began.
//!
//! # Status
//!
//! | `outcome` | status |
//! |---|---|
//! | `Passed`, `PassedButRunAborted`, `Completed`, `Warning` | `passed` |
//! | `Failed` | `failed` |
//! | `Error`, none at all (how MSTest writes an error), `NotRunnable`, `Disconnected` | `errored` |
//! | any other word, with a warning | `errored` |
//! | `Timeout` | `errored`, `timed_out` |
//! | `Aborted`, `InProgress` | `errored`, `crashed` |
//! | `Failed` with a message that its runner writes for a timeout or a crash | `errored` with that kind |
//! | `Inconclusive`, `NotExecuted` | `skipped` |
//! | `NotExecuted` without a reason, in a run that broke off | left out: nobody skipped it |
//! | `Pending` | left out |
//! | a data-driven test whose rows are listed | left out, unless it alone failed |
//! | a `RunInfo` of outcome `Error`, `Failed`, `Aborted` or `Timeout` that only repeats a failed test | left out |
//! | any other such `RunInfo` | `errored`; `crashed` where it says that the test host crashed or was aborted |
//!
//! # Limits
//!
//! An ignored test and one that is inconclusive look alike. Retries that MSTest keeps to itself cannot be told. NUnit's
//! warnings and xUnit.net's explicit tests arrive as `NotExecuted` or `Passed`, as the adapter is set.

mod results;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use annals_data::outcomes::Outcomes;

use self::results::{Found, Info, settle};
use super::cases::Cases;
use super::text::{Source, line, name};
use super::xml::{Element, Visitor, walk};
use super::{Error, Format, Limits, Report, clock, dotnet};

/// TRX.
pub(super) const FORMAT: Format =
    Format { name: "trx", title: "TRX (Visual Studio)", is_streamed: true, is_like, read };

fn is_like(source: &Source) -> bool {
    source.root() == Some("TestRun")
}

fn read(source: &Source, limits: &Limits) -> Result<Report<Outcomes>, Error> {
    let mut reading =
        Reading { source, cases: Cases::new(source, limits), limits, run: Run::default(), open: Vec::new() };
    walk(source, limits, &mut reading)?;
    let Reading { mut cases, run, .. } = reading;
    let (tool, started_at) = (run.tool.clone().or(run.adapter.map(str::to_owned)), run.started_at);
    settle(run, &mut cases)?;
    Ok(Report { tool, started_at, ..cases.finish(&FORMAT)? })
}

/// What the definition of a test says.
#[derive(Clone, Debug, Default)]
struct Definition {
    class: Option<String>,
    storage: Option<String>,
}

/// What the file says, before results and definitions are joined.
#[derive(Debug, Default)]
struct Run {
    results: Vec<Found>,
    definitions: HashMap<String, Definition>,
    errors: Vec<Info>,
    /// The outcome of the run and its number of tests.
    outcome: String,
    declared_count: Option<usize>,
    summary_position: usize,
    result_count: usize,
    top_count: usize,
    adapter: Option<&'static str>,
    tool: Option<String>,
    started_at: Option<i64>,
}

struct Reading<'r> {
    source: &'r Source<'r>,
    cases: Cases<'r>,
    limits: &'r Limits,
    run: Run,
    /// The results that are open, outermost first.
    open: Vec<Found>,
}

impl Visitor for Reading<'_> {
    fn open(&mut self, element: &Element, path: &[Element]) -> Result<(), Error> {
        let parent = path.last().map_or("", |parent| parent.name.as_str());
        match (parent, element.name.as_str()) {
            ("", "TestRun") => {}
            ("", name) => {
                return Err(self.refuse(element.position, format!("a further root element `{}`", line(name, 40))));
            }
            ("TestRun", "Times") => {
                let start = element.attribute("start").and_then(clock::microseconds);
                self.run.started_at = start.or_else(|| element.attribute("creation").and_then(clock::microseconds));
            }
            ("Results" | "InnerResults", _) => self.open_result(element)?,
            ("TestDefinitions", _) => self.define(element, None),
            (_, "TestMethod") => {
                if let (Some(test), Some(class)) = (path.last(), element.attribute("className")) {
                    self.define(test, Some(class));
                    self.run.adapter = self.run.adapter.or(element.attribute("adapterTypeName").and_then(adapter));
                }
            }
            (_, "ResultSummary") => {
                self.run.outcome = element.attribute("outcome").unwrap_or_default().to_owned();
                self.run.summary_position = element.position;
            }
            ("ResultSummary", "Counters") => {
                self.run.declared_count = element.attribute("total").and_then(|count| count.trim().parse().ok());
            }
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, mut element: Element, path: &[Element]) -> Result<(), Error> {
        let parent = path.last().map_or("", |parent| parent.name.as_str());
        let limits = self.limits;
        match (parent, element.name.as_str(), self.open.last_mut()) {
            ("Results" | "InnerResults", _, _) => self.close_result(),
            ("ErrorInfo", "Message", Some(open)) => open.message = element.take_text(limits),
            ("ErrorInfo", "StackTrace", Some(open)) => open.trace = element.take_text(limits),
            ("Output", "StdOut", Some(open)) => open.out = element.take_text(limits),
            ("Output", "StdErr", Some(open)) => open.err = element.take_text(limits),
            ("Output", "StdOut", None) => self.run.tool = tool(&element.take_text(limits)),
            ("RunInfo", "Text", None) => {
                let outcome = path.last().and_then(|info| info.attribute("outcome")).unwrap_or_default().to_owned();
                let text = element.take_text(limits);
                let info = Info { position: element.position, outcome, text };
                // A run of many errors needs no more of them.
                if info.is_error() && self.run.errors.len() < 1000 {
                    self.run.errors.push(info);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn refuse(&self, position: usize, reason: String) -> Error {
        // Results become outcomes at the end only, so the outcomes do not know the last one.
        match self.run.results.last() {
            Some(last) => {
                self.source.error(position, format!("{reason}; the last complete test is `{}`", last.title()))
            }
            None => self.cases.refuse(position, reason),
        }
    }
}

impl Reading<'_> {
    fn open_result(&mut self, element: &Element) -> Result<(), Error> {
        if self.run.results.len() + self.open.len() >= self.limits.cases {
            let reason = format!("the report holds more than {} outcomes", self.limits.cases);
            return Err(self.refuse(element.position, reason));
        }
        self.run.result_count += 1;
        self.run.top_count += usize::from(self.open.is_empty());
        self.open.push(Found::new(element, self.open.last()));
        Ok(())
    }

    fn close_result(&mut self) {
        let Some(result) = self.open.pop() else { return };
        if let Some(around) = self.open.last_mut() {
            around.has_rows = true;
            around.has_failing_row |= result.has_failing_row || result.is_failing();
        }
        self.run.results.push(result.trimmed());
    }

    fn define(&mut self, test: &Element, class: Option<&str>) {
        let Some(id) = test.attribute("id") else { return };
        let definition = self.run.definitions.entry(id.to_lowercase()).or_default();
        // Bounded, because many results may share a definition.
        let bounded = |text: &str| name(text, self.limits.name);
        definition.class = class.map(|class| bounded(dotnet::class(class))).or(definition.class.take());
        definition.storage = test.attribute("storage").map(|path| bounded(dotnet::file_name(path)));
    }
}

/// Returns which tool an adapter belongs to.
fn adapter(type_name: &str) -> Option<&'static str> {
    let type_name = type_name.to_lowercase();
    [("xunit", "xUnit.net"), ("nunit", "NUnit"), ("mstest", "MSTest"), ("visualstudio.testtools", "MSTest")]
        .into_iter()
        .find_map(|(part, tool)| type_name.contains(part).then_some(tool))
}

/// Returns the adapter and its version, where it tells them in what the run printed.
fn tool(printed: &str) -> Option<String> {
    ["xUnit.net VSTest Adapter ", "NUnit Adapter "].into_iter().find_map(|title| {
        let version = &printed[printed.find(title)? + title.len()..];
        let version = version.split(|c: char| c.is_whitespace() || matches!(c, '+' | ':')).next()?;
        Some(format!("{title}{}", version.trim_start_matches('v')))
    })
}
