//! The identifiers of a change in a file: in the lines that differ, and in the lines that enclose them.
//!
//! A line is enclosed by the nearest one above it that is indented less, which is what names a function, a class or a
//! module in nearly every language, and by what encloses that one.

use std::collections::HashSet;

use annals_data::identifier::identifiers;

/// Identifiers of one file that are kept, the first ones.
pub(super) const FILE_MOST: usize = 200;
/// Identifiers of longer lines (bytes) are not kept: such lines are data, or a program wrote them.
const LINE_LIMIT: usize = 1000;

/// What is found in one file.
pub(super) struct Identifiers<'t> {
    most: usize,
    seen: HashSet<String>,
    list: Vec<String>,
    /// The new text behind the lines that were passed, and how many these are.
    rest: &'t [u8],
    passed: usize,
    /// What encloses the place that was reached, outermost first.
    around: Vec<Around<'t>>,
    /// Lines begin whose surroundings were not looked at.
    is_beginning: bool,
}

struct Around<'t> {
    indent: usize,
    line: &'t [u8],
    /// Its identifiers are in the list, and those of all that encloses it.
    is_listed: bool,
}

impl<'t> Identifiers<'t> {
    /// Begins with the new text of a file, of which up to `most` identifiers are wanted.
    pub(super) fn new(text: &'t [u8], most: usize) -> Self {
        let (seen, list, around) = (HashSet::new(), Vec::new(), Vec::new());
        Self { most, seen, list, rest: text, passed: 0, around, is_beginning: false }
    }

    /// Takes note that lines differ below the first `above` lines of the new text; places come in their order.
    pub(super) fn begin(&mut self, above: usize) {
        while self.list.len() < self.most && self.passed < above && !self.rest.is_empty() {
            let end = self.rest.iter().position(|byte| *byte == b'\n').map_or(self.rest.len(), |end| end + 1);
            let (line, rest) = self.rest.split_at(end);
            (self.rest, self.passed) = (rest, self.passed + 1);
            if let Some(indent) = indent(line) {
                self.around.truncate(self.around.partition_point(|around| around.indent < indent));
                self.around.push(Around { indent, line, is_listed: false });
            }
        }
        self.is_beginning = true;
    }

    /// Adds those of a line that differs.
    pub(super) fn add(&mut self, line: &[u8]) {
        if self.list.len() >= self.most {
            return;
        }
        if let Some(indent) = indent(line).filter(|_| self.is_beginning) {
            self.is_beginning = false;
            let around = self.around.partition_point(|around| around.indent < indent);
            let known = self.around[..around].iter().rposition(|around| around.is_listed).map_or(0, |at| at + 1);
            for at in known..around {
                self.around[at].is_listed = true;
                self.take(self.around[at].line);
            }
        }
        self.take(line);
    }

    fn take(&mut self, line: &[u8]) {
        if line.len() > LINE_LIMIT {
            return;
        }
        for identifier in identifiers(&String::from_utf8_lossy(line)) {
            if self.list.len() < self.most && !self.seen.contains(identifier) {
                self.seen.insert(identifier.to_owned());
                self.list.push(identifier.to_owned());
            }
        }
    }

    /// Returns them, each once, in the order in which they were met.
    pub(super) fn finish(self) -> Vec<String> {
        self.list
    }
}

/// Returns how many blanks a line begins with; `None` for one that has nothing else.
fn indent(line: &[u8]) -> Option<usize> {
    line.iter().position(|byte| !byte.is_ascii_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "import os\n\nclass Lexer:\n    kind = 1\n\n    def split(self):\n        return words\n\n    def join(self):\n        return text\n";

    fn found(most: usize, runs: &[(usize, &[&str])]) -> Vec<String> {
        let mut found = Identifiers::new(TEXT.as_bytes(), most);
        for (above, lines) in runs {
            found.begin(*above);
            lines.iter().for_each(|line| found.add(line.as_bytes()));
        }
        found.finish()
    }

    #[test]
    fn what_encloses_a_line_is_found_once() {
        let first: (usize, &[&str]) = (6, &["        return words\n"]);
        let second: (usize, &[&str]) = (9, &["\n", "        return text\n", "        return parts\n"]);
        assert_eq!(found(9, &[first]), ["class", "Lexer", "def", "split", "self", "return", "words"]);
        assert_eq!(found(9, &[second]), ["class", "Lexer", "def", "join", "self", "return", "text", "parts"]);
        let both = ["class", "Lexer", "def", "split", "self", "return", "words", "join", "text"];
        assert_eq!(found(9, &[first, second]), both, "as many as were wanted");
        assert_eq!(found(9, &[(0, &["import sys\n"])]), ["import", "sys"]);
        assert_eq!(found(9, &[(99, &["    x = kind\n"])]), ["class", "Lexer", "kind"]);
    }
}
