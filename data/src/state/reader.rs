//! Those who ask from outside: a name, a role, and a token that is shown once.
//!
//! What a role may see is decided where questions are answered. Tokens of those who send reports are others, see
//! [`super::token`]: a CI must not read, and a dashboard must not write.

use rusqlite::{OptionalExtension, Row, params};

use super::State;
use super::token::{PREFIX, USE_EVERY, hash, now, secret};
use crate::Result;

/// What is known of a reader; the token is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// Their number.
    pub reader_id: i64,
    /// Their name, which is the user's name of Postgres.
    pub name: String,
    /// Private columns are for them, too.
    pub is_private: bool,
    /// When they were let in.
    pub created_at: i64,
    /// From when on they are refused.
    pub expires_at: Option<i64>,
    /// When they last asked, to the minute.
    pub used_at: Option<i64>,
    /// When they were shut out.
    pub revoked_at: Option<i64>,
}

/// By what a password is verified that nobody sends (SCRAM-SHA-256, RFC 5802).
#[derive(Clone, PartialEq, Eq)]
pub struct Verifier {
    /// What the password is hashed with.
    pub salt: Vec<u8>,
    /// The salted password.
    pub key: Vec<u8>,
}

const COLUMNS: &str = "reader_id, name, role = 'private', created_at, expires_at, used_at, revoked_at";

impl State {
    /// Lets a reader in and returns the number and the token, which is nowhere else; `salted` hashes a password with a
    /// salt as SCRAM does.
    ///
    /// # Errors
    /// [`crate::Error::State`] for a name that somebody has already.
    pub fn create_reader(
        &self,
        name: &str,
        is_private: bool,
        expires_at: Option<i64>,
        salted: impl FnOnce(&str, &[u8]) -> Vec<u8>,
    ) -> Result<(i64, String)> {
        let text = format!("{PREFIX}r_{}", secret()?);
        let salt = secret()?.into_bytes()[..16].to_vec();
        let key = salted(&text, &salt);
        const INSERT: &str = "INSERT INTO reader (name, role, hash, salt, verifier, created_at, expires_at) \
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let role = if is_private { "private" } else { "public" };
        let reader_id = self.write_aside(|t| {
            t.execute(INSERT, params![name, role, hash(&text), salt, key, now(), expires_at])?;
            Ok(t.last_insert_rowid())
        })?;
        Ok((reader_id, text))
    }

    /// Returns all readers, oldest first.
    pub fn readers(&self) -> Result<Vec<Reader>> {
        let select = format!("SELECT {COLUMNS} FROM reader ORDER BY reader_id");
        self.read(|c| c.prepare(&select)?.query_map([], reader)?.collect())
    }

    /// Returns whether a reader was ever let in; until then there is nobody to be told apart.
    pub fn has_readers(&self) -> Result<bool> {
        self.read(|c| c.query_row("SELECT EXISTS (SELECT 1 FROM reader)", [], |row| row.get(0)))
    }

    /// Shuts a reader out; returns whether there was one.
    pub fn revoke_reader(&self, name: &str) -> Result<bool> {
        const REVOKE: &str = "UPDATE reader SET revoked_at = ?2 WHERE name = ?1 AND revoked_at IS NULL";
        self.write_aside(|t| t.execute(REVOKE, params![name, now()])).map(|count| count > 0)
    }

    /// Returns whose token a text is, if it is anybody's now.
    pub fn reader_of_token(&self, text: &str) -> Result<Option<Reader>> {
        let select = format!("SELECT {COLUMNS} FROM reader WHERE hash = ?1");
        let found = self.read(|c| c.prepare_cached(&select)?.query_row([hash(text)], reader).optional())?;
        self.admit(found)
    }

    /// Returns the reader of a name with the verifier of the password, if there is one now.
    pub fn reader_of_name(&self, name: &str) -> Result<Option<(Reader, Verifier)>> {
        let select = format!("SELECT {COLUMNS}, salt, verifier FROM reader WHERE name = ?1 AND revoked_at IS NULL");
        let both = |row: &Row<'_>| Ok((reader(row)?, Verifier { salt: row.get(7)?, key: row.get(8)? }));
        let found = self.read(|c| c.prepare_cached(&select)?.query_row([name], both).optional())?;
        let Some((found, verifier)) = found else { return Ok(None) };
        Ok(self.admit(Some(found))?.map(|reader| (reader, verifier)))
    }

    /// Leaves out who may not ask any more, and remembers that somebody did.
    fn admit(&self, found: Option<Reader>) -> Result<Option<Reader>> {
        let now = now();
        let Some(reader) = found else { return Ok(None) };
        if reader.revoked_at.is_some() || reader.expires_at.is_some_and(|end| end <= now) {
            return Ok(None);
        }
        if reader.used_at.is_none_or(|used| used + USE_EVERY < now) {
            let used = "UPDATE reader SET used_at = ?2 WHERE reader_id = ?1";
            self.write_aside(|t| t.execute(used, [reader.reader_id, now]))?;
        }
        Ok(Some(reader))
    }
}

fn reader(row: &Row<'_>) -> rusqlite::Result<Reader> {
    Ok(Reader {
        reader_id: row.get(0)?,
        name: row.get(1)?,
        is_private: row.get(2)?,
        created_at: row.get(3)?,
        expires_at: row.get(4)?,
        used_at: row.get(5)?,
        revoked_at: row.get(6)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn salted(text: &str, _: &[u8]) -> Vec<u8> {
        text.as_bytes().to_vec()
    }

    #[test]
    fn a_reader_is_known_by_token_and_by_name_until_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(&folder.path().join("state.sqlite")).unwrap();
        assert!(!state.has_readers().unwrap());
        let (_, token) = state.create_reader("grafana", false, None, salted).unwrap();
        assert!(state.create_reader("grafana", true, None, salted).is_err(), "two of one name");
        assert_eq!(state.reader_of_token(&token).unwrap().unwrap().name, "grafana");
        let (reader, found) = state.reader_of_name("grafana").unwrap().unwrap();
        assert!(!reader.is_private && found.key == token.as_bytes());
        assert!(state.reader_of_token("annals_r_0").unwrap().is_none());
        assert!(state.revoke_reader("grafana").unwrap() && !state.revoke_reader("grafana").unwrap());
        assert!(state.reader_of_token(&token).unwrap().is_none());
        assert!(state.reader_of_name("grafana").unwrap().is_none());
        let (_, late) = state.create_reader("grafana", true, Some(now() - 1), salted).unwrap();
        assert!(state.reader_of_token(&late).unwrap().is_none(), "expired");
        assert!(state.has_readers().unwrap());
    }
}
