//! How results get into Annals: git history, running builds, report formats, ingest.
//!
//! The map, in the order in which data passes:
//!
//! - [`mirror`]: a repository, copied once and kept up to date by the `git` command.
//! - [`history`]: what is read from it: revisions to build and changes with their files.
//! - [`builder`]: what a build consists of, from the configuration.
//! - [`checkout`]: private working directories, one per worker.
//! - [`run`]: one build: commands, logs, reports, outcomes.
//! - [`report`]: report formats turned into outcomes.
//! - [`unpack`]: files as they were before they were compressed.
//! - [`collect`]: all builds of the picked revisions, several at once.
//! - [`demo`]: a small real repository to try all this on.
//! - [`ingest`]: reports of builds that ran elsewhere.
//! - [`provider`]: which CI runs this process, and what it says of the build.
//! - [`upload`]: reports of this machine's builds, sent to a server or kept until it can be reached.
//! - [`intake`]: the server side of uploads.
//! - [`wire`]: what travels between a sender and a server.
//! - [`import`]: whole histories from files, by SELECT statements.
//!
//! Nothing here touches the store: what was read or built is handed to the caller as rows of [`annals_data::row`].

pub mod builder;
pub mod checkout;
pub mod collect;
pub mod demo;
pub mod history;
pub mod import;
pub mod ingest;
pub mod intake;
pub mod mirror;
pub mod provider;
pub mod report;
pub mod run;
pub mod unpack;
pub mod upload;
pub mod wire;

mod cancellation;
mod clock;
mod error;
mod search;

pub use cancellation::CancellationFlag;
pub use error::{Error, Result};
