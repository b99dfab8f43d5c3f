//! Reads Open Test Reporting, what JUnit 5.9 and later write: the stream of events and the hierarchy, 0.1 and 0.2.
//!
//! # Recognised by
//!
//! The root element `events` or `execution` with a namespace of `schemas.opentest4j.org/reporting`.
//!
//! # Identity
//!
//! A node without children is a test, or one that JUnit calls a `TEST`; any other is a container. Of a test in a Java
//! class the suite is the full name of the innermost class, and the name is that of the test behind those of the
//! containers between both: `adds(int, int) > 1 + 1 = 2`. Elsewhere the suite is the names of all containers around the
//! test, outermost first, joined by ` > `.
//!
//! # Attempts
//!
//! Tests with equal suite and name are attempts of one test, in the order in which they are first told of; so are the
//! runs of an `id` that is started again after it finished.
//!
//! # Status
//!
//! | `status` | status |
//! |---|---|
//! | `SUCCESSFUL` | `passed` |
//! | `FAILED` | `failed` |
//! | `FAILED` by what Java says is no assertion (`assertionError="false"`) | `errored` |
//! | `FAILED` by what JUnit writes for a timeout | `errored`, `timed_out` |
//! | `ERRORED`; any other word, with a warning | `errored` |
//! | `SKIPPED`; `ABORTED`: an assumption did not hold | `skipped` |
//! | none, of a test that finished | left out |
//! | started, but the events end without its end | `errored`, `crashed`, with a warning |
//!
//! A container that failed by itself (before its tests, or without a failed test inside) is the case `(suite)`,
//! `errored`; one that was skipped or aborted is the case `(suite)`, `skipped`; any other is no outcome.
//!
//! # Limits
//!
//! The process that dies writes no end of the document: such a file is truncated and refused. What tests print and
//! attach is not read.

mod node;
mod settle;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use annals_data::outcomes::Outcomes;

use self::node::{Node, Throwable};
use super::cases::Cases;
use super::text::{Source, line, name};
use super::xml::{Element, Visitor, walk};
use super::{Error, Format, Limits, Report, clock};

/// Open Test Reporting.
pub(super) const FORMAT: Format =
    Format { name: "otr", title: "Open Test Reporting", is_streamed: true, is_like, read };

fn head<'s>(source: &'s Source) -> &'s str {
    &source.text[..source.text.floor_char_boundary(8 << 10)]
}

fn is_like(source: &Source) -> bool {
    matches!(source.root(), Some("events" | "execution")) && head(source).contains("schemas.opentest4j.org/reporting/")
}

fn read(source: &Source, limits: &Limits) -> Result<Report<Outcomes>, Error> {
    let mut reading = Reading {
        source,
        cases: Cases::new(source, limits),
        limits,
        nodes: Vec::new(),
        by_id: HashMap::new(),
        open: Vec::new(),
    };
    walk(source, limits, &mut reading)?;
    let Reading { mut cases, mut nodes, by_id, .. } = reading;
    // A child may be started before its parent.
    for node in &mut nodes {
        let named = node.parent_id.take().and_then(|id| by_id.get(&id).copied());
        node.parent = node.parent.or(named);
    }
    let started_at = nodes.iter().filter_map(|node| node.started_at).min();
    settle::settle(&mut nodes, &mut cases, limits)?;
    let tool = head(source).contains("schemas.junit.org/").then(|| "JUnit Platform".to_owned());
    Ok(Report { tool, started_at, ..cases.finish(&FORMAT)? })
}

struct Reading<'r> {
    source: &'r Source<'r>,
    cases: Cases<'r>,
    limits: &'r Limits,
    nodes: Vec<Node>,
    /// The last node that was started with an id.
    by_id: HashMap<String, usize>,
    /// The nodes whose elements are open; an event of an unknown node has none.
    open: Vec<Option<usize>>,
}

impl Visitor for Reading<'_> {
    fn open(&mut self, element: &Element, path: &[Element]) -> Result<(), Error> {
        let parent = path.last().map(|parent| parent.name.as_str());
        match (parent, element.name.as_str()) {
            (None, "events" | "execution") => {}
            (None, name) => {
                return Err(self.refuse(element.position, format!("a further root element `{}`", line(name, 40))));
            }
            (Some("events"), "started") => self.start(element)?,
            (Some("events"), "reported" | "finished") => self.go_on(element),
            (Some("execution"), "root") | (Some("root" | "child"), "child") => self.add_hierarchy_node(element)?,
            (Some(parent), name) => {
                if let Some(node) = self.current() {
                    node.note(parent, name, element);
                }
            }
        }
        Ok(())
    }

    fn close(&mut self, mut element: Element, path: &[Element]) -> Result<(), Error> {
        let Some(parent) = path.last().map(|parent| parent.name.as_str()) else { return Ok(()) };
        let limits = self.limits;
        match (parent, element.name.as_str()) {
            ("events", "started" | "reported" | "finished") | ("execution", "root") | ("root" | "child", "child") => {
                self.open.pop();
            }
            ("metadata", "type") => {
                let kind = element.take_text(limits);
                self.current().into_iter().for_each(|node| node.kind = Some(kind.trim().to_owned()));
            }
            ("result", "reason") => {
                let reason = element.take_text(limits);
                self.current().into_iter().for_each(|node| node.reason = reason.clone());
            }
            ("result", "throwable") => {
                let throwable = Throwable {
                    type_name: element.attribute("type").unwrap_or_default().to_owned(),
                    is_assertion: element.attribute("assertionError").map(|flag| flag.trim() != "false"),
                    text: element.take_text(limits),
                };
                if let Some(node) = self.current() {
                    node.throwable = throwable;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn refuse(&self, position: usize, reason: String) -> Error {
        // Nodes become outcomes at the end only, so the outcomes do not know the last one.
        match self.nodes.iter().rev().find(|node| node.is_finished) {
            Some(last) => {
                self.source.error(position, format!("{reason}; the last complete node is `{}`", line(&last.name, 200)))
            }
            None => self.cases.refuse(position, reason),
        }
    }
}

impl Reading<'_> {
    /// Returns the node that the open elements belong to.
    fn current(&mut self) -> Option<&mut Node> {
        let at = self.open.last().copied().flatten()?;
        self.nodes.get_mut(at)
    }

    fn add(&mut self, element: &Element, node: Node) -> Result<usize, Error> {
        if self.nodes.len() >= self.limits.cases {
            let reason = format!("the report holds more than {} nodes", self.limits.cases);
            return Err(self.refuse(element.position, reason));
        }
        let name = name(element.attribute("name").unwrap_or_default(), self.limits.name);
        self.nodes.push(Node { position: element.position, name, ..node });
        self.open.push(Some(self.nodes.len() - 1));
        Ok(self.nodes.len() - 1)
    }

    fn start(&mut self, element: &Element) -> Result<(), Error> {
        let id = element.attribute("id").unwrap_or_default();
        if self.by_id.get(id).is_some_and(|&at| !self.nodes[at].is_finished) {
            let text = format!("`{}` is started twice; the second start is left out", line(id, 40));
            self.cases.warn(element.position, text);
            self.open.push(None);
            return Ok(());
        }
        let started_at = element.attribute("time").and_then(clock::microseconds);
        let parent_id = element.attribute("parentId").map(str::to_owned);
        let at = self.add(element, Node { started_at, parent_id, ..Node::default() })?;
        self.by_id.insert(id.to_owned(), at);
        Ok(())
    }

    /// Goes on with a node that was started.
    fn go_on(&mut self, element: &Element) {
        let id = element.attribute("id").unwrap_or_default();
        let at = self.by_id.get(id).copied();
        self.open.push(at);
        let Some(at) = at else {
            let text = format!("`{}` was never started; the event is left out", line(id, 40));
            return self.cases.warn(element.position, text);
        };
        if element.name == "finished" {
            let node = &mut self.nodes[at];
            let ended_at = element.attribute("time").and_then(clock::microseconds);
            node.is_finished = true;
            node.duration_us = node.started_at.zip(ended_at).map(|(start, end)| end - start).filter(|&us| us >= 0);
        }
    }

    fn add_hierarchy_node(&mut self, element: &Element) -> Result<(), Error> {
        let node = Node {
            parent: self.open.last().copied().flatten(),
            started_at: element.attribute("start").and_then(clock::microseconds),
            duration_us: element.attribute("duration").and_then(node::duration),
            is_finished: true,
            ..Node::default()
        };
        self.add(element, node)?;
        Ok(())
    }
}
