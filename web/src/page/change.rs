//! `/change/{revision}`: one change, its builds, what it is suspected of, and which tests it most likely breaks.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Html;

use super::{Page, html};
use crate::select::Select;
use crate::table::{Row, Table};
use crate::{App, Error, Result};

/// A revision may be cut, as people write it, but not to less than this.
const SHORTEST: usize = 6;

#[derive(Template)]
#[template(path = "change.html")]
struct Change<'a> {
    page: &'a Page,
    change: Row,
    itself: Table,
    builds: Table,
    suspected: Table,
    tests: Table,
}

pub(crate) async fn show(State(app): State<App>, Path(revision): Path<String>) -> Result<Html<String>> {
    let missing = || Error::NotFound("there is no such change".into());
    if !revision.chars().all(|c| c.is_ascii_alphanumeric()) || revision.len() > 64 || revision.is_empty() {
        return Err(missing());
    }
    let page = Page::open(&app, "/build").await?;
    let columns = "project, revision, person_id, author, is_bot, is_merge, subject, message, committed_at, file_count";
    let select = Select::of("step.authored", columns);
    let select = match revision.len() < SHORTEST {
        true => select.eq("revision", revision.as_str()),
        false => select.at_least("revision", revision.as_str()).order("revision"),
    };
    let found = page.first(select).await?.filter(|(row, _)| row.text("revision").starts_with(&revision));
    let (change, itself) = found.ok_or_else(missing)?;
    let (project, revision) = (change.text("project"), change.text("revision"));
    let builds = Select::of(
        "build_summary",
        "build_id, branch, builder, result, started_at, duration_ms, failed_count, outcome_count",
    )
    .eq("project", project.as_str())
    .eq("revision", revision.as_str())
    .order("started_at DESC NULLS LAST, build_id")
    .limit(50);
    let columns = "problem_id, branch, builder, suite, name, state, rank, suspicion, evidence";
    let suspected = Select::of("change_problem", columns)
        .eq("project", project.as_str())
        .eq("revision", revision.as_str())
        .order("suspicion DESC, problem_id")
        .limit(50);
    let (builds, suspected, tests) =
        tokio::try_join!(page.rows(builds), page.rows(suspected), tests(&page, &project, &revision))?;
    html(&Change { page: &page, change, itself, builds, suspected, tests })
}

/// Returns the tests to run first for a change; none where its revision is too short to be asked for.
async fn tests(page: &Page, project: &str, revision: &str) -> Result<Table> {
    if revision.len() < SHORTEST {
        return Ok(Table::default());
    }
    let select = Select::call("rerun_order", &[revision], "rank, test_id, suite, name, share, score");
    page.rows(select.eq("project", project).order("rank").limit(25)).await
}
