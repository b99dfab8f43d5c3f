//! `/chart/{name}.svg`: the numbers of one view, drawn.

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::Page;
use crate::chart;
use crate::request::Params;
use crate::{App, Error, Result};

/// Style sheets inside a chart are its own; it may load nothing and run nothing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

pub(crate) async fn show(State(app): State<App>, Path(file): Path<String>, params: Params) -> Result<Response> {
    let missing = || Error::NotFound("there is no such chart".into());
    let chart = file.strip_suffix(".svg").and_then(chart::find).ok_or_else(missing)?;
    let page = Page::open(&app, "/").await?;
    if chart.is_personal && !page.shows_authors().await? {
        return Err(Error::NotFound("figures about single authors are switched off here".into()));
    }
    let table = page.rows((chart.select)(&params)).await?;
    let svg = chart.svg(&table, params.get("size") == "narrow")?;
    let kind = (header::CONTENT_TYPE, "image/svg+xml; charset=utf-8");
    Ok(([kind, (header::CONTENT_SECURITY_POLICY, POLICY), (header::CACHE_CONTROL, "no-cache")], svg).into_response())
}
