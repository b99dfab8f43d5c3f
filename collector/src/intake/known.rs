//! The question which changes the server lacks, so that senders send no more than those.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};

use super::body::{Arrived, Budget};
use super::refusal::{Refusal, Result};
use super::{Intake, upload};
use crate::wire::{Question, Unknown};

/// Revisions of one question.
const REVISIONS: usize = 10_000;

/// Answers the question.
pub(super) async fn ask(State(intake): State<Intake>, headers: HeaderMap, body: Body) -> Response {
    answer(&intake, &headers, body)
        .await
        .map_or_else(IntoResponse::into_response, |unknown| Json(unknown).into_response())
}

async fn answer(intake: &Intake, headers: &HeaderMap, body: Body) -> Result<Unknown> {
    let (scope, arrived, _permit) = upload::arrive(&intake.shared, headers, body).await?;
    let question = question(intake, headers, &arrived)?;
    scope.admit(&question.project)?;
    if question.revisions.len() > REVISIONS {
        return Err(Refusal::too_large("the question has too many revisions", "revisions", REVISIONS));
    }
    let behind = intake.shared.behind.clone();
    let look = move || behind.store().unknown_changes(&question.project, &question.revisions);
    let unknown = tokio::task::spawn_blocking(look).await.map_err(Refusal::internal)??;
    Ok(Unknown { unknown })
}

fn question(intake: &Intake, headers: &HeaderMap, arrived: &Arrived) -> Result<Question> {
    let body = Budget::new(arrived.body.len(), &intake.shared.setup.bounds).decode(headers, &arrived.body)?;
    serde_json::from_slice(&body.whole()?).map_err(|error| Refusal::malformed(format!("the question: {error}")))
}
