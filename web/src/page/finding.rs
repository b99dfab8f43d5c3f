//! What is found out beside problems, one list each: steps of failure rates and lengths, readiness, names, what came back,
//! and how often suspicion was right.
//!
//! A list is declared: its view, its columns and how they are shown. `compare`, which asks with a form, is beside this.

mod listing;

use axum::extract::State;
use axum::response::Html;

use super::Choice;
use crate::chart;
use crate::request::Params;
use crate::show::Markup;
use crate::{App, Result};
use listing::Kind::{
    Count, Figure, Incident, Lane, Length, Month, Percent, Position, Revision, Status, Test, Text, Time, Word,
};
use listing::{Listing, head, sorted};

/// The addresses of all findings with their words, for the line of links above each.
pub(crate) const FINDINGS: &[(&str, &str)] = &[
    ("/degradation", "Failing more often"),
    ("/slower", "Slower"),
    ("/readiness", "Readiness"),
    ("/compare", "Compare"),
    ("/recurrence", "Came back"),
    ("/renamed", "Renamed"),
    ("/suspicion", "Was suspicion right?"),
];

const DEGRADATION: Listing = Listing {
    path: "/degradation",
    title: "Tests that fail more often than they did",
    lead: "The failure rate stepped up, and not to always: such a test opens no problem that lasts. The step lies somewhere \
        in the positions given, 99% sure.",
    view: "degradation",
    columns: "test_id, suite, name, project, branch, builder, state, opened_at, opened_position, opened_revision, position_span, \
        rate_before, rate_behind",
    orders: &[
        Choice { word: "opened", order: "opened_at DESC NULLS LAST, suite, name, builder" },
        Choice { word: "before", order: "rate_before, suite, name, builder" },
        Choice { word: "behind", order: "rate_behind DESC, suite, name, builder" },
    ],
    heads: &[
        head("State", "state", Status),
        head("Test", "name", Test),
        head("Builder", "builder", Lane),
        sorted("opened", "Since", "opened_at", Time),
        head("Revision", "opened_revision", Revision),
        head("Somewhere in", "position_span", Position),
        sorted("before", "Failed before", "rate_before", Percent),
        sorted("behind", "Fails now", "rate_behind", Percent),
    ],
    filters: &["project", "branch", "builder"],
    needs_builder: false,
    none: "No test's failure rate has stepped up.",
};

const SLOWER: Listing = Listing {
    path: "/slower",
    title: "Tests that became slower",
    lead: "Steps of the length, found by the order of the lengths alone, so that a busy machine makes none. One builder at a time.",
    view: "duration_regression",
    columns: "test_id, suite, name, project, branch, builder, state, at, position, revision, before_ms, behind_ms, ratio",
    orders: &[
        Choice { word: "at", order: "position DESC, suite, name" },
        Choice { word: "ratio", order: "ratio DESC, suite, name" },
        Choice { word: "behind", order: "behind_ms DESC, suite, name" },
    ],
    heads: &[
        head("State", "state", Status),
        head("Test", "name", Test),
        sorted("at", "Since", "at", Time),
        head("Revision", "revision", Revision),
        head("Before", "before_ms", Length),
        sorted("behind", "Now", "behind_ms", Length),
        sorted("ratio", "Times", "ratio", Figure),
    ],
    filters: &["project", "branch", "builder"],
    needs_builder: true,
    none: "No test of this builder became slower for good.",
};

const READINESS: Listing = Listing {
    path: "/readiness",
    title: "Readiness",
    lead: "A suite is not ready where a test of it fails more often in the newest days than in those before, or a new one does \
        not pass often enough; the share of false alarms is bounded.",
    view: "readiness",
    columns: "project, branch, builder, suite, status, test_count, regressed_count, new_failing_count, improved_count, \
        vanished_count, base_rate, sample_rate, worst_test",
    orders: &[
        Choice {
            word: "status",
            order: "CASE status WHEN 'extreme' THEN 1 WHEN 'regressed' THEN 2 ELSE 3 END, project, suite, builder",
        },
        Choice { word: "suite", order: "suite, project, builder" },
        Choice { word: "now", order: "sample_rate DESC NULLS LAST, suite, builder" },
    ],
    heads: &[
        sorted("status", "Status", "status", Status),
        sorted("suite", "Suite", "suite", Text),
        head("Builder", "builder", Lane),
        head("Tests", "test_count", Count),
        head("Regressed", "regressed_count", Count),
        head("New ones failing", "new_failing_count", Count),
        head("Improved", "improved_count", Count),
        head("Vanished", "vanished_count", Count),
        head("Failed before", "base_rate", Percent),
        sorted("now", "Fails now", "sample_rate", Percent),
        head("Surest regression", "worst_test", Text),
    ],
    filters: &["project", "branch", "builder"],
    needs_builder: false,
    none: "No test ran in the newest days.",
};

const RECURRENCE: Listing = Listing {
    path: "/recurrence",
    title: "Incidents that came back",
    lead: "An incident comes back when a problem of it fails in the words of an earlier one, or is of a test that was mended before.",
    view: "recurrence",
    columns: "incident_id, project, branch, opened_at, earlier_incident_id, earlier_resolved_at, why, problem_count",
    orders: &[
        Choice { word: "opened", order: "opened_at DESC NULLS LAST, incident_id, why" },
        Choice { word: "problems", order: "problem_count DESC, incident_id, why" },
    ],
    heads: &[
        head("Incident", "incident_id", Incident),
        sorted("opened", "Opened", "opened_at", Time),
        head("Earlier", "earlier_incident_id", Incident),
        head("Was over", "earlier_resolved_at", Time),
        head("Why", "why", Word),
        sorted("problems", "Problems", "problem_count", Count),
    ],
    filters: &["project", "branch"],
    needs_builder: false,
    none: "Nothing came back.",
};

const RENAMED: Listing = Listing {
    path: "/renamed",
    title: "Tests that were probably renamed",
    lead: "One stopped where the other began, and they are called alike. `annals note PROBLEM renamed-from ID` confirms it; the \
        history then goes on.",
    view: "rename_suggestion",
    columns: "project, branch, builder, suite, name, first_position, old_id, old_suite, old_name, similarity, is_confirmed",
    orders: &[
        Choice { word: "similarity", order: "similarity DESC, suite, name, builder" },
        Choice { word: "from", order: "first_position DESC, suite, name, builder" },
    ],
    heads: &[
        head("Suite", "suite", Text),
        head("Test", "name", Text),
        head("Builder", "builder", Lane),
        sorted("from", "From position", "first_position", Count),
        head("Suite before", "old_suite", Text),
        head("Test before", "old_name", Text),
        head("ID before", "old_id", Text),
        sorted("similarity", "Alike", "similarity", Percent),
        head("Confirmed", "is_confirmed", Text),
    ],
    filters: &["project", "branch", "builder"],
    needs_builder: false,
    none: "No test stopped where one of its like began.",
};

const SUSPICION: Listing = Listing {
    path: "/suspicion",
    title: "Was suspicion right?",
    lead: "Where a revert, a fix or a note has said since which change it was, the suspicion of the time is measured by it. \
        Nothing that came later enters what is measured.",
    view: "suspicion_quality",
    columns: "project, month, judged_count, rank1_ratio, rank3_ratio, log_loss, false_blame_count",
    orders: &[
        Choice { word: "month", order: "month DESC, project" },
        Choice { word: "rank1", order: "rank1_ratio DESC, month DESC, project" },
        Choice { word: "judged", order: "judged_count DESC, month DESC, project" },
    ],
    heads: &[
        head("Project", "project", Text),
        sorted("month", "Month", "month", Month),
        sorted("judged", "Culprits known", "judged_count", Count),
        sorted("rank1", "Had rank 1", "rank1_ratio", Percent),
        head("Rank 3 or better", "rank3_ratio", Percent),
        head("Log loss", "log_loss", Figure),
        head("An innocent above the threshold", "false_blame_count", Count),
    ],
    filters: &["project"],
    needs_builder: false,
    none: "Of no problem it was found out yet which change it was.",
};

/// Returns the word of a field by which a list is filtered.
pub(crate) fn label(column: &str) -> &str {
    match column {
        "project" => "Project",
        "branch" => "Branch",
        _ => "Builder",
    }
}

pub(crate) async fn degradation(State(app): State<App>, params: Params) -> Result<Html<String>> {
    DEGRADATION.show(&app, &params, Markup::default()).await
}

pub(crate) async fn slower(State(app): State<App>, params: Params) -> Result<Html<String>> {
    SLOWER.show(&app, &params, Markup::default()).await
}

pub(crate) async fn readiness(State(app): State<App>, params: Params) -> Result<Html<String>> {
    READINESS.show(&app, &params, Markup::default()).await
}

pub(crate) async fn recurrence(State(app): State<App>, params: Params) -> Result<Html<String>> {
    RECURRENCE.show(&app, &params, Markup::default()).await
}

pub(crate) async fn renamed(State(app): State<App>, params: Params) -> Result<Html<String>> {
    RENAMED.show(&app, &params, Markup::default()).await
}

pub(crate) async fn suspicion(State(app): State<App>, params: Params) -> Result<Html<String>> {
    let project = params.get("project");
    let pairs: &[(&str, &str)] = if project.is_empty() { &[] } else { &[("project", project)] };
    SUSPICION.show(&app, &params, chart::figure(&chart::reliability::CHART, pairs)).await
}
