//! `/api/sql`: a query in, rows out, in the format that the caller asks for.

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use datafusion::scalar::ScalarValue;
use serde::Deserialize;
use serde_json::Value;

use super::file;
use crate::export::{self, Format, Shape, Wish};
use crate::request::Params;
use crate::{App, Error, Result, query};

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
    /// How rows stand in `json`: `rows`, or `columns`.
    shape: Option<String>,
    /// Explain the query instead: `plan`, or `analyze`, which runs it.
    explain: Option<String>,
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
    let ask = Ask { sql: sql.to_owned(), params: list, ..Ask::default() };
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
    let asker = app.asker(headers)?;
    let wish = Wish::read(headers, params, &ask)?;
    let text = match explained(ask.explain.as_deref().unwrap_or(params.get("explain")))? {
        Some(prefix) => format!("{prefix} {}", ask.sql),
        None => ask.sql.clone(),
    };
    let values = ask.params.into_iter().map(value).collect::<Result<Vec<_>>>()?;
    let session = app.session().await?;
    let said = format!("{text}\n{values:?}");
    let question = query::plan(app, &session, &asker, &text, values).await?;
    file::answer(app, headers, &asker, question, &wish, &said, None).await
}

/// Returns what stands before a query that is to be explained.
fn explained(how: &str) -> Result<Option<&'static str>> {
    match how {
        "" | "false" | "0" => Ok(None),
        "true" | "1" | "plan" => Ok(Some("EXPLAIN")),
        "analyze" => Ok(Some("EXPLAIN ANALYZE")),
        other => Err(Error::BadRequest(format!("`explain` is plan or analyze, not {other}"))),
    }
}

impl Wish {
    /// Reads what an address and the headers say.
    pub(super) fn of(headers: &HeaderMap, params: &Params) -> Result<Self> {
        Self::read(headers, params, &Ask::default())
    }

    fn read(headers: &HeaderMap, params: &Params, ask: &Ask) -> Result<Self> {
        let shape = match ask.shape.as_deref().unwrap_or(params.get("shape")) {
            "" | "rows" => Shape::Rows,
            "columns" => Shape::Columns,
            other => return Err(Error::BadRequest(format!("`shape` is rows or columns, not {other}"))),
        };
        let texts = ask.int64.as_deref().unwrap_or(params.get("int64")) == "string";
        let is_defused = match params.get("defused") {
            "" | "false" => false,
            "true" => true,
            other => return Err(Error::BadRequest(format!("`defused` is true or false, not {other}"))),
        };
        Ok(Self { format: format(headers, params, ask)?, shape, texts, is_defused })
    }
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
