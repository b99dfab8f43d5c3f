//! The way of an upload from the request to its receipt: admitted, read whole, settled, answered.
//!
//! Nothing of an upload is kept unless all of it can be read; what is answered 2xx is durable. What becomes of it is
//! [`super::settle`]'s.

use std::sync::Arc;

use annals_data::row::{Change, Step};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::OwnedSemaphorePermit;

use super::body::{self, Arrived, Budget};
use super::form::Part;
use super::gate::{self, Scope};
use super::refusal::{Refusal, Result};
use super::stored::Stored;
use super::{Intake, Shared, change, form, head, settle};
use crate::ingest::{self, Reports};
use crate::wire::{Head, Receipt};

/// Parameters that are no field of the head.
const OWN: &[&str] = &["wait", "file"];
/// Content types of a single report. curl says the last one of whatever it sends.
const KINDS: &[&str] = &[
    "text/",
    "application/json",
    "application/xml",
    "application/x-ndjson",
    "application/ndjson",
    "application/octet-stream",
    "application/gzip",
    "application/x-gzip",
    "application/zstd",
    "application/x-www-form-urlencoded",
];

/// Everything that an upload says, read and checked.
#[derive(Default)]
pub(super) struct Parcel {
    pub(super) head: Head,
    pub(super) changes: Vec<Change>,
    /// The reports; none where only changes were sent, or the last word on a build.
    pub(super) reports: Option<Reports>,
    /// The steps of the build; their outcomes are among those of the reports.
    pub(super) steps: Vec<Step>,
    /// Why the build is no success, in its sender's words.
    pub(super) reason: Option<String>,
}

/// Takes an upload.
pub(super) async fn ingest(State(intake): State<Intake>, uri: Uri, headers: HeaderMap, body: Body) -> Response {
    let query = uri.query().unwrap_or_default().to_owned();
    let taken = async {
        let (scope, arrived, _permit) = arrive(&intake.shared, &headers, body).await?;
        let waits = parameter(&query, "wait").map_or(Ok(false), |text| {
            head::flag(&text).ok_or_else(|| Refusal::malformed("the query: `wait` is no truth value"))
        })?;
        let reading = intake.shared.clone();
        let read = move || read(&reading, &scope, &query, &headers, &arrived);
        let parcel = with_core(&intake.shared, read).await?;
        keep(&intake.shared, parcel, waits).await
    };
    taken.await.unwrap_or_else(IntoResponse::into_response)
}

/// Lets a request in and reads its body; the permit is held until it is answered.
pub(super) async fn arrive(
    shared: &Arc<Shared>,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Scope, Arrived, OwnedSemaphorePermit)> {
    let (entering, of) = (shared.clone(), headers.clone());
    let enter =
        async { tokio::task::spawn_blocking(move || gate::enter(&entering, &of)).await.map_err(Refusal::internal)? };
    arrive_as(shared, headers, body, enter).await
}

/// The same for whoever has other means to know its senders: `enter` says who this is.
pub(super) async fn arrive_as<S>(
    shared: &Arc<Shared>,
    headers: &HeaderMap,
    body: Body,
    enter: impl Future<Output = Result<S>>,
) -> Result<(S, Arrived, OwnedSemaphorePermit)> {
    let bounds = &shared.setup.bounds;
    let admitted = async {
        let permit = shared.requests.clone().try_acquire_owned();
        let permit = permit.map_err(|_| Refusal::too_many("concurrency", bounds.concurrency))?;
        let scope = enter.await?;
        let status = shared.queue.status();
        if status.waiting_count >= bounds.spool_count {
            let what = "too many uploads wait for their commit";
            return Err(Refusal::full(what, "spool_count", bounds.spool_count as u64, 5));
        }
        if status.waiting_bytes >= bounds.spool_bytes {
            let what = "the uploads that wait for their commit fill the spool";
            return Err(Refusal::full(what, "spool_bytes", bounds.spool_bytes, 5));
        }
        Ok((scope, permit))
    };
    match admitted.await {
        Ok((scope, permit)) => Ok((scope, shared.memory.read(headers, body, bounds).await?, permit)),
        Err(refusal) => {
            body::drain(body, bounds).await;
            Err(refusal)
        }
    }
}

/// Reads on a core of its own, as many at once as there are; none is held while the upload is kept.
pub(super) async fn with_core(
    shared: &Shared,
    read: impl FnOnce() -> Result<Parcel> + Send + 'static,
) -> Result<Parcel> {
    let _core = shared.readers.acquire().await.map_err(Refusal::internal)?;
    tokio::task::spawn_blocking(read).await.map_err(Refusal::internal)?
}

/// Reads what was sent: a form, or a single report with its head in the query.
fn read(shared: &Shared, scope: &Scope, query: &str, headers: &HeaderMap, arrived: &Arrived) -> Result<Parcel> {
    let bounds = &shared.setup.bounds;
    let budget = Budget::new(arrived.body.len(), bounds);
    let body = budget.decode(headers, &arrived.body)?;
    let kind = headers.get(header::CONTENT_TYPE).map_or("", |kind| kind.to_str().unwrap_or("?"));
    if let Some(boundary) = form::boundary(kind)? {
        return read_form(form::parts(&boundary, &body)?, scope, &budget, shared);
    }
    if !kind.is_empty() && !KINDS.iter().any(|known| kind.to_ascii_lowercase().starts_with(known)) {
        let detail = format!("Content-Type `{}` is not read; multipart/form-data is, and reports", head::short(kind));
        return Err(Refusal::media_type(detail));
    }
    let mut head = head::from_query(query, OWN)?;
    head::check(&mut head)?;
    scope.admit(&head.project)?;
    let label = label(parameter(query, "file").as_deref());
    let reports = Some(read_reports([(label, body)], &budget, shared)?);
    Ok(Parcel { head, reports, ..Parcel::default() })
}

fn read_form(parts: Vec<Part>, scope: &Scope, budget: &Budget, shared: &Shared) -> Result<Parcel> {
    let bounds = &shared.setup.bounds;
    let (mut build, mut changes, mut reports) = (None, None, Vec::new());
    for part in parts {
        match part.name.as_str() {
            "build" if build.is_none() => build = Some(budget.whole("build", &part.content)?),
            "changes" if changes.is_none() => changes = Some(budget.whole("changes", &part.content)?),
            "report" if reports.len() < bounds.reports => reports.push((label(part.file.as_deref()), part.content)),
            "report" => return Err(Refusal::too_large("the request has too many reports", "reports", bounds.reports)),
            name @ ("build" | "changes") => return Err(Refusal::malformed(format!("the part `{name}` comes twice"))),
            name => {
                let name = head::short(name);
                return Err(Refusal::malformed(format!("there is no part `{name}`: build, changes and report are")));
            }
        }
    }
    let build = build.ok_or_else(|| Refusal::malformed("the part `build` is missing"))?;
    let head = serde_json::from_slice(&build);
    let mut head: Head = head.map_err(|error| Refusal::malformed(format!("the part `build`: {error}")))?;
    head::check(&mut head)?;
    scope.admit(&head.project)?;
    let changes = changes.map_or_else(|| Ok(Vec::new()), |bytes| change::read(&head.project, &bytes, bounds))?;
    if reports.is_empty() && changes.is_empty() && !head.is_final {
        return Err(Refusal::unprocessable("nothing was sent: neither a report nor changes"));
    }
    let reports = if reports.is_empty() { None } else { Some(read_reports(reports, budget, shared)?) };
    Ok(Parcel { head, changes, reports, ..Parcel::default() })
}

/// Reads reports where they lie.
pub(super) fn read_reports(
    reports: impl IntoIterator<Item = (String, Stored)>,
    budget: &Budget,
    shared: &Shared,
) -> Result<Reports> {
    let opened = reports.into_iter().map(|(label, content)| {
        let input = budget.unpack(&label, &content);
        Ok((label, input))
    });
    ingest::read(opened, None, &shared.setup.limits).map_err(|error| budget.refuse(error))
}

/// Returns what errors call a report.
fn label(file: Option<&str>) -> String {
    let file = file.unwrap_or("report");
    file.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(300).collect()
}

/// Makes what was read durable and answers.
async fn keep(shared: &Arc<Shared>, parcel: Parcel, waits: bool) -> Result<Response> {
    let (receipt, committed) = settle::take(shared, parcel).await?;
    answer(shared, receipt, committed, waits).await
}

async fn answer(
    shared: &Shared,
    mut receipt: Receipt,
    committed: Option<settle::Committed>,
    waits: bool,
) -> Result<Response> {
    let is_done = committed.is_none() && !receipt.is_open;
    let mut status = if is_done { StatusCode::OK } else { StatusCode::ACCEPTED };
    if let Some(committed) = committed.filter(|_| waits) {
        match tokio::time::timeout(shared.setup.bounds.request_time(), committed).await {
            Ok(Ok(())) if receipt.is_open => {}
            Ok(Ok(())) => status = if receipt.is_replay { StatusCode::OK } else { StatusCode::CREATED },
            _ => receipt.warnings.push("the upload is kept, and is not committed yet".to_owned()),
        }
    }
    Ok((status, [(header::CACHE_CONTROL, "no-store")], Json(receipt)).into_response())
}

/// Returns a parameter of a query.
pub(super) fn parameter(query: &str, name: &str) -> Option<String> {
    url::form_urlencoded::parse(query.as_bytes()).find(|(n, _)| n == name).map(|(_, value)| value.into_owned())
}
