//! Queries that people keep, and what became of those that are asked by themselves.
//!
//! What their texts mean is not known here.

use rusqlite::{OptionalExtension, Row, params};

use super::State;
use super::outbox::{Letter, insert};
use super::person::{Author, learn};
use crate::Result;

/// A query as it was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its name.
    pub name: String,
    /// Its text.
    pub text: String,
    /// The reader who keeps it.
    pub owner: String,
}

/// What became of a query when it was last asked by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    /// The query.
    pub name: String,
    /// The version of the data.
    pub version: i64,
    /// When it was asked.
    pub asked_at: i64,
    /// Whether its alert is raised.
    pub is_raised: bool,
    /// Since when it is, or is not.
    pub changed_at: i64,
    /// Why it could not be asked.
    pub error: Option<String>,
}

impl State {
    /// Returns all queries that are kept, by name.
    pub fn saved_queries(&self) -> Result<Vec<Kept>> {
        const SELECT: &str = "SELECT name, text, owner FROM saved_query ORDER BY name";
        self.read(|c| c.prepare(SELECT)?.query_map([], kept)?.collect())
    }

    /// Returns the query of a name.
    pub fn saved_query(&self, name: &str) -> Result<Option<Kept>> {
        const SELECT: &str = "SELECT name, text, owner FROM saved_query WHERE name = ?1";
        self.read(|c| c.prepare_cached(SELECT)?.query_row([name], kept).optional())
    }

    /// Keeps a query, in place of the one that has its name.
    pub fn save_query(&self, name: &str, text: &str, owner: &str) -> Result<()> {
        const SAVE: &str = "INSERT OR REPLACE INTO saved_query (name, text, owner, saved_at) VALUES (?1, ?2, ?3, ?4)";
        let now = chrono::Utc::now().timestamp_micros();
        self.write_aside(|t| t.execute(SAVE, params![name, text, owner, now])).map(drop)
    }

    /// Forgets a query; returns whether there was one.
    pub fn forget_query(&self, name: &str) -> Result<bool> {
        self.write_aside(|t| {
            t.execute("DELETE FROM query_watch WHERE name = ?1", [name])?;
            t.execute("DELETE FROM saved_query WHERE name = ?1", [name])
        })
        .map(|count| count > 0)
    }

    /// Returns what became of a query, if it was ever asked by itself.
    pub fn query_watch(&self, name: &str) -> Result<Option<Watch>> {
        const SELECT: &str =
            "SELECT name, version, asked_at, is_raised, changed_at, error FROM query_watch WHERE name = ?1";
        self.read(|c| c.prepare_cached(SELECT)?.query_row([name], watch).optional())
    }

    /// Notes what became of a query together with the letters about it: both, or neither.
    pub fn note_watch(&self, watch: &Watch, letters: &[Letter]) -> Result<()> {
        const NOTE: &str = "INSERT OR REPLACE INTO query_watch (name, version, asked_at, is_raised, changed_at, error) \
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let Watch { name, version, asked_at, is_raised, changed_at, error } = watch;
        self.write_aside(|t| {
            t.execute(NOTE, params![name, version, asked_at, is_raised, changed_at, error])?;
            insert(t, letters).map(drop)
        })
    }

    /// Returns number and name of the person with an address; an address that nobody has becomes somebody.
    pub fn addressee(&self, address: &str) -> Result<(i64, String)> {
        const SELECT: &str = "SELECT p.person_id, p.name FROM identity AS i JOIN person AS p USING (person_id) \
            WHERE i.email = ?1 COLLATE NOCASE ORDER BY p.person_id LIMIT 1";
        let person = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
        if let Some(found) = self.read(|c| c.prepare_cached(SELECT)?.query_row([address], person).optional())? {
            return Ok(found);
        }
        self.write(|t| {
            learn(t, &[Author { name: address.to_owned(), email: address.to_owned() }])?;
            t.query_row(SELECT, [address], person)
        })
    }
}

fn kept(row: &Row<'_>) -> rusqlite::Result<Kept> {
    Ok(Kept { name: row.get(0)?, text: row.get(1)?, owner: row.get(2)? })
}

fn watch(row: &Row<'_>) -> rusqlite::Result<Watch> {
    Ok(Watch {
        name: row.get(0)?,
        version: row.get(1)?,
        asked_at: row.get(2)?,
        is_raised: row.get(3)?,
        changed_at: row.get(4)?,
        error: row.get(5)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_of_an_alert_is_noted_with_its_letters() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(&folder.path().join("state.sqlite")).unwrap();
        state.save_query("q", "SELECT 1", "ada").unwrap();
        state.save_query("q", "SELECT 2", "ada").unwrap();
        assert_eq!(state.saved_queries().unwrap().len(), 1);
        let (person_id, name) = state.addressee("team@example.org").unwrap();
        assert_eq!((state.addressee("TEAM@example.org").unwrap().0, name.as_str()), (person_id, "team"));
        let names = "SELECT group_concat(name, ' ') FROM (SELECT name FROM person UNION ALL SELECT name FROM identity)";
        let names: String = state.read(|c| c.query_row(names, [], |row| row.get(0))).unwrap();
        assert_eq!(names, "team team", "names are public");
        let mut watch =
            Watch { name: "q".into(), version: 1, asked_at: 5, is_raised: true, changed_at: 5, error: None };
        let letter = Letter {
            kind: "alert".into(),
            incident_id: "query:q:5".into(),
            problem_id: None,
            person_id,
            subject: "q".into(),
            message: "{}".into(),
            evidence: "rows > 0".into(),
        };
        for asked_at in [5, 6] {
            watch.asked_at = asked_at;
            state.note_watch(&watch, std::slice::from_ref(&letter)).unwrap();
        }
        assert_eq!(state.query_watch("q").unwrap(), Some(watch));
        assert_eq!(state.pending_letters(i64::MAX).unwrap().len(), 1, "nobody is told twice of one change");
        assert!(state.forget_query("q").unwrap() && !state.forget_query("q").unwrap());
        assert_eq!((state.saved_query("q").unwrap(), state.query_watch("q").unwrap()), (None, None));
    }
}
