//! `/build` and `/build/{build_id}`: what was built, what came out, failures first.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Html;

use super::{Choice, LIST, Page, Pager, Sorter, html};
use crate::request::{self, Params};
use crate::select::Select;
use crate::table::{Row, Table};
use crate::{App, Error, Result};

/// The columns of builds in lists.
pub(super) const LIST_COLUMNS: &str = "build_id, project, branch, builder, number, revision, position, author, \
    person_id, subject, result, reason, started_at, duration_ms, outcome_count, passed_count, failed_count, \
    skipped_count, opened_count, resolved_count, is_patch, is_excluded, exclusion_rule";

const ORDERS: &[Choice] = &[
    Choice { word: "started", order: "started_at DESC NULLS LAST, position DESC, build_id" },
    Choice { word: "position", order: "position DESC, builder, build_id" },
    Choice { word: "duration", order: "duration_ms DESC NULLS LAST, build_id" },
    Choice { word: "failed", order: "failed_count DESC, started_at DESC NULLS LAST, build_id" },
];

/// Failures first, then what is unusual, then what passed.
const WORST_FIRST: &str = "CASE outcome WHEN 'errored' THEN 0 WHEN 'failed' THEN 1 WHEN 'xpassed' THEN 2 \
    WHEN 'xfailed' THEN 4 WHEN 'skipped' THEN 5 ELSE 6 END, suite, name, attempt";

/// Outcomes on one page.
const OUTCOMES: usize = 200;

#[derive(Template)]
#[template(path = "build_list.html")]
struct List<'a> {
    page: &'a Page,
    params: &'a Params,
    builds: Table,
    builders: Table,
    sorter: Sorter,
    pager: Pager,
}

pub(crate) async fn index(State(app): State<App>, params: Params) -> Result<Html<String>> {
    let page = Page::open(&app, "/build").await?;
    let pager = Pager::new(&params, "/build", LIST);
    let sorter = Sorter::new(&params, "/build", ORDERS);
    let select = Select::of("build_summary", LIST_COLUMNS)
        .eq_given("project", params.get("project"))
        .eq_given("branch", params.get("branch"))
        .eq_given("builder", params.get("builder"))
        .eq_given("result", params.get("result"));
    let (builds, builders) = tokio::try_join!(page.rows(pager.of(sorter.of(select))), page.builders())?;
    html(&List { page: &page, params: &params, builds, builders, sorter, pager })
}

#[derive(Template)]
#[template(path = "build.html")]
struct Build<'a> {
    page: &'a Page,
    params: &'a Params,
    build: Row,
    itself: Table,
    outcomes: Table,
    steps: Table,
    opened: Table,
    resolved: Table,
    environment: Vec<(String, String)>,
    more: Option<usize>,
}

pub(crate) async fn show(State(app): State<App>, Path(id): Path<String>, params: Params) -> Result<Html<String>> {
    let id = request::id(&id, "build")?;
    let page = Page::open(&app, "/build").await?;
    let select = Select::of(
        "build_summary",
        "build_id, project, branch, builder, number, revision, position, author, person_id, subject, result, reason, \
         worker, url, started_at, finished_at, duration_ms, outcome_count, passed_count, failed_count, skipped_count, \
         opened_count, resolved_count, is_patch, is_excluded, exclusion_rule, exclusion_detail",
    );
    let found = page.first(select.eq("build_id", id)).await?;
    let (build, itself) = found.ok_or_else(|| Error::NotFound("there is no such build".into()))?;
    let offset = params.number("from").unwrap_or(0).min(10_000_000);
    let outcomes = Select::of(
        "test_history",
        "test_id, suite, name, kind, attempt, outcome, error_kind, duration_ms, signature, message",
    )
    .eq("build_id", id)
    .eq_given("outcome", params.get("outcome"))
    .contains("name", params.get("name"))
    .order(WORST_FIRST)
    .limit(OUTCOMES)
    .offset(offset);
    let steps = Select::of(
        "raw.step",
        "number, name, command, result, reason, exit_status, started_at, duration_us / 1000.0 AS duration_ms, log_path, \
         log_size, is_log_truncated",
    )
    .eq("build_id", id)
    .order("number");
    let opened = super::problem::list().eq("opened_build_id", id).order("suite, name").limit(200);
    let resolved = super::problem::list().eq("resolved_build_id", id).order("suite, name").limit(200);
    let environment = Select::of("raw.build", "environment").eq("build_id", id).limit(1);
    let (outcomes, steps, opened, resolved, environment) = tokio::try_join!(
        worst(&page, &build, outcomes, offset),
        page.rows(steps),
        page.rows(opened),
        page.rows(resolved),
        page.rows(environment)
    )?;
    let environment = environment.rows.first().map(|r| variables(&r.text("environment"))).unwrap_or_default();
    let more = outcomes.has_more.then_some(offset + outcomes.len());
    html(&Build { page: &page, params: &params, build, itself, outcomes, steps, opened, resolved, environment, more })
}

/// Asks for outcomes, the worst first: where what did not pass fills the page, what passed is not read, which is most.
async fn worst(page: &Page, build: &Row, outcomes: Select, offset: usize) -> Result<Table> {
    let [all, passed] = ["outcome_count", "passed_count"].map(|column| build.int(column).unwrap_or(0));
    if all - passed > (offset + OUTCOMES) as i64 {
        let unusual = page.rows(outcomes.clone().unlike("outcome", "passed")).await?;
        // A name was perhaps asked for, which fewer have.
        if unusual.has_more {
            return Ok(unusual);
        }
    }
    page.rows(outcomes).await
}

/// Reads the JSON object of an environment; what is not one is shown as it is.
fn variables(json: &str) -> Vec<(String, String)> {
    match serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(json) {
        Ok(map) => {
            map.into_iter().map(|(name, value)| (name, value.as_str().map_or(value.to_string(), Into::into))).collect()
        }
        Err(_) if json.is_empty() => vec![],
        Err(_) => vec![("environment".to_owned(), json.to_owned())],
    }
}
