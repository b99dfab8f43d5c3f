//! The state of reading one stream of events: the files, the groups, and the tests that have not ended.

use std::collections::HashMap;

use annals_data::row::{Kind, Outcome, SUITE, Status};

use super::super::cases::Cases;
use super::super::error_kind::{CRASHED, TIMED_OUT};
use super::super::json::{self, Number};
use super::super::path::Names;
use super::super::text::{Excerpt, Source, line};
use super::super::{Error, Limits};
use super::{Event, Suite, Test};

/// A test that has not ended.
struct Open {
    outcome: Outcome,
    position: usize,
    began_ms: Number,
    text: Excerpt,
    skip_reason: String,
}

/// A stream that is being read.
pub(super) struct Reading<'r> {
    limits: &'r Limits,
    names: Names,
    suites: HashMap<i64, Suite>,
    groups: HashMap<i64, String>,
    open: HashMap<i64, Open>,
    /// The outcomes of the tests that have ended.
    ended: HashMap<i64, usize>,
    is_done: bool,
}

impl<'r> Reading<'r> {
    pub(super) fn new(source: &Source, limits: &'r Limits) -> Self {
        // Which files there are must be known before the first of them gets its name.
        let suites = source.text.lines().filter(|line| line.contains("\"suite\":{"));
        let paths: Vec<String> = suites
            .filter_map(|line| serde_json::from_str::<Event>(line.trim()).ok()?.suite)
            .map(|suite| suite.path.get().to_owned())
            .collect();
        Self {
            limits,
            names: Names::new(paths.iter().map(String::as_str)),
            suites: HashMap::new(),
            groups: HashMap::new(),
            open: HashMap::new(),
            ended: HashMap::new(),
            is_done: false,
        }
    }

    /// Takes in one event.
    pub(super) fn event(&mut self, event: Event, position: usize, cases: &mut Cases) -> Result<(), Error> {
        let id = event.test_id.whole().unwrap_or(-1);
        match event.kind.get() {
            "suite" => {
                if let Some(suite) = event.suite {
                    self.suites.insert(suite.id.whole().unwrap_or(-1), suite);
                }
            }
            "group" => {
                if let Some(group) = event.group {
                    self.groups.insert(group.id.whole().unwrap_or(-1), group.name.get().to_owned());
                }
            }
            "testStart" => {
                if let Some(test) = event.test {
                    let open = self.open(&test, event.time, position);
                    self.open.insert(test.id.whole().unwrap_or(-1), open);
                }
            }
            "error" => self.error(id, &event, position, cases),
            "testDone" => match self.open.remove(&id) {
                Some(open) => self.close(id, open, &event, position, cases)?,
                None => cases.warn(position, format!("the test {id} ends and has not begun")),
            },
            "done" => self.is_done = true,
            _ => {}
        }
        Ok(())
    }

    /// Returns a test that begins.
    fn open(&self, test: &Test, began_ms: Number, position: usize) -> Open {
        let suite = test.suite_id.whole().and_then(|id| self.suites.get(&id));
        let path = suite.map_or("", |suite| suite.path.get());
        let mut levels: Vec<String> = Vec::new();
        let platform = suite.map_or("", |suite| suite.platform.get());
        if !matches!(platform, "" | "vm") {
            levels.push(format!("[{platform}]"));
        }
        levels.push(self.names.get(path).to_owned());
        let mut whole = "";
        for id in test.group_ids.get().into_iter().take(self.limits.depth) {
            let group = id.parse().ok().and_then(|id: i64| self.groups.get(&id)).map_or("", String::as_str);
            levels.push(group.strip_prefix(whole).unwrap_or(group).trim().to_owned());
            whole = group;
        }
        levels.retain(|level| !level.is_empty());
        let is_loading = test.group_ids.0.is_empty() && test.name.get().starts_with("loading ");
        let name = match test.name.get().strip_prefix(whole).map(str::trim) {
            _ if is_loading => SUITE,
            Some(name) if !name.is_empty() => name,
            _ => test.name.get(),
        };
        let is_around = is_loading || matches!(name, "(setUpAll)" | "(tearDownAll)");
        let mut outcome = Outcome::new(levels.join(" > "), name, Status::Errored);
        outcome.kind = if is_around { Kind::Suite } else { Kind::Test };
        outcome.file = Some(path.to_owned());
        outcome.line = test.root_line.line().or(test.line.line());
        let skip_reason = test.metadata.as_ref().map_or("", |metadata| metadata.skip_reason.get()).to_owned();
        Open { outcome, position, began_ms, text: Excerpt::default(), skip_reason }
    }

    /// Takes in an error of a test that is running or has ended.
    fn error(&mut self, id: i64, event: &Event, position: usize, cases: &mut Cases) {
        let text = json::paragraphs(&[event.error.get(), event.stack_trace.get()], self.limits).unwrap_or_default();
        if let Some(open) = self.open.get_mut(&id) {
            open.text.push_paragraph(&text, self.limits.message);
            return;
        }
        let Some(at) = self.ended.get(&id) else {
            cases.warn(position, format!("an error belongs to no test: `{}`", line(&text, 80)));
            return;
        };
        let outcome = &mut cases.outcomes()[*at];
        if !matches!(outcome.status, Status::Failed | Status::Errored) {
            outcome.status = if event.is_failure == Some(true) { Status::Failed } else { Status::Errored };
            outcome.message = Some(super::super::text::clean(&text).into_owned());
        }
        let name = line(&outcome.name.clone(), 200);
        cases.warn(position, format!("`{name}` failed after its end"));
    }

    /// Adds the outcome of a test that ends.
    fn close(&mut self, id: i64, open: Open, event: &Event, position: usize, cases: &mut Cases) -> Result<(), Error> {
        let text = open.text.finish(self.limits.message);
        let is_timeout = text.starts_with("TimeoutException after ") && text.contains("Test timed out after ");
        let word = event.result.get();
        let mut outcome = open.outcome;
        outcome.status = match word {
            "success" if event.skipped == Some(true) => Status::Skipped,
            "success" if event.hidden == Some(true) => {
                cases.ignore("hidden tests that succeeded");
                return Ok(());
            }
            "success" => {
                // Only a test can pass.
                outcome.kind = Kind::Test;
                Status::Passed
            }
            "failure" if outcome.kind == Kind::Test => Status::Failed,
            "error" | "failure" => Status::Errored,
            _ => {
                cases.warn(position, format!("the result `{}` is not known", line(word, 40)));
                return Ok(());
            }
        };
        if is_timeout && outcome.status == Status::Errored {
            outcome.error_kind = Some(TIMED_OUT.to_owned());
        }
        if let (Some(began), Some(ended)) = (open.began_ms.get(), event.time.get()) {
            outcome.duration_us = json::duration(&Number::from(ended - began), "ms", position, cases);
        }
        outcome.message = Some(if outcome.status == Status::Skipped { open.skip_reason } else { text });
        let word = if outcome.status == Status::Skipped { "success, skipped" } else { word };
        self.ended.insert(id, cases.outcomes().len());
        cases.push(position, word, outcome)
    }

    /// Settles what has no end.
    pub(super) fn finish(self, cases: &mut Cases) -> Result<(), Error> {
        let mut open: Vec<Open> = self.open.into_values().collect();
        open.sort_by_key(|open| open.position);
        for open in open {
            let mut outcome = open.outcome;
            cases.warn(open.position, format!("`{}` has no end", line(&outcome.name, 200)));
            outcome.error_kind = Some(CRASHED.to_owned());
            let text = open.text.finish(self.limits.message);
            let said = if text.is_empty() { "the report ends while the test was running".to_owned() } else { text };
            outcome.message = Some(said);
            cases.push(open.position, "testStart", outcome)?;
        }
        if !self.is_done {
            cases.warn(usize::MAX, "the report has no `done`: its run ended early".to_owned());
        }
        Ok(())
    }
}
