//! Closing elements: what was read inside becomes outcomes.

use annals_data::row::{Outcome, Status};

use super::super::super::Error;
use super::super::super::text::{Excerpt, line, name};
use super::super::case::{Attributes, Case, Finding, combine};
use super::super::identity;
use super::super::repeat::{self, Entry};
use super::super::tool;
use super::{Frame, Reading, Suite};

/// The suite that jest-junit puts a file in that does not load; it writes it twice, as an error and as a failure.
const JEST_LOAD_FAILURE: &str = "Test suite failed to run";

impl Reading<'_> {
    pub(super) fn close_case(&mut self, mut case: Case, position: usize) -> Result<(), Error> {
        if case.attributes.name.as_deref().unwrap_or_default().is_empty() {
            self.unnamed_count += 1;
            self.notes.push(position, "the test case has no name".to_owned());
            case.attributes.name = Some(format!("(unnamed {})", self.unnamed_count));
        }
        if self.tool.is_none() && self.case_count == 1 {
            self.tool = tool::of_case(&case.attributes).map(str::to_owned);
        }
        let suites: Vec<&str> = suite_names(&self.frames).collect();
        let suite = name(&identity::suite(&case.attributes, &suites, self.is_pytest), self.limits.name);
        self.push(case, suite, position)
    }

    /// Adds the outcomes of a case.
    fn push(&mut self, mut case: Case, suite: String, position: usize) -> Result<(), Error> {
        let name = case.attributes.name.take().unwrap_or_default();
        let (file, line) = (case.attributes.file.take(), case.attributes.line);
        let entry = Entry {
            position,
            suite_element: self.innermost().map_or(usize::MAX, |suite| suite.element),
            is_bare: case.is_bare(),
            has_failure: case.has_failure() || suite == JEST_LOAD_FAILURE,
            is_second_half: case.is_teardown() || (suite == JEST_LOAD_FAILURE && case.has_failure()),
            is_unexplained: case.is_unexplained(),
            word: 0,
            is_dropped: false,
            outcome: Outcome {
                file: file.filter(|file| !file.is_empty()),
                line,
                ..Outcome::new(suite, name, Status::Passed)
            },
        };
        let mut attempts = case.attempts(self.limits.message);
        if self.entries.len() + attempts.len() > self.limits.cases {
            return Err(self.refuse(format!("the report holds more than {} outcomes", self.limits.cases)));
        }
        let last = attempts.pop();
        for attempt in attempts {
            let word = self.account.word(&attempt.word);
            self.entries.push(entry.clone().with(attempt, word));
        }
        if let Some(attempt) = last {
            let word = self.account.word(&attempt.word);
            self.entries.push(entry.with(attempt, word));
        }
        Ok(())
    }

    pub(super) fn close_finding(&mut self, finding: Finding, position: usize) -> Result<(), Error> {
        if let Some(Frame::Case { case, .. }) = self.frames.last_mut() {
            case.findings.push(finding);
            return Ok(());
        }
        let suites: Vec<&str> = suite_names(&self.frames).collect();
        let suite = name(&identity::path(&suites), self.limits.name);
        let attributes = Attributes { name: Some("(suite)".to_owned()), ..Attributes::default() };
        self.push(Case { attributes, findings: vec![finding], ..Case::default() }, suite, position)
    }

    pub(super) fn close_output(&mut self, text: Excerpt, is_err: bool) {
        match self.frames.last_mut() {
            Some(Frame::Case { case, .. }) if is_err => case.err = text,
            Some(Frame::Case { case, .. }) => case.out = text,
            Some(Frame::Suite(suite)) if !is_err => suite.out = text,
            _ => {}
        }
    }

    pub(super) fn close_suite(&mut self, suite: Suite) {
        let entries = &mut self.entries[suite.entries_before..];
        // Bazel writes the log of its only, failing case beside the case.
        if let [Entry { outcome, is_unexplained: true, .. }] = entries
            && matches!(outcome.status, Status::Failed | Status::Errored)
        {
            let bound = self.limits.message;
            let text = combine(outcome.message.as_deref().unwrap_or_default(), &suite.out.finish(bound), bound);
            outcome.message = (!text.is_empty()).then_some(text);
        }
        let dropped = if suite.is_go { repeat::drop_parents(entries) } else { Vec::new() };
        for (position, name) in dropped {
            self.account.ignore("parents of subtests that failed");
            let text = format!("`{}` is left out: it failed along with its subtests", line(&name, 200));
            self.notes.push(position, text);
        }
        let is_outermost = !self.frames.iter().any(|frame| matches!(frame, Frame::Suite(_)));
        if let Some(declared) = suite.declared_count.filter(|_| is_outermost) {
            self.check_count(declared, self.case_count - suite.cases_before, suite.position);
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
