//! What the catalogs tell of one version in words: what tables, columns and functions mean, and how they are defined.
//!
//! It is filled in `catalog` and `routine`, and told by the functions of `shim`.

use std::collections::{HashMap, HashSet};

/// Texts by the number of a table or function and of its column, 0 for the table.
pub(super) type Comments = HashMap<(i64, i64), String>;

/// What is told of a version's tables and functions, by their numbers here.
#[derive(Debug, Default)]
pub(super) struct Texts {
    /// What tables and columns mean, and what functions do.
    pub(super) comments: Comments,
    /// The text of each view.
    pub(super) definitions: Comments,
    /// What each function takes, and what it gives.
    pub(super) arguments: Comments,
    pub(super) results: Comments,
    /// Each function as `\sf` shows it.
    pub(super) bodies: Comments,
    /// The numbers of functions by name.
    pub(super) routines: HashMap<String, i64>,
    /// The numbers of tables by schema and name.
    pub(super) tables: HashMap<(String, String), i64>,
}

impl Texts {
    /// Returns the number of a table, by its name as SQL writes it.
    pub(super) fn number(&self, name: &str, path: &[String]) -> Option<i64> {
        let mut parts = name.split('.').map(|part| part.trim_matches('"').to_owned());
        let (first, second) = (parts.next()?, parts.next());
        match second {
            Some(table) => self.tables.get(&(first, table)).copied(),
            None => path.iter().find_map(|schema| self.tables.get(&(schema.clone(), first.clone())).copied()),
        }
    }

    /// Returns the numbers of the tables that need no schema.
    pub(super) fn visible(&self, path: &[String]) -> HashSet<i64> {
        let is_found = |(schema, name): &(String, String), number: i64| {
            schema == "pg_catalog" || path.contains(schema) && self.number(name, path) == Some(number)
        };
        self.tables.iter().filter(|(key, number)| is_found(key, **number)).map(|(_, number)| *number).collect()
    }

    /// Returns the number of a function, by its name as SQL writes it.
    pub(super) fn routine(&self, name: &str) -> Option<i64> {
        let name = name.split('(').next().unwrap_or_default();
        let last = name.rsplit('.').next().unwrap_or_default().trim_matches('"');
        self.routines.get(last).copied()
    }
}
