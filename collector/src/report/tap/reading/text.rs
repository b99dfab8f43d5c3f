//! The lines between test points: comments, YAML blocks and plain text.

use super::super::found::{Event, EventKind};
use super::super::yaml;
use super::Reading;

impl Reading<'_> {
    /// Takes a comment: a footer, the name of a subtest or of a test of tape, or a text about the last point.
    pub(super) fn comment(&mut self, position: usize, indent: usize, comment: &str) {
        let footer = footer(comment).filter(|_| indent == 0);
        if footer.is_some() || comment.starts_with("Subtest") {
            self.is_near = false;
        }
        if let Some(name) = comment.strip_prefix("Subtest: ") {
            self.announced = Some((indent, name.trim().replace("\\#", "#")));
        }
        match footer {
            Some(("fail", Some(count))) => self.declared = Some((position, count)),
            Some(_) => {}
            None if self.is_tape && indent == 0 && !comment.starts_with("Subtest") => {
                self.begin_group(position, comment.trim())
            }
            None => self.diagnose(comment),
        }
    }

    /// Begins a test of tape.
    fn begin_group(&mut self, position: usize, comment: &str) {
        self.is_near = false;
        let (word, name) = match comment.split_once(' ') {
            Some((word @ ("SKIP" | "TODO"), name)) => (word, name),
            _ => ("", comment),
        };
        if name.is_empty() || name == "ok" {
            return;
        }
        let node = self.tree.add(Some(self.tree.root()), Some(name.to_owned()));
        if word == "SKIP" {
            self.events.push(Event { position, kind: EventKind::Skip, node, text: String::new() });
        } else {
            self.group = Some(node);
        }
    }

    /// Takes a line that is not TAP.
    pub(super) fn other(&mut self, indent: usize, text: &str) {
        let depth = self.tree.top().indent;
        if self.is_near && indent > depth {
            let text = &text[depth..];
            self.diagnose(text.strip_prefix("  ").unwrap_or(text));
        } else {
            self.is_near = false;
            self.cases.ignore("lines that are not TAP");
        }
    }

    /// Adds a line to the text of the last point.
    fn diagnose(&mut self, text: &str) {
        let bound = self.limits.message;
        if let Some(point) = self.points.last_mut().filter(|point| self.is_near && !point.is_ok) {
            point.diagnostics.push(text, bound);
            point.diagnostics.push("\n", bound);
        }
    }

    /// Returns whether a line ends the open YAML block and is itself still to be read.
    pub(super) fn ends_block(&mut self, position: usize, indent: usize, text: &str) -> bool {
        let Some(block) = &self.block else { return true };
        let is_mark = indent == block.indent && text.trim() == "...";
        if !is_mark && (text.trim().is_empty() || indent >= block.indent) {
            return false;
        }
        if let Some(point) = self.points.last_mut() {
            point.yaml = yaml::read(&self.source.text[block.begin..position]);
        }
        if !is_mark {
            self.cases
                .warn(block.position, "the YAML block has no end; it was read to a line that is less deep".to_owned());
        }
        self.block = None;
        !is_mark
    }
}

/// Returns word and number of a count that writers put at the end.
fn footer(comment: &str) -> Option<(&str, Option<u64>)> {
    let (word, number) = comment.split_once(' ')?;
    let is_count = ["tests", "suites", "pass", "fail", "cancelled", "skipped", "todo", "duration_ms"].contains(&word);
    let number = number.trim();
    (is_count && number.parse::<f64>().is_ok()).then(|| (word, number.parse().ok()))
}
