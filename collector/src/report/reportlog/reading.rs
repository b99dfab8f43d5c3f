//! The state of reading one stream: the attempts whose teardown has not come.

use std::collections::HashMap;

use annals_data::row::{Outcome, SUITE, Status};

use super::super::cases::Cases;
use super::super::error_kind::{CRASHED, error_kind};
use super::super::json::{self, Json, Number, Text, Texts};
use super::super::text::{Excerpt, line};
use super::super::{Error, Limits};
use super::{Line, longrepr};

/// An attempt without its end.
struct Attempt {
    outcome: Outcome,
    position: usize,
    word: &'static str,
    text: Excerpt,
    seconds: f64,
    has_failed_subtest: bool,
}

/// A stream that is being read.
pub(super) struct Reading<'r> {
    limits: &'r Limits,
    open: HashMap<String, Attempt>,
    started_at: Option<i64>,
    is_finished: bool,
}

impl<'r> Reading<'r> {
    pub(super) fn new(limits: &'r Limits) -> Self {
        Self { limits, open: HashMap::new(), started_at: None, is_finished: false }
    }

    /// Takes in one report.
    pub(super) fn line(&mut self, json: &Json, report: &Line, piece: &str, cases: &mut Cases) -> Result<(), Error> {
        let position = json.position(piece);
        if self.started_at.is_none() {
            let seconds = report.start.get().unwrap_or_default();
            self.started_at = json::instant_of_ms(&Number::from(seconds * 1e3));
        }
        match report.plugin_kind.some().unwrap_or(report.kind.get()) {
            "TestReport" => {
                let text = longrepr::text(json, piece, cases, self.limits)?;
                self.phase(report, &text, position, cases)
            }
            "SubTestReport" | "SubtestReport" => self.subtest(json, report, piece, cases),
            "CollectReport" => {
                let text = longrepr::text(json, piece, cases, self.limits)?;
                self.collection(report, text, position, cases)
            }
            "SessionFinish" => {
                self.is_finished = true;
                Ok(())
            }
            "SessionStart" => Ok(()),
            "WarningMessage" => {
                cases.ignore("warnings of pytest");
                Ok(())
            }
            _ => {
                cases.ignore("reports of an unknown type");
                Ok(())
            }
        }
    }

    /// Takes in one phase of a test.
    fn phase(&mut self, report: &Line, text: &str, position: usize, cases: &mut Cases) -> Result<(), Error> {
        let id = report.nodeid.get();
        let when = report.when.get();
        if when == "setup"
            && let Some(earlier) = self.open.remove(id)
        {
            self.settle(earlier, cases)?;
        }
        let attempt = self.open.entry(id.to_owned()).or_insert_with(|| Attempt::new(report, position));
        attempt.seconds += report.duration.get().unwrap_or_default();
        attempt.judge(report, text, self.limits);
        if matches!(when, "setup" | "call") {
            return Ok(());
        }
        match self.open.remove(id) {
            Some(attempt) => attempt.push(position, cases, self.limits),
            None => Ok(()),
        }
    }

    /// Adds a subtest, and tells its parent where it failed.
    fn subtest(&mut self, json: &Json, report: &Line, piece: &str, cases: &mut Cases) -> Result<(), Error> {
        let position = json.position(piece);
        let text = longrepr::text(json, piece, cases, self.limits)?;
        let context = json::get(piece, "context").or(json::get(piece, "_subtest.context")).unwrap_or("{}");
        let message: Text = json.parse(json::get(context, "msg").unwrap_or("null"), cases)?;
        let mut given = Vec::new();
        for (key, value) in json::Members::new(json::get(context, "kwargs").unwrap_or_default()).take(20) {
            let value: Text = json.parse(value, cases)?;
            given.push(format!("{}={}", key.unwrap_or_default(), value.get()));
        }
        let mut attempt = Attempt::new(report, position);
        if let Some(message) = message.some() {
            attempt.outcome.name.push_str(&format!(" [{}]", line(message, 200)));
        }
        if !given.is_empty() {
            attempt.outcome.name.push_str(&format!(" ({})", given.join(", ")));
        }
        attempt.seconds = report.duration.get().unwrap_or_default();
        attempt.judge(report, &text, self.limits);
        if matches!(attempt.outcome.status, Status::Failed | Status::Errored)
            && let Some(parent) = self.open.get_mut(report.nodeid.get())
        {
            parent.has_failed_subtest = true;
        }
        attempt.push(position, cases, self.limits)
    }

    /// Adds a module or class that could not be collected, or was skipped as a whole.
    fn collection(&self, report: &Line, text: String, position: usize, cases: &mut Cases) -> Result<(), Error> {
        let (status, word) = match report.outcome.get() {
            "failed" => (Status::Errored, "failed (collection)"),
            "skipped" => (Status::Skipped, "skipped (collection)"),
            _ => return Ok(()),
        };
        let parts = address(report.nodeid.get());
        let mut outcome = Outcome::of_suite(parts.join("."), SUITE, status);
        let file = report.nodeid.get().split("::").next().unwrap_or_default();
        outcome.file = Some(file.to_owned());
        outcome.message = Some(text.strip_prefix("Skipped: ").map(str::to_owned).unwrap_or(text));
        cases.push(position, word, outcome)
    }

    /// Adds an attempt without its end.
    fn settle(&self, mut attempt: Attempt, cases: &mut Cases) -> Result<(), Error> {
        let name = line(&attempt.outcome.name, 200);
        cases.warn(attempt.position, format!("`{name}` has no teardown: its process ended"));
        if attempt.outcome.status == Status::Passed {
            attempt.outcome.status = Status::Errored;
            attempt.outcome.error_kind = Some(CRASHED.to_owned());
            attempt.word = "(no teardown)";
            attempt.text.push_paragraph("the report ends while the test was running", self.limits.message);
        }
        let position = attempt.position;
        attempt.push(position, cases, self.limits)
    }

    /// Settles what has no end, and returns when the tests began.
    pub(super) fn finish(mut self, cases: &mut Cases) -> Result<Option<i64>, Error> {
        let mut open: Vec<Attempt> = self.open.drain().map(|(_, attempt)| attempt).collect();
        open.sort_by_key(|attempt| attempt.position);
        for attempt in open {
            self.settle(attempt, cases)?;
        }
        if !self.is_finished {
            cases.warn(usize::MAX, "the report has no `SessionFinish`: its run ended early".to_owned());
        }
        Ok(self.started_at)
    }
}

impl Attempt {
    fn new(report: &Line, position: usize) -> Self {
        let mut parts = address(report.nodeid.get());
        let name = parts.pop().unwrap_or_default();
        let mut outcome = Outcome::new(parts.join("."), name, Status::Passed);
        let Texts(location) = &report.location;
        outcome.file = location.first().cloned();
        // pytest counts lines from zero.
        outcome.line = location.get(1).and_then(|line| line.parse::<i64>().ok()).map(|line| line.saturating_add(1));
        let text = Excerpt::default();
        Self { outcome, position, word: "passed", text, seconds: 0.0, has_failed_subtest: false }
    }

    /// Takes in what one phase says: the worst counts, and the call more than what follows it.
    fn judge(&mut self, report: &Line, text: &str, limits: &Limits) {
        let is_expected = report.wasxfail.is_present();
        let (status, word) = match (report.outcome.get(), report.when.get()) {
            ("failed", _) if text.starts_with("[XPASS(strict)]") => (Status::Xpassed, "failed [XPASS(strict)]"),
            ("failed", "call") if is_unexpected_success(text) => (Status::Xpassed, "failed, unexpected success"),
            ("failed", "call") => (Status::Failed, "failed (call)"),
            ("failed", "setup") => (Status::Errored, "failed (setup)"),
            ("failed", "teardown") => (Status::Errored, "failed (teardown)"),
            ("failed", _) => (Status::Errored, "failed"),
            ("rerun", "call") => (Status::Failed, "rerun (call)"),
            ("rerun", _) => (Status::Errored, "rerun"),
            ("skipped", _) if is_expected => (Status::Xfailed, "skipped, wasxfail"),
            ("skipped", _) => (Status::Skipped, "skipped"),
            ("passed", "call") if is_expected => (Status::Xpassed, "passed, wasxfail"),
            _ => return,
        };
        self.text.push_paragraph(report.wasxfail.get(), limits.message);
        self.text.push_paragraph(text.strip_prefix("Skipped: ").unwrap_or(text), limits.message);
        let is_worse = matches!(status, Status::Failed | Status::Errored);
        let has_failed = matches!(self.outcome.status, Status::Failed | Status::Errored);
        if self.outcome.status == Status::Passed || (is_worse && !has_failed) {
            (self.outcome.status, self.word) = (status, word);
        }
        if let Some(kind) = error_kind("", text).filter(|_| is_worse) {
            self.outcome.status = Status::Errored;
            self.outcome.error_kind = Some(kind.to_owned());
        }
    }

    /// Adds the outcome of the attempt.
    fn push(mut self, position: usize, cases: &mut Cases, limits: &Limits) -> Result<(), Error> {
        let is_only_parent = self.has_failed_subtest && self.text.head().starts_with("contains ");
        if is_only_parent {
            cases.ignore("parents of failed subtests");
            return Ok(());
        }
        self.outcome.duration_us = json::duration(&Number::from(self.seconds), "s", position, cases);
        self.outcome.message = Some(self.text.finish(limits.message));
        cases.push(position, self.word, self.outcome)
    }
}

/// Returns whether the text is pytest's for a test of `unittest` that passed although it is marked `expectedFailure`.
fn is_unexpected_success(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    first.strip_prefix("Failed: ").unwrap_or(first) == "Unexpected success"
}

/// Returns the parts of a node's address as pytest's JUnit XML names them; parameters may hold any text.
fn address(id: &str) -> Vec<String> {
    let (path, parameters) = id.split_at(id.find('[').unwrap_or(id.len()));
    let mut parts: Vec<String> = path.split("::").map(str::to_owned).collect();
    if let Some(module) = parts.first_mut() {
        *module = module.strip_suffix(".py").unwrap_or(module).replace('/', ".");
    }
    if let Some(name) = parts.last_mut() {
        name.push_str(parameters);
    }
    parts
}
