//! `/incident/{id}`: problems with one likely cause, as people are told about them.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Html;

use super::problem::{self, Cause};
use super::{Page, html};
use crate::select::Select;
use crate::table::{Row, Table};
use crate::{App, Error, Result};

#[derive(Template)]
#[template(path = "incident.html")]
struct Incident<'a> {
    page: &'a Page,
    incident: Row,
    itself: Table,
    problems: Table,
    cause: Cause,
}

pub(crate) async fn show(State(app): State<App>, Path(id): Path<String>) -> Result<Html<String>> {
    let page = Page::open(&app, "/problem").await?;
    let select = Select::of(
        "incident",
        "incident_id, project, branch, builder, state, title, kind, opened_at, opened_position, opened_revision, \
         opened_build_id, good_revision, change_count, problem_count, open_count, resolved_at, resolved_revision, \
         signature, message, main_problem_id",
    );
    let found = page.first(select.eq("incident_id", id.as_str())).await?;
    let (incident, itself) = found.ok_or_else(|| Error::NotFound("there is no such incident".into()))?;
    let problems = problem::list().eq("incident_id", id.as_str()).order("state, suite, name, problem_id").limit(500);
    let main = incident.text("main_problem_id");
    let (problems, cause) = tokio::try_join!(page.rows(problems), Cause::of(&page, &main))?;
    html(&Incident { page: &page, incident, itself, problems, cause })
}
