//! What travels between `annals upload` and a server: the one description that both sides are written against.
//!
//! | request | body | answer |
//! |---|---|---|
//! | `POST /api/v1/ingest` | `multipart/form-data`: one part `build` ([`Head`] as JSON), at most one part `changes` (one [`Change`] as JSON per line), any number of parts `report` with a file name; or a single report, with the fields of [`Head`] in the query | [`Receipt`] |
//! | `POST /api/v1/known` | [`Question`] as JSON | [`Unknown`] |
//!
//! A body may be compressed (`Content-Encoding: gzip` or `zstd`), and so may each part: its content tells.
//! Authorisation is `Authorization: Bearer TOKEN`. Errors are `application/problem+json` (RFC 9457).
//!
//! [`Change`]: annals_data::row::Change

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The address of uploads.
pub const INGEST: &str = "/api/v1/ingest";
/// The address that tells which changes a server lacks.
pub const KNOWN: &str = "/api/v1/known";

/// What an upload says of its build. Everything but project, revision and builder may be left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Head {
    /// The project.
    pub project: String,
    /// The branch; `main` if nobody says.
    pub branch: String,
    /// The full commit id.
    pub revision: String,
    /// The number of the revision's first-parent ancestors, where the sender's checkout goes back to the root; else the
    /// server finds it from the changes that it knows, or refuses the upload.
    pub position: Option<i64>,
    /// The builder: one kind of build.
    pub builder: String,
    /// What tells the build from all others of the project; a second upload of it changes nothing. Made of the origin
    /// and the reports where it is not given; must be given where the build comes in parts.
    pub key: Option<String>,
    /// The part of the build that this upload is: a shard's number or name. A part that comes twice counts once.
    pub part: Option<String>,
    /// The last word on a build that comes in parts: it is closed. Without it the build is closed after a while.
    pub is_final: bool,
    /// The builder's own number for the build.
    pub number: Option<i64>,
    /// Which attempt at the build this is, from 1: another attempt is another build at the same position.
    pub attempt: Option<i64>,
    /// The build's own page.
    pub url: Option<String>,
    /// The machine that ran it.
    pub worker: Option<String>,
    /// What else is known of where it ran.
    pub environment: BTreeMap<String, String>,
    /// When it began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// Buildbot's word for how it ended, where the tests do not tell it: `exception`, `cancelled`.
    pub result: Option<String>,
    /// Who wrote the patch, where the build is one of a patch (a pull request): name and address.
    pub patch_author: Option<(String, String)>,
    /// The sender's checkout does not go back to the root.
    pub is_shallow: bool,
}

/// What became of an upload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Receipt {
    /// The build's key.
    pub key: String,
    /// The build, as pages and SQL call it.
    pub build_id: String,
    /// How many outcomes were read.
    pub outcome_count: usize,
    /// How many changes were new.
    pub change_count: usize,
    /// The server had it already, and nothing was changed.
    pub is_replay: bool,
    /// The build comes in parts and is still open.
    pub is_open: bool,
    /// What its sender should know of the reports, with file and line.
    pub warnings: Vec<String>,
}

/// Which of these revisions does the server lack?
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The project.
    pub project: String,
    /// Full commit ids, at most 10,000.
    pub revisions: Vec<String>,
}

/// The answer: these.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unknown {
    /// Full commit ids, in the order of the question.
    pub unknown: Vec<String>,
}
