//! The collector as its callers use it: repositories are made with git2, builds run with nothing but `sh` and git.

#![allow(clippy::unwrap_used)]

mod building;
mod collecting;
mod configuration;
mod history;
mod import;
mod import_one;
mod ingest;
mod intake;
mod mirror;
mod upload;
mod world;
