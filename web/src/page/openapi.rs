//! `/api/openapi.json`: the HTTP interface in the words of OpenAPI 3.1.
//!
//! What it says is in `openapi.json` beside the site map, and a test holds the two together; what other parts of the server
//! take is added by who merges them in.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::{App, Error, Result};

/// The addresses of the site.
const OWN: &str = include_str!("../openapi.json");

pub(crate) async fn show(State(app): State<App>) -> Result<Response> {
    let mut whole: Value = serde_json::from_str(OWN).map_err(Error::internal)?;
    whole["info"]["version"] = env!("CARGO_PKG_VERSION").into();
    if let Some(further) = app.interface() {
        let further: Value = serde_json::from_str(further).map_err(Error::internal)?;
        merge(&mut whole["paths"], &further["paths"]);
        merge(&mut whole["components"]["schemas"], &further["schemas"]);
    }
    let kind = (header::CONTENT_TYPE, "application/json");
    Ok(([kind, (header::CACHE_CONTROL, "no-cache")], whole.to_string()).into_response())
}

fn merge(into: &mut Value, from: &Value) {
    if let (Some(into), Some(from)) = (into.as_object_mut(), from.as_object()) {
        into.extend(from.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
}
