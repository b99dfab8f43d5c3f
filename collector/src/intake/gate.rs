//! Who may send: whoever has a token, or anybody on this machine while no token was ever made.
//!
//! Tokens are the state's. Webhooks have secrets of their own.

use annals_data::state::token::Pass;
use axum::http::{HeaderMap, header};

use super::Shared;
use super::refusal::{Refusal, Result};

/// The projects that a sender may send to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scope(Option<String>);

impl Scope {
    /// Refuses a project that is not in the scope.
    pub(super) fn admit(&self, project: &str) -> Result<()> {
        match &self.0 {
            Some(own) if own != project => {
                Err(Refusal::forbidden(format!("this token is for the project `{own}` only"))
                    .fact("project", own.as_str()))
            }
            _ => Ok(()),
        }
    }

    /// Returns the only project, if there is but one.
    pub(super) fn project(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

/// Returns what the sender of a request may do.
pub(super) fn enter(shared: &Shared, headers: &HeaderMap) -> Result<Scope> {
    let state = shared.behind.store().state();
    if shared.setup.is_local && !state.has_tokens()? {
        return match headers.contains_key(header::ORIGIN) {
            // A page of anywhere may make a browser on this machine send a form here.
            true => Err(Refusal::forbidden("pages of other sites cannot upload; make a token: `annals token create`")),
            false => Ok(Scope(None)),
        };
    }
    let advice = "send `Authorization: Bearer TOKEN`; `annals token create` makes one";
    let Some(text) = token(headers) else {
        return Err(Refusal::unauthorized(format!("uploads need a token: {advice}")));
    };
    match state.check_token(&text)? {
        Pass::Good(project) => Ok(Scope(project)),
        Pass::Expired => Err(Refusal::unauthorized(format!("this token has expired: {advice}"))),
        Pass::Revoked => Err(Refusal::unauthorized(format!("this token was revoked: {advice}"))),
        Pass::Unknown => Err(Refusal::unauthorized(format!("this token is not known here: {advice}"))),
    }
}

/// Returns the token of a request: `Bearer TOKEN`, or `Token token="TOKEN"` as Buildkite's collectors write it.
fn token(headers: &HeaderMap) -> Option<String> {
    let (scheme, rest) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let rest = rest.trim();
    match () {
        () if scheme.eq_ignore_ascii_case("bearer") => Some(rest.to_owned()),
        () if scheme.eq_ignore_ascii_case("token") => {
            Some(rest.strip_prefix("token=").unwrap_or(rest).trim_matches('"').to_owned())
        }
        () => None,
    }
}
