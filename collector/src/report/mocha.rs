//! Reads the JSON of mocha (`--reporter json`).
//!
//! # Recognised by
//!
//! An object with `stats` and `tests`, where the object or its `stats` have `failures` and `passes`.
//!
//! # Identity
//!
//! The suite is the file and what `fullTitle` has before the title: `cart.js > Cart total`. mocha joins the names of
//! the blocks with spaces, so that they cannot be told apart. The name is `title`. Of an absolute path only the last
//! part counts, with as many folders as tell it from other files of the report. A hook that failed is a case of its own
//! name (`"before all" hook for "adds"`); the tests that it kept from running are not listed by mocha.
//!
//! # Attempts
//!
//! mocha tells how often a test was retried (`currentRetry`) and nothing of the attempts before the last one. They
//! failed, or there would be no later one.
//!
//! # Status
//!
//! | what the file says | status |
//! |---|---|
//! | the test stands in `failures` | `failed`; `errored` with the kind if mocha says timeout |
//! | the test stands in `pending` (`skip`, no function) | `skipped` |
//! | the test stands in `passes` | `passed` |
//! | the test stands in none of them, and has an error | `failed` |
//! | the test stands in none of them, without an error | left out: it did not run |
//! | a hook stands in `failures` | `errored`, as a case of its own |
//!
//! # Limits
//!
//! A test that fails twice (`done() called multiple times`) is one failure. What a test throws is `failed`, whether it
//! was an assertion or not.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use annals_data::outcomes::Outcomes;
use annals_data::row::{Kind, Outcome, Status};
use serde::Deserialize;

use super::cases::Cases;
use super::clock;
use super::error_kind::error_kind;
use super::json::{self, Json, Number, Text};
use super::path::Names;
use super::text::Source;
use super::{Error, Format, Limits, Report};

/// mocha's JSON.
pub(super) const FORMAT: Format = Format { name: "mocha", title: "mocha JSON", is_streamed: false, is_like, read };

/// What mocha calls hooks.
const HOOKS: [&str; 4] = ["\"before all\" hook", "\"before each\" hook", "\"after all\" hook", "\"after each\" hook"];

/// A test or a hook.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Test {
    title: Text,
    full_title: Text,
    file: Text,
    duration: Number,
    current_retry: Number,
    err: Option<Failure>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Failure {
    message: Text,
    stack: Text,
}

/// The counters.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Stats {
    tests: Number,
    passes: Number,
    pending: Number,
    failures: Number,
    start: Text,
}

/// How often each test, by full title and file, stands in a list.
type List = HashMap<(String, String), usize>;

fn is_like(source: &Source) -> bool {
    // Of a large report the lists behind the first one are not looked at.
    let head = json::head(&source.text);
    let has_counters = || json::get(head, "stats").is_some_and(|stats| json::has_keys(stats, &["passes", "failures"]));
    json::has_keys(head, &["stats", "tests", "failures", "passes"])
        || (json::has_keys(head, &["stats", "tests"]) && has_counters())
}

fn read(source: &Source, limits: &Limits) -> Result<Report<Outcomes>, Error> {
    let json = Json::new(source);
    let mut cases = Cases::new(source, limits);
    let document = json.document(&cases)?;
    let mut files = Vec::new();
    let mut lists = Lists { failures: List::new(), pending: List::new(), passes: List::new(), listed: List::new() };
    for (key, list) in [
        ("failures", &mut lists.failures),
        ("pending", &mut lists.pending),
        ("passes", &mut lists.passes),
        ("tests", &mut lists.listed),
    ] {
        for piece in json::items(document, key) {
            let test: Test = json.parse(piece, &cases)?;
            files.push(test.file.get().to_owned());
            *list.entry(test.key()).or_default() += 1;
        }
    }
    let stats: Stats = json.parse(json::get(document, "stats").unwrap_or("{}"), &cases)?;
    compare(&stats, &lists, &mut cases);
    let names = Names::new(files.iter().map(String::as_str));
    for piece in json::items(document, "tests") {
        let test: Test = json.parse(piece, &cases)?;
        push_test(&test, &mut lists, &names, json.position(piece), &mut cases, limits)?;
    }
    for piece in json::items(document, "failures") {
        let test: Test = json.parse(piece, &cases)?;
        push_hook(&test, &lists, &names, json.position(piece), &mut cases, limits)?;
    }
    let started_at = clock::microseconds(stats.start.get());
    Ok(Report { tool: Some("mocha".to_owned()), started_at, ..cases.finish(&FORMAT)? })
}

/// What the lists of the file say.
struct Lists {
    failures: List,
    pending: List,
    passes: List,
    /// All that stand in `tests`.
    listed: List,
}

/// Tells where the counters say otherwise.
fn compare(stats: &Stats, lists: &Lists, cases: &mut Cases) {
    let counts = [
        ("tests", stats.tests, &lists.listed),
        ("passes", stats.passes, &lists.passes),
        ("pending", stats.pending, &lists.pending),
        ("failures", stats.failures, &lists.failures),
    ];
    for (word, declared, list) in counts {
        let listed = list.values().sum::<usize>();
        if let Some(declared) = declared.get().filter(|declared| *declared != listed as f64) {
            cases.warn(0, format!("declared are {declared} `{word}`, listed are {listed}"));
        }
    }
}

impl Test {
    fn key(&self) -> (String, String) {
        (self.full_title.get().to_owned(), self.file.get().to_owned())
    }

    /// Returns an outcome with its identity.
    fn outcome(&self, status: Status, names: &Names) -> Outcome {
        let (whole, title) = (self.full_title.get().trim(), self.title.get().trim());
        let before = whole.strip_suffix(title).unwrap_or(whole).trim();
        let file = names.get(self.file.get());
        let suite: Vec<&str> = [file, before].into_iter().filter(|part| !part.is_empty()).collect();
        let mut outcome = Outcome::new(suite.join(" > "), title, status);
        outcome.file = self.file.some().map(str::to_owned);
        outcome
    }

    /// Returns the text of the failure.
    fn message(&self, limits: &Limits) -> Option<String> {
        let failure = self.err.as_ref()?;
        json::paragraphs(&[failure.message.get(), failure.stack.get()], limits)
    }
}

/// Takes a test out of a list; returns whether it was there.
fn take(list: &mut List, test: &Test) -> bool {
    match list.get_mut(&test.key()).filter(|count| **count > 0) {
        Some(count) => {
            *count -= 1;
            true
        }
        None => false,
    }
}

/// Adds a test with the attempts before it.
fn push_test(
    test: &Test,
    lists: &mut Lists,
    names: &Names,
    position: usize,
    cases: &mut Cases,
    limits: &Limits,
) -> Result<(), Error> {
    let (word, status) = if take(&mut lists.failures, test) {
        ("failures", Status::Failed)
    } else if take(&mut lists.pending, test) {
        ("pending", Status::Skipped)
    } else if take(&mut lists.passes, test) {
        ("passes", Status::Passed)
    } else if test.message(limits).is_some() {
        ("tests", Status::Failed)
    } else {
        cases.ignore("tests that did not run");
        return Ok(());
    };
    let mut outcome = test.outcome(status, names);
    outcome.duration_us = json::duration(&test.duration, "ms", position, cases);
    if status == Status::Failed {
        outcome.message = test.message(limits);
        set_kind(&mut outcome, test);
    }
    if status != Status::Skipped {
        json::push_hidden(cases, position, &test.current_retry, &outcome)?;
    }
    cases.push(position, word, outcome)
}

/// Adds a failure that stands in no other list: a hook's.
fn push_hook(
    test: &Test,
    lists: &Lists,
    names: &Names,
    position: usize,
    cases: &mut Cases,
    limits: &Limits,
) -> Result<(), Error> {
    if lists.listed.contains_key(&test.key()) {
        if lists.failures.get(&test.key()).is_some_and(|count| *count > 0) {
            cases.ignore("further failures of a test");
        }
        return Ok(());
    }
    let is_hook = is_hook(test.title.get());
    let mut outcome = test.outcome(if is_hook { Status::Errored } else { Status::Failed }, names);
    if is_hook {
        outcome.kind = Kind::Suite;
    }
    outcome.duration_us = json::duration(&test.duration, "ms", position, cases);
    outcome.message = test.message(limits);
    set_kind(&mut outcome, test);
    cases.push(position, if is_hook { "failures (hook)" } else { "failures" }, outcome)
}

/// Returns whether mocha calls a hook so, which it tells of like a test, and only where it failed.
pub(super) fn is_hook(name: &str) -> bool {
    HOOKS.iter().any(|hook| name.contains(hook))
}

/// Sets the kind of error where mocha itself says one.
fn set_kind(outcome: &mut Outcome, test: &Test) {
    let said = test.err.as_ref().map_or("", |failure| failure.message.get());
    if let Some(kind) = error_kind("", said) {
        outcome.status = Status::Errored;
        outcome.error_kind = Some(kind.to_owned());
    }
}
