//! One version of all tables under all views: what a page, a query, a mail or an export is computed from.

use datafusion::prelude::SessionContext;

/// A session on one version of facts, knowledge and state.
pub struct Session {
    /// The engine's context; `mart` is the default schema.
    pub context: SessionContext,
    /// The number of the newest batch that it sees; it changes whenever an answer may change.
    pub version: i64,
}
