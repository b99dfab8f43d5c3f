//! Tokens of those who send reports: shown once, kept as hashes, for one project or for all, with an end.
//!
//! A token is found by its hash, so that the time of a refusal tells nothing of the tokens that there are.

use rusqlite::{OptionalExtension, Row, params};

use super::State;
use crate::{Error, Result};

/// What a token's text begins with, so that people and scanners know one when they see it.
pub(super) const PREFIX: &str = "annals_";
/// The last use is recorded to this many microseconds, so that a busy sender does not keep the disk busy.
pub(super) const USE_EVERY: i64 = 60_000_000;

/// What is known of a token; its text is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its number.
    pub token_id: i64,
    /// What people call it.
    pub name: String,
    /// The only project that it is for; `None` for all.
    pub project: Option<String>,
    /// When it was made.
    pub created_at: i64,
    /// From when on it is refused.
    pub expires_at: Option<i64>,
    /// When it was last used, to the minute.
    pub used_at: Option<i64>,
    /// When it was revoked.
    pub revoked_at: Option<i64>,
}

/// Whether a text is a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pass {
    /// It is, for this project; `None` for all.
    Good(Option<String>),
    /// It was, and has expired.
    Expired,
    /// It was, and has been revoked.
    Revoked,
    /// It never was.
    Unknown,
}

impl State {
    /// Makes a token and returns its number and its text, which is nowhere else.
    pub fn create_token(&self, name: &str, project: Option<&str>, expires_at: Option<i64>) -> Result<(i64, String)> {
        let text = format!("{PREFIX}{}", secret()?);
        const INSERT: &str =
            "INSERT INTO token (name, hash, project, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)";
        let token_id = self.write_aside(|t| {
            t.execute(INSERT, params![name, hash(&text), project, now(), expires_at])?;
            Ok(t.last_insert_rowid())
        })?;
        Ok((token_id, text))
    }

    /// Returns all tokens, oldest first.
    pub fn tokens(&self) -> Result<Vec<Token>> {
        const SELECT: &str = "SELECT token_id, name, project, created_at, expires_at, used_at, revoked_at FROM token \
            ORDER BY token_id";
        self.read(|c| c.prepare(SELECT)?.query_map([], token)?.collect())
    }

    /// Returns whether a token was ever made.
    pub fn has_tokens(&self) -> Result<bool> {
        self.read(|c| c.query_row("SELECT EXISTS (SELECT 1 FROM token)", [], |row| row.get(0)))
    }

    /// Revokes a token; returns whether there was one to revoke.
    pub fn revoke_token(&self, token_id: i64) -> Result<bool> {
        const REVOKE: &str = "UPDATE token SET revoked_at = ?2 WHERE token_id = ?1 AND revoked_at IS NULL";
        self.write_aside(|t| t.execute(REVOKE, params![token_id, now()])).map(|count| count > 0)
    }

    /// Judges a text that somebody sent as a token, and remembers that a good one was used.
    pub fn check_token(&self, text: &str) -> Result<Pass> {
        const SELECT: &str = "SELECT token_id, name, project, created_at, expires_at, used_at, revoked_at FROM token \
            WHERE hash = ?1";
        let found = self.read(|c| c.prepare_cached(SELECT)?.query_row([hash(text)], token).optional())?;
        let now = now();
        let Some(token) = found else { return Ok(Pass::Unknown) };
        if token.revoked_at.is_some() {
            return Ok(Pass::Revoked);
        }
        if token.expires_at.is_some_and(|end| end <= now) {
            return Ok(Pass::Expired);
        }
        if token.used_at.is_none_or(|used| used + USE_EVERY < now) {
            let used = "UPDATE token SET used_at = ?2 WHERE token_id = ?1";
            self.write_aside(|t| t.execute(used, [token.token_id, now]))?;
        }
        Ok(Pass::Good(token.project))
    }
}

fn token(row: &Row<'_>) -> rusqlite::Result<Token> {
    Ok(Token {
        token_id: row.get(0)?,
        name: row.get(1)?,
        project: row.get(2)?,
        created_at: row.get(3)?,
        expires_at: row.get(4)?,
        used_at: row.get(5)?,
        revoked_at: row.get(6)?,
    })
}

/// Returns what nobody can guess.
pub(super) fn secret() -> Result<String> {
    let mut secret = [0; 32];
    getrandom::getrandom(&mut secret)
        .map_err(|source| Error::File { path: "the system's source of randomness".into(), source: source.into() })?;
    Ok(blake3::Hash::from_bytes(secret).to_hex().to_string())
}

pub(super) fn hash(text: &str) -> [u8; 32] {
    *blake3::hash(text.as_bytes()).as_bytes()
}

pub(super) fn now() -> i64 {
    chrono::Utc::now().timestamp_micros()
}
