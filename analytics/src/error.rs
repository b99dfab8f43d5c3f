//! Errors of analytics.

/// What can go wrong when knowledge is computed or asked for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] annals_data::Error),
    /// A query failed: its text, its names, or the running of it.
    #[error("{0}")]
    Query(#[from] datafusion::error::DataFusionError),
    /// A view's file cannot be planned.
    #[error("view `{view}`: {source}")]
    View {
        /// The view.
        view: String,
        /// The reason.
        source: Box<datafusion::error::DataFusionError>,
    },
    /// Views read each other in a circle.
    #[error("these views read each other in a circle, or read one that does: {views}")]
    ViewCycle {
        /// The views that cannot be put in order.
        views: String,
    },
    /// A view's head comment is not in form.
    #[error("view `{view}`: {reason}")]
    ViewHead {
        /// The view.
        view: String,
        /// What is missing.
        reason: String,
    },
    /// A site's view cannot be read.
    #[error("{path}: {source}")]
    ViewFile {
        /// The file or folder.
        path: std::path::PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// Knowledge cannot be computed anew from facts that are not there any more.
    #[error(
        "outcomes of {lanes} lanes were let go: what is known of them cannot be computed again, and stays as it is"
    )]
    LetGo {
        /// How many builders of branches that concerns.
        lanes: usize,
    },
    /// Knowledge is gone, and facts that it came from are not there any more.
    #[error(
        "knowledge is gone, and outcomes of {lanes} lanes were let go: bring `knowledge.sqlite` and `streaks` back from \
         a backup, or go on with what is left by `annals rebuild --forget`"
    )]
    Lost {
        /// How many builders of branches that concerns.
        lanes: usize,
    },
    /// The knowledge database failed.
    #[error("{path}: {source}")]
    Knowledge {
        /// The database.
        path: std::path::PathBuf,
        /// The reason.
        source: rusqlite::Error,
    },
}

/// Result of the functions of analytics.
pub type Result<T, E = Error> = std::result::Result<T, E>;
