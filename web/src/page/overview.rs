//! `/`: how things stand: what is broken first, then the trend, the builders, the last builds and what is flaky.

use askama::Template;
use axum::extract::State;
use axum::response::Html;

use super::{Page, html};
use crate::chart;
use crate::select::Select;
use crate::show::Markup;
use crate::table::{Row, Table};
use crate::{App, Result};

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview<'a> {
    page: &'a Page,
    counts: Option<(Row, Table)>,
    incidents: Table,
    builders: Table,
    builds: Table,
    flaky: Table,
    charts: Vec<Markup>,
}

pub(crate) async fn show(State(app): State<App>) -> Result<Html<String>> {
    let page = Page::open(&app, "/").await?;
    let (counts, incidents, builders, builds, flaky) = tokio::try_join!(
        page.first(counts()),
        page.rows(incidents()),
        page.rows(builders()),
        page.rows(builds()),
        page.rows(flaky())
    )?;
    let charts = match builders.rows.first() {
        Some(row) => {
            let (project, branch) = (row.text("project"), row.text("branch"));
            let pairs = [("project", project.as_str()), ("branch", branch.as_str())];
            [&chart::pass_rate::CHART, &chart::open_problems::CHART, &chart::time_to_fix::CHART]
                .map(|chart| chart::figure(chart, &pairs))
                .into()
        }
        None => vec![],
    };
    html(&Overview { page: &page, counts, incidents, builders, builds, flaky, charts })
}

fn counts() -> Select {
    Select::of(
        "store_overview",
        "project_count, branch_count, builder_count, test_count, build_count, outcome_count, change_count, \
         open_problem_count, open_incident_count, first_built_at, last_built_at",
    )
}

fn incidents() -> Select {
    Select::of(
        "incident",
        "incident_id, project, branch, builder, kind, state, title, opened_at, opened_revision, opened_build_id, change_count, \
         problem_count, open_count, signature",
    )
    .eq("state", "open")
    .order("opened_at DESC NULLS LAST, incident_id")
    .limit(15)
}

fn builders() -> Select {
    Select::of(
        "builder_health",
        "project, branch, builder, build_count, success_count, success_ratio, last_build_id, last_result, last_built_at, \
         median_duration_ms, open_problem_count",
    )
    .order("last_built_at DESC NULLS LAST, project, branch, builder")
    .limit(50)
}

fn builds() -> Select {
    Select::of("build_summary", super::build::LIST_COLUMNS)
        .order("started_at DESC NULLS LAST, position DESC, build_id")
        .limit(12)
}

fn flaky() -> Select {
    Select::of(
        "flaky_test",
        "test_id, project, branch, builder, suite, name, position_count, flaky_position_count, flip_count, flip_rate, \
         last_flaky_at, rule",
    )
    .order("last_flaky_at DESC NULLS LAST, flip_rate DESC NULLS LAST, test_id")
    .limit(10)
}
