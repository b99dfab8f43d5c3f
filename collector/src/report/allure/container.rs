//! A container: the fixtures around a group of tests. A failed one is an outcome of its own; all others say nothing.

use annals_data::row::{Outcome, Status};
use serde::Deserialize;

use super::super::cases::Cases;
use super::super::error_kind::error_kind;
use super::super::json::{self, Json, Number, Text};
use super::super::path::last_part;
use super::super::{Error, Limits};
use super::{Details, duration, message};

/// A fixture.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Fixture {
    name: Text,
    status: Text,
    status_details: Option<Details>,
    start: Number,
    stop: Number,
}

/// The container itself.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Container {
    name: Text,
    start: Number,
}

/// Returns whether a document is a container.
pub(super) fn is_like(text: &str) -> bool {
    let marks = [
        ["uuid", "children"],
        ["children", "befores"],
        ["children", "afters"],
        ["uuid", "befores"],
        ["uuid", "afters"],
    ];
    marks.iter().any(|keys| json::has_keys(text, keys))
}

/// Reads a container and returns when it began.
pub(super) fn read(json: &Json, document: &str, cases: &mut Cases, limits: &Limits) -> Result<Option<i64>, Error> {
    let container: Container = json.parse(document, cases)?;
    let suite = last_part(container.name.get().trim());
    for (key, role) in [("befores", "(setup)"), ("afters", "(teardown)")] {
        for piece in json::items(document, key) {
            let fixture: Fixture = json.parse(piece, cases)?;
            let word = fixture.status.get();
            if !matches!(word, "failed" | "broken") {
                cases.ignore(if word.is_empty() { "fixtures without a status" } else { "fixtures that did not fail" });
                continue;
            }
            let position = json.position(piece);
            let name = format!("{role} {}", fixture.name.get());
            let mut outcome = Outcome::of_suite(suite, name.trim(), Status::Errored);
            outcome.duration_us = duration(&fixture.start, &fixture.stop, position, cases);
            outcome.message = message(&fixture.status_details, limits);
            outcome.error_kind = outcome.message.as_deref().and_then(|text| error_kind("", text)).map(str::to_owned);
            cases.push(position, word, outcome)?;
        }
    }
    if json::get(document, "befores").is_none() && json::get(document, "afters").is_none() {
        cases.ignore("containers without fixtures");
    }
    Ok(json::instant_of_ms(&container.start))
}
