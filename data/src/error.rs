//! Errors of the store.

use std::path::PathBuf;

/// What can go wrong with the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file of the store cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// The store was written by a newer Annals.
    #[error("{path}: the store has version {found}, this Annals reads up to {known}; use a newer Annals")]
    NewerVersion {
        /// The state database.
        path: PathBuf,
        /// The version found.
        found: i64,
        /// The newest version known.
        known: i64,
    },
    /// The location of the facts is neither a folder nor a URL.
    #[error("`{location}` is no place for facts: {reason}")]
    Location {
        /// As given.
        location: String,
        /// The reason.
        reason: String,
    },
    /// A Delta table cannot be read or written.
    #[error("table `{table}`: {}", told(cause.as_ref()))]
    Table {
        /// The table.
        table: &'static str,
        /// The reason; no source, because each error of its chain says all of the next.
        cause: Box<deltalake::DeltaTableError>,
    },
    /// The state or journal database refused.
    #[error("{path}: {source}")]
    State {
        /// The database.
        path: PathBuf,
        /// The reason.
        source: rusqlite::Error,
    },
    /// Outcomes that lie in the folder for temporary files cannot be read back.
    #[error("the folder for temporary files: {source}")]
    Spilled {
        /// The reason.
        source: std::io::Error,
    },
    /// Rows do not fit their schema.
    #[error("table `{table}`: {source}")]
    Rows {
        /// The table.
        table: &'static str,
        /// The reason.
        source: arrow::error::ArrowError,
    },
}

/// Returns what an error of a table says; of a full disk only that, because the chain says it six times.
fn told(error: &(dyn std::error::Error + 'static)) -> String {
    let mut chain = std::iter::successors(Some(error), |error| error.source());
    let is_full = |error: &&std::io::Error| error.kind() == std::io::ErrorKind::StorageFull;
    match chain.find_map(|error| error.downcast_ref().filter(is_full)) {
        Some(full) => format!("{full}; what was acknowledged is kept, and goes on once there is room"),
        None => error.to_string(),
    }
}

/// Result of the store's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;
