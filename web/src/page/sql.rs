//! `/sql`: a query, its answer, and the catalog of views beside it. It works by links and forms alone.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Html;

use super::view::{View, catalog};
use super::{Page, html};
use crate::query;
use crate::request::Params;
use crate::show;
use crate::table::Table;
use crate::{App, Error, Result};

/// Rows that the page shows; the files beside it hold more.
const ROWS: usize = 500;

/// Queries to begin with.
const EXAMPLES: &[(&str, &str)] = &[
    (
        "What is broken now, the oldest first?",
        "SELECT project, builder, suite, name, opened_at, age_days, change_count\nFROM problem\nWHERE state = 'open'\n\
         ORDER BY age_days DESC",
    ),
    (
        "Who broke what in the last thirty days?",
        "SELECT p.opened_at, g.author, p.suite, p.name, g.suspicion, g.evidence\nFROM problem p JOIN guilty g USING (problem_id)\n\
         WHERE p.opened_at > now() - INTERVAL '30 days'\nORDER BY p.opened_at DESC",
    ),
    (
        "Which tests cost the most time?",
        "SELECT builder, suite, name, run_count, median_ms, total_ms, share_ratio\nFROM slow_test\nORDER BY total_ms DESC\n\
         LIMIT 50",
    ),
    (
        "How often does each builder succeed?",
        "SELECT project, branch, builder, build_count, success_ratio, open_problem_count\nFROM builder_health\n\
         ORDER BY success_ratio",
    ),
];

#[derive(Template)]
#[template(path = "sql.html")]
struct Sql<'a> {
    page: &'a Page,
    query: &'a str,
    /// Lines of the field, as many as the query needs within reason.
    height: usize,
    answer: Option<Table>,
    note: String,
    error: Option<Error>,
    /// The line of the query that is wrong, and a mark under the place.
    place: Option<(String, String)>,
    views: Vec<View>,
    files: Vec<(&'static str, String)>,
    examples: Vec<(&'static str, String)>,
}

pub(crate) async fn show(State(app): State<App>, params: Params) -> Result<Html<String>> {
    let page = Page::open(&app, "/sql").await?;
    let query = params.get("q");
    let views = catalog(&page).await?;
    let link = |format: &str| format!("/api/sql?{}", show::query(&[("format", format), ("q", query)]));
    let files = ["csv", "xlsx", "json", "ndjson", "markdown", "html", "parquet", "arrow"].map(|f| (f, link(f)));
    let examples = EXAMPLES.iter().map(|(title, q)| (*title, format!("/sql?{}", show::query(&[("q", q)])))).collect();
    let mut sql = Sql {
        page: &page,
        query,
        height: (query.lines().count() + 1).clamp(5, 24),
        answer: None,
        note: String::new(),
        error: None,
        place: None,
        views,
        files: files.into(),
        examples,
    };
    if !query.is_empty() {
        match answer(&app, &page, query).await {
            Ok((table, note)) => (sql.answer, sql.note) = (Some(table), note),
            Err(error) => (sql.place, sql.error) = (mark(query, &error), Some(error)),
        }
    }
    html(&sql)
}

async fn answer(app: &App, page: &Page, text: &str) -> Result<(Table, String)> {
    let asker = app.asker(&HeaderMap::new())?;
    let question = query::plan(app, page.session(), &asker, text, vec![]).await?;
    let answer = query::answer(app, &asker, question, ROWS).await?;
    let table = Table::new(&answer.schema, &answer.batches).map_err(Error::internal)?;
    let count = show::count(table.len() as i64);
    let rows = match answer.is_truncated {
        true => format!("the first {count} rows; the files hold more"),
        false => format!("{count} {}", if table.len() == 1 { "row" } else { "rows" }),
    };
    let note = format!("{rows} in {}", show::length(answer.elapsed.as_secs_f64() * 1000.0));
    Ok((table, note))
}

/// Returns the wrong line of a query and a mark under the wrong place.
fn mark(query: &str, error: &Error) -> Option<(String, String)> {
    let (line, column) = error.place()?;
    let text = query.lines().nth(usize::try_from(line).ok()?.checked_sub(1)?)?;
    let blanks = usize::try_from(column).ok()?.saturating_sub(1).min(text.chars().count());
    Some((text.to_owned(), format!("{}^", " ".repeat(blanks))))
}
