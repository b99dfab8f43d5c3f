//! `/sql`: a query, its answer, and beside it the catalog of views and the saved queries. It works by links and forms alone.

use annals_analytics::saved::{Parameter, Saved};
use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{Html, Redirect};
use serde::Deserialize;

use super::view::{View, catalog};
use super::{Page, api_query, html};
use crate::query;
use crate::request::Params;
use crate::show;
use crate::table::Table;
use crate::{App, Error, Result};

/// Rows that the page shows; the files beside it hold more.
const ROWS: usize = 500;

/// What stands before the name of a parameter in the address of this page.
const VALUE: &str = "value.";

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
    /// The saved query that is open.
    opened: Option<Saved>,
    /// Its parameters with the values that they have now.
    values: Vec<(Parameter, String)>,
    saved: Vec<Saved>,
}

pub(crate) async fn show(State(app): State<App>, params: Params) -> Result<Html<String>> {
    let page = Page::open(&app, "/sql").await?;
    let opened = match params.get("open") {
        "" => None,
        // A page is for anybody: a form that opens one sends no token.
        name => Some(api_query::find(&app, name)?.shown_to(&app.asker(&HeaderMap::new())?)),
    };
    let query = opened.as_ref().map_or(params.get("q").to_owned(), |saved| saved.text.clone());
    let given = |name: &str| params.get(&format!("{VALUE}{name}")).to_owned();
    let parameters = opened.iter().flat_map(|saved| saved.parameters.clone());
    let values: Vec<_> = parameters
        .map(|parameter| {
            let given = Some(given(&parameter.name)).filter(|value| !value.is_empty());
            let value = given.or_else(|| parameter.default.clone()).unwrap_or_default();
            (parameter, value)
        })
        .collect();
    let (saved, _) = app.library().all()?;
    let mut sql = Sql {
        page: &page,
        query: &query,
        height: (query.lines().count() + 1).clamp(5, 24),
        answer: None,
        note: String::new(),
        error: None,
        place: None,
        views: catalog(&page).await?,
        files: files(&query, opened.as_ref(), &values),
        examples: EXAMPLES.iter().map(|(title, q)| (*title, format!("/sql?{}", show::query(&[("q", q)])))).collect(),
        opened,
        values,
        saved,
    };
    if !query.is_empty() {
        match answer(&app, &page, &sql).await {
            Ok((table, note)) => (sql.answer, sql.note) = (Some(table), note),
            Err(error) => (sql.place, sql.error) = (mark(&query, &error), Some(error)),
        }
    }
    html(&sql)
}

/// Returns the addresses of the answer as files.
fn files(query: &str, opened: Option<&Saved>, values: &[(Parameter, String)]) -> Vec<(&'static str, String)> {
    let link = |format: &str| {
        // What a person opens in a spreadsheet.
        let defused = (format == "csv").then_some(("defused", "true"));
        match opened {
            Some(saved) => {
                let pairs = values.iter().map(|(p, value)| (p.name.as_str(), value.as_str())).chain(defused);
                format!("/api/query/{}.{format}?{}", saved.name, show::query(&pairs.collect::<Vec<_>>()))
            }
            None => {
                let pairs = [("format", format)].into_iter().chain(defused).chain([("q", query)]);
                format!("/api/sql?{}", show::query(&pairs.collect::<Vec<_>>()))
            }
        }
    };
    ["csv", "xlsx", "json", "ndjson", "markdown", "html", "parquet", "arrow"].map(|f| (f, link(f))).into()
}

/// What the form sends to keep a query.
#[derive(Deserialize)]
pub(crate) struct Form {
    name: String,
    q: String,
    token: String,
}

/// `POST /sql`: keeps the query for the reader whose token it is, and opens it.
pub(crate) async fn save(
    State(app): State<App>,
    form: Result<axum::Form<Form>, axum::extract::rejection::FormRejection>,
) -> Result<Redirect> {
    let axum::Form(form) = form.map_err(|error| Error::BadRequest(error.body_text()))?;
    let asker = app.reader(form.token.trim())?;
    let text = form.q.replace("\r\n", "\n");
    let saved = api_query::keep(&app, &asker, form.name.trim(), &text).await?;
    Ok(Redirect::to(&format!("/sql?{}", show::query(&[("open", &saved.name)]))))
}

async fn answer(app: &App, page: &Page, sql: &Sql<'_>) -> Result<(Table, String)> {
    let asker = app.asker(&HeaderMap::new())?;
    let question = match &sql.opened {
        Some(saved) => {
            let given = sql.values.iter().filter(|(_, value)| !value.is_empty());
            let values = saved.values(given.map(|(parameter, value)| (parameter.name.as_str(), value.as_str())))?;
            query::saved(app, page.session(), &asker, saved, values).await?
        }
        None => query::plan(app, page.session(), &asker, sql.query, vec![]).await?,
    };
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
