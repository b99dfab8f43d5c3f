//! Why a question from outside gets no answer, in words that its author may read.

use std::time::Duration;

use datafusion::error::DataFusionError;

/// Why a question is not answered.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The query is wrong.
    #[error("{message}")]
    Query {
        /// What is wrong with it.
        message: String,
        /// Line and column in the query, from 1, where they are known.
        place: Option<(u64, u64)>,
    },
    /// The query would do more than ask.
    #[error("{0}")]
    Refused(String),
    /// It ran longer than is allowed.
    #[error("the query was stopped after {} s; ask for less, or by an indexed column", .0.as_secs_f64())]
    Timeout(Duration),
    /// It needs more memory than is allowed.
    #[error("{0}")]
    TooLarge(String),
    /// Too many others ask already.
    #[error("too many queries are running; try again in a moment")]
    Busy,
    /// Whoever asked does not want to know any more.
    #[error("the query was cancelled")]
    Cancelled,
    /// Annals itself failed; the text is for its log and not for the one who asked.
    #[error("Annals could not compute this answer; its log says why")]
    Internal(String),
}

/// Result of the functions of this module.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Keeps the reason of a failure that is not the asker's.
    pub fn internal(reason: impl std::fmt::Display) -> Self {
        Self::Internal(reason.to_string())
    }

    /// Returns what the author of a query should know of its failure.
    pub fn of(error: &DataFusionError) -> Self {
        if let DataFusionError::External(inner) = error.find_root()
            && let Some(own) = inner.downcast_ref::<Self>()
        {
            return own.clone();
        }
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

    /// Returns line and column of the mistake in a query, from 1.
    pub fn place(&self) -> Option<(u64, u64)> {
        match self {
            Self::Query { place, .. } => *place,
            _ => None,
        }
    }
}

impl From<Error> for DataFusionError {
    fn from(error: Error) -> Self {
        Self::External(Box::new(error))
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
