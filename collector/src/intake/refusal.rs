//! Why an upload is not taken: a status, a sentence, and the facts behind it, as RFC 9457 has them.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::report;

/// Result of the steps of an upload.
pub(super) type Result<T, E = Refusal> = std::result::Result<T, E>;

/// The answer to an upload that is not taken; nothing of it is.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    detail: String,
    facts: Map<String, Value>,
    retry_after_s: Option<u64>,
}

impl Refusal {
    fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), facts: Map::new(), retry_after_s: None }
    }

    /// The request cannot be understood.
    pub(super) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// The request is understood, and what it says cannot be.
    pub(super) fn unprocessable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    /// Nobody knows who sends this.
    pub(super) fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, detail)
    }

    /// The sender may not send this.
    pub(super) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    /// There is nothing at this address.
    pub(super) fn absent(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// The body is of a kind that is not read here.
    pub(super) fn media_type(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
    }

    /// The body did not arrive in time.
    pub(super) fn late(seconds: u64) -> Self {
        let detail = format!("the request did not arrive within {seconds} s (`request_s`)");
        Self::new(StatusCode::REQUEST_TIMEOUT, detail).bound("request_s", seconds)
    }

    /// The request is larger than a bound.
    pub(super) fn too_large(what: &str, name: &'static str, value: usize) -> Self {
        let detail = format!("{what}; at most {value} are taken (`{name}`)");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, detail).bound(name, value as u64)
    }

    /// Too many requests are under way.
    pub(super) fn too_many(name: &'static str, value: usize) -> Self {
        let detail = format!("{value} uploads are under way already (`{name}`); try again in a moment");
        Self::new(StatusCode::TOO_MANY_REQUESTS, detail).bound(name, value as u64).retry_after(1)
    }

    /// There is no room now.
    pub(super) fn full(what: &str, name: &'static str, value: u64, seconds: u64) -> Self {
        let detail = format!("{what} (`{name}` is {value}); try again later");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail).bound(name, value).retry_after(seconds)
    }

    /// What was sent cannot be kept now; it is the server's fault.
    pub(super) fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail).retry_after(10)
    }

    /// Annals itself failed; the log says why.
    pub(super) fn internal(reason: impl std::fmt::Display) -> Self {
        tracing::error!(%reason, "an upload failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Annals could not take this; its log says why").retry_after(10)
    }

    /// A report cannot be read.
    pub(super) fn unreadable(error: &report::Error) -> Self {
        let facts = [("file", json!(error.file)), ("line", json!(error.line)), ("reason", json!(error.reason))];
        let refusal = Self::unprocessable(error.to_string());
        facts.into_iter().fold(refusal, |refusal, (name, value)| refusal.fact(name, value))
    }

    /// Adds a fact.
    pub(super) fn fact(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.facts.insert(name.to_owned(), value.into());
        self
    }

    fn bound(self, name: &str, value: u64) -> Self {
        self.fact("bound", name).fact("value", value)
    }

    fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }
}

impl From<crate::Error> for Refusal {
    fn from(error: crate::Error) -> Self {
        match error {
            crate::Error::Report(error) => Self::unreadable(&error),
            error => Self::internal(error),
        }
    }
}

impl From<std::io::Error> for Refusal {
    fn from(error: std::io::Error) -> Self {
        Self::internal(error)
    }
}

impl From<annals_data::Error> for Refusal {
    fn from(error: annals_data::Error) -> Self {
        Self::internal(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason(),
            "status": self.status.as_u16(),
            "detail": self.detail,
            "message": self.detail,
        });
        if let Value::Object(body) = &mut body {
            body.extend(self.facts);
        }
        let kind = [(header::CONTENT_TYPE, "application/problem+json"), (header::CACHE_CONTROL, "no-store")];
        let mut response = (self.status, kind, body.to_string()).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
