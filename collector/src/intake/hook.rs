//! Webhooks: events that forges and Buildbot send by themselves, each under a secret of its own.
//!
//! Without a configured secret an address does not exist. Signatures are those of the bytes as they came. An event that
//! says nothing of changes or builds is acknowledged and counted.

pub(super) mod buildbot;
mod push;
mod signature;

use std::fmt;
use std::sync::Arc;

use annals_data::row::Change;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::refusal::{Refusal, Result};
use super::upload::{self, Parcel, parameter};
use super::{Intake, Shared, head, settle};
use crate::wire::Head;
use push::Told;

/// The secrets that webhooks are signed with; `[hook]` of the configuration.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Secrets {
    /// GitHub's, at `/hooks/github`.
    pub github: Option<String>,
    /// GitLab's, at `/hooks/gitlab`.
    pub gitlab: Option<String>,
    /// Gitea's and Forgejo's, at `/hooks/gitea`.
    pub gitea: Option<String>,
    /// What Buildbot sends as Bearer token or as password, at `/hooks/buildbot`.
    pub buildbot: Option<String>,
}

impl Secrets {
    /// Returns why these are no secrets, if they are not.
    pub fn flaw(&self) -> Option<&'static str> {
        let all = [&self.github, &self.gitlab, &self.gitea, &self.buildbot];
        all.into_iter()
            .flatten()
            .any(|secret| secret.len() < 8)
            .then_some("`[hook]`: a secret has less than 8 characters")
    }
}

impl fmt::Debug for Secrets {
    /// Tells that there are secrets, not which.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets")
    }
}

/// One of the forges: how it signs, and how it calls its events.
pub(super) struct Forge {
    secret: fn(&Secrets) -> Option<&String>,
    is_signed: fn(&HeaderMap, &str, &[u8]) -> bool,
    event: &'static [&'static str],
}

/// GitHub.
pub(super) const GITHUB: Forge =
    Forge { secret: |secrets| secrets.github.as_ref(), is_signed: signature::github, event: &["x-github-event"] };
/// GitLab.
pub(super) const GITLAB: Forge =
    Forge { secret: |secrets| secrets.gitlab.as_ref(), is_signed: signature::gitlab, event: &["x-gitlab-event"] };
/// Gitea and Forgejo.
pub(super) const GITEA: Forge = Forge {
    secret: |secrets| secrets.gitea.as_ref(),
    is_signed: signature::gitea,
    event: &["x-forgejo-event", "x-gitea-event", "x-gogs-event"],
};

impl Forge {
    /// Takes an event.
    pub(super) async fn take(
        &self,
        State(intake): State<Intake>,
        uri: Uri,
        headers: HeaderMap,
        body: Body,
    ) -> Response {
        let taken = self.event(&intake.shared, &uri, &headers, body).await;
        taken.unwrap_or_else(IntoResponse::into_response)
    }

    async fn event(&self, shared: &Arc<Shared>, uri: &Uri, headers: &HeaderMap, body: Body) -> Result<Response> {
        let secret = (self.secret)(&shared.setup.secrets).ok_or_else(not_set_up)?;
        let ((), arrived, _permit) = upload::arrive_as(shared, headers, body, async { Ok(()) }).await?;
        let body = arrived.body.whole()?;
        if !(self.is_signed)(headers, secret, &body) {
            return Err(Refusal::unauthorized("the signature is not that of this secret"));
        }
        let names = self.event.iter().filter_map(|name| headers.get(*name)?.to_str().ok());
        let event = names.into_iter().next().unwrap_or_default().to_ascii_lowercase();
        if event != "push" && event != "push hook" {
            return Ok(ignored(shared, format!("the event `{}` says nothing of changes", head::short(&event))));
        }
        let bytes = payload(headers, &body);
        let pushed = push::read(&bytes).map_err(|error| Refusal::malformed(format!("the event: {error}")))?;
        let project = parameter(uri.query().unwrap_or_default(), "project").unwrap_or_else(|| pushed.project());
        match pushed.changes(&project) {
            Told::Nothing(reason) => Ok(ignored(shared, reason)),
            Told::Changes(changes) => keep(shared, project, changes).await,
        }
    }
}

async fn keep(shared: &Arc<Shared>, project: String, changes: Vec<Change>) -> Result<Response> {
    // Of a head without reports only the project counts.
    let revision = changes.last().map(|change| change.revision.clone()).unwrap_or_default();
    let mut head = Head { project, revision, builder: "(push)".to_owned(), ..Head::default() };
    head::check(&mut head)?;
    let (receipt, _) = settle::take(shared, Parcel { head, changes, ..Parcel::default() }).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "change_count": receipt.change_count }))).into_response())
}

/// Answers an event that is not used.
fn ignored(shared: &Shared, reason: String) -> Response {
    shared.queue.ignored();
    (StatusCode::ACCEPTED, Json(json!({ "change_count": 0, "ignored": reason }))).into_response()
}

fn not_set_up() -> Refusal {
    Refusal::absent("this webhook is not set up: its secret is missing in `[hook]` of annals.toml")
}

/// Returns the event as JSON: GitHub can wrap it as a form.
fn payload(headers: &HeaderMap, bytes: &[u8]) -> Vec<u8> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let form = kind.starts_with("application/x-www-form-urlencoded").then(|| url::form_urlencoded::parse(bytes));
    let wrapped = form.and_then(|mut form| form.find(|(name, _)| name == "payload"));
    wrapped.map_or_else(|| bytes.to_vec(), |(_, payload)| payload.into_owned().into_bytes())
}
