//! What a reader gets instead of an answer, each with its status.
//!
//! Browsers get a page, callers under `/api` get `application/problem+json` (RFC 9457); `router` decides which.

use std::time::Duration;

use annals_analytics::{outside, saved};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// Why a request is not answered.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// There is no such page, problem, build, view or log. Status 404.
    #[error("{0}")]
    NotFound(String),
    /// The request cannot be understood. Status 400.
    #[error("{0}")]
    BadRequest(String),
    /// The token is not, or is no more, one of those who ask. Status 401.
    #[error("{0}")]
    Unauthorized(String),
    /// Somebody else's. Status 403.
    #[error("{0}")]
    Forbidden(String),
    /// The query is wrong or not allowed. Status 400.
    #[error("{message}")]
    Query {
        /// What is wrong with it.
        message: String,
        /// Line and column in the query, from 1, where they are known.
        place: Option<(u64, u64)>,
    },
    /// The query ran longer than is allowed. Status 504: a browser would silently repeat what is answered by 408.
    #[error("the query was stopped after {} s; ask for less, or by an indexed column", .0.as_secs_f64())]
    Timeout(Duration),
    /// The request or its answer needs more bytes or memory than is allowed. Status 413.
    #[error("{0}")]
    TooLarge(String),
    /// Too many queries run already. Status 429.
    #[error("too many queries are running; try again in a moment")]
    TooManyRequests,
    /// Annals itself failed; the reason is in its log. Status 500.
    #[error("Annals could not compute this answer; its log says why")]
    Internal,
}

/// Result of the functions of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Logs a failure of Annals itself and returns what the reader may know of it.
    pub(crate) fn internal(reason: impl std::fmt::Display) -> Self {
        tracing::error!(%reason, "request failed");
        Self::Internal
    }

    /// Returns the status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::BadRequest(_) | Self::Query { .. } => StatusCode::BAD_REQUEST,
            Self::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::Timeout(_) => StatusCode::GATEWAY_TIMEOUT,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Returns line and column of the mistake in a query, from 1.
    pub fn place(&self) -> Option<(u64, u64)> {
        match self {
            Self::Query { place, .. } => *place,
            _ => None,
        }
    }
}

impl From<outside::Error> for Error {
    fn from(error: outside::Error) -> Self {
        match error {
            outside::Error::Query { message, place } => Self::Query { message, place },
            outside::Error::Refused(message) => Self::Query { message, place: None },
            outside::Error::Timeout(time) => Self::Timeout(time),
            outside::Error::TooLarge(text) => Self::TooLarge(text),
            outside::Error::Busy => Self::TooManyRequests,
            outside::Error::Cancelled => Self::BadRequest("the query was cancelled".into()),
            outside::Error::Internal(reason) => Self::internal(reason),
        }
    }
}

impl From<saved::Error> for Error {
    fn from(error: saved::Error) -> Self {
        match error {
            saved::Error::Taken { .. } => Self::Forbidden(error.to_string()),
            // Paths and the state are nobody's business.
            saved::Error::Read { .. } | saved::Error::State(_) => Self::internal(error),
            _ => Self::BadRequest(error.to_string()),
        }
    }
}

impl IntoResponse for Error {
    /// Answers with the bare status; [`crate::router()`] gives it the body that suits the address.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        let header = match self {
            Self::TooManyRequests => Some(("retry-after", "1")),
            Self::Unauthorized(_) => Some(("www-authenticate", "Bearer")),
            _ => None,
        };
        if let Some((name, value)) = header {
            response.headers_mut().insert(name, axum::http::HeaderValue::from_static(value));
        }
        response.extensions_mut().insert(self);
        response
    }
}
