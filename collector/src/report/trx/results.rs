//! One result of a TRX file, and how all of them become outcomes once the whole file is read.
//!
//! The table of statuses stands in the parent's documentation.

use std::collections::HashMap;
use std::rc::Rc;

use annals_data::row::{Outcome, Status};

use super::super::cases::Cases;
use super::super::error_kind::{CRASHED, TIMED_OUT, error_kind};
use super::super::text::line;
use super::super::xml::Element;
use super::super::{Error, clock, dotnet, duration};
use super::Run;

/// An error or a warning of the run itself.
#[derive(Debug)]
pub(super) struct Info {
    pub(super) position: usize,
    pub(super) outcome: String,
    pub(super) text: String,
}

impl Info {
    /// Returns whether it says more than that a test failed; xUnit.net's adapter repeats each failed test there.
    pub(super) fn is_error(&self) -> bool {
        let is_echo = self.text.starts_with("[xUnit.net ") && self.text.ends_with("[FAIL]");
        matches!(self.outcome.as_str(), "Error" | "Failed" | "Aborted" | "Timeout") && !is_echo
    }

    fn error_kind(&self) -> Option<&'static str> {
        let text = self.text.to_lowercase();
        let is_crash = text.contains("host process crashed") || text.contains("test run was aborted");
        if is_crash { Some(CRASHED) } else { (self.outcome == "Timeout").then_some(TIMED_OUT) }
    }
}

/// A result as the file has it.
#[derive(Debug, Default)]
pub(super) struct Found {
    position: usize,
    test_id: Rc<str>,
    around_id: Option<Rc<str>>,
    name: String,
    outcome: Option<String>,
    duration_us: Option<i64>,
    started_at: Option<i64>,
    /// Text of a length of time that is none.
    odd_duration: Option<String>,
    pub(super) message: String,
    pub(super) trace: String,
    pub(super) out: String,
    pub(super) err: String,
    pub(super) has_rows: bool,
    pub(super) has_failing_row: bool,
}

impl Found {
    /// Returns what the attributes of a result say; `around` is the data-driven test whose row it is.
    pub(super) fn new(element: &Element, around: Option<&Found>) -> Self {
        let text = |name| element.attribute(name).unwrap_or_default().trim();
        let (started_at, ended_at) = (clock::microseconds(text("startTime")), clock::microseconds(text("endTime")));
        let between = started_at.zip(ended_at).map(|(start, end)| end - start).filter(|&length| length >= 0);
        let duration_us = duration::microseconds(text("duration"));
        let mut name = text("testName").to_owned();
        if let (Some(around), Some(row)) = (around, element.attribute("dataRowInfo"))
            && around.name == name
        {
            name = format!("{name} (row {row})");
        }
        Self {
            position: element.position,
            test_id: text("testId").to_lowercase().into(),
            around_id: around.map(|around| around.around_id.as_ref().unwrap_or(&around.test_id).clone()),
            name,
            outcome: element.attribute("outcome").map(|word| word.trim().to_owned()),
            duration_us: duration_us.or(between),
            started_at,
            odd_duration: Some(text("duration")).filter(|text| duration_us.is_none() && !text.is_empty()).map(line40),
            ..Self::default()
        }
    }

    /// Returns the result without what it printed, where that explains nothing.
    pub(super) fn trimmed(self) -> Self {
        let is_explained = !self.message.is_empty() || !self.trace.is_empty();
        if is_explained || !matches!(self.status().0, Status::Failed | Status::Errored | Status::Skipped) {
            return Self { out: String::new(), err: String::new(), ..self };
        }
        self
    }

    /// Returns the test's name for use within a sentence.
    pub(super) fn title(&self) -> String {
        line(&self.name, 200)
    }

    pub(super) fn is_failing(&self) -> bool {
        matches!(self.status().0, Status::Failed | Status::Errored)
    }

    /// Returns whether nobody asked for the test to be left out: the run never came to it.
    fn is_unreached(&self, is_broken_run: bool) -> bool {
        match self.outcome.as_deref() {
            Some("Pending") => true,
            Some("NotExecuted") => is_broken_run && self.text().is_none(),
            _ => false,
        }
    }

    fn status(&self) -> (Status, Option<&'static str>) {
        match self.outcome.as_deref().unwrap_or_default() {
            "Passed" | "PassedButRunAborted" | "Completed" | "Warning" => (Status::Passed, None),
            "Failed" => match error_kind("", &self.message) {
                Some(kind) => (Status::Errored, Some(kind)),
                None => (Status::Failed, None),
            },
            "Timeout" => (Status::Errored, Some(TIMED_OUT)),
            "Aborted" | "InProgress" => (Status::Errored, Some(CRASHED)),
            "Inconclusive" | "NotExecuted" | "Pending" => (Status::Skipped, None),
            _ => (Status::Errored, None),
        }
    }

    fn text(&self) -> Option<String> {
        dotnet::explained(&self.message, &self.trace).or_else(|| dotnet::explained(&self.out, &self.err))
    }

    /// Returns the suite; a row may have an id of its own without a definition.
    fn suite<'d>(&self, run: &'d Definitions) -> &'d str {
        let ids = [Some(&self.test_id), self.around_id.as_ref()];
        let known = ids.into_iter().flatten().find_map(|id| run.get(&**id));
        let texts = known.map(|definition| [&definition.class, &definition.storage]);
        texts.into_iter().flatten().flatten().find(|text| !text.is_empty()).map_or("", String::as_str)
    }
}

type Definitions = HashMap<String, super::Definition>;

fn line40(text: &str) -> String {
    line(text, 40)
}

/// Adds the outcomes of a run that is read to its end.
pub(super) fn settle(mut run: Run, cases: &mut Cases) -> Result<(), Error> {
    let is_broken = matches!(run.outcome.as_str(), "Error" | "Aborted" | "Timeout" | "Disconnected" | "InProgress");
    let mut found: Vec<(Found, Outcome)> = Vec::with_capacity(run.results.len());
    for result in std::mem::take(&mut run.results) {
        if result.has_rows && (result.has_failing_row || !result.is_failing()) {
            cases.ignore("data-driven tests whose rows are listed");
        } else if result.is_unreached(is_broken) {
            cases.ignore("tests that the run did not come to");
        } else {
            let outcome = outcome(&result, &run.definitions);
            found.push((result, outcome));
        }
    }
    for (result, outcome) in in_order(found) {
        remark(&result, cases);
        cases.push(result.position, result.outcome.as_deref().unwrap_or("(none)"), outcome)?;
    }
    if let Some(count) = run.declared_count.filter(|count| ![run.result_count, run.top_count].contains(count)) {
        let text = format!("declared are {count} tests, listed are {}", run.result_count);
        cases.warn(run.summary_position, text);
    }
    settle_run(&run, cases)
}

fn outcome(result: &Found, definitions: &Definitions) -> Outcome {
    let suite = result.suite(definitions);
    let (status, error_kind) = result.status();
    Outcome {
        error_kind: error_kind.map(str::to_owned),
        duration_us: result.duration_us,
        message: result.text().filter(|_| status != Status::Passed || !result.message.is_empty()),
        ..Outcome::new(suite, dotnet::own_name(suite, &result.name), status)
    }
}

/// Returns the results in their order, but repeated ones at the place of the first and by the time of their start.
fn in_order(mut found: Vec<(Found, Outcome)>) -> Vec<(Found, Outcome)> {
    let mut first: HashMap<(&str, &str), usize> = HashMap::new();
    let groups: Vec<usize> = found
        .iter()
        .enumerate()
        .map(|(at, (_, outcome))| *first.entry((&outcome.suite, &outcome.name)).or_insert(at))
        .collect();
    let mut keyed: Vec<_> = groups.into_iter().zip(found.drain(..)).collect();
    keyed.sort_by_key(|(group, (result, _))| (*group, result.started_at));
    keyed.into_iter().map(|(_, found)| found).collect()
}

/// Tells what is odd about a result.
fn remark(result: &Found, cases: &mut Cases) {
    if let Some(text) = &result.odd_duration {
        cases.warn(result.position, format!("`{text}` is no length of time"));
    }
    match result.outcome.as_deref() {
        None | Some("Error" | "NotRunnable" | "Disconnected") => {}
        Some(word) if result.status() == (Status::Errored, None) => {
            let text = format!("the outcome `{}` is not known; it counts as an error", line(word, 40));
            cases.warn(result.position, text);
        }
        Some(_) => {}
    }
}

/// Adds what went wrong with the run itself.
fn settle_run(run: &Run, cases: &mut Cases) -> Result<(), Error> {
    let Some(first) = run.errors.first() else { return Ok(()) };
    let mut storages: Vec<&String> = run.definitions.values().filter_map(|test| test.storage.as_ref()).collect();
    storages.sort();
    storages.dedup();
    let suite = if let [storage] = storages[..] { storage.as_str() } else { "" };
    let texts: Vec<&str> = run.errors.iter().map(|info| info.text.as_str()).collect();
    let error_kind = run.errors.iter().find_map(Info::error_kind);
    let outcome = Outcome {
        error_kind: error_kind.map(str::to_owned),
        message: Some(texts.join("\n")),
        ..Outcome::of_suite(suite, "(run)", Status::Errored)
    };
    cases.push(first.position, &format!("RunInfo {}", first.outcome), outcome)
}
