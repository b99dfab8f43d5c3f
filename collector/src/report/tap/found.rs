//! What is found in a report before its meaning is known: points, and events that are none.

use super::super::text::Excerpt;
use super::point::Description;
use super::tree::Node;
use super::yaml;

/// What was found in a report.
pub(super) struct Found {
    pub(super) points: Vec<Point>,
    pub(super) events: Vec<Event>,
    pub(super) nodes: Vec<Node>,
    /// Where the report counts its failures, and their number.
    pub(super) declared: Option<(usize, u64)>,
}

/// A test point.
#[derive(Debug)]
pub(super) struct Point {
    pub(super) position: usize,
    /// What it stands in.
    pub(super) node: usize,
    pub(super) is_ok: bool,
    pub(super) number: u64,
    pub(super) description: Description,
    /// The subtest that it sums up.
    pub(super) child: Option<usize>,
    pub(super) yaml: yaml::Diagnostics,
    /// Comments and indented lines after it.
    pub(super) diagnostics: Excerpt,
}

/// Something else that becomes an outcome.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) position: usize,
    pub(super) kind: EventKind,
    pub(super) node: usize,
    pub(super) text: String,
}

/// What it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EventKind {
    BailOut,
    /// The plan does not fit.
    Plan,
    /// Nothing of this document or test is run.
    Skip,
}

/// Returns the name of a point, or its number as one.
pub(super) fn named(name: &str, number: u64) -> String {
    if name.is_empty() { format!("(unnamed {number})") } else { name.to_owned() }
}
