//! What a reader gets instead of a page: one variant per kind of answer, each with its status.
//!
//! Browsers get a page, callers under `/api` get `application/problem+json` (RFC 9457); `router` decides which.

use std::time::Duration;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use datafusion::error::DataFusionError;

/// Why a request is not answered.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// There is no such page, problem, build, view or log. Status 404.
    #[error("{0}")]
    NotFound(String),
    /// The request cannot be understood. Status 400.
    #[error("{0}")]
    BadRequest(String),
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

    /// Returns what the author of a query should know of its failure.
    pub(crate) fn of_query(error: &DataFusionError) -> Self {
        match error.find_root() {
            DataFusionError::ResourcesExhausted(_) => {
                return Self::TooLarge(
                    "the query needs more memory than is allowed; ask for fewer rows or groups".into(),
                );
            }
            DataFusionError::ObjectStore(_) | DataFusionError::IoError(_) | DataFusionError::ParquetError(_) => {
                return Self::internal(error);
            }
            _ => {}
        }
        let text = error.strip_backtrace();
        let place = error.diagnostic().and_then(|d| d.span).map(|s| (s.start.line, s.start.column));
        Self::Query { place: place.or_else(|| place_in(&text)), message: text }
    }

    /// Returns the status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::BadRequest(_) | Self::Query { .. } => StatusCode::BAD_REQUEST,
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

impl IntoResponse for Error {
    /// Answers with the bare status; [`crate::router()`] gives it the body that suits the address.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        if matches!(self, Self::TooManyRequests) {
            response.headers_mut().insert("retry-after", axum::http::HeaderValue::from_static("1"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Finds `Line: 1, Column: 8` in a parser's message.
fn place_in(text: &str) -> Option<(u64, u64)> {
    let (_, rest) = text.split_once("Line: ")?;
    let (line, rest) = rest.split_once(", Column: ")?;
    let column: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Some((line.parse().ok()?, column.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::place_in;

    #[test]
    fn a_parser_names_the_place() {
        assert_eq!(place_in("Expected: x, found: y at Line: 3, Column: 14"), Some((3, 14)));
        assert_eq!(place_in("no such table"), None);
    }
}
