//! `annals token`: makes, lists and revokes the tokens of those who upload.

use annals_analytics::Warehouse;
use annals_data::state::token;
use anyhow::{Context, Result, bail};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::plain;
use crate::cli::Token;

/// Runs the command.
pub(super) fn run(what: &Token, warehouse: &Warehouse) -> Result<()> {
    let state = warehouse.store().state();
    match what {
        Token::Create { project, expires, name } => {
            let end = expires.as_deref().map(|text| end(text, Utc::now())).transpose()?;
            let (id, text) = state.create_token(name, project.as_deref(), end.map(|end| end.timestamp_micros()))?;
            let scope =
                project.as_ref().map_or("all projects".to_owned(), |project| format!("the project `{project}`"));
            let until =
                end.map_or("without an end".to_owned(), |end| format!("until {}", end.format("%Y-%m-%d %H:%M")));
            anstream::eprintln!("token {id} for {scope}, {until}; it is shown only now");
            anstream::println!("{text}");
        }
        Token::List => state.tokens()?.iter().for_each(print),
        Token::Revoke { id } => {
            if !state.revoke_token(*id)? {
                bail!("there is no token {id} to revoke; `annals token list` lists them");
            }
            anstream::eprintln!("token {id} is revoked");
        }
    }
    Ok(())
}

fn print(token: &token::Token) {
    let end = ending(token.revoked_at, token.expires_at);
    let used = token.used_at.map_or("never used".to_owned(), |at| format!("last used {}", date(at)));
    let project = token.project.as_deref().map_or("(all)".to_owned(), plain);
    let (id, made, name) = (token.token_id, date(token.created_at), plain(&token.name));
    anstream::println!("{id:>4}  {project:<20}  made {made}  {end}  {used}  {name}");
}

/// Returns a time as people read it.
pub(super) fn date(at: i64) -> String {
    DateTime::from_timestamp_micros(at).unwrap_or_default().format("%Y-%m-%d %H:%M").to_string()
}

/// Returns how a token ends or ended.
pub(super) fn ending(revoked_at: Option<i64>, expires_at: Option<i64>) -> String {
    match (revoked_at, expires_at) {
        (Some(at), _) => format!("revoked {}", date(at)),
        (None, Some(at)) if at <= Utc::now().timestamp_micros() => format!("expired {}", date(at)),
        (None, Some(at)) => format!("until {}", date(at)),
        (None, None) => "without an end".to_owned(),
    }
}

/// Reads when a token ends: `90d`, `12w`, `36h`, or a date.
pub(super) fn end(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>> {
    let wrong = || format!("`{text}` is no time: say 90d, 12w, 36h, or a date");
    let end = match text.parse::<NaiveDate>() {
        Ok(date) => date.and_time(chrono::NaiveTime::MIN).and_utc(),
        Err(_) => {
            let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
            let count: i64 = digits.parse().with_context(wrong)?;
            let length = match &text[digits.len()..] {
                "h" => TimeDelta::try_hours(count),
                "d" | "" => TimeDelta::try_days(count),
                "w" => TimeDelta::try_weeks(count),
                _ => None,
            };
            length.and_then(|length| now.checked_add_signed(length)).with_context(wrong)?
        }
    };
    if end <= now {
        bail!("`{text}` is over already");
    }
    Ok(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_a_length_or_a_date() {
        let now: DateTime<Utc> = "2026-03-01T12:00:00Z".parse().unwrap();
        let read = |text: &str| end(text, now).map(|end| end.to_rfc3339()).map_err(|error| error.to_string());
        assert_eq!(read("36h").unwrap(), "2026-03-03T00:00:00+00:00");
        assert_eq!(read("2w").unwrap(), read("14d").unwrap());
        assert_eq!(read("2027-01-01").unwrap(), "2027-01-01T00:00:00+00:00");
        for wrong in ["", "d", "3y", "-3d", "0d", "2026-01-01", "99999999999999d", "9223372036854775807w"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
