//! A node of an Open Test Report, a test or a container, as its events or its element tell of it.

use annals_data::row::Status;

use super::super::error_kind::error_kind;
use super::super::xml::Element;

/// What a node threw.
#[derive(Debug, Default)]
pub(super) struct Throwable {
    pub(super) type_name: String,
    pub(super) is_assertion: Option<bool>,
    pub(super) text: String,
}

/// A test or a container.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) position: usize,
    pub(super) name: String,
    /// The id of its parent, until it is resolved to a place.
    pub(super) parent_id: Option<String>,
    pub(super) parent: Option<usize>,
    pub(super) started_at: Option<i64>,
    pub(super) duration_us: Option<i64>,
    pub(super) is_finished: bool,
    /// JUnit's `TEST`, `CONTAINER` or `CONTAINER_AND_TEST`.
    pub(super) kind: Option<String>,
    pub(super) status: Option<String>,
    pub(super) reason: String,
    pub(super) throwable: Throwable,
    /// The full name of the Java class that it stands in or is.
    pub(super) class: Option<String>,
    pub(super) is_class: bool,
    pub(super) file: Option<String>,
    pub(super) line: Option<i64>,
}

impl Node {
    /// Takes what the attributes of an element inside it say.
    pub(super) fn note(&mut self, parent: &str, name: &str, element: &Element) {
        let text = |name| element.attribute(name).map(|text: &str| text.trim().to_owned());
        match (parent, name) {
            (_, "result") => self.status = text("status").or(self.status.take()),
            ("sources", "classSource") => {
                self.class = text("className");
                self.is_class = self.class.is_some();
            }
            ("sources", "methodSource") => self.class = text("className"),
            ("sources", "fileSource") => self.file = text("path"),
            ("fileSource", "filePosition") => {
                self.line = text("line").and_then(|line| line.parse().ok()).filter(|&line| line > 0);
            }
            _ => {}
        }
    }

    /// Returns the status, and whether the file has a known word for it; nothing where it does not say it.
    pub(super) fn status(&self) -> Option<(Status, Option<&'static str>, bool)> {
        let Some(word) = &self.status else { return None };
        Some(match word.as_str() {
            "SUCCESSFUL" => (Status::Passed, None, true),
            "FAILED" => match error_kind(&self.throwable.type_name, self.throwable.said()) {
                Some(kind) => (Status::Errored, Some(kind), true),
                None if self.throwable.is_assertion == Some(false) => (Status::Errored, None, true),
                None => (Status::Failed, None, true),
            },
            "ERRORED" => (Status::Errored, None, true),
            "SKIPPED" | "ABORTED" => (Status::Skipped, None, true),
            _ => (Status::Errored, None, false),
        })
    }

    /// Returns what explains the status.
    pub(super) fn message(&self) -> Option<String> {
        let (reason, thrown) = (self.reason.trim_end(), self.throwable.text.trim_end());
        match (reason.is_empty(), thrown.is_empty()) {
            (true, true) => None,
            (false, true) => Some(reason.to_owned()),
            (true, false) => Some(thrown.to_owned()),
            (false, false) if thrown.contains(reason) => Some(thrown.to_owned()),
            (false, false) => Some(format!("{reason}\n{thrown}")),
        }
    }
}

impl Throwable {
    /// Returns what was thrown without the type before it.
    fn said(&self) -> &str {
        let text = self.text.trim_start();
        let rest = text.strip_prefix(self.type_name.as_str()).and_then(|rest| rest.strip_prefix(": "));
        rest.unwrap_or(text)
    }
}

/// Returns microseconds for a length of time of XML Schema: `PT1M2.5S`.
pub(super) fn duration(text: &str) -> Option<i64> {
    let (days, time) = text.trim().strip_prefix('P')?.split_once('T').unwrap_or((text.trim().strip_prefix('P')?, ""));
    let mut seconds = 0.0;
    for (part, units) in [(days, [('D', 86_400.0), ('D', 86_400.0), ('D', 86_400.0)]), (time, TIME)] {
        let mut rest = part;
        while let Some(at) = rest.find(|c: char| c.is_ascii_alphabetic()) {
            let unit = units.iter().find(|(unit, _)| rest[at..].starts_with(*unit))?.1;
            seconds += rest[..at].parse::<f64>().ok()? * unit;
            rest = &rest[at + 1..];
        }
        if !rest.is_empty() {
            return None;
        }
    }
    super::super::duration::microseconds(&format!("{seconds}"))
}

const TIME: [(char, f64); 3] = [('H', 3600.0), ('M', 60.0), ('S', 1.0)];

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn lengths_of_xml_schema_are_read() {
        let table = [
            ("PT0.013404S", Some(13_404)),
            ("PT1M2.5S", Some(62_500_000)),
            ("P1DT1H", Some(90_000_000_000)),
            ("PT0S", Some(0)),
            ("PT5", None),
            ("PT1X", None),
            ("-PT1S", None),
            ("PT-1S", None),
            ("PTNaNS", None),
            ("P", Some(0)),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(duration(text), expected, "{text}");
        }
    }
}
