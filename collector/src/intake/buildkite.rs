//! The wire of Buildkite's Test Engine: its collectors work by changing the address that they send to.
//!
//! A form with `data`, `format` and `run_env[…]`, or JSON with the same. The data is read by the readers of reports. The
//! project is the token's, or the query's `project`; the builder is the query's `builder`, or what `run_env[CI]` says.
//! An upload is a build of its own; all uploads of one run stand at one position, where their outcomes are one verdict.

use std::collections::BTreeMap;
use std::io;

use annals_data::id;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::body::{Arrived, Budget};
use super::gate::Scope;
use super::refusal::{Refusal, Result};
use super::upload::{self, Parcel, parameter};
use super::{Intake, Shared, form, head, settle};
use crate::ingest;
use crate::wire::Head;

/// The address of uploads.
pub(super) const PATH: &str = "/v1/uploads";

/// What was sent, whatever its wrapping.
#[derive(Default)]
struct Sent {
    run: BTreeMap<String, String>,
    tags: BTreeMap<String, String>,
    data: Vec<Vec<u8>>,
}

/// The same as JSON.
#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    run_env: Map<String, Value>,
    #[serde(default)]
    tags: Map<String, Value>,
    data: Value,
}

/// Takes an upload.
pub(super) async fn take(State(intake): State<Intake>, uri: Uri, headers: HeaderMap, body: Body) -> Response {
    let query = uri.query().unwrap_or_default().to_owned();
    let taken = async {
        let (scope, arrived, _permit) = upload::arrive(&intake.shared, &headers, body).await?;
        let reading = intake.shared.clone();
        let read = move || read(&reading, &scope, &query, &headers, &arrived);
        let parcel = upload::with_core(&intake.shared, read).await?;
        let (receipt, _) = settle::take(&intake.shared, parcel).await?;
        let queued = if receipt.is_replay { 0 } else { receipt.outcome_count };
        let answer = json!({ "id": receipt.build_id, "run_id": receipt.key, "queued": queued, "skipped": 0,
            "errors": [], "run_url": format!("/build/{}", receipt.build_id) });
        Ok::<_, Refusal>((StatusCode::ACCEPTED, Json(answer)).into_response())
    };
    taken.await.unwrap_or_else(IntoResponse::into_response)
}

fn read(shared: &Shared, scope: &Scope, query: &str, headers: &HeaderMap, arrived: &Arrived) -> Result<Parcel> {
    let budget = Budget::new(arrived.body.len(), &shared.setup.bounds);
    let body = budget.decode(headers, &arrived.body)?;
    let kind = headers.get(header::CONTENT_TYPE).map_or("", |kind| kind.to_str().unwrap_or("?"));
    let sent = match form::boundary(kind)? {
        Some(boundary) => of_form(form::parts(&boundary, &body)?, &budget)?,
        None if kind.is_empty() || kind.to_ascii_lowercase().starts_with("application/json") => {
            of_json(&body.whole()?)?
        }
        None => return Err(Refusal::media_type("Test Engine uploads are multipart/form-data or application/json")),
    };
    if sent.data.is_empty() {
        return Err(Refusal::malformed("the field `data` is missing"));
    }
    let mut head = describe(scope, query, &sent)?;
    head::check(&mut head)?;
    scope.admit(&head.project)?;
    let named = sent.data.into_iter().map(|bytes| Ok(("data".to_owned(), io::Cursor::new(bytes))));
    let reports = Some(ingest::read(named, None, &shared.setup.limits)?);
    Ok(Parcel { head, reports, ..Parcel::default() })
}

fn of_form(parts: Vec<form::Part>, budget: &Budget) -> Result<Sent> {
    let mut sent = Sent::default();
    for part in parts {
        let field =
            |prefix: &str| part.name.strip_prefix(prefix)?.strip_prefix('[')?.strip_suffix(']').map(str::to_owned);
        let text = || Ok::<_, Refusal>(String::from_utf8_lossy(&part.content.whole()?).trim().to_owned());
        match (field("run_env"), field("tags")) {
            (Some(name), _) => drop(sent.run.insert(name, text()?)),
            (_, Some(name)) => drop(sent.tags.insert(name, text()?)),
            _ if part.name == "data" => sent.data.push(budget.whole("data", &part.content)?),
            // `format` says what the content says better; other fields are of no use here.
            _ => {}
        }
    }
    Ok(sent)
}

fn of_json(body: &[u8]) -> Result<Sent> {
    let document: Document =
        serde_json::from_slice(body).map_err(|error| Refusal::malformed(format!("the upload: {error}")))?;
    let texts = |fields: Map<String, Value>| {
        let text = |value: Value| match value {
            Value::String(text) => Some(text),
            Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
            _ => None,
        };
        fields.into_iter().filter_map(|(name, value)| Some((name, text(value)?))).collect()
    };
    let data = match document.data {
        Value::String(text) => text.into_bytes(),
        data => data.to_string().into_bytes(),
    };
    Ok(Sent { run: texts(document.run_env), tags: texts(document.tags), data: vec![data] })
}

/// Returns what is said of the run as what is said of a build.
fn describe(scope: &Scope, query: &str, sent: &Sent) -> Result<Head> {
    let run = |name: &str| sent.run.get(name).filter(|value| !value.is_empty()).cloned();
    let project = parameter(query, "project").or_else(|| scope.project().map(str::to_owned));
    let project = project.ok_or_else(|| {
        let detail = "the project is not known: use a token of one project, or add `?project=NAME` to the address";
        Refusal::unprocessable(detail).fact("field", "project")
    })?;
    let branch = run("branch").unwrap_or_default();
    let branch = branch.strip_prefix("refs/heads/").unwrap_or(&branch).to_owned();
    let ci = run("CI").unwrap_or_else(|| "buildkite".to_owned());
    let hashes: Vec<String> =
        sent.data.iter().map(|bytes| format!("{:016x}", id::id(&[&String::from_utf8_lossy(bytes)]))).collect();
    let key = run("key").map(|key| {
        let job = run("job_id").unwrap_or_default();
        format!("test-engine/{key}/{job}/{}", hashes.join("/"))
    });
    let mut environment = sent.tags.clone();
    for name in ["CI", "job_id", "message", "collector", "version", "language_version"] {
        environment.extend(run(name).map(|value| (name.to_owned(), value.chars().take(2000).collect())));
    }
    Ok(Head {
        project,
        branch,
        revision: run("commit_sha").unwrap_or_default(),
        builder: parameter(query, "builder").unwrap_or(ci),
        key,
        number: run("number").and_then(|number| number.parse().ok()),
        url: run("url").filter(|url| url.starts_with("https://") || url.starts_with("http://")),
        environment,
        ..Head::default()
    })
}
