//! The part of annals-data that the report readers need: links to its sources.

pub mod id;
pub mod outcomes;
pub mod row;
