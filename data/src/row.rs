//! The facts as the collector fills them: one struct per row of a fact table.
//!
//! Field names are column names; [`crate::schema`] documents them for readers of the tables. Ids that follow from
//! other fields are not here: [`crate::batch`] computes them when rows become batches. Times are microseconds since
//! 1970 UTC.

use serde::{Deserialize, Serialize};

/// One commit in one repository.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Change {
    /// The project that the repository belongs to.
    pub project: String,
    /// The full commit id.
    pub revision: String,
    /// The parents' commit ids, first parent first.
    pub parents: Vec<String>,
    /// The author's name after `.mailmap`.
    pub author_name: String,
    /// The author's address after `.mailmap`; private.
    pub author_email: String,
    /// The committer's name after `.mailmap`.
    pub committer_name: String,
    /// The committer's address after `.mailmap`; private.
    pub committer_email: String,
    /// When the change was written.
    pub authored_at: i64,
    /// When it was committed.
    pub committed_at: i64,
    /// The first line of the message.
    pub subject: String,
    /// The whole message.
    pub message: String,
    /// The files that the change touches, against the first parent.
    pub files: Vec<File>,
}

/// One file of a change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct File {
    /// The path after the change.
    pub path: String,
    /// The path before it, where the file was renamed or copied.
    pub old_path: Option<String>,
    /// `added`, `modified`, `deleted`, `renamed`, `copied`, `typechange`.
    pub kind: String,
    /// Lines added; for a merge only lines that no parent has; null for binary files.
    pub lines_added: Option<i64>,
    /// Lines removed; null for binary files.
    pub lines_removed: Option<i64>,
    /// Lines that a merge brought in from its other parents; zero for other changes.
    pub merge_lines_added: i64,
    /// Lines that a merge removed by its other parents; zero for other changes.
    pub merge_lines_removed: i64,
    /// Identifiers in the lines that differ from the first parent and in those that enclose them, each once; null where
    /// they are not known.
    pub identifiers: Option<Vec<String>>,
}

/// Result of a build or a step, worst first (Buildbot's order).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BuildResult {
    /// Ended by a person or by a newer build.
    Cancelled,
    /// Lost by the machinery; to be built again.
    Retry,
    /// The machinery broke, not the change: no checkout, no worker.
    Exception,
    /// A step or a test failed.
    Failure,
    /// Passed with warnings.
    Warnings,
    /// Passed.
    Success,
    /// Not built, on purpose.
    Skipped,
}

impl BuildResult {
    /// Returns the word that the tables hold.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Retry => "retry",
            Self::Exception => "exception",
            Self::Failure => "failure",
            Self::Warnings => "warnings",
            Self::Success => "success",
            Self::Skipped => "skipped",
        }
    }

    /// Returns the result that a word of the tables stands for.
    pub fn parse(word: &str) -> Option<Self> {
        use BuildResult::{Cancelled, Exception, Failure, Retry, Skipped, Success, Warnings};
        let all = [Cancelled, Retry, Exception, Failure, Warnings, Success, Skipped];
        all.into_iter().find(|result| result.as_str() == word)
    }
}

/// One run of a builder on a source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Build {
    /// The idempotency key that brought it in; `build_id` is made of it.
    pub key: String,
    /// The project.
    pub project: String,
    /// The branch that was built.
    pub branch: String,
    /// The revision that was built.
    pub revision: String,
    /// The place of the revision in its branch's first-parent line.
    pub position: i64,
    /// The builder.
    pub builder: String,
    /// The builder's own number for it, where it has one.
    pub number: Option<i64>,
    /// The result.
    pub result: BuildResult,
    /// Why it is not a success, in one line.
    pub reason: Option<String>,
    /// The machine that ran it.
    pub worker: Option<String>,
    /// The environment as a JSON object of strings.
    pub environment: Option<String>,
    /// Where its own page is.
    pub url: Option<String>,
    /// When it began; null where nobody knows.
    pub started_at: Option<i64>,
    /// When it ended.
    pub finished_at: Option<i64>,
    /// A try build of an uncommitted or unmerged patch: nobody's baseline.
    pub is_patch: bool,
    /// Who wrote the patch: name and address; only for a patch build.
    pub patch_author_name: Option<String>,
    /// The patch author's address; private.
    pub patch_author_email: Option<String>,
    /// The reports list failures only, so that absence says nothing.
    pub is_failures_only: bool,
}

/// One command of a build.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The build's idempotency key.
    pub build_key: String,
    /// The project.
    pub project: String,
    /// Its place in the build, from 1; setup comes first.
    pub number: i64,
    /// Its name.
    pub name: String,
    /// The command line.
    pub command: String,
    /// The result.
    pub result: BuildResult,
    /// The exit status; null where a signal or a timeout ended it.
    pub exit_status: Option<i64>,
    /// Why it is not a success, in one line: `exit status 2`, `timed out after 60 s`, `killed by signal 9`.
    pub reason: Option<String>,
    /// When it began.
    pub started_at: Option<i64>,
    /// How long it took, in microseconds.
    pub duration_us: Option<i64>,
    /// The compressed log, relative to the store's log folder.
    pub log_path: Option<String>,
    /// The log's size before compression and truncation, in bytes.
    pub log_size: Option<i64>,
    /// Whether the log was cut to its bound.
    pub is_log_truncated: bool,
}

/// What one attempt did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It passed.
    Passed,
    /// An assertion failed.
    Failed,
    /// It broke outside its assertions: setup, crash, timeout.
    Errored,
    /// It was not run, on purpose.
    Skipped,
    /// It failed as expected.
    Xfailed,
    /// It passed although a failure was expected.
    Xpassed,
}

impl Status {
    /// Returns the word that the tables hold.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Errored => "errored",
            Self::Skipped => "skipped",
            Self::Xfailed => "xfailed",
            Self::Xpassed => "xpassed",
        }
    }

    /// Returns the status that a word of the tables stands for.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Passed, Self::Failed, Self::Errored, Self::Skipped, Self::Xfailed, Self::Xpassed]
            .into_iter()
            .find(|status| status.as_str() == word)
    }
}

/// What one attempt of a test did in one build.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// `test`, `suite` for a suite as a whole, or `step` for a step of the build itself.
    pub kind: Kind,
    /// The suite: everything that qualifies the name.
    pub suite: String,
    /// The test's own name; it may hold dots.
    pub name: String,
    /// The attempt, from 1.
    pub attempt: i64,
    /// What it did.
    pub status: Status,
    /// For `errored`: `timed_out`, `crashed`, or null.
    pub error_kind: Option<String>,
    /// How long it took, in microseconds.
    pub duration_us: Option<i64>,
    /// The failure text.
    pub message: Option<String>,
    /// The file that the test stands in.
    pub file: Option<String>,
    /// The line in that file, from 1.
    pub line: Option<i64>,
    /// What the attempt measured beside its duration.
    pub measures: Vec<Measure>,
}

impl Outcome {
    /// Returns the first attempt of a test of which nothing else is known.
    pub fn new(suite: impl Into<String>, name: impl Into<String>, status: Status) -> Self {
        Self {
            kind: Kind::Test,
            suite: suite.into(),
            name: name.into(),
            attempt: 1,
            status,
            error_kind: None,
            duration_us: None,
            message: None,
            file: None,
            line: None,
            measures: Vec::new(),
        }
    }

    /// Returns what went wrong with a suite as a whole: `part` of it, such as [`SUITE`].
    pub fn of_suite(suite: impl Into<String>, part: impl Into<String>, status: Status) -> Self {
        Self { kind: Kind::Suite, ..Self::new(suite, part, status) }
    }
}

/// The name of a suite's outcome where nothing says which part of it went wrong.
pub const SUITE: &str = "(suite)";

/// A number that an attempt measured: memory, a size, a benchmark's value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    /// What was measured, in the tool's words: `B/op`, `peak memory`.
    pub metric: String,
    /// The value; finite.
    pub value: f64,
    /// Its unit, where the tool names one.
    pub unit: Option<String>,
}

/// What an outcome is the outcome of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A test of a report.
    Test,
    /// A suite around its tests: that it loads, is set up and torn down. Reports tell of it only where it went wrong,
    /// so it passed wherever tests ran and nothing was told of it.
    Suite,
    /// A step of a build.
    Step,
}

impl Kind {
    /// Returns the word that the tables hold.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Suite => "suite",
            Self::Step => "step",
        }
    }
}
