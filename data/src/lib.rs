//! What Annals stores: the schemas of the tables, ids, the Delta store of facts and the state database.
//!
//! The map, in the order in which data passes:
//!
//! - [`row`]: one Rust struct per fact, as the collector fills it.
//! - [`outcomes`]: the outcomes of a build, however many, in bounded memory.
//! - [`schema`]: the columns of each fact table, declared once and documented.
//! - [`id`]: how stable identifiers are made from names.
//! - [`batch`]: rows turned into arrow batches of those schemas; `duration` says how precisely lengths are kept.
//! - `tally`: outcomes counted by suite and day as they come in.
//! - [`encode`]: Parquet files, their columns side by side; [`scan`]: immutable files as a table of the engine.
//! - [`store`]: the writer; takes whole ingests exactly once and publishes versions.
//! - [`journal`]: what was acknowledged but may not be in the tables' logs yet.
//! - [`state`]: the SQLite file of what people and machines change.
//! - [`signature`]: failure texts with the accidents masked; [`identifier`]: the names that they and programs speak of.
//! - [`setting`]: the thresholds of the rules of judgement, with their defaults.
//!
//! What is known *about* the facts (streaks, blamelists, views) lives in the crate `annals-analytics`.

pub mod batch;
pub mod encode;
pub mod id;
pub mod identifier;
pub mod journal;
pub mod outcomes;
pub mod row;
pub mod scan;
pub mod schema;
pub mod setting;
pub mod signature;
pub mod state;
pub mod store;

mod duration;
mod error;
mod tally;

pub use error::{Error, Result};
