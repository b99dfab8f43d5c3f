//! `/api/query`: saved queries as data; they are listed, asked, kept and forgotten here.
//!
//! Who keeps one proves by a reader's token who they are; what it may do is decided where every query is.

use annals_analytics::outside::Asker;
use annals_analytics::saved::Saved;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::file;
use crate::export::{Format, Wish};
use crate::request::Params;
use crate::{App, Error, Result, query};

/// What addresses say of the answer and not to the query.
const OWN: &[&str] = &["defused", "format", "int64", "shape"];

/// `GET /api/query`: all that can be asked by name.
pub(crate) async fn list(State(app): State<App>, headers: HeaderMap) -> Result<Response> {
    let asker = app.asker(&headers)?;
    let (all, wrong) = app.library().all()?;
    for error in wrong {
        tracing::warn!(%error, "a saved query cannot be read");
    }
    let all: Vec<_> = all.into_iter().map(|saved| about(saved, &asker)).collect();
    Ok(axum::Json(json!({"queries": all})).into_response())
}

/// Tells somebody of a query.
fn about(saved: Saved, asker: &Asker) -> Value {
    let saved = saved.shown_to(asker);
    let parameter = |parameter: &annals_analytics::saved::Parameter| json!({"name": parameter.name, "type": parameter.kind, "default": parameter.default, "about": parameter.doc});
    json!({
        "name": saved.name,
        "title": saved.title,
        "about": saved.about,
        "owner": saved.owner,
        "parameters": saved.parameters.iter().map(parameter).collect::<Vec<_>>(),
        "schedule": saved.schedule.map(|schedule| schedule.to_string()),
        "alert": saved.alert.as_ref().map(ToString::to_string),
        "text": saved.text,
    })
}

/// `GET /api/query/NAME` and `GET /api/query/NAME.FORMAT`: the answer, with the parameters of the address.
pub(crate) async fn get(
    State(app): State<App>,
    headers: HeaderMap,
    Path(file): Path<String>,
    params: Params,
) -> Result<Response> {
    let asker = app.asker(&headers)?;
    let (name, format) = match file.rsplit_once('.') {
        Some((name, format)) => {
            (name, Some(format.parse::<Format>().map_err(|error| Error::NotFound(error.to_string()))?))
        }
        None => (file.as_str(), None),
    };
    let saved = find(&app, name)?;
    let wish = Wish::of(&headers, &params)?;
    let wish = Wish { format: format.unwrap_or(wish.format), ..wish };
    let given: Vec<_> = params.pairs().filter(|(name, _)| !OWN.contains(name)).collect();
    let values = saved.values(given.iter().copied())?;
    let said = format!("{}\n{given:?}", saved.text);
    let session = app.session().await?;
    let question = query::saved(&app, &session, &asker, &saved, values).await?;
    file::answer(&app, &headers, &asker, question, &wish, &said, Some(name)).await
}

/// `PUT /api/query/NAME` keeps the query of the body, under the reader's name.
pub(crate) async fn put(
    State(app): State<App>,
    headers: HeaderMap,
    Path(name): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response> {
    let asker = known(&app, &headers)?;
    let body = body.map_err(|_| Error::TooLarge(format!("a query has at most {} bytes", app.limits().body)))?;
    let text = std::str::from_utf8(&body).map_err(|_| Error::BadRequest("the query is not UTF-8".into()))?;
    let saved = keep(&app, &asker, &name, text).await?;
    Ok((StatusCode::OK, axum::Json(about(saved, &asker))).into_response())
}

/// Keeps a query that can be asked.
pub(crate) async fn keep(app: &App, asker: &Asker, name: &str, text: &str) -> Result<Saved> {
    let saved = Saved::parse(name, text)?;
    let session = app.session().await?;
    let context = app.desk().context(&session, asker, vec![])?;
    app.desk().plan(&context, session.version, text).await?;
    app.library().save(&saved.name, text, &asker.name)?;
    find(app, name)
}

/// `DELETE /api/query/NAME` forgets what the reader kept.
pub(crate) async fn delete(State(app): State<App>, headers: HeaderMap, Path(name): Path<String>) -> Result<StatusCode> {
    let asker = known(&app, &headers)?;
    match app.library().forget(&name, &asker.name)? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(missing(&name)),
    }
}

/// Returns the reader who sent a token; nobody keeps anything without one.
fn known(app: &App, headers: &HeaderMap) -> Result<Asker> {
    if !headers.contains_key(header::AUTHORIZATION) {
        return Err(Error::Unauthorized("queries are kept by readers: send `Authorization: Bearer TOKEN`".into()));
    }
    app.asker(headers)
}

pub(crate) fn find(app: &App, name: &str) -> Result<Saved> {
    app.library().find(name)?.ok_or_else(|| missing(name))
}

fn missing(name: &str) -> Error {
    Error::NotFound(format!("there is no query `{name}`"))
}
