//! `/author` and `/author/{person_id}`: the figures of authors, with their denominators, where the site shows them.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Html;

use super::{Choice, LIST, Page, Pager, Sorter, html};
use crate::chart;
use crate::request::{self, Params};
use crate::select::Select;
use crate::show::Markup;
use crate::table::Table;
use crate::{App, Error, Result};

const TOTALS: &str = "person_id, author, team, project, change_count, merge_count, tested_change_count, \
    green_change_count, green_ratio, problem_caused_count, problem_fixed_count, still_open_count, \
    median_hours_to_fix, lines_added, lines_removed, test_added_count";

const ORDERS: &[Choice] = &[
    Choice { word: "changes", order: "change_count DESC, author, person_id" },
    Choice { word: "author", order: "author, project, person_id" },
    Choice { word: "tested", order: "tested_change_count DESC, author, person_id" },
    Choice { word: "caused", order: "problem_caused_count DESC, author, person_id" },
    Choice { word: "fixed", order: "problem_fixed_count DESC, author, person_id" },
    Choice { word: "open", order: "still_open_count DESC, author, person_id" },
    Choice { word: "tests", order: "test_added_count DESC, author, person_id" },
];

#[derive(Template)]
#[template(path = "author_list.html")]
struct List<'a> {
    page: &'a Page,
    authors: Table,
    sorter: Sorter,
    pager: Pager,
    is_shown: bool,
}

pub(crate) async fn index(State(app): State<App>, params: Params) -> Result<Html<String>> {
    let page = Page::open(&app, "/author").await?;
    let pager = Pager::new(&params, "/author", LIST);
    let sorter = Sorter::new(&params, "/author", ORDERS);
    let is_shown = page.shows_authors().await?;
    let select = Select::of("author_total", TOTALS).eq_given("project", params.get("project"));
    let authors = if is_shown { page.rows(pager.of(sorter.of(select))).await? } else { Table::default() };
    html(&List { page: &page, authors, sorter, pager, is_shown })
}

#[derive(Template)]
#[template(path = "author.html")]
struct Author<'a> {
    page: &'a Page,
    name: String,
    is_shown: bool,
    totals: Table,
    weeks: Table,
    problems: Table,
    changes: Table,
    chart: Markup,
}

pub(crate) async fn show(State(app): State<App>, Path(id): Path<String>) -> Result<Html<String>> {
    let id = request::id(&id, "author")?;
    let page = Page::open(&app, "/author").await?;
    let person = Select::of("raw.person", "name, team").eq("person_id", id);
    let (person, is_shown) = tokio::try_join!(page.first(person), page.shows_authors())?;
    let empty = Table::default;
    let mut author = Author {
        page: &page,
        name: person.as_ref().map(|(row, _)| row.text("name")).unwrap_or_default(),
        is_shown,
        totals: empty(),
        weeks: empty(),
        problems: empty(),
        changes: empty(),
        chart: chart::figure(&chart::author_activity::CHART, &[("person", &id.to_string())]),
    };
    if is_shown {
        let (totals, weeks, problems, changes) = tokio::try_join!(
            page.rows(Select::of("author_total", TOTALS).eq("person_id", id).order("change_count DESC, project")),
            page.rows(weeks(id)),
            page.rows(problems(id)),
            page.rows(changes(id))
        )?;
        if let Some(row) = totals.rows.first().filter(|_| author.name.is_empty()) {
            author.name = row.text("author");
        }
        author = Author { totals, weeks, problems, changes, ..author };
    }
    if author.name.is_empty() {
        return Err(Error::NotFound("there is no such author".into()));
    }
    html(&author)
}

fn weeks(id: i64) -> Select {
    Select::of(
        "author_stats",
        "week, project, change_count, merge_count, tested_change_count, green_change_count, green_ratio, \
         problem_caused_count, problem_fixed_count, still_open_count, median_hours_to_fix, lines_added, lines_removed, \
         test_added_count",
    )
    .eq("person_id", id)
    .order("week DESC, project")
    .limit(106)
}

fn problems(id: i64) -> Select {
    let columns = "problem_id, role, suspicion, project, branch, builder, suite, name, state, opened_at, resolved_at";
    Select::of("author_problem", columns)
        .eq("person_id", id)
        .order("opened_at DESC NULLS LAST, problem_id, role")
        .limit(100)
}

fn changes(id: i64) -> Select {
    let columns = "project, revision, committed_at, subject, is_merge, is_tested, is_green, file_count, lines_added, lines_removed";
    Select::of("author_change", columns).eq("person_id", id).order("committed_at DESC, revision").limit(100)
}
