//! Refusals as Postgres' clients read them: with an SQLSTATE, and the place of the mistake.

use annals_analytics::outside::Error;
use pgwire::error::{ErrorInfo, PgWireError};

/// Returns an error of the session's own making.
pub(super) fn failed(code: &str, message: impl Into<String>) -> PgWireError {
    PgWireError::UserError(Box::new(ErrorInfo::new("ERROR".into(), code.into(), message.into())))
}

/// Returns an error that ends the connection.
pub(super) fn fatal(code: &str, message: impl Into<String>) -> PgWireError {
    PgWireError::UserError(Box::new(ErrorInfo::new("FATAL".into(), code.into(), message.into())))
}

/// Says why a query has no answer; `text` is the query as it was sent.
pub(super) fn refused(error: &Error, text: &str) -> PgWireError {
    if let Error::Internal(reason) = error {
        tracing::error!(%reason, "a query failed");
    }
    let message = error.to_string();
    let mut info = ErrorInfo::new("ERROR".into(), code(error, &message).into(), message);
    info.position = error.place().and_then(|place| position(text, place)).map(|place| place.to_string());
    PgWireError::UserError(Box::new(info))
}

/// Returns the SQLSTATE (PostgreSQL 16, appendix A).
fn code(error: &Error, message: &str) -> &'static str {
    match error {
        Error::Refused(_) => "25006",
        Error::Timeout(_) | Error::Cancelled => "57014",
        Error::TooLarge(_) => "53200",
        Error::Busy => "53300",
        Error::Internal(_) => "XX000",
        Error::Query { .. } => {
            let is = |part| message.contains(part);
            match () {
                () if is("ParserError") || is("TokenizerError") => "42601",
                () if is("table '") && is("not found") => "42P01",
                () if is("No field named") => "42703",
                () if is("Invalid function") || is("No function matches") => "42883",
                () if is("Divide by zero") => "22012",
                () if is("Cast error") || is("Error parsing") => "22P02",
                () if is("not implemented") || is("not supported") || is("NotImplemented") => "0A000",
                () => "42000",
            }
        }
    }
}

/// Returns the number of the character at a line and column, all from 1.
fn position(text: &str, (line, column): (u64, u64)) -> Option<usize> {
    let before = text.split_inclusive('\n').take(usize::try_from(line).ok()?.checked_sub(1)?);
    Some(before.map(|line| line.chars().count()).sum::<usize>() + usize::try_from(column).ok()?)
}

#[cfg(test)]
mod tests {
    use super::position;

    #[test]
    fn a_place_is_a_character() {
        assert_eq!(position("SELECT\n  ü, x", (2, 6)), Some(13));
        assert_eq!(position("SELECT", (1, 1)), Some(1));
        assert_eq!(position("SELECT", (0, 1)), None);
    }
}
