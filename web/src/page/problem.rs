//! `/problem` and `/problem/{id}`: what is broken, since when, through which change and why we think so.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::{Choice, LIST, Page, Pager, Sorter, html};
use crate::request::Params;
use crate::select::Select;
use crate::table::{Cell, Row, Table};
use crate::{App, Error, Result, successor};

const COLUMNS: &str = "problem_id, incident_id, series_id, test_id, project, branch, builder, kind, suite, name, state, \
    origin, is_reopened, opened_at, opened_position, opened_revision, opened_build_id, good_position, good_revision, \
    change_count, last_failed_position, last_failed_at, failed_position_count, flaky_count, resolved_at, \
    resolved_revision, resolved_build_id, age_days, hours_to_resolve, signature, is_muted, is_acknowledged";

const OWN_COLUMNS: &str = "problem_id, incident_id, series_id, test_id, project, branch, builder, kind, suite, name, \
    state, origin, is_reopened, opened_at, opened_position, opened_revision, opened_build_id, good_position, \
    good_revision, change_count, last_failed_position, last_failed_at, failed_position_count, flaky_count, resolved_at, \
    resolved_position, resolved_revision, resolved_build_id, age_days, hours_to_resolve, signature, message, is_muted, \
    is_acknowledged";

const ORDERS: &[Choice] = &[
    Choice { word: "opened", order: "opened_at DESC NULLS LAST, problem_id" },
    Choice { word: "age", order: "age_days DESC NULLS LAST, problem_id" },
    Choice { word: "failed", order: "last_failed_at DESC NULLS LAST, problem_id" },
    Choice { word: "count", order: "failed_position_count DESC, problem_id" },
    Choice { word: "changes", order: "change_count NULLS LAST, problem_id" },
    Choice { word: "test", order: "suite, name, problem_id" },
    Choice { word: "builder", order: "project, branch, builder, suite, name, problem_id" },
];

/// Returns the columns of problems in lists of other pages.
pub(super) fn list() -> Select {
    Select::of("problem", COLUMNS)
}

#[derive(Template)]
#[template(path = "problem_list.html")]
struct List<'a> {
    page: &'a Page,
    params: &'a Params,
    problems: Table,
    builders: Table,
    people: Table,
    sorter: Sorter,
    pager: Pager,
    state: &'a str,
}

pub(crate) async fn index(State(app): State<App>, params: Params) -> Result<Html<String>> {
    let page = Page::open(&app, "/problem").await?;
    let pager = Pager::new(&params, "/problem", LIST);
    let sorter = Sorter::new(&params, "/problem", ORDERS);
    let state = match params.get("state") {
        "" => "open",
        given => given,
    };
    let mut select = list()
        .eq_given("state", if state == "all" { "" } else { state })
        .eq_given("project", params.get("project"))
        .eq_given("branch", params.get("branch"))
        .eq_given("builder", params.get("builder"))
        .contains("name", params.get("name"));
    if let Some(days) = params.number::<f64>("age").filter(|d| d.is_finite()) {
        select = select.at_least("age_days", days);
    }
    if let Some(person) = params.number::<i64>("person") {
        select = select.among("problem_id", problems_of(&page, person).await?);
    }
    let problems = pager.of(sorter.of(select));
    let people = Select::of("author", "person_id, author").order("author, person_id");
    let (problems, builders, people) = tokio::try_join!(page.rows(problems), page.builders(), page.rows(people))?;
    html(&List { page: &page, params: &params, problems, builders, people, sorter, pager, state })
}

/// Returns the problems that a person is guilty or suspected of, or fixed.
async fn problems_of(page: &Page, person: i64) -> Result<Vec<Cell>> {
    let select = Select::of("author_problem", "problem_id").eq("person_id", person).order("opened_at DESC NULLS LAST");
    Ok(page.rows(select).await?.rows.iter().map(|r| r.cell("problem_id").clone()).collect())
}

#[derive(Template)]
#[template(path = "problem.html")]
struct Problem<'a> {
    page: &'a Page,
    problem: Row,
    itself: Table,
    events: Table,
    strip: Table,
    cause: Cause,
}

pub(crate) async fn show(State(app): State<App>, Path(id): Path<String>) -> Result<Response> {
    let page = Page::open(&app, "/problem").await?;
    let (found, cause) = tokio::try_join!(with_history(&page, &id), Cause::of(&page, &id))?;
    let Some((problem, itself, events, strip)) = found else { return moved(&page, &id).await };
    Ok(html(&Problem { page: &page, problem, itself, events, strip, cause })?.into_response())
}

/// Returns the problem, what happened in it, and what its series did lately, both oldest first.
async fn with_history(page: &Page, id: &str) -> Result<Option<(Row, Table, Table, Table)>> {
    let select = Select::of("problem", OWN_COLUMNS).eq("problem_id", id);
    let Some((problem, itself)) = page.first(select).await? else { return Ok(None) };
    let series = problem.int("series_id").unwrap_or_default();
    // By the series its streaks are found, by the test its outcomes: files are in their order.
    let events = Select::of("problem_event", "at, position, revision, build_id, event, detail")
        .eq("problem_id", id)
        .eq("series_id", series)
        .order("position, at, event");
    let strip = Select::of("test_grid", "position, revision, build_id, verdict, duration_ms")
        .eq("test_id", problem.int("test_id").unwrap_or_default())
        .eq("series_id", series)
        .order("position DESC")
        .limit(50);
    let (events, mut strip) = tokio::try_join!(page.rows(events), page.rows(strip))?;
    strip.rows.reverse();
    Ok(Some((problem, itself, events, strip)))
}

/// Leads to the problem as it is called since a late build moved its beginning.
async fn moved(page: &Page, id: &str) -> Result<Response> {
    let found = successor::problem(page.session(), id).await?;
    let row = found.ok_or_else(|| Error::NotFound("there is no such problem".into()))?;
    Ok(Redirect::to(&format!("/problem/{}", row.segment("problem_id"))).into_response())
}

/// Why a problem is there: the changes in question, who is suspected by which evidence, who should act.
pub(super) struct Cause {
    pub(super) blamelist: Table,
    pub(super) suspects: Table,
    pub(super) evidence: Table,
    pub(super) nobody: Table,
    pub(super) hunts: Table,
    pub(super) guilty: Table,
    pub(super) responsible: Table,
}

impl Cause {
    pub(super) async fn of(page: &Page, problem: &str) -> Result<Self> {
        let blamelist = Select::of(
            "blamelist",
            "ordinal, revision, person_id, author, team, is_bot, is_merge, subject, committed_at, file_count, \
             lines_added, lines_removed",
        );
        let suspects = Select::of(
            "suspect",
            "rank, revision, person_id, author, subject, suspicion, evidence, rule, rule_version",
        );
        let evidence = Select::of("suspect_evidence", "revision, evidence, weight, detail");
        let nobody = Select::of("nobody_evidence", "place, evidence, factor, detail, probability");
        let hunts = Select::of(
            "bisection",
            "begun_at, ended_at, is_automatic, finding, revision, suspect_count, build_count, plain_build_count, \
             round_build_count",
        );
        let guilty =
            Select::of("guilty", "person_id, author, revision, suspicion, threshold, rule, rule_version, evidence");
        let responsible = Select::of("responsible", "person_id, author, why");
        let of = |select: Select, order| page.rows(select.eq("problem_id", problem).order(order).limit(200));
        let (blamelist, suspects, evidence, nobody, hunts, guilty, responsible) = tokio::try_join!(
            of(blamelist, "ordinal"),
            of(suspects, "rank"),
            of(evidence, "revision, weight DESC, evidence"),
            of(nobody, "place, evidence"),
            of(hunts, "begun_at DESC"),
            of(guilty, "suspicion DESC, author"),
            of(responsible, "why, author")
        )?;
        Ok(Self { blamelist, suspects, evidence, nobody, hunts, guilty, responsible })
    }

    /// Returns the evidence against one change.
    pub(super) fn evidence_of(&self, suspect: &Row) -> Vec<&Row> {
        let revision = suspect.text("revision");
        self.evidence.rows.iter().filter(|e| e.text("revision") == revision).collect()
    }
}
