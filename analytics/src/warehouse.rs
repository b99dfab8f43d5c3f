//! The door to a store and to what is known about it.

use std::sync::Arc;

use crate::{Result, Session};

/// An open store with its knowledge.
pub struct Warehouse {}

impl Warehouse {
    /// Returns a session on the newest published version; cheap when nothing changed.
    pub async fn session(&self) -> Result<Arc<Session>> {
        unimplemented!()
    }
}
