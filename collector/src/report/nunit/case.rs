//! What a test or a suite of NUnit's XML says of itself, and the status that follows.
//!
//! The tables of statuses stand in the parent's documentation.

use annals_data::row::{SUITE, Status};

use super::super::error_kind::error_kind;
use super::super::text::line;
use super::super::xml::Element;
use super::dotnet;

/// What the elements inside a test or a suite say.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) message: String,
    pub(super) trace: String,
    pub(super) reason: String,
    pub(super) out: String,
    pub(super) has_failure: bool,
}

impl Found {
    /// Takes a text of a `failure` or a `reason`.
    pub(super) fn tell(&mut self, parent: &str, name: &str, text: String) {
        match (parent, name) {
            ("failure", "message") => self.message = text,
            ("failure", _) => self.trace = text,
            (_, "message") => self.reason = text,
            _ => {}
        }
    }

    /// Returns the status of a test.
    pub(super) fn status(&self, test: &Element) -> (Status, Option<&'static str>) {
        let is = |name: &str, word: &str| test.attribute(name).is_some_and(|own| own.trim().eq_ignore_ascii_case(word));
        match result(test).as_deref() {
            Some("passed" | "warning" | "success") => (Status::Passed, None),
            Some("failed" | "failure") => match error_kind("", &self.message) {
                Some(kind) => (Status::Errored, Some(kind)),
                None if is_broken(test) => (Status::Errored, None),
                None => (Status::Failed, None),
            },
            Some("skipped" | "ignored" | "inconclusive") => (Status::Skipped, None),
            Some(_) => (Status::Errored, None),
            None if is("executed", "false") => (Status::Skipped, None),
            None if is("success", "false") || self.has_failure => match error_kind("", &self.message) {
                Some(kind) => (Status::Errored, Some(kind)),
                None => (Status::Failed, None),
            },
            None if is("executed", "true") || is("success", "true") => (Status::Passed, None),
            None => (Status::Errored, None),
        }
    }

    /// Returns whether a word of the schemas gave the status.
    pub(super) fn is_known(&self, test: &Element) -> bool {
        match result(test).as_deref() {
            Some(word) => matches!(word, "failed" | "failure" | "error" | "notrunnable" | "cancelled"),
            None => self.has_failure || test.attribute("success").is_some(),
        }
    }

    /// Returns what explains the status; what a test printed stands in for a failure without a text.
    pub(super) fn text(&self, status: Status) -> Option<String> {
        let failure = dotnet::explained(&self.message, &self.trace);
        let reason = || dotnet::explained(&self.reason, "");
        match status {
            Status::Failed | Status::Errored => failure.or_else(reason).or_else(|| dotnet::explained(&self.out, "")),
            _ => reason().or(failure),
        }
    }
}

/// Returns whether version 3 says that a failure is none of an assertion of the test.
fn is_broken(test: &Element) -> bool {
    matches!(test.attribute("label"), Some("Error" | "Invalid" | "Cancelled"))
        || matches!(test.attribute("site"), Some("SetUp" | "TearDown" | "Parent"))
}

/// Returns the result in lower case; Unity writes `Failed(Child)`.
fn result(element: &Element) -> Option<String> {
    let word = element.attribute("result")?.split('(').next().unwrap_or_default().trim().to_ascii_lowercase();
    (!word.is_empty()).then_some(word)
}

/// Returns what the file says of the status, for people.
pub(super) fn word(element: &Element) -> String {
    let names = ["result", "label", "site", "executed", "success"];
    let has_result = element.attribute("result").is_some();
    let words = names.into_iter().filter_map(|name| {
        let value = element.attribute(name)?;
        match name {
            "result" | "label" => Some(line(value, 40)),
            "site" => (value != "Test").then(|| format!("site {}", line(value, 40))),
            _ => (!has_result).then(|| format!("{name}={}", line(value, 40))),
        }
    });
    let words: Vec<String> = words.collect();
    if words.is_empty() { "(none)".to_owned() } else { words.join(", ") }
}

/// Returns what to call the part of a suite that failed by itself; nothing where its tests tell the failure.
pub(super) fn failed_part(suite: &Element, found: &Found, has_failing: bool) -> Option<&'static str> {
    let is_failed = match result(suite).as_deref() {
        Some(word) => matches!(word, "failed" | "failure" | "error" | "notrunnable" | "cancelled"),
        None => found.has_failure,
    };
    match suite.attribute("site") {
        _ if !is_failed => None,
        Some("TearDown") => Some("(teardown)"),
        // What it tells is told of the suite around it.
        Some("Parent") => None,
        _ if has_failing => None,
        Some("SetUp") => Some("(setup)"),
        _ => Some(SUITE),
    }
}
