//! Makes outcomes of the nodes of an Open Test Report once all of them are known.
//!
//! Events may come in any order and name any parent, so every walk over parents visits a node once at most.

use annals_data::row::{Outcome, SUITE, Status};

use super::super::cases::Cases;
use super::super::error_kind::CRASHED;
use super::super::text::{line, name};
use super::super::{Error, Limits};
use super::node::Node;

/// Joins the names of nested containers.
const SEPARATOR: &str = " > ";

/// Where the children of a node belong.
#[derive(Clone, Debug, Default)]
struct Place {
    suite: String,
    /// What stands before the names of the children.
    prefix: String,
    is_in_class: bool,
}

/// Adds the outcomes of all nodes.
pub(super) fn settle(nodes: &mut [Node], cases: &mut Cases, limits: &Limits) -> Result<(), Error> {
    let containers = containers(nodes);
    let places = places(nodes, &containers, limits);
    let is_failing = |node: &Node| match node.status() {
        Some((status, ..)) => matches!(status, Status::Failed | Status::Errored),
        None => !node.is_finished,
    };
    let mut has_failing = vec![false; nodes.len()];
    for (at, node) in nodes.iter().enumerate().filter(|(at, node)| !containers[*at] && is_failing(node)) {
        let mut around = node.parent.filter(|&parent| parent != at);
        while let Some(parent) = around.filter(|&parent| !has_failing[parent]) {
            has_failing[parent] = true;
            around = nodes[parent].parent;
        }
    }
    for (at, node) in nodes.iter_mut().enumerate() {
        if containers[at] {
            settle_container(node, &places[at], has_failing[at], cases)?;
        } else {
            let around = node.parent.and_then(|parent| places.get(parent));
            settle_test(node, around, cases)?;
        }
        // Texts are of no use any more.
        (node.reason, node.throwable.text) = Default::default();
    }
    Ok(())
}

/// Returns which nodes are containers.
fn containers(nodes: &[Node]) -> Vec<bool> {
    let mut has_children = vec![false; nodes.len()];
    nodes.iter().filter_map(|node| node.parent).for_each(|parent| has_children[parent] = true);
    let is_container = |(node, has_children): (&Node, bool)| match node.kind.as_deref() {
        Some("TEST") => false,
        Some("CONTAINER") => true,
        _ => has_children,
    };
    nodes.iter().zip(has_children).map(is_container).collect()
}

/// Returns the place that each container gives its children; that of a test is its parent's.
fn places(nodes: &[Node], containers: &[bool], limits: &Limits) -> Vec<Place> {
    let mut places: Vec<Option<Place>> = vec![None; nodes.len()];
    let mut is_visited = vec![false; nodes.len()];
    for start in 0..nodes.len() {
        let mut chain = Vec::new();
        let mut next = Some(start);
        // A node that is its own ancestor ends the chain as a root would.
        while let Some(at) = next.filter(|&at| !is_visited[at]) {
            is_visited[at] = true;
            chain.push(at);
            next = nodes[at].parent;
        }
        let mut around = next.and_then(|at| places[at].clone()).unwrap_or_default();
        for at in chain.into_iter().rev().filter(|&at| containers[at]) {
            around = place(&nodes[at], &around, limits);
            places[at] = Some(around.clone());
        }
    }
    places.into_iter().map(Option::unwrap_or_default).collect()
}

fn place(node: &Node, around: &Place, limits: &Limits) -> Place {
    let bounded = |text: String| name(&text, limits.name);
    if let Some(class) = node.class.as_deref().filter(|_| node.is_class) {
        return Place { suite: bounded(class.to_owned()), prefix: String::new(), is_in_class: true };
    }
    if around.is_in_class {
        let prefix = bounded(format!("{}{}", around.prefix, node.name)) + SEPARATOR;
        return Place { prefix, ..around.clone() };
    }
    let parts: Vec<&str> = [around.suite.as_str(), &node.name].into_iter().filter(|part| !part.is_empty()).collect();
    Place { suite: bounded(parts.join(SEPARATOR)), ..Place::default() }
}

fn settle_test(node: &Node, around: Option<&Place>, cases: &mut Cases) -> Result<(), Error> {
    let Some((status, error_kind, word)) = verdict(node, cases) else {
        cases.ignore("tests without a result");
        return Ok(());
    };
    let place = around.cloned().unwrap_or_default();
    let suite = match &node.class {
        Some(class) if !place.is_in_class => class.clone(),
        _ => place.suite,
    };
    let outcome = Outcome {
        error_kind: error_kind.map(str::to_owned),
        duration_us: node.duration_us,
        message: message(node),
        file: node.file.clone(),
        line: node.line,
        ..Outcome::new(suite, format!("{}{}", place.prefix, node.name), status)
    };
    cases.push(node.position, &word, outcome)
}

/// Adds a container that has something to tell beside what its tests tell.
fn settle_container(node: &Node, place: &Place, has_failing: bool, cases: &mut Cases) -> Result<(), Error> {
    let is_failed = |status| matches!(status, Status::Failed | Status::Errored);
    let is_told = match (node.status(), node.is_finished) {
        (Some((status, ..)), _) if is_failed(status) => has_failing && node.message().is_none(),
        (Some((status, ..)), _) => status == Status::Passed,
        (None, true) => true,
        (None, false) => has_failing,
    };
    if is_told {
        cases.ignore("containers of tests");
        return Ok(());
    }
    let Some((status, error_kind, word)) = verdict(node, cases) else { return Ok(()) };
    let prefix = place.prefix.trim_end_matches(SEPARATOR);
    let outcome = Outcome {
        error_kind: error_kind.map(str::to_owned),
        duration_us: node.duration_us,
        message: message(node),
        ..Outcome::of_suite(
            place.suite.clone(),
            format!("{prefix} {SUITE}").trim_start(),
            if is_failed(status) { Status::Errored } else { status },
        )
    };
    cases.push(node.position, &format!("container {word}"), outcome)
}

/// Returns status, kind and word of a node; nothing where the file does not tell how it ended.
fn verdict(node: &Node, cases: &mut Cases) -> Option<(Status, Option<&'static str>, String)> {
    match node.status() {
        Some((status, kind, is_known)) => {
            let word = line(node.status.as_deref().unwrap_or_default(), 40);
            if !is_known {
                cases.warn(node.position, format!("the status `{word}` is not known; it counts as an error"));
            }
            Some((status, kind, word))
        }
        None if node.is_finished => None,
        None => {
            let text = format!("`{}` was started and never finished; it counts as crashed", line(&node.name, 200));
            cases.warn(node.position, text);
            Some((Status::Errored, Some(CRASHED), "(never finished)".to_owned()))
        }
    }
}

fn message(node: &Node) -> Option<String> {
    let unfinished = || (node.status.is_none() && !node.is_finished).then(|| "started and never finished".to_owned());
    node.message().or_else(unfinished)
}
