//! The suites of a report, which nest, and the tests in them.

use annals_data::row::{Outcome, SUITE, Status};
use serde::Deserialize;

use super::super::cases::Cases;
use super::super::error_kind::{CRASHED, TIMED_OUT};
use super::super::json::{self, Json, Number, Text};
use super::super::path::last_part;
use super::super::text::{clean, line};
use super::super::{Error, Limits};

/// A test as it is written, for all projects.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Spec {
    title: Text,
    file: Text,
    line: Number,
}

/// A test in one project.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Test {
    expected_status: Text,
    project_name: Text,
}

/// What a test says of itself.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Annotation {
    #[serde(rename = "type")]
    kind: Text,
    description: Text,
}

/// One attempt.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Attempt {
    status: Text,
    duration: Number,
}

/// What failed, within an attempt or outside of any.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Failure {
    message: Text,
    stack: Text,
    value: Text,
    location: Option<Location>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Location {
    file: Text,
}

/// Where in the nested suites the reader is.
pub(super) struct Place<'r> {
    json: &'r Json<'r>,
    limits: &'r Limits,
    titles: Vec<String>,
    listed: usize,
}

impl<'r> Place<'r> {
    pub(super) fn new(json: &'r Json<'r>, limits: &'r Limits) -> Self {
        Self { json, limits, titles: Vec::new(), listed: 0 }
    }

    /// Returns how many tests were listed, each once for all its attempts.
    pub(super) fn listed(&self) -> usize {
        self.listed
    }

    /// Adds what failed outside of any test.
    pub(super) fn global_error(&self, piece: &str, cases: &mut Cases) -> Result<(), Error> {
        let failure: Failure = self.json.parse(piece, cases)?;
        if clean(failure.message.get()).starts_with("Testing stopped early after ") {
            cases.ignore("notes that testing stopped early");
            return Ok(());
        }
        let file = failure.location.as_ref().map_or("", |location| location.file.get());
        let mut outcome = Outcome::of_suite(last_part(file), SUITE, Status::Errored);
        outcome.file = Some(file.to_owned());
        outcome.message = failure.text(self.limits);
        cases.push(self.json.position(piece), "errors", outcome)
    }
}

impl Failure {
    fn text(&self, limits: &Limits) -> Option<String> {
        json::paragraphs(&[self.message.get(), self.stack.get(), self.value.get()], limits)
    }
}

/// Reads a list of suites.
pub(super) fn suites(place: &mut Place, list: &str, cases: &mut Cases) -> Result<(), Error> {
    // Every level is an object in a list.
    if place.titles.len() * 2 > place.limits.depth {
        let position = place.json.position(list);
        return Err(cases.refuse(position, format!("suites nest deeper than {}", place.limits.depth / 2)));
    }
    for (_, piece) in json::Members::new(list) {
        // A suite holds all below it, so it is looked through once.
        let (mut title, mut specs, mut inner) = ("null", "", "");
        for (key, value) in json::Members::new(piece) {
            match key {
                Some("title") => title = value,
                Some("specs") => specs = value,
                Some("suites") => inner = value,
                _ => {}
            }
        }
        let title: Text = place.json.parse(title, cases)?;
        place.titles.push(last_part(title.get().trim()).to_owned());
        for (_, piece) in json::Members::new(specs) {
            spec(place, piece, cases)?;
        }
        suites(place, inner, cases)?;
        place.titles.pop();
    }
    Ok(())
}

fn spec(place: &mut Place, piece: &str, cases: &mut Cases) -> Result<(), Error> {
    let spec: Spec = place.json.parse(piece, cases)?;
    for piece in json::items(piece, "tests") {
        let test: Test = place.json.parse(piece, cases)?;
        place.listed += 1;
        let mut has_result = false;
        for result in json::items(piece, "results") {
            has_result = true;
            attempt(place, &spec, (&test, piece), result, cases)?;
        }
        if !has_result {
            cases.ignore("tests that did not run");
        }
    }
    Ok(())
}

/// Adds one attempt of a test.
fn attempt(
    place: &Place,
    spec: &Spec,
    (test, test_piece): (&Test, &str),
    piece: &str,
    cases: &mut Cases,
) -> Result<(), Error> {
    let attempt: Attempt = place.json.parse(piece, cases)?;
    let position = place.json.position(piece);
    let word = attempt.status.get();
    let mut texts = Vec::new();
    for piece in json::items(piece, "errors").take(100) {
        let failure: Failure = place.json.parse(piece, cases)?;
        texts.extend(failure.text(place.limits));
    }
    if let Some(piece) = json::get(piece, "error").filter(|_| texts.is_empty()) {
        let failure: Failure = place.json.parse(piece, cases)?;
        texts.extend(failure.text(place.limits));
    }
    let is_worker_gone = texts.iter().any(|text| text.contains("worker process exited unexpectedly"));
    let (status, kind) = match (word, test.expected_status.get()) {
        ("passed", "failed") => (Status::Xpassed, None),
        ("passed", _) => (Status::Passed, None),
        ("failed", "failed") => (Status::Xfailed, None),
        ("failed", _) if is_worker_gone => (Status::Errored, Some(CRASHED)),
        ("failed", _) => (Status::Failed, None),
        ("timedOut", _) => (Status::Errored, Some(TIMED_OUT)),
        ("interrupted", _) => (Status::Errored, None),
        ("skipped", "skipped") => {
            texts.extend(reason(place, test_piece, cases)?);
            (Status::Skipped, None)
        }
        ("skipped" | "", _) => {
            cases.ignore("tests that did not run");
            return Ok(());
        }
        _ => {
            cases.warn(position, format!("the status `{}` is not known", line(word, 40)));
            return Ok(());
        }
    };
    let mut outcome = Outcome::new(suite_name(place, test), spec.title.get(), status);
    outcome.error_kind = kind.map(str::to_owned);
    outcome.duration_us = json::duration(&attempt.duration, "ms", position, cases);
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    outcome.message = json::paragraphs(&texts, place.limits);
    outcome.file = spec.file.some().map(str::to_owned);
    outcome.line = spec.line.line();
    cases.push(position, word, outcome)
}

/// Returns why a test is skipped, as its annotations tell.
fn reason(place: &Place, test: &str, cases: &Cases) -> Result<Option<String>, Error> {
    for piece in json::items(test, "annotations").take(100) {
        let annotation: Annotation = place.json.parse(piece, cases)?;
        if matches!(annotation.kind.get(), "skip" | "fixme") {
            return Ok(annotation.description.some().map(str::to_owned));
        }
    }
    Ok(None)
}

fn suite_name(place: &Place, test: &Test) -> String {
    let project = test.project_name.some().map(|name| format!("[{name}]"));
    let titles = place.titles.iter().map(String::as_str).filter(|title| !title.is_empty());
    project.as_deref().into_iter().chain(titles).collect::<Vec<_>>().join(" > ")
}
