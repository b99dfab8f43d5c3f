//! Builds that Buildbot tells of by its `HttpStatusPush`, with their steps; a step is an outcome of its own.
//!
//! The project is the query's `project`, the source stamp's, or its repository's name. The position is that of the
//! revision, which must be known. Logs and tests are not in the event.

use annals_data::row::{BuildResult, Kind, Outcome, Status, Step};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use chrono::DateTime;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::refusal::{Refusal, Result};
use super::super::upload::{self, Parcel, parameter};
use super::super::{Intake, head, settle};
use super::{ignored, not_set_up, signature};
use crate::ingest::Reports;
use crate::mirror;
use crate::wire::Head;

/// Steps of one build; of more only the first are kept.
const STEPS: usize = 5000;

/// A build; what is not needed is not read.
#[derive(Deserialize)]
struct Told {
    buildid: Option<i64>,
    number: Option<i64>,
    started_at: Option<Value>,
    complete_at: Option<Value>,
    #[serde(default)]
    complete: bool,
    state_string: Option<String>,
    results: Option<i64>,
    url: Option<String>,
    builder: Builder,
    buildset: Buildset,
    #[serde(default)]
    properties: Map<String, Value>,
    #[serde(default)]
    steps: Vec<ToldStep>,
}

#[derive(Deserialize)]
struct Builder {
    name: String,
}

#[derive(Deserialize)]
struct Buildset {
    #[serde(default)]
    sourcestamps: Vec<Source>,
}

#[derive(Deserialize)]
struct Source {
    branch: Option<String>,
    revision: Option<String>,
    project: Option<String>,
    repository: Option<String>,
    codebase: Option<String>,
    patch: Option<Patch>,
}

#[derive(Deserialize)]
struct Patch {
    author: Option<String>,
}

#[derive(Deserialize)]
struct ToldStep {
    number: Option<i64>,
    #[serde(default)]
    name: String,
    started_at: Option<Value>,
    complete_at: Option<Value>,
    state_string: Option<String>,
    results: Option<i64>,
    #[serde(default)]
    hidden: bool,
}

/// Takes an event.
pub(in super::super) async fn take(State(intake): State<Intake>, uri: Uri, headers: HeaderMap, body: Body) -> Response {
    event(&intake, &uri, &headers, body).await.unwrap_or_else(IntoResponse::into_response)
}

async fn event(intake: &Intake, uri: &Uri, headers: &HeaderMap, body: Body) -> Result<Response> {
    let shared = &intake.shared;
    let secret = shared.setup.secrets.buildbot.clone().ok_or_else(not_set_up)?;
    let enter = async {
        match signature::buildbot(headers, &secret) {
            true => Ok(()),
            false => Err(Refusal::unauthorized(
                "this is not the secret of `[hook]`; give it to HttpStatusPush as `auth` or header",
            )),
        }
    };
    let ((), arrived, _permit) = upload::arrive_as(shared, headers, body, enter).await?;
    let told: Told = serde_json::from_slice(&arrived.body.whole()?)
        .map_err(|error| Refusal::malformed(format!("the event: {error}")))?;
    if !told.complete || told.results.and_then(result_of).is_none() {
        return Ok(ignored(shared, "the build has not ended".to_owned()));
    }
    let parcel = told.parcel(uri.query().unwrap_or_default())?;
    let (receipt, _) = settle::take(shared, parcel).await?;
    let status = if receipt.is_replay { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok((status, Json(receipt)).into_response())
}

impl Told {
    fn parcel(mut self, query: &str) -> Result<Parcel> {
        let mut head = self.head(query)?;
        head::check(&mut head)?;
        let (mut reports, mut steps) = (Reports::default(), Vec::new());
        for (index, step) in self.steps.into_iter().filter(|step| !step.hidden).take(STEPS).enumerate() {
            let Some(result) = step.results.and_then(result_of) else { continue };
            let row = step.row(&head, index as i64 + 1, result);
            reports.outcomes.extend(outcome(&row));
            steps.push(row);
        }
        let is_success = self.results == Some(0);
        let reason = self.state_string.filter(|_| !is_success).map(|text| line(&text));
        Ok(Parcel { head, reports: Some(reports), steps, reason, ..Parcel::default() })
    }

    fn head(&mut self, query: &str) -> Result<Head> {
        let source = self.source(query)?;
        let said = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let repository = source.repository.as_deref().unwrap_or_default();
        let named = said(&source.project).or_else(|| mirror::project_name(repository)).unwrap_or_default();
        let time = |time: &Option<Value>| time.as_ref().and_then(micros);
        let (started_at, finished_at) = (time(&self.started_at), time(&self.complete_at));
        let result = self.results.and_then(result_of).unwrap_or(BuildResult::Exception);
        Ok(Head {
            project: parameter(query, "project").unwrap_or(named),
            branch: said(&source.branch).unwrap_or_default(),
            revision: self.property("got_revision").or_else(|| said(&source.revision)).unwrap_or_default(),
            builder: self.builder.name.clone(),
            key: Some(self.key(started_at)),
            number: self.number,
            url: self.url.clone().filter(|url| url.starts_with("https://") || url.starts_with("http://")),
            worker: self.property("workername"),
            started_at: started_at.and_then(DateTime::from_timestamp_micros),
            finished_at: finished_at.and_then(DateTime::from_timestamp_micros),
            result: Some(result.as_str().to_owned()),
            patch_author: source.patch.map(|patch| (patch.author.unwrap_or_default(), String::new())),
            ..Head::default()
        })
    }

    /// Returns the source stamp that the build is of: of several the first, or that of the query's `codebase`.
    fn source(&mut self, query: &str) -> Result<Source> {
        let codebase = parameter(query, "codebase");
        let mut sources = std::mem::take(&mut self.buildset.sourcestamps).into_iter();
        let found = sources.find(|source| codebase.is_none() || source.codebase == codebase);
        found.ok_or_else(|| Refusal::unprocessable("the build has no such source stamp"))
    }

    /// Returns a key that also tells a master from the one whose database was lost before.
    fn key(&self, started_at: Option<i64>) -> String {
        let number = self.buildid.or(self.number).unwrap_or_default();
        let which = self.url.clone().unwrap_or_else(|| format!("{}/{number}", self.builder.name));
        format!("buildbot/{which}/{}", started_at.unwrap_or_default())
    }

    fn property(&self, name: &str) -> Option<String> {
        self.properties.get(name)?.get(0)?.as_str().map(str::to_owned)
    }
}

impl ToldStep {
    fn row(self, head: &Head, place: i64, result: BuildResult) -> Step {
        let started_at = self.started_at.as_ref().and_then(micros);
        let ended_at = self.complete_at.as_ref().and_then(micros);
        Step {
            build_key: head.key.clone().unwrap_or_default(),
            project: head.project.clone(),
            number: self.number.map_or(place, |number| number.saturating_add(1)),
            name: line(&self.name),
            command: String::new(),
            result,
            exit_status: None,
            reason: self.state_string.filter(|_| result != BuildResult::Success).map(|text| line(&text)),
            started_at,
            duration_us: started_at.zip(ended_at).map(|(start, end)| end.saturating_sub(start).max(0)),
            log_path: None,
            log_size: None,
            is_log_truncated: false,
        }
    }
}

/// Returns what a step is as an outcome; one that was lost or ended by a person is none.
fn outcome(step: &Step) -> Option<Outcome> {
    let status = match step.result {
        BuildResult::Success | BuildResult::Warnings => Status::Passed,
        BuildResult::Failure => Status::Failed,
        BuildResult::Exception => Status::Errored,
        BuildResult::Skipped => Status::Skipped,
        BuildResult::Retry | BuildResult::Cancelled => return None,
    };
    let message = step.reason.clone().filter(|_| matches!(status, Status::Failed | Status::Errored));
    Some(Outcome { kind: Kind::Step, duration_us: step.duration_us, message, ..Outcome::new("", &step.name, status) })
}

/// Returns the result that Buildbot's number stands for.
fn result_of(number: i64) -> Option<BuildResult> {
    use BuildResult::{Cancelled, Exception, Failure, Retry, Skipped, Success, Warnings};
    let all = [Success, Warnings, Failure, Skipped, Exception, Retry, Cancelled];
    all.get(usize::try_from(number).ok()?).copied()
}

/// Reads a time: seconds since 1970, or as a text in the events of older masters.
fn micros(value: &Value) -> Option<i64> {
    match value {
        Value::Number(seconds) => Some((seconds.as_f64()? * 1e6) as i64),
        Value::String(text) => DateTime::parse_from_rfc3339(text).ok().map(|time| time.timestamp_micros()),
        _ => None,
    }
}

fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect()
}
