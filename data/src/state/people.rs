//! What is said of people: their teams, who is a robot, which identities are one person, who owns suites and who follows
//! them.

use std::collections::BTreeMap;

use rusqlite::{Row, params};

use super::State;
use crate::Result;

/// A person with all identities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Their number.
    pub person_id: i64,
    /// Their name.
    pub name: String,
    /// Their team.
    pub team: Option<String>,
    /// They are a robot.
    pub is_bot: bool,
    /// Number, name and address of each identity.
    pub identities: Vec<(i64, String, String)>,
}

/// What ties a person to suites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tie {
    /// They are responsible for them.
    Owner,
    /// They want to hear of them.
    Subscription,
}

/// The suites that a person is tied to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tied {
    /// The project.
    pub project: String,
    /// What the names of the suites are like, as SQL's `LIKE` has it.
    pub pattern: String,
    /// The person.
    pub person_id: i64,
    /// Their name.
    pub name: String,
}

impl Tie {
    fn table(self) -> &'static str {
        match self {
            Self::Owner => "module_owner",
            Self::Subscription => "subscription",
        }
    }
}

impl State {
    /// Returns all people who have an identity, by name.
    pub fn people(&self) -> Result<Vec<Person>> {
        const SELECT: &str = "SELECT p.person_id, p.name, p.team, p.is_bot, i.identity_id, i.name, i.email \
            FROM person AS p JOIN identity AS i USING (person_id) ORDER BY i.email, i.name";
        let mut people = BTreeMap::new();
        self.read(|c| {
            let mut select = c.prepare(SELECT)?;
            let mut rows = select.query([])?;
            while let Some(row) = rows.next()? {
                let (person_id, name): (i64, String) = (row.get(0)?, row.get(1)?);
                let (team, is_bot) = (row.get(2)?, row.get(3)?);
                people
                    .entry((name.clone(), person_id))
                    .or_insert_with(|| Person { person_id, name, team, is_bot, identities: Vec::new() })
                    .identities
                    .push((row.get(4)?, row.get(5)?, row.get(6)?));
            }
            Ok(())
        })?;
        Ok(people.into_values().collect())
    }

    /// Says which team a person is in; none for nobody's.
    pub fn set_team(&self, person_id: i64, team: Option<&str>) -> Result<()> {
        self.write(|t| {
            t.execute("UPDATE person SET team = ?2 WHERE person_id = ?1", params![person_id, team]).map(drop)
        })
    }

    /// Says whether a person is a robot.
    pub fn set_bot(&self, person_id: i64, is_bot: bool) -> Result<()> {
        const UPDATE: &str = "UPDATE person SET is_bot = ?2 WHERE person_id = ?1";
        self.write(|t| t.execute(UPDATE, params![person_id, is_bot]).map(drop))
    }

    /// Makes one person of two: what was `other_id`'s is `person_id`'s from now on.
    pub fn join_people(&self, person_id: i64, other_id: i64) -> Result<()> {
        self.write(|t| {
            for table in ["identity", "note", "module_owner", "subscription", "outbox"] {
                let update = format!("UPDATE OR IGNORE {table} SET person_id = ?1 WHERE person_id = ?2");
                t.execute(&update, [person_id, other_id])?;
            }
            // What both had stays with whom it was first.
            for table in ["module_owner", "subscription"] {
                t.execute(&format!("DELETE FROM {table} WHERE person_id = ?1"), [other_id])?;
            }
            const DELETE: &str = "DELETE FROM person WHERE person_id = ?1 \
                AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.person_id = ?1)";
            t.execute(DELETE, [other_id]).map(drop)
        })
    }

    /// Makes a person of its own of an identity.
    pub fn part(&self, identity_id: i64) -> Result<()> {
        const INSERT: &str = "INSERT OR IGNORE INTO person (person_id, name, team, is_bot) \
            SELECT identity_id, name, NULL, 0 FROM identity WHERE identity_id = ?1";
        self.write(|t| {
            t.execute(INSERT, [identity_id])?;
            t.execute("UPDATE identity SET person_id = identity_id WHERE identity_id = ?1", [identity_id]).map(drop)
        })
    }

    /// Returns who is tied to which suites, by project and pattern.
    pub fn tied(&self, tie: Tie) -> Result<Vec<Tied>> {
        let select = format!(
            "SELECT t.project, t.pattern, t.person_id, p.name FROM {} AS t JOIN person AS p USING (person_id) \
             ORDER BY t.project, t.pattern, p.name, t.person_id",
            tie.table()
        );
        self.read(|c| {
            let tied = |row: &Row<'_>| {
                Ok(Tied { project: row.get(0)?, pattern: row.get(1)?, person_id: row.get(2)?, name: row.get(3)? })
            };
            c.prepare(&select)?.query_map([], tied)?.collect()
        })
    }

    /// Ties a person to the suites of a project that are like `pattern`; returns whether that is new.
    pub fn tie(&self, tie: Tie, project: &str, pattern: &str, person_id: i64) -> Result<bool> {
        let insert = format!("INSERT OR IGNORE INTO {} (project, pattern, person_id) VALUES (?1, ?2, ?3)", tie.table());
        self.write(|t| Ok(t.execute(&insert, params![project, pattern, person_id])? > 0))
    }

    /// Ends that; returns whether it was so.
    pub fn untie(&self, tie: Tie, project: &str, pattern: &str, person_id: i64) -> Result<bool> {
        let delete = format!("DELETE FROM {} WHERE project = ?1 AND pattern = ?2 AND person_id = ?3", tie.table());
        self.write(|t| Ok(t.execute(&delete, params![project, pattern, person_id])? > 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> (tempfile::TempDir, State) {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(&folder.path().join("state.sqlite")).unwrap();
        (folder, state)
    }

    #[test]
    fn two_become_one_and_part_again() {
        let (_folder, state) = state();
        let [(ada, _), (old, _)] = ["ada@example.org", "ada@old.example.org"].map(|a| state.addressee(a).unwrap());
        state.set_team(ada, Some("core")).unwrap();
        assert!(state.tie(Tie::Owner, "p", "core%", old).unwrap());
        assert!(state.tie(Tie::Subscription, "p", "%", ada).unwrap());
        assert!(state.tie(Tie::Subscription, "p", "%", old).unwrap());
        state.join_people(ada, old).unwrap();
        let [person] = &state.people().unwrap()[..] else { panic!("one person") };
        assert_eq!((person.person_id, person.team.as_deref(), person.identities.len()), (ada, Some("core"), 2));
        let of = |tie| state.tied(tie).unwrap().into_iter().map(|t| (t.pattern, t.person_id)).collect::<Vec<_>>();
        assert_eq!(of(Tie::Owner), [("core%".to_owned(), ada)]);
        assert_eq!(of(Tie::Subscription), [("%".to_owned(), ada)]);
        state.part(old).unwrap();
        assert_eq!(state.people().unwrap().len(), 2);
        assert!(
            state.untie(Tie::Owner, "p", "core%", ada).unwrap() && !state.untie(Tie::Owner, "p", "core%", ada).unwrap()
        );
    }
}
