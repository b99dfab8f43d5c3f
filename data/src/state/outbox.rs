//! The outbox: messages to people, written once and delivered until a server takes them or they are given up.
//!
//! A message is unique by kind, incident and person: writing it again does nothing, also after a restart. That an
//! incident is called otherwise since its range was moved is for the writer to see, by the problem that a letter names.
//!
//! A delivery is recorded per try; the next one waits, a minute at first and each time twice as long, up to an hour. A
//! message is given up when that has lasted for five days, as mail servers do (RFC 5321, section 4.5.4.1), or when it
//! can never be delivered. No session shows any of it, so nothing here makes a new version: mail about a version would
//! bring forth the next one, for ever.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::State;
use crate::Result;

/// A message that is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// `opened` or `resolved`; `alert`, `over` or `report` of a saved query.
    pub kind: String,
    /// The incident as it was called when the person was first told of it, or the saved query and since when it is as
    /// it is.
    pub incident_id: String,
    /// The incident's main problem, by which it is found when its range was moved; none of a saved query.
    pub problem_id: Option<String>,
    /// The reader.
    pub person_id: i64,
    /// The subject, for people who look into the outbox.
    pub subject: String,
    /// The whole message as JSON.
    pub message: String,
    /// Why this person was written to: rule, version, suspicion and evidence as JSON.
    pub evidence: String,
}

/// An incident and a person who was told of its beginning and not of its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The incident as it was called.
    pub incident_id: String,
    /// Its main problem as it was called; letters of old versions do not say.
    pub problem_id: Option<String>,
    /// The person.
    pub person_id: i64,
}

/// A message that no server has taken yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Its number.
    pub outbox_id: i64,
    /// The whole message as JSON.
    pub message: String,
}

/// What became of a try to deliver a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Try<'a> {
    /// A server took it.
    Taken,
    /// Why none did; one may later.
    Failed(&'a str),
    /// Why none ever will.
    Hopeless(&'a str),
}

/// A message that is not tried any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenUp {
    /// The name of the person whom it was for.
    pub person: String,
    /// Its subject.
    pub subject: String,
    /// What became of the last try.
    pub error: String,
}

const SECOND: i64 = 1_000_000;
/// How long the second try waits after the first.
const FIRST_PAUSE: i64 = 60 * SECOND;
/// How long a try waits at most after the one before.
const LONGEST_PAUSE: i64 = 3600 * SECOND;
/// How long after the first try a message is given up.
const PATIENCE: i64 = 5 * 24 * 3600 * SECOND;

impl State {
    /// Writes the letters that are not in the outbox yet, all or none; returns how many were new.
    pub fn write_letters(&self, letters: &[Letter]) -> Result<usize> {
        self.write_aside(|t| insert(t, letters))
    }

    /// Returns the messages whose next try is due at a time, oldest first; all that are not given up by [`i64::MAX`].
    pub fn pending_letters(&self, at: i64) -> Result<Vec<Pending>> {
        const SELECT: &str = "SELECT outbox_id, message FROM outbox AS o LEFT JOIN delivery AS d USING (outbox_id) \
            WHERE delivered_at IS NULL AND given_up_at IS NULL GROUP BY outbox_id \
            HAVING coalesce(max(tried_at) + min(?2 << min(count(*) - 1, 16), ?3), 0) <= ?1 ORDER BY outbox_id";
        let pending = |row: &Row<'_>| Ok(Pending { outbox_id: row.get(0)?, message: row.get(1)? });
        self.read(|c| c.prepare(SELECT)?.query_map([at, FIRST_PAUSE, LONGEST_PAUSE], pending)?.collect())
    }

    /// Returns the messages that were given up since a time, oldest first.
    pub fn given_up_letters(&self, since: i64) -> Result<Vec<GivenUp>> {
        const SELECT: &str = "SELECT name, subject, (SELECT error FROM delivery AS d \
            WHERE d.outbox_id = o.outbox_id ORDER BY delivery_id DESC LIMIT 1) \
            FROM outbox AS o JOIN person USING (person_id) WHERE given_up_at >= ?1 ORDER BY outbox_id";
        let given_up = |row: &Row<'_>| Ok(GivenUp { person: row.get(0)?, subject: row.get(1)?, error: row.get(2)? });
        self.read(|c| c.prepare(SELECT)?.query_map([since], given_up)?.collect())
    }

    /// Returns who was told that an incident began, and not yet that it ended.
    pub fn told(&self) -> Result<Vec<Told>> {
        const SELECT: &str = "SELECT incident_id, problem_id, person_id FROM outbox AS o WHERE kind = 'opened' \
            AND NOT EXISTS (SELECT 1 FROM outbox AS r WHERE r.kind = 'resolved' AND r.incident_id = o.incident_id \
            AND r.person_id = o.person_id) ORDER BY outbox_id";
        let told =
            |row: &Row<'_>| Ok(Told { incident_id: row.get(0)?, problem_id: row.get(1)?, person_id: row.get(2)? });
        self.read(|c| c.prepare(SELECT)?.query_map([], told)?.collect())
    }

    /// Records a try to deliver a message; returns whether the message is given up with it.
    pub fn record_delivery(&self, outbox_id: i64, outcome: Try<'_>) -> Result<bool> {
        const TRIED: &str = "INSERT INTO delivery (outbox_id, tried_at, error) VALUES (?1, ?2, ?3)";
        const GIVE_UP: &str = "UPDATE outbox SET given_up_at = ?2 WHERE outbox_id = ?1 \
            AND (SELECT min(tried_at) FROM delivery WHERE outbox_id = ?1) <= ?3";
        let now = chrono::Utc::now().timestamp_micros();
        let (error, begun) = match outcome {
            Try::Taken => (None, i64::MIN),
            Try::Failed(error) => (Some(error), now - PATIENCE),
            Try::Hopeless(error) => (Some(error), now),
        };
        self.write_aside(|t| {
            t.execute(TRIED, params![outbox_id, now, error])?;
            if error.is_none() {
                t.execute("UPDATE outbox SET delivered_at = ?2 WHERE outbox_id = ?1", params![outbox_id, now])?;
            }
            t.execute(GIVE_UP, params![outbox_id, now, begun])
        })
        .map(|count| count > 0)
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
        (kind, incident_id, problem_id, person_id, subject, message, evidence, written_at) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let now = chrono::Utc::now().timestamp_micros();
    let mut insert = transaction.prepare(INSERT)?;
    let mut count = 0;
    for letter in letters {
        let Letter { kind, incident_id, problem_id, person_id, subject, message, evidence } = letter;
        count += insert.execute(params![kind, incident_id, problem_id, person_id, subject, message, evidence, now])?;
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
            problem_id: None,
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
        let pending = state.pending_letters(0).unwrap();
        state.record_delivery(pending[0].outbox_id, Try::Failed("nobody answers")).unwrap();
        state.record_delivery(pending[0].outbox_id, Try::Taken).unwrap();
        assert_eq!(state.revision().unwrap(), before);
    }

    /// Lets some time pass since all that was tried.
    fn wait(state: &State, time: i64) {
        state.write_aside(|t| t.execute("UPDATE delivery SET tried_at = tried_at - ?1", [time])).unwrap();
    }

    fn count(state: &State) -> usize {
        state.pending_letters(chrono::Utc::now().timestamp_micros()).unwrap().len()
    }

    #[test]
    fn tries_wait_longer_and_longer_and_end_after_days() {
        let (_folder, state) = state();
        state.write_letters(&[letter("a")]).unwrap();
        let id = state.pending_letters(0).unwrap()[0].outbox_id;
        // In minutes: what the next try waits for.
        for pause in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
            assert_eq!(count(&state), 1);
            assert!(!state.record_delivery(id, Try::Failed("nobody answers")).unwrap());
            wait(&state, (pause * 60 - 5) * SECOND);
            assert_eq!(count(&state), 0, "{pause}");
            assert_eq!(state.pending_letters(i64::MAX).unwrap().len(), 1, "who asks for it tries at once");
            wait(&state, 5 * SECOND);
        }
        wait(&state, PATIENCE);
        assert_eq!(count(&state), 1);
        assert!(state.record_delivery(id, Try::Failed("nobody answers still")).unwrap());
        assert_eq!(state.pending_letters(i64::MAX).unwrap(), []);
        let given_up =
            GivenUp { person: "Ada".into(), subject: "a test fails".into(), error: "nobody answers still".into() };
        assert_eq!(state.given_up_letters(0).unwrap(), [given_up]);
    }

    #[test]
    fn what_is_hopeless_is_given_up_at_once_and_what_waited_for_days_is_tried() {
        let (_folder, state) = state();
        state.write_letters(&[letter("a"), letter("b"), letter("c")]).unwrap();
        state.write_aside(|t| t.execute("UPDATE outbox SET written_at = 0", [])).unwrap();
        let ids: Vec<_> = state.pending_letters(0).unwrap().iter().map(|pending| pending.outbox_id).collect();
        assert!(state.record_delivery(ids[0], Try::Hopeless("nobody of that name")).unwrap());
        assert!(!state.record_delivery(ids[1], Try::Failed("nobody answers")).unwrap());
        assert!(!state.record_delivery(ids[2], Try::Taken).unwrap());
        let left: Vec<_> = state.pending_letters(i64::MAX).unwrap().iter().map(|pending| pending.outbox_id).collect();
        assert_eq!(left, ids[1..2]);
        assert_eq!(state.given_up_letters(i64::MAX).unwrap(), []);
    }
}
