//! Closing elements: what was read inside becomes outcomes.

use annals_data::row::{Kind, Outcome, SUITE, Status};

use super::super::super::Error;
use super::super::super::text::{Excerpt, line, name};
use super::super::case::{Attempt, Attributes, Case, Finding, combine};
use super::super::identity;
use super::super::repeat::{self, Entry, Failing};
use super::super::tool;
use super::super::whole::{self, Around};
use super::{Frame, Reading, Suite};

/// Failing tests of one suite that are looked at for parents of subtests.
const FAILING: usize = 50_000;

fn is_failing(status: Status) -> bool {
    matches!(status, Status::Failed | Status::Errored)
}

impl Reading<'_> {
    pub(super) fn close_case(&mut self, mut case: Case, position: usize) -> Result<(), Error> {
        let is_of_suite = whole::rename(&mut case, &self.around());
        let kind = if is_of_suite { Kind::Suite } else { Kind::Test };
        if case.attributes.name.as_deref().unwrap_or_default().is_empty() {
            self.unnamed_count += 1;
            self.notes.push(position, "the test case has no name".to_owned());
            case.attributes.name = Some(format!("(unnamed {})", self.unnamed_count));
        }
        if self.tool.is_none() && self.case_count == 1 {
            self.tool = tool::of_case(&case.attributes).map(str::to_owned);
        }
        let suites: Vec<&str> = suite_names(&self.frames).collect();
        let mut suite = identity::suite(&case.attributes, &suites, self.is_pytest);
        // Its parts are clean; together they may be long.
        if suite.len() > self.limits.name {
            suite = name(&suite, self.limits.name);
        }
        self.push(case, kind, suite, position)
    }

    /// Returns where a case stands.
    fn around(&self) -> Around<'_> {
        let suite = self.frames.iter().rev().find_map(|frame| match frame {
            Frame::Suite(suite) => Some(suite),
            _ => None,
        });
        let (suite, is_go) = suite.map_or(("", false), |suite| (suite.name.as_str(), suite.is_go));
        Around { suite, is_go, tool: self.tool.as_deref() }
    }

    /// Adds the outcomes of a case.
    fn push(&mut self, mut case: Case, kind: Kind, suite: String, position: usize) -> Result<(), Error> {
        let name = case.attributes.name.take().unwrap_or_default();
        let (file, line) = (case.attributes.file.take(), case.attributes.line);
        let mut entry = Entry {
            suite_element: self.innermost().map_or(usize::MAX, |suite| suite.element),
            is_bare: case.is_bare(),
            has_failure: case.has_failure() || kind == Kind::Suite,
            is_second_half: case.is_teardown() || (kind == Kind::Suite && case.has_failure()),
            word: 0,
            outcome: Outcome {
                kind,
                file: file.filter(|file| !file.is_empty()),
                line,
                ..Outcome::new(suite, name, Status::Passed)
            },
        };
        self.is_unexplained = case.is_unexplained();
        let mut attempts = case.attempts(self.limits.message);
        if self.kept.len() + attempts.len() > self.limits.cases {
            return Err(self.refuse(format!("the report holds more than {} outcomes", self.limits.cases)));
        }
        let Some(last) = attempts.pop() else { return Ok(()) };
        for attempt in attempts {
            self.keep(entry.clone(), attempt, position);
        }
        entry.outcome.attempt = 1;
        self.keep(entry, last, position);
        Ok(())
    }

    fn keep(&mut self, mut entry: Entry, attempt: Attempt, position: usize) {
        entry.word = self.kept.account.word(&attempt.word);
        let outcome = &mut entry.outcome;
        outcome.status = attempt.status;
        outcome.error_kind = attempt.error_kind.map(str::to_owned);
        outcome.duration_us = attempt.duration_us;
        outcome.message = attempt.message;
        if is_failing(outcome.status) {
            let at = self.kept.len();
            let name = outcome.name.clone();
            if let Some(suite) = self.innermost().filter(|suite| suite.failing.len() < FAILING) {
                suite.failing.push(Failing { at, position, name });
            }
        }
        self.kept.push(entry, self.is_pytest);
    }

    pub(super) fn close_finding(&mut self, finding: Finding, position: usize) -> Result<(), Error> {
        if let Some(Frame::Case { case, .. }) = self.frames.last_mut() {
            case.findings.push(finding);
            return Ok(());
        }
        let suites: Vec<&str> = suite_names(&self.frames).collect();
        let suite = name(&identity::path(&suites), self.limits.name);
        let attributes = Attributes { name: Some(SUITE.to_owned()), ..Attributes::default() };
        self.push(Case { attributes, findings: vec![finding], ..Case::default() }, Kind::Suite, suite, position)
    }

    pub(super) fn close_output(&mut self, text: Excerpt, is_err: bool) {
        match self.frames.last_mut() {
            Some(Frame::Case { case, .. }) if is_err => case.err = text,
            Some(Frame::Case { case, .. }) => case.out = text,
            Some(Frame::Suite(suite)) if !is_err => suite.out = text,
            _ => {}
        }
    }

    pub(super) fn close_suite(&mut self, mut suite: Suite) {
        let is_failing = self.kept.last().is_some_and(|last| is_failing(last.status));
        // Bazel writes the log of its only, failing case beside the case.
        if self.kept.len() == suite.outcomes_before + 1 && self.is_unexplained && is_failing {
            let bound = self.limits.message;
            let printed = std::mem::take(&mut suite.out).finish(bound);
            self.kept.explain_last(|message| combine(message, &printed, bound));
        }
        if suite.is_go {
            self.leave_parents_out(&suite.failing);
        }
        match self.innermost() {
            Some(outer) => {
                let room = FAILING.saturating_sub(outer.failing.len());
                outer.failing.extend(suite.failing.into_iter().take(room));
            }
            None => {
                if let Some(declared) = suite.declared_count {
                    self.check_count(declared, self.case_count - suite.cases_before, suite.position);
                }
            }
        }
    }

    fn leave_parents_out(&mut self, failing: &[Failing]) {
        for Failing { at, position, name } in repeat::parents(failing) {
            if !self.kept.is_left_out(*at) {
                self.kept.leave_out(*at);
                self.kept.account.ignore("parents of subtests that failed");
                let text = format!("`{}` is left out: it failed along with its subtests", line(name, 200));
                self.notes.push(*position, text);
            }
        }
    }

    /// Tells where a counter differs from what is listed.
    pub(super) fn check_count(&mut self, declared: usize, listed: usize, position: usize) {
        self.declared_count = self.declared_count.saturating_add(declared);
        if declared != listed {
            self.notes.push(position, format!("declared are {declared} tests, listed are {listed}"));
        }
    }
}

/// Returns the names of the open suites, outermost first.
fn suite_names(frames: &[Frame]) -> impl Iterator<Item = &str> {
    frames.iter().filter_map(|frame| match frame {
        Frame::Suite(suite) => Some(suite.name.as_str()),
        _ => None,
    })
}
