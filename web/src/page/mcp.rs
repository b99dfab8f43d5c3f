//! `POST /mcp`: the Model Context Protocol over HTTP, each message answered by itself.

use annals_analytics::outside::Asker;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::{App, Error, Result, mcp};

pub(crate) async fn post(
    State(app): State<App>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response> {
    if !is_same_site(&headers) {
        return Err(Error::Forbidden("a page of another site asks nothing here".into()));
    }
    let body = body.map_err(|_| Error::TooLarge(format!("a message has at most {} bytes", app.limits().body)))?;
    let asker = Asker { wire: "mcp", ..app.asker(&headers)? };
    let message: Value = match serde_json::from_slice(&body) {
        Ok(message) => message,
        Err(error) => {
            return Ok((StatusCode::BAD_REQUEST, axum::Json(mcp::unread(&error.to_string()))).into_response());
        }
    };
    if !mcp::is_message(&message) {
        let told = mcp::unread("a message is one object of JSON-RPC 2.0 with a method");
        return Ok((StatusCode::BAD_REQUEST, axum::Json(told)).into_response());
    }
    Ok(match mcp::answer(&app, &asker, &message).await {
        Some(answer) => axum::Json(answer).into_response(),
        None => StatusCode::ACCEPTED.into_response(),
    })
}

/// Returns whether a browser, if it is one, shows a page of this site: another page must not ask through it.
fn is_same_site(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    match (text(header::ORIGIN), text(header::HOST)) {
        (None, _) => true,
        (Some(origin), Some(host)) => origin.split_once("://").is_some_and(|(_, of)| of == host),
        (Some(_), None) => false,
    }
}
