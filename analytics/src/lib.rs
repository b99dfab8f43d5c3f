//! What Annals knows: views, streaks, blamelists and sessions.
//!
//! - [`warehouse`]: the door; commits ingests, folds them, hands out sessions.
//! - `fold`, `streak`, `graph`: new facts become streaks and blamelists.
//! - `segment`, `knowledge`: where these are kept, in files of streaks and one SQLite file.
//! - `raw`, `dimension`: knowledge, state and small facts as tables for sessions.
//! - `kept`: views that a session computes once.
//! - `run`: rows that stand together in the files are added up together.
//! - [`check`]: whether what is maintained equals what is recomputed.
//! - [`judge`]: evidence against the changes of a blamelist, how its weights are learnt, and how good they are.
//! - [`session`]: one version of all tables under all views.
//! - [`function`]: what SQL can call besides what the engine brings along.
//! - [`outside`]: questions of strangers, bounded.
//! - [`saved`]: queries that people keep, with parameters, schedules and alerts.
//! - [`view`]: the catalog of views; one file each under `views/`.

pub mod check;
pub mod function;
pub mod judge;
pub mod outside;
pub mod saved;
pub mod session;
pub mod view;
pub mod warehouse;

mod by_build;
mod computed;
mod dimension;
mod early;
mod error;
mod fold;
mod graph;
mod history;
mod kept;
mod knowledge;
mod lineage;
mod prepared;
mod raw;
mod run;
mod segment;
mod streak;

pub use error::{Error, Result};
pub use session::Session;
pub use warehouse::{News, Warehouse};
