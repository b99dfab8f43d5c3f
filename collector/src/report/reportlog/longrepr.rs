//! The text of a failure, which pytest writes in three ways: as text, as a place with a reason, or as an object.

use serde::Deserialize;

use super::super::cases::Cases;
use super::super::json::{self, Json, Number, Text, Texts};
use super::super::text::Excerpt;
use super::super::{Error, Limits};

/// Where and why the test ended.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Crash {
    message: Text,
}

/// A part of the traceback.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    lines: Texts,
    reprfileloc: Option<Place>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Place {
    path: Text,
    lineno: Number,
    message: Text,
}

/// Returns the text of a report's `longrepr`, bounded.
pub(super) fn text(json: &Json, report: &str, cases: &Cases, limits: &Limits) -> Result<String, Error> {
    let Some(piece) = json::get(report, "longrepr") else { return Ok(String::new()) };
    if piece.starts_with('[') {
        let place: Texts = json.parse(piece, cases)?;
        return Ok(place.0.into_iter().nth(2).unwrap_or_default());
    }
    if !piece.starts_with('{') {
        let text: Text = json.parse(piece, cases)?;
        return Ok(text.get().to_owned());
    }
    let crash: Crash = json.parse(json::get(piece, "reprcrash").unwrap_or("{}"), cases)?;
    let trace = match json::get(piece, "reprtraceback") {
        Some(trace) => traceback(json, trace, cases, limits)?,
        None => String::new(),
    };
    Ok(json::paragraphs(&[crash.message.get(), &trace], limits).unwrap_or_default())
}

fn traceback(json: &Json, piece: &str, cases: &Cases, limits: &Limits) -> Result<String, Error> {
    let mut text = Excerpt::default();
    for entry in json::items(piece, "reprentries") {
        let Some(data) = json::get(entry, "data").filter(|data| data.starts_with('{')) else { continue };
        let entry: Entry = json.parse(data, cases)?;
        text.push_paragraph(&entry.lines.0.join("\n"), limits.message);
        if let Some(place) = entry.reprfileloc {
            let line = place.lineno.line().map_or(String::new(), |line| line.to_string());
            text.push_paragraph(&format!("{}:{line}: {}", place.path.get(), place.message.get()), limits.message);
        }
    }
    Ok(text.finish(limits.message))
}
