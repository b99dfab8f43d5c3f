//! `/test/{test_id}`: one test's history on all builders, its problems, and its attempts with what they said.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Html;

use super::{Page, html};
use crate::chart;
use crate::page::grid::Grid;
use crate::request;
use crate::select::Select;
use crate::show::Markup;
use crate::table::{Row, Table};
use crate::{App, Error, Result};

#[derive(Template)]
#[template(path = "test.html")]
struct Test<'a> {
    page: &'a Page,
    test: Row,
    history: Table,
    grid: Grid,
    cells: Table,
    problems: Table,
    attempts: Table,
    flaky: Table,
    slow: Table,
    chart: Markup,
}

pub(crate) async fn show(State(app): State<App>, Path(id): Path<String>) -> Result<Html<String>> {
    let id = request::id(&id, "test")?;
    let page = Page::open(&app, "/grid").await?;
    let ((test, history), cells, problems, attempts, flaky, slow) = tokio::try_join!(
        identity(&page, id),
        page.rows(cells(id)),
        page.rows(super::problem::list().eq("test_id", id).order("opened_at DESC NULLS LAST, problem_id").limit(100)),
        page.rows(attempts(id)),
        page.rows(flaky(id)),
        page.rows(slow(id))
    )?;
    let grid = Grid::new(&cells, 60, |row| (row.text("branch"), row.text("builder"), None));
    let chart = chart::figure(&chart::duration::CHART, &[("test", &id.to_string())]);
    html(&Test { page: &page, test, history, grid, cells, problems, attempts, flaky, slow, chart })
}

/// Returns project, suite and name. Streaks are few and know tests whose outcomes are no longer kept; outcomes know those
/// that ran for patches only.
async fn identity(page: &Page, id: i64) -> Result<(Row, Table)> {
    for view in ["streak", "test_history"] {
        if let Some(found) = page.first(Select::of(view, "project, kind, suite, name").eq("test_id", id)).await? {
            return Ok(found);
        }
    }
    Err(Error::NotFound("there is no such test".into()))
}

fn cells(id: i64) -> Select {
    Select::of("test_grid", "branch, builder, series_id, test_id, position, revision, build_id, verdict, duration_ms")
        .eq("test_id", id)
        .order("position DESC, branch, builder")
        .limit(3000)
}

fn attempts(id: i64) -> Select {
    let columns = "branch, builder, position, revision, build_id, build_number, started_at, attempt, outcome, error_kind, \
                   duration_ms, signature, message";
    Select::of("test_history", columns)
        .eq("test_id", id)
        .order("started_at DESC NULLS LAST, position DESC, builder, attempt DESC")
        .limit(100)
}

fn flaky(id: i64) -> Select {
    let columns = "branch, builder, position_count, flaky_position_count, flip_count, flip_rate, failed_ratio, \
                   last_flaky_at, rule";
    Select::of("flaky_test", columns).eq("test_id", id).order("branch, builder")
}

fn slow(id: i64) -> Select {
    let columns = "branch, builder, run_count, median_ms, p95_ms, max_ms, total_ms";
    Select::of("test_duration", columns).eq("test_id", id).order("branch, builder")
}
