//! How results get into Annals: git history, running builds, report formats, ingest.

pub mod demo;
pub mod report;
