//! `/api/sql`: a query in, rows out, in the format that the caller asks for.

use std::sync::Arc;

use annals_analytics::Session;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use datafusion::scalar::ScalarValue;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::export::{self, Document, Format};
use crate::query::{self, Answer, Bounds};
use crate::request::Params;
use crate::{App, Error, Result};

/// What a caller asks.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    /// The query.
    #[serde(alias = "q")]
    sql: String,
    /// The values of `$1`, `$2`…
    #[serde(default)]
    params: Vec<Value>,
    /// The format; the `Accept` header says it otherwise.
    format: Option<String>,
    /// How whole numbers are written in `json`: `number`, or `string` for readers that know only 53 bits.
    int64: Option<String>,
}

/// `GET /api/sql?q=…&format=…&params=[…]`.
pub(crate) async fn get(State(app): State<App>, headers: HeaderMap, params: Params) -> Result<Response> {
    let list = match params.get("params") {
        "" => vec![],
        text => {
            serde_json::from_str(text).map_err(|e| Error::BadRequest(format!("`params` is not a JSON list: {e}")))?
        }
    };
    let sql = if params.get("q").is_empty() { params.get("sql") } else { params.get("q") };
    let ask = Ask { sql: sql.to_owned(), params: list, format: None, int64: None };
    serve(&app, &headers, &params, ask).await
}

/// `POST /api/sql` with a JSON object, or with the bare query as `text/plain`.
pub(crate) async fn post(
    State(app): State<App>,
    headers: HeaderMap,
    params: Params,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response> {
    let body = body.map_err(|_| Error::TooLarge(format!("a query has at most {} bytes", app.limits().body)))?;
    let text = std::str::from_utf8(&body).map_err(|_| Error::BadRequest("the query is not UTF-8".into()))?;
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let ask = match kind.split(';').next().unwrap_or_default().trim() {
        "application/json" => serde_json::from_str(text).map_err(|e| Error::BadRequest(format!("the body: {e}")))?,
        "" | "text/plain" | "application/sql" => Ask { sql: text.to_owned(), ..Ask::default() },
        other => return Err(Error::BadRequest(format!("a body is application/json or text/plain, not {other}"))),
    };
    serve(&app, &headers, &params, ask).await
}

async fn serve(app: &App, headers: &HeaderMap, params: &Params, ask: Ask) -> Result<Response> {
    if ask.sql.trim().is_empty() {
        return Err(Error::BadRequest("there is no query; send it as `q`, or as `sql` in a JSON object".into()));
    }
    let format = format(headers, params, &ask)?;
    let int64 = ask.int64.as_deref().unwrap_or(params.get("int64"));
    let texts = int64 == "string";
    let values = ask.params.into_iter().map(value).collect::<Result<_>>()?;
    let session = app.session().await?;
    let permit = app.enter()?;
    let answer = self::ask(app, &session, &ask.sql, values, app.limits().rows).await?;
    let write = move || {
        let _permit = permit;
        let document = Document { schema: &answer.schema, batches: &answer.batches, title: "annals", note: "" };
        let bytes = if format == Format::Json { envelope(&answer, texts) } else { document.write(format) };
        bytes.map(|bytes| (bytes, answer))
    };
    let (bytes, answer) = tokio::task::spawn_blocking(write).await.map_err(Error::internal)?.map_err(refused)?;
    Ok(respond(bytes, format, &answer, None))
}

/// Takes the format of the parameter, of the body, or the first of `Accept` that is known.
fn format(headers: &HeaderMap, params: &Params, ask: &Ask) -> Result<Format> {
    let named = Some(params.get("format")).filter(|f| !f.is_empty()).or(ask.format.as_deref());
    if let Some(name) = named {
        return name.parse().map_err(|e: export::Error| Error::BadRequest(e.to_string()));
    }
    let accept = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let known = accept.split(',').filter_map(|a| a.split(';').next()?.parse().ok());
    Ok(known.into_iter().find(|f| *f != Format::Html).unwrap_or(Format::Json))
}

/// Turns a JSON value into the value of a placeholder.
fn value(json: Value) -> Result<ScalarValue> {
    match json {
        Value::Null => Ok(ScalarValue::Null),
        Value::Bool(b) => Ok(ScalarValue::Boolean(Some(b))),
        Value::String(s) => Ok(ScalarValue::Utf8(Some(s))),
        Value::Number(n) => match n.as_i64() {
            Some(i) => Ok(ScalarValue::Int64(Some(i))),
            None => Ok(ScalarValue::Float64(n.as_f64())),
        },
        Value::Array(_) | Value::Object(_) => {
            Err(Error::BadRequest("a parameter is a text, number, flag or null".into()))
        }
    }
}

/// Runs a query from outside within the site's bounds.
pub(super) async fn ask(
    app: &App,
    session: &Arc<Session>,
    sql: &str,
    params: Vec<ScalarValue>,
    rows: usize,
) -> Result<Answer> {
    query::run(session, sql, params, &bounds(app, rows)).await
}

pub(super) fn bounds(app: &App, rows: usize) -> Bounds {
    Bounds { time: app.limits().time, rows, memory: app.memory() }
}

/// Says why rows cannot be written in a format.
pub(super) fn refused(error: export::Error) -> Error {
    match error {
        export::Error::TooLarge(_, _) => Error::TooLarge(error.to_string()),
        other => Error::BadRequest(format!("this answer cannot be written in this format: {other}")),
    }
}

/// Writes `{columns, rows, row_count, is_truncated, version, elapsed_ms}`.
fn envelope(answer: &Answer, texts: bool) -> Result<Vec<u8>, export::Error> {
    let columns: Vec<_> =
        answer.schema.fields().iter().map(|f| json!({"name": f.name(), "type": f.data_type().to_string()})).collect();
    let rows = export::arrays(&answer.batches, texts)?;
    let whole = json!({
        "columns": columns,
        "rows": rows,
        "row_count": answer.row_count(),
        "truncated": answer.is_truncated,
        "version": answer.version,
        "elapsed_ms": (answer.elapsed.as_secs_f64() * 1e6).round() / 1e3,
    });
    Ok(whole.to_string().into_bytes())
}

/// Answers with a file; `name` makes browsers save it under that name.
pub(super) fn respond(bytes: Vec<u8>, format: Format, answer: &Answer, name: Option<&str>) -> Response {
    let mut response = ([(header::CONTENT_TYPE, format.content_type())], bytes).into_response();
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    };
    set("x-annals-version", answer.version.to_string());
    set("x-annals-truncated", answer.is_truncated.to_string());
    set("x-annals-row-count", answer.row_count().to_string());
    set("cache-control", "no-cache".to_owned());
    if format == Format::Html {
        set("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox".to_owned());
    }
    let is_shown = matches!(format, Format::Json | Format::Html | Format::Ndjson);
    if !is_shown {
        set(
            "content-disposition",
            format!("attachment; filename=\"{}.{}\"", name.unwrap_or("answer"), format.extension()),
        );
    }
    response
}
