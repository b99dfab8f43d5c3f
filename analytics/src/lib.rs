//! What Annals knows: views, streaks, blamelists and sessions.
//!
//! - [`warehouse`]: the door; commits ingests, folds them, hands out sessions.
//! - [`session`]: one version of all tables under all views.
//! - [`view`]: the catalog of views; one file each under `views/`.

pub mod session;
pub mod view;
pub mod warehouse;

mod error;

pub use error::{Error, Result};
pub use session::Session;
pub use warehouse::Warehouse;
