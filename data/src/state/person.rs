//! People as the store learns them from changes: every new address is a new person until somebody joins them.

use rusqlite::{Transaction, params};
use serde::{Deserialize, Serialize};

use crate::id::author_id;

/// An author, committer or patch author as a row names them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Author {
    /// The name after `.mailmap`.
    pub name: String,
    /// The address after `.mailmap`.
    pub email: String,
}

/// Enters `authors` that are not known yet as identities of persons of their own. Names are public and addresses are
/// not, so whoever is named by the address only is named by what stands before its `@`.
pub(crate) fn learn(transaction: &Transaction<'_>, authors: &[Author]) -> rusqlite::Result<()> {
    let mut person = transaction
        .prepare_cached("INSERT OR IGNORE INTO person (person_id, name, team, is_bot) VALUES (?1, ?2, NULL, ?3)")?;
    let mut identity = transaction.prepare_cached(
        "INSERT OR IGNORE INTO identity (identity_id, person_id, name, email) VALUES (?1, ?1, ?2, ?3)",
    )?;
    let mut is_known = transaction.prepare_cached("SELECT 1 FROM identity WHERE identity_id = ?1")?;
    for author in authors {
        let id = author_id(&author.name, &author.email);
        if !is_known.exists([id])? {
            let name = match local(&author.email) {
                local if author.name == author.email && !local.is_empty() => local,
                _ => &author.name,
            };
            person.execute(params![id, name, is_bot(author)])?;
            identity.execute(params![id, name, author.email])?;
        }
    }
    Ok(())
}

/// Returns whether the name or address is one that robots use.
///
/// Forges mark their robots by `[bot]`; the others are the usual merge and update robots. People correct a mistake
/// in the table `person`.
fn is_bot(author: &Author) -> bool {
    const ROBOTS: [&str; 8] =
        ["bors", "dependabot", "github-actions", "mergify", "pre-commit-ci", "renovate", "web-flow", "weblate"];
    let name = author.name.to_lowercase();
    let local = local(&author.email).to_lowercase();
    name.contains("[bot]") || local.contains("[bot]") || ROBOTS.iter().any(|r| name == *r || local == *r)
}

/// Returns what stands before the `@` of an address.
fn local(email: &str) -> &str {
    email.split_once('@').map_or(email, |(local, _)| local)
}
