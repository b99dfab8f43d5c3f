//! The outbox: messages to people, written once and delivered until a server takes them.
//!
//! A message is unique by kind, incident and person: writing it again does nothing, also after a restart. A delivery
//! is recorded per try. No session shows any of it, so nothing here makes a new version: mail about a version would
//! bring forth the next one, for ever.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::State;
use crate::Result;

/// A message that is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// `opened` or `resolved`; `alert`, `over` or `report` of a saved query.
    pub kind: String,
    /// The incident, or the saved query and since when it is as it is.
    pub incident_id: String,
    /// The reader.
    pub person_id: i64,
    /// The subject, for people who look into the outbox.
    pub subject: String,
    /// The whole message as JSON.
    pub message: String,
    /// Why this person was written to: rule, version, suspicion and evidence as JSON.
    pub evidence: String,
}

/// A message that no server has taken yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Its number.
    pub outbox_id: i64,
    /// The whole message as JSON.
    pub message: String,
}

/// Why a message is not tried any more: the server has refused it this often.
const TRIES: i64 = 20;

impl State {
    /// Writes the letters that are not in the outbox yet, all or none; returns how many were new.
    pub fn write_letters(&self, letters: &[Letter]) -> Result<usize> {
        self.write_aside(|t| insert(t, letters))
    }

    /// Returns the messages that are to be delivered, oldest first.
    pub fn pending_letters(&self) -> Result<Vec<Pending>> {
        const SELECT: &str = "SELECT outbox_id, message FROM outbox WHERE delivered_at IS NULL AND \
            (SELECT count(*) FROM delivery WHERE delivery.outbox_id = outbox.outbox_id) < ?1 ORDER BY outbox_id";
        let pending = |row: &Row<'_>| Ok(Pending { outbox_id: row.get(0)?, message: row.get(1)? });
        self.read(|c| c.prepare(SELECT)?.query_map([TRIES], pending)?.collect())
    }

    /// Returns incident and person of every `opened` message, for news of the incident's end.
    pub fn opened_letters(&self) -> Result<Vec<(String, i64)>> {
        const SELECT: &str = "SELECT incident_id, person_id FROM outbox AS o WHERE kind = 'opened' AND NOT EXISTS \
            (SELECT 1 FROM outbox AS r WHERE r.kind = 'resolved' AND r.incident_id = o.incident_id \
             AND r.person_id = o.person_id)";
        self.read(|c| c.prepare(SELECT)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect())
    }

    /// Records a try to deliver a message: taken, or why not.
    pub fn record_delivery(&self, outbox_id: i64, error: Option<&str>) -> Result<()> {
        let now = chrono::Utc::now().timestamp_micros();
        self.write_aside(|t| {
            let insert = "INSERT INTO delivery (outbox_id, tried_at, error) VALUES (?1, ?2, ?3)";
            t.execute(insert, params![outbox_id, now, error])?;
            if error.is_none() {
                t.execute("UPDATE outbox SET delivered_at = ?2 WHERE outbox_id = ?1", params![outbox_id, now])?;
            }
            Ok(())
        })
    }

    /// Returns name and address of a person; none for people without an address.
    pub fn address(&self, person_id: i64) -> Result<Option<(String, String)>> {
        const SELECT: &str = "SELECT p.name, i.email FROM person AS p JOIN identity AS i USING (person_id) \
            WHERE p.person_id = ?1 AND i.email <> '' ORDER BY i.identity_id = p.person_id DESC, i.email LIMIT 1";
        self.read(|c| {
            let mut query = c.prepare(SELECT)?;
            let mut rows = query.query_map([person_id], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.next().transpose()
        })
    }

    /// Returns since when mail is sent by itself: the time of the first call.
    pub fn mail_since(&self) -> Result<i64> {
        const SELECT: &str = "SELECT since FROM mail_since";
        let since = |row: &Row<'_>| row.get(0);
        if let Some(found) = self.read(|c| c.query_row(SELECT, [], since).optional())? {
            return Ok(found);
        }
        let now = chrono::Utc::now().timestamp_micros();
        self.write_aside(|t| {
            t.execute("INSERT INTO mail_since SELECT ?1 WHERE NOT EXISTS (SELECT 1 FROM mail_since)", [now])?;
            t.query_row(SELECT, [], since)
        })
    }
}

/// Inserts the letters that are not in the outbox yet; returns how many were new.
pub(super) fn insert(transaction: &Transaction<'_>, letters: &[Letter]) -> rusqlite::Result<usize> {
    const INSERT: &str = "INSERT OR IGNORE INTO outbox \
        (kind, incident_id, person_id, subject, message, evidence, written_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let now = chrono::Utc::now().timestamp_micros();
    let mut insert = transaction.prepare(INSERT)?;
    let mut count = 0;
    for l in letters {
        count += insert.execute(params![l.kind, l.incident_id, l.person_id, l.subject, l.message, l.evidence, now])?;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> (tempfile::TempDir, State) {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(&folder.path().join("state.sqlite")).unwrap();
        let person = "INSERT INTO person (person_id, name) VALUES (1, 'Ada')";
        state.write(|t| t.execute(person, [])).unwrap();
        (folder, state)
    }

    fn letter(incident_id: &str) -> Letter {
        Letter {
            kind: "opened".into(),
            incident_id: incident_id.into(),
            person_id: 1,
            subject: "a test fails".into(),
            message: "{}".into(),
            evidence: String::new(),
        }
    }

    #[test]
    fn mail_makes_no_new_version() {
        let (_folder, state) = state();
        let before = state.revision().unwrap();
        let since = state.mail_since().unwrap();
        assert_eq!(state.mail_since().unwrap(), since);
        assert_eq!(state.write_letters(&[letter("a"), letter("a")]).unwrap(), 1);
        let pending = state.pending_letters().unwrap();
        state.record_delivery(pending[0].outbox_id, Some("nobody answers")).unwrap();
        state.record_delivery(pending[0].outbox_id, None).unwrap();
        assert_eq!(state.revision().unwrap(), before);
    }
}
