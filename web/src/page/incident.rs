//! `/incident/{id}`: problems with one likely cause, as people are told about them.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};

use super::problem::{self, Cause};
use super::{Page, html};
use crate::select::Select;
use crate::table::{Row, Table};
use crate::{App, Error, Result, successor};

#[derive(Template)]
#[template(path = "incident.html")]
struct Incident<'a> {
    page: &'a Page,
    incident: Row,
    itself: Table,
    problems: Table,
    notes: Table,
    earlier: Table,
    cause: Cause,
}

pub(crate) async fn show(State(app): State<App>, Path(id): Path<String>) -> Result<Response> {
    let page = Page::open(&app, "/problem").await?;
    let problems = problem::list().eq("incident_id", id.as_str()).order("state, suite, name, problem_id").limit(500);
    let notes = Select::of("incident_note", "range_incident_id, problem_id, builder, suite, name, rule");
    let notes = notes.eq("incident_id", id.as_str()).order("rule, suite, name, builder").limit(50);
    let earlier = Select::of("recurrence", "earlier_incident_id, earlier_resolved_at, why, problem_count");
    let earlier = earlier.eq("incident_id", id.as_str()).order("why");
    let (found, problems, notes, earlier) =
        tokio::try_join!(with_cause(&page, &id), page.rows(problems), page.rows(notes), page.rows(earlier))?;
    let Some((incident, itself, cause)) = found else { return moved(&page, &id).await };
    Ok(html(&Incident { page: &page, incident, itself, problems, notes, earlier, cause })?.into_response())
}

/// Returns the incident, and why its main problem is there.
async fn with_cause(page: &Page, id: &str) -> Result<Option<(Row, Table, Cause)>> {
    let select = Select::of(
        "incident",
        "incident_id, project, branch, builder, state, title, kind, opened_at, opened_position, opened_revision, \
         opened_build_id, good_revision, change_count, problem_count, open_count, resolved_at, resolved_revision, \
         signature, message, main_problem_id",
    );
    let Some((incident, itself)) = page.first(select.eq("incident_id", id)).await? else { return Ok(None) };
    let cause = Cause::of(page, &incident.text("main_problem_id")).await?;
    Ok(Some((incident, itself, cause)))
}

/// Leads to the incident into which people have put one, or that one became when late builds moved its range.
async fn moved(page: &Page, id: &str) -> Result<Response> {
    let member = Select::of("step.incident_member", "incident_id").order("rule, problem_id");
    let mut found = page.first(member.clone().eq("range_incident_id", id)).await?;
    if found.is_none()
        && let Some(range) = successor::range(page.session(), id).await?
    {
        found = page.first(member.eq("range_incident_id", range.as_str())).await?;
    }
    let (row, _) = found.ok_or_else(|| Error::NotFound("there is no such incident".into()))?;
    Ok(Redirect::to(&format!("/incident/{}", row.segment("incident_id"))).into_response())
}
