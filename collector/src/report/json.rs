//! The parts of JSON that every JSON format needs: documents, lines, and fields that tools write in several ways.
//!
//! A document is checked whole by `serde_json` before anything of it is used; then its parts are found as pieces of
//! the text, so that every piece knows its line and no list is ever held in memory. Fields of an unexpected type
//! count as absent. What fields mean is the formats' business.

mod field;
mod scan;

use std::borrow::Cow;

use annals_data::row::{Outcome, Status};
use serde::Deserialize;
use serde::de::IgnoredAny;

pub(super) use self::field::{Number, Text, Texts};
pub(super) use self::scan::{Members, get, items};
use super::cases::Cases;
use super::duration::microseconds;
use super::text::{Excerpt, Source, trim_blank_lines};
use super::{Error, Limits};

/// How much of a text is looked at to recognise its format.
const HEAD: usize = 1 << 20;
/// Failed attempts that a report only counts and that are believed.
const HIDDEN: f64 = 100.0;

/// The text of a report in JSON; its places are those of the report's own text.
pub(super) struct Json<'r> {
    text: Cow<'r, str>,
}

impl<'r> Json<'r> {
    /// Returns the text of `source`, with a replacement for escapes that stand for no character.
    pub(super) fn new(source: &'r Source) -> Self {
        Self { text: scan::without_lone_surrogates(&source.text) }
    }

    /// Returns the document, after a check that it is one.
    ///
    /// # Errors
    ///
    /// Refuses what is no JSON, what ends too early and what goes on after its end.
    pub(super) fn document(&self, cases: &Cases) -> Result<&str, Error> {
        self.parse::<IgnoredAny>(&self.text, cases)?;
        Ok(self.text.trim())
    }

    /// Returns the place of a piece of the text.
    pub(super) fn position(&self, piece: &str) -> usize {
        (piece.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize)
    }

    /// Returns a piece of the text as the type that a format has for it.
    ///
    /// # Errors
    ///
    /// Refuses the report with the line at which the piece is damaged.
    pub(super) fn parse<'t, T: Deserialize<'t>>(&self, piece: &'t str, cases: &Cases) -> Result<T, Error> {
        serde_json::from_str(piece).map_err(|error| {
            let line_start = match error.line() {
                0 | 1 => 0,
                line => piece.match_indices('\n').nth(line - 2).map_or(0, |(at, _)| at + 1),
            };
            let position = self.position(piece) + line_start + error.column().saturating_sub(1);
            let what = error.to_string();
            // The line is told before the reason, and it is that of the file.
            let what = what.rsplit_once(" at line ").map_or(what.as_str(), |(what, _)| what);
            match error.is_eof() {
                true => cases.refuse(position.min(self.text.len()), format!("the report is truncated: {what}")),
                false => cases.refuse(position.min(self.text.len()), what),
            }
        })
    }

    /// Returns a piece of the text as an event; a piece that is no object is none.
    ///
    /// # Errors
    ///
    /// Refuses the report where the piece begins like an object and is damaged.
    pub(super) fn event<'t, T: Deserialize<'t>>(&self, piece: &'t str, cases: &Cases) -> Result<Option<T>, Error> {
        let is_object = piece.starts_with("{\"") || piece.starts_with("{ \"");
        if is_object { self.parse(piece, cases).map(Some) } else { Ok(None) }
    }

    /// Shows every line to `read`, which returns whether it is an event; others are counted.
    ///
    /// An event that begins like `mark` may stand behind what a test printed without a newline.
    ///
    /// # Errors
    ///
    /// Returns the first refusal of `read`.
    pub(super) fn each_line<'t>(
        &'t self,
        mark: &str,
        cases: &mut Cases,
        mut read: impl FnMut(&mut Cases, &'t str) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        for line in self.text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let is_behind = |at: &usize| *at > 0 && serde_json::from_str::<IgnoredAny>(&line[*at..]).is_ok();
            let at = if line.starts_with('{') { None } else { line.find(mark).filter(is_behind) };
            if !read(cases, &line[at.unwrap_or(0)..])? {
                cases.ignore("lines that are no event");
            }
        }
        Ok(())
    }
}

/// Returns whether the document has all these keys in its object or objects, as far as its beginning shows.
pub(super) fn has_keys(text: &str, keys: &[&str]) -> bool {
    let mut missing = keys.to_vec();
    for (key, _) in Members::new(head(text)) {
        missing.retain(|wanted| Some(*wanted) != key);
        if missing.is_empty() {
            return true;
        }
    }
    false
}

/// Returns whether one of the first lines is an object that `is_event` knows.
pub(super) fn has_line(text: &str, is_event: impl Fn(&str) -> bool) -> bool {
    head(text).lines().map(str::trim).any(|line| line.starts_with('{') && is_event(line))
}

/// Returns the beginning of the text.
pub(super) fn head(text: &str) -> &str {
    &text[..text.floor_char_boundary(HEAD)]
}

/// Returns the length of time that a number of `unit`s is; what is no time is told.
pub(super) fn duration(number: &Number, unit: &str, position: usize, cases: &mut Cases) -> Option<i64> {
    let number = number.get()?;
    let duration = microseconds(&format!("{number}{unit}"));
    if duration.is_none() {
        cases.warn(position, format!("{number:e} {unit} is no duration"));
    }
    duration
}

/// Returns microseconds since 1970 for milliseconds since 1970, from 1971 to 2200.
pub(super) fn instant_of_ms(number: &Number) -> Option<i64> {
    let is_believed = |ms: &f64| (3e10..7.3e12).contains(ms);
    number.get().filter(is_believed).map(|ms| (ms * 1e3).round() as i64)
}

/// Adds the failed attempts before `last` that the report only counts: nothing is known of them but that they failed.
///
/// # Errors
///
/// Refuses more outcomes than the bound.
pub(super) fn push_hidden(cases: &mut Cases, position: usize, count: &Number, last: &Outcome) -> Result<(), Error> {
    let count = count.get().filter(|count| *count >= 1.0).unwrap_or_default();
    if count > HIDDEN {
        cases.warn(position, format!("{count:e} retries are not believed; at most {HIDDEN} are"));
        return Ok(());
    }
    for _ in 0..count as usize {
        let mut hidden = Outcome::new(last.suite.as_str(), last.name.as_str(), Status::Failed);
        hidden.file.clone_from(&last.file);
        hidden.line = last.line;
        cases.push(position, "retried", hidden)?;
    }
    Ok(())
}

/// Returns the parts of a failure text as paragraphs: the message first, unless what follows begins with it.
pub(super) fn paragraphs(parts: &[&str], limits: &Limits) -> Option<String> {
    let parts: Vec<&str> = parts.iter().copied().filter(|part| !part.trim().is_empty()).collect();
    let first = |part: &str| part.trim().lines().next().unwrap_or_default().to_owned();
    let mut text = Excerpt::default();
    let mut kept: Vec<&str> = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        let is_begun = |other: &&str| first(other).contains(&first(part)) && other.contains(part.trim());
        if !kept.iter().any(|other| other.contains(part.trim())) && !parts[at + 1..].iter().any(is_begun) {
            text.push_paragraph(trim_blank_lines(part), limits.message);
            kept.push(part);
        }
    }
    (!text.is_blank()).then(|| text.finish(limits.message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        let source = Source::new("a.json", text.as_bytes());
        let limits = Limits::default();
        let cases = Cases::new(&source, &limits);
        let json = Json::new(&source);
        json.document(&cases).map(str::to_owned).expect_err("must be refused").to_string()
    }

    #[test]
    fn damage_is_told_with_the_line_of_the_file() {
        insta::assert_snapshot!(
            error("{\"a\": [1,\n 2"),
            @"a.json:2: the report is truncated: EOF while parsing a list; no test is complete"
        );
        insta::assert_snapshot!(
            error("{\"a\": 1,\n\n oops}"),
            @"a.json:3: key must be a string; no test is complete"
        );
        insta::assert_snapshot!(error("{}\n{}"), @"a.json:2: trailing characters; no test is complete");
    }

    #[test]
    fn deep_documents_are_scanned_without_recursion() {
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(1 << 20), "]".repeat(1 << 20));
        let source = Source::new("a.json", deep.as_bytes());
        let limits = Limits::default();
        let json = Json::new(&source);
        assert_eq!(json.document(&Cases::new(&source, &limits)).map(str::len), Ok(deep.len()));
        assert_eq!(get(&deep, "a").map(str::len), Some(deep.len() - 6));
    }

    #[test]
    fn what_another_part_says_is_not_said_twice() {
        let limits = Limits::default();
        let table: [(&[&str], _); 7] = [
            (&["boom", "Error: boom\n at a.js"], Some("Error: boom\n at a.js")),
            (&["boom", "at a.js"], Some("boom\n\nat a.js")),
            (&["assert 0", ">  assert 0\nE  assert 0"], Some(">  assert 0\nE  assert 0")),
            (&["assert 0", "def f():\n  assert 0"], Some("assert 0\n\ndef f():\n  assert 0")),
            (&["same", "same "], Some("same")),
            (&["", " \n"], None),
            (&[], None),
        ];
        for (parts, expected) in table {
            assert_eq!(paragraphs(parts, &limits).as_deref(), expected, "{parts:?}");
        }
    }
}
