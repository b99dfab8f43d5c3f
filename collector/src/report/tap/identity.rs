//! Which test a point is: the rule of the parent's documentation, as code.

use super::super::path;
use std::collections::HashMap;

use super::super::Limits;
use super::super::text::name;
use super::found::Found;

/// Joins the names of nested subtests.
const SEPARATOR: &str = " > ";

/// Gives tests their suites and names.
pub(super) struct Names<'f> {
    pub(super) found: &'f Found,
    limits: &'f Limits,
    /// The node that was asked for last, and its suite.
    last: Option<(usize, String)>,
    /// How often a name came in a document and suite.
    seen: HashMap<(usize, String, String), u64>,
}

impl<'f> Names<'f> {
    pub(super) fn new(found: &'f Found, limits: &'f Limits) -> Self {
        Self { found, limits, last: None, seen: HashMap::new() }
    }

    /// Returns the names of a node and of those around it as one.
    pub(super) fn suite(&mut self, node: usize) -> String {
        match &self.last {
            Some((last, suite)) if *last == node => suite.clone(),
            _ => {
                let suite = self.path(node);
                self.last = Some((node, suite.clone()));
                suite
            }
        }
    }

    fn path(&self, node: usize) -> String {
        let mut parts = Vec::new();
        let mut next = Some(node);
        while let Some(at) = next {
            let node = &self.found.nodes[at];
            parts.extend(node.name.as_deref().map(|text| name(last_part(text), self.limits.name)));
            next = node.parent;
        }
        parts.reverse();
        name(&parts.join(SEPARATOR), self.limits.name)
    }

    /// Returns suite and name of a test.
    pub(super) fn identity(&mut self, node: usize, text: &str) -> (String, String) {
        let (suite, text) = match pytest(text) {
            Some((file, text)) => (join(&self.suite(node), file), text),
            None => (self.suite(node), last_part(text)),
        };
        let text = name(text, self.limits.name);
        let key = (self.found.nodes[node].document, suite.clone(), text.clone());
        let count = self.seen.entry(key).or_default();
        *count += 1;
        let text = if *count > 1 { format!("{text} #{count}") } else { text };
        (suite, text)
    }
}

/// Returns file and test of pytest's `tests/test_a.py::TestC.test_b`.
fn pytest(text: &str) -> Option<(&str, &str)> {
    let (file, test) = text.split_once("::")?;
    (file.ends_with(".py") && !file.contains(' ') && !test.is_empty()).then_some((last_part(file), test))
}

fn join(suite: &str, part: &str) -> String {
    if suite.is_empty() { part.to_owned() } else { format!("{suite}{SEPARATOR}{part}") }
}

/// Returns the last part of an absolute path, and anything else as it is: a description may begin with a slash, too.
fn last_part(text: &str) -> &str {
    if text.contains(' ') { text } else { path::last_part(text) }
}
