//! `/compare`: two windows of time, branches or builders beside each other, test by test.

use askama::Template;
use axum::extract::State;
use axum::response::Html;

use super::{LIST, Page, Pager, html};
use crate::request::Params;
use crate::select::Select;
use crate::table::Table;
use crate::{App, Error, Result};

const COLUMNS: &str = "status, project, branch, builder, test_id, suite, name, base_passed, base_failed, sample_passed, sample_failed, \
    base_rate, sample_rate, p_value, q_value";
const WORST_FIRST: &str = "CASE status WHEN 'regressed' THEN 1 WHEN 'new_failing' THEN 2 WHEN 'improved' THEN 3 \
    WHEN 'new' THEN 4 WHEN 'vanished' THEN 5 ELSE 6 END, q_value NULLS LAST, suite, name, builder";
/// No window needs more words.
const LONGEST: usize = 300;

#[derive(Template)]
#[template(path = "compare.html")]
struct Compare<'a> {
    page: &'a Page,
    params: &'a Params,
    rows: Table,
    pager: Pager,
    /// Why the windows cannot be compared; empty where they can.
    fault: String,
}

pub(crate) async fn show(State(app): State<App>, params: Params) -> Result<Html<String>> {
    let page = Page::open(&app, "/problem").await?;
    let pager = Pager::new(&params, "/compare", LIST);
    let windows = [params.get("base"), params.get("sample")];
    if windows.iter().any(|window| window.len() > LONGEST) {
        return Err(Error::BadRequest("a window is a few words".into()));
    }
    let select = Select::call("compare_windows", &windows, COLUMNS).eq_given("status", params.get("status"));
    let (rows, fault) = match page.rows(pager.of(select.order(WORST_FIRST))).await {
        Ok(rows) => (rows, String::new()),
        Err(Error::Query { message, .. }) => (Table::default(), message),
        Err(error) => return Err(error),
    };
    html(&Compare { page: &page, params: &params, rows, pager, fault })
}
