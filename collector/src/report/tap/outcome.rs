//! Turns test points into outcomes, once all of them are known.
//!
//! What a point means can depend on the subtest that it sums up, and on what else the report holds.

use annals_data::outcomes::Outcomes;
use annals_data::row::{Kind, Outcome, SUITE, Status};

use super::super::cases::Cases;
use super::super::error_kind::{CRASHED, TIMED_OUT, error_kind};
use super::super::mocha::is_hook;
use super::super::{Error, Limits, Report};
use super::FORMAT;
use super::found::{Event, EventKind, Found, Point, named};
use super::identity::Names;
use super::point::{Directive, timed};
use super::tree::Node;

/// What node says of failures that are none of an assertion.
const NODE_ERRORS: [&str; 6] = [
    "hookFailed",
    "cancelledByParent",
    "testAborted",
    "parentAlreadyFinished",
    "uncaughtException",
    "unhandledRejection",
];

/// What becomes of one point.
struct Verdict {
    status: Status,
    error_kind: Option<&'static str>,
    word: String,
}

/// Tells what was found as a report.
pub(super) fn tell(mut found: Found, mut cases: Cases, limits: &Limits) -> Result<Report<Outcomes>, Error> {
    take_times_from_names(&mut found.points);
    let has_times = found.points.iter().any(|point| duration(point).is_some());
    let is_todo = todo_nodes(&found);
    let verdicts: Vec<Verdict> =
        found.points.iter().map(|point| verdict(point, has_times, is_todo[point.node], &found.nodes)).collect();
    let has_failure = failing_nodes(&found, &verdicts);
    compare(&found, &verdicts, &mut cases);
    let mut names = Names::new(&found, limits);
    let mut events = found.events.iter().peekable();
    for (point, verdict) in found.points.iter().zip(verdicts) {
        while let Some(event) = events.next_if(|event| event.position <= point.position) {
            push_event(event, &mut names, &mut cases)?;
        }
        push_point(point, verdict, &has_failure, &mut names, &mut cases)?;
    }
    for event in events {
        push_event(event, &mut names, &mut cases)?;
    }
    cases.finish(&FORMAT)
}

/// Takes bats' times from the ends of the names, if each name at the top has one.
fn take_times_from_names(points: &mut [Point]) {
    if points.iter().all(|point| timed(&point.description.name).is_some()) {
        for description in points.iter_mut().map(|point| &mut point.description) {
            if let Some((name, time)) = timed(&description.name).map(|(name, time)| (name.to_owned(), time)) {
                (description.name, description.duration_us) = (name, Some(time));
            }
        }
    }
}

fn duration(point: &Point) -> Option<i64> {
    point.yaml.duration_us.or(point.description.duration_us)
}

/// Returns which nodes stand in a subtest that is expected to fail.
fn todo_nodes(found: &Found) -> Vec<bool> {
    let mut is_todo = vec![false; found.nodes.len()];
    for point in found.points.iter().filter(|point| !point.is_ok) {
        if let (Some(child), Some(Directive::Todo)) = (point.child, point.description.directive) {
            is_todo[child] = true;
        }
    }
    // A node comes after the one that it stands in.
    for at in 0..is_todo.len() {
        is_todo[at] |= found.nodes[at].parent.is_some_and(|parent| is_todo[parent]);
    }
    is_todo
}

/// Returns in which nodes a test failed for a reason of its own.
fn failing_nodes(found: &Found, verdicts: &[Verdict]) -> Vec<bool> {
    let mut has_failure = vec![false; found.nodes.len()];
    for (point, verdict) in found.points.iter().zip(verdicts) {
        let is_cancelled = point.yaml.failure_type.as_deref() == Some("cancelledByParent");
        if matches!(verdict.status, Status::Failed | Status::Errored) && !has_tests(point, found) && !is_cancelled {
            has_failure[point.node] = true;
        }
    }
    for at in (0..has_failure.len()).rev() {
        if let Some(parent) = found.nodes[at].parent {
            has_failure[parent] |= has_failure[at];
        }
    }
    has_failure
}

/// Returns whether a point sums up a subtest with tests in it.
fn has_tests(point: &Point, found: &Found) -> bool {
    point.child.is_some_and(|child| found.nodes[child].count > 0)
}

/// Returns what a point says; the table stands in the parent's documentation.
fn verdict(point: &Point, has_times: bool, is_todo: bool, nodes: &[Node]) -> Verdict {
    let directive = point.description.directive;
    let is_skipped = point.child.is_some_and(|child| nodes[child].skip.is_some() && nodes[child].count == 0);
    let (status, error_kind) = match (directive, point.is_ok) {
        (Some(Directive::Skip), _) => (Status::Skipped, None),
        (None, true) if is_skipped => (Status::Skipped, None),
        (Some(Directive::Todo), true) if has_times => (Status::Skipped, None),
        (Some(Directive::Todo), true) => (Status::Xpassed, None),
        (Some(Directive::Todo), false) | (Some(Directive::ExpectedFailure), _) => (Status::Xfailed, None),
        (Some(Directive::UnexpectedSuccess), _) => (Status::Xpassed, None),
        (_, true) => (Status::Passed, None),
        (_, false) if is_todo => (Status::Xfailed, None),
        (Some(Directive::Timeout), false) => (Status::Errored, Some(TIMED_OUT)),
        (Some(Directive::Error), false) => (Status::Errored, None),
        (None, false) => failure(point),
    };
    let word = if point.is_ok { "ok" } else { "not ok" };
    let word = if directive.is_some() { format!("{word} # {}", point.description.word) } else { word.to_owned() };
    Verdict { status, error_kind, word }
}

/// Tells a failed test from an error by what its runner says.
fn failure(point: &Point) -> (Status, Option<&'static str>) {
    let text = if point.yaml.text.is_empty() { point.diagnostics.head() } else { &point.yaml.text };
    let reason = point.yaml.failure_type.as_deref().unwrap_or_default();
    if reason == "testTimeoutFailure" || text.lines().take(8).any(|line| line.ends_with("' failed due to timeout")) {
        return (Status::Errored, Some(TIMED_OUT));
    }
    // The word alone is CTest's for a test that it ended, but here somebody's message.
    let kind = error_kind("", text).filter(|_| !text.trim().eq_ignore_ascii_case("timeout"));
    match kind {
        Some(kind) => (Status::Errored, Some(kind)),
        None if point.yaml.has_signal => (Status::Errored, Some(CRASHED)),
        None if NODE_ERRORS.contains(&reason) => (Status::Errored, None),
        None if is_hook(&point.description.name) => (Status::Errored, None),
        None => (Status::Failed, None),
    }
}

/// Warns if the report counts other failures than it lists.
fn compare(found: &Found, verdicts: &[Verdict], cases: &mut Cases) {
    let Some((position, declared)) = found.declared else { return };
    let is_counted = |point: &Point| {
        // node counts groups and cancelled tests apart.
        let reason = point.yaml.failure_type.as_deref();
        point.yaml.type_name.as_deref() != Some("suite")
            && !matches!(reason, Some("cancelledByParent" | "testTimeoutFailure" | "testAborted"))
    };
    let failing = found
        .points
        .iter()
        .zip(verdicts)
        .filter(|(point, verdict)| matches!(verdict.status, Status::Failed | Status::Errored) && is_counted(point));
    let listed = failing.count() as u64;
    if listed != declared {
        cases.warn(position, format!("declared are {declared} failures, listed are {listed}"));
    }
}

fn push_point(
    point: &Point,
    verdict: Verdict,
    has_failure: &[bool],
    names: &mut Names,
    cases: &mut Cases,
) -> Result<(), Error> {
    let is_failing = matches!(verdict.status, Status::Failed | Status::Errored);
    let (suite, name) = match point.child.filter(|_| has_tests(point, names.found)) {
        Some(child) if is_failing && !has_failure[child] => (names.suite(child), SUITE.to_owned()),
        Some(child) => {
            if !is_failing && has_failure[child] {
                let text = format!("the subtest `{}` is ok although a test in it failed", names.suite(child));
                cases.warn(point.position, super::super::text::line(&text, 400));
            }
            cases.ignore("subtests that their tests tell of");
            return Ok(());
        }
        None => names.identity(point.node, &named(&point.description.name, point.number)),
    };
    let is_of_suite = is_failing && (name == SUITE || is_hook(&name));
    let mut outcome = Outcome::new(suite, name, verdict.status);
    outcome.kind = if is_of_suite { Kind::Suite } else { Kind::Test };
    outcome.error_kind = verdict.error_kind.map(str::to_owned);
    outcome.duration_us = duration(point);
    outcome.message = message(point, verdict.status, names.found);
    (outcome.file, outcome.line) = place(point);
    cases.push(point.position, &verdict.word, outcome)
}

/// Returns reason and failure text; what a passed test says is left out.
fn message(point: &Point, status: Status, found: &Found) -> Option<String> {
    if status == Status::Passed {
        return None;
    }
    let planned = point.child.and_then(|child| found.nodes[child].skip.as_deref()).unwrap_or_default();
    let reason = if point.description.reason.is_empty() { planned } else { &point.description.reason };
    let bound = usize::MAX;
    let diagnostics = point.diagnostics.clone().finish(bound);
    let parts = [reason, &point.yaml.text, &diagnostics];
    Some(parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n"))
}

/// Returns the place that YAML names, or Perl's `at a.t line 1.`, or bats' `(in test file a.bats, line 2)`.
fn place(point: &Point) -> (Option<String>, Option<i64>) {
    if point.yaml.file.is_some() {
        return (point.yaml.file.clone(), point.yaml.line);
    }
    let text = if point.yaml.text.is_empty() { point.diagnostics.head() } else { &point.yaml.text };
    let places = text.lines().take(20).find_map(|line| {
        let line = line.trim();
        let bats = line.strip_prefix("(in test file ").and_then(|rest| rest.strip_suffix(')')?.split_once(", line "));
        let perl = || line.strip_prefix("at ").and_then(|rest| rest.trim_end_matches('.').rsplit_once(" line "));
        let (file, number) = bats.or_else(perl)?;
        Some((file.to_owned(), i64::from(number.parse::<u32>().ok()?)))
    });
    places.map_or((None, None), |(file, line)| (Some(file), Some(line)))
}

fn push_event(event: &Event, names: &mut Names, cases: &mut Cases) -> Result<(), Error> {
    let (name, status, word) = match event.kind {
        EventKind::BailOut => ("(bail out)", Status::Errored, "Bail out!"),
        EventKind::Plan => ("(plan)", Status::Errored, "(plan)"),
        EventKind::Skip => (SUITE, Status::Skipped, "SKIP"),
    };
    let mut outcome = Outcome::of_suite(names.suite(event.node), name, status);
    outcome.message = Some(event.text.clone());
    cases.push(event.position, word, outcome)
}
