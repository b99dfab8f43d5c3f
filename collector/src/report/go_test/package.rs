//! One package whose tests are running: what each test printed, and what becomes of those without an end.

use std::collections::HashMap;

use annals_data::row::{Outcome, SUITE, Status};

use super::super::cases::Cases;
use super::super::error_kind::{CRASHED, TIMED_OUT};
use super::super::json::{self, Number};
use super::super::text::{Excerpt, line};
use super::super::{Error, Limits};
use super::Event;
use super::benchmark::Benchmarks;
use super::output::{hidden_end, is_fatal, is_frame, kind_of};

/// How a package ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Passed,
    Failed,
    /// The stream ended first.
    Missing,
}

/// A test that has not ended.
#[derive(Default)]
struct Test {
    position: usize,
    out: Excerpt,
    /// It began with an event; output alone may also come after an end.
    is_started: bool,
    is_paused: bool,
    has_failed_subtest: bool,
    /// A result stood within a line that the test had begun.
    hidden_end: Option<Status>,
}

/// A package that has not ended.
pub(super) struct Package<'r> {
    name: String,
    position: usize,
    limits: &'r Limits,
    open: HashMap<String, Test>,
    out: Excerpt,
    benchmarks: Benchmarks,
    failed_count: usize,
    /// What a panic on the way says of the end of the process.
    ended_by: Option<&'static str>,
}

impl<'r> Package<'r> {
    pub(super) fn new(name: &str, position: usize, limits: &'r Limits) -> Self {
        Self {
            name: name.to_owned(),
            position,
            limits,
            open: HashMap::new(),
            out: Excerpt::default(),
            benchmarks: Benchmarks::default(),
            failed_count: 0,
            ended_by: None,
        }
    }

    /// Returns where the package began.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// Takes in an event of a test, or what the package printed.
    pub(super) fn event(&mut self, event: &Event, position: usize, cases: &mut Cases) -> Result<(), Error> {
        let name = event.test.get();
        match event.action.get() {
            "run" => {
                let test = Test { position, is_started: true, ..Test::default() };
                if let Some(earlier) = self.open.insert(name.to_owned(), test)
                    && !self.is_dismissed(name, &earlier, End::Missing, cases)
                {
                    self.settle(name, earlier, End::Missing, cases)?;
                }
            }
            "pause" => self.open.entry(name.to_owned()).or_default().is_paused = true,
            "cont" => self.open.entry(name.to_owned()).or_default().is_paused = false,
            "output" => self.output(event, position, cases)?,
            "pass" => self.close(name, Status::Passed, &event.elapsed, position, cases)?,
            "skip" => self.close(name, Status::Skipped, &event.elapsed, position, cases)?,
            "fail" => self.close(name, Status::Failed, &event.elapsed, position, cases)?,
            "bench" => drop(self.open.remove(name)),
            "start" | "attr" | "artifacts" => {}
            _ => cases.ignore("events of an unknown action"),
        }
        Ok(())
    }

    /// Takes in what a test or the package printed.
    fn output(&mut self, event: &Event, position: usize, cases: &mut Cases) -> Result<(), Error> {
        let (name, text) = (event.test.get(), event.output.get());
        if let Some(outcome) = self.benchmarks.output(name, text, position) {
            cases.push(position, "bench", Outcome { suite: self.name.clone(), ..outcome })?;
        }
        if text.starts_with("panic: test timed out after ") {
            self.ended_by = Some(TIMED_OUT);
        } else if self.ended_by.is_none() && is_fatal(text) {
            self.ended_by = Some(CRASHED);
        }
        let is_own_name = name.starts_with("Benchmark") && text.trim_end() == name;
        if event.output_type.get() == "frame" || is_frame(text) || is_own_name {
            return Ok(());
        }
        if name.is_empty() {
            if text.contains("\t(cached)") {
                cases.ignore("packages with cached results");
            }
            self.out.push(text, self.limits.message);
            return Ok(());
        }
        let test = self.open.entry(name.to_owned()).or_default();
        test.hidden_end = test.hidden_end.or_else(|| hidden_end(text, name));
        test.out.push(text, self.limits.message);
        Ok(())
    }

    /// Ends a test.
    fn close(
        &mut self,
        name: &str,
        status: Status,
        elapsed: &Number,
        position: usize,
        cases: &mut Cases,
    ) -> Result<(), Error> {
        let test = self.open.remove(name).unwrap_or_default();
        if status == Status::Passed && self.benchmarks.has_result(name) {
            return Ok(());
        }
        let duration_us = json::duration(elapsed, "s", position, cases);
        self.push(name, test, status, duration_us, position, cases)
    }

    /// Adds a test that has ended.
    fn push(
        &mut self,
        name: &str,
        test: Test,
        status: Status,
        duration_us: Option<i64>,
        position: usize,
        cases: &mut Cases,
    ) -> Result<(), Error> {
        let word = match status {
            Status::Failed => "fail",
            Status::Skipped => "skip",
            _ => "pass",
        };
        let mut outcome = Outcome::new(self.name.as_str(), name, status);
        outcome.duration_us = duration_us;
        if status == Status::Failed {
            self.note_failure(name);
            if test.has_failed_subtest {
                cases.ignore("parents of failed subtests");
                return Ok(());
            }
        }
        if status != Status::Passed {
            let text = test.out.finish(self.limits.message);
            if let Some(kind) = kind_of(&text).filter(|_| status == Status::Failed) {
                outcome.status = Status::Errored;
                outcome.error_kind = Some(kind.to_owned());
            }
            outcome.message = Some(text);
        }
        cases.push(position, word, outcome)
    }

    /// Tells the nearest running parent, so that it is no second failure.
    fn note_failure(&mut self, name: &str) {
        self.failed_count += 1;
        if let Some(parent) = self.parent(name) {
            parent.has_failed_subtest = true;
        }
    }

    /// Returns the nearest running parent; a name may have strokes of its own.
    fn parent(&mut self, name: &str) -> Option<&mut Test> {
        let mut parents = name.rmatch_indices('/').take(self.limits.depth).map(|(at, _)| &name[..at]);
        let parent = parents.find(|parent| self.open.contains_key(*parent))?;
        self.open.get_mut(parent)
    }

    /// Returns whether a test without an end is no outcome, and tells its parent what becomes of it.
    fn is_dismissed(&mut self, name: &str, test: &Test, end: End, cases: &mut Cases) -> bool {
        if test.has_failed_subtest {
            cases.ignore("parents of failed subtests");
            return true;
        }
        if end != End::Passed && test.is_paused {
            cases.ignore("tests that were waiting when their package ended");
            // A parent waits for its subtests.
            if let Some(parent) = self.parent(name) {
                parent.is_paused = true;
            }
            return true;
        }
        if !test.is_started || self.is_quiet_benchmark(name, end) {
            return true;
        }
        if test.hidden_end.is_none() && end != End::Passed {
            self.note_failure(name);
        }
        false
    }

    /// Adds a test without an end.
    fn settle(&mut self, name: &str, test: Test, end: End, cases: &mut Cases) -> Result<(), Error> {
        let (position, short) = (test.position, line(name, 200));
        let passed = (end == End::Passed).then_some(Status::Passed);
        if let Some(status) = test.hidden_end.or(passed) {
            let word = status.as_str();
            cases.warn(position, format!("`{short}` has no end; what it printed or its package says that it {word}"));
            return self.push(name, test, status, None, position, cases);
        }
        let place = if end == End::Failed { "its package ended" } else { "the report ends" };
        cases.warn(position, format!("`{short}` has no end: {place} while it was running"));
        let mut outcome = Outcome::new(self.name.as_str(), name, Status::Errored);
        outcome.error_kind = Some(self.ended_by.unwrap_or(CRASHED).to_owned());
        let text = test.out.finish(self.limits.message);
        outcome.message = Some(if text.is_empty() { format!("{place} while the test was running") } else { text });
        cases.push(position, "run", outcome)
    }

    /// Returns whether a benchmark has no end because it needs none: it gave its result, or it only has others in it.
    fn is_quiet_benchmark(&self, name: &str, end: End) -> bool {
        name.starts_with("Benchmark") && (end == End::Passed || self.benchmarks.has_result(name))
    }

    /// Ends the package; `build` is what the compiler said where it did not build.
    pub(super) fn end(mut self, end: End, position: usize, build: String, cases: &mut Cases) -> Result<(), Error> {
        for (position, outcome) in self.benchmarks.take_unnamed() {
            cases.push(position, "bench", Outcome { suite: self.name.clone(), ..outcome })?;
        }
        // Subtests begin after their parents, and a parent that waits for one is no second failure.
        let mut open: Vec<(usize, String)> = self.open.iter().map(|(name, t)| (t.position, name.clone())).collect();
        open.sort_by(|a, b| b.cmp(a));
        let mut left = Vec::new();
        for (_, name) in open {
            if let Some(test) = self.open.remove(&name)
                && !self.is_dismissed(&name, &test, end, cases)
            {
                left.push((name, test));
            }
        }
        for (name, test) in left.into_iter().rev() {
            self.settle(&name, test, end, cases)?;
        }
        match end {
            End::Failed if self.failed_count == 0 => self.fail_whole(position, &build, cases),
            End::Missing => {
                cases.warn(position, format!("the package `{}` has no end", line(&self.name, 200)));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Adds the failure of the package itself.
    fn fail_whole(self, position: usize, build: &str, cases: &mut Cases) -> Result<(), Error> {
        let mut outcome = Outcome::of_suite(self.name, SUITE, Status::Errored);
        outcome.error_kind = self.ended_by.map(str::to_owned);
        let own = self.out.finish(self.limits.message);
        outcome.message = json::paragraphs(&[build, &own], self.limits);
        cases.push(position, "fail (package)", outcome)
    }
}
