//! The fact tables: every column declared once, documented and marked public or private.
//!
//! Declared columns make the arrow schema, the Delta table, the SQL catalog and the reference page. Filter columns
//! come first and texts last, because Delta keeps statistics on the first columns only.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};

/// Who may see a column by SQL or export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// Everybody who may query.
    Public,
    /// Only Annals itself; never leaves by SQL or export.
    Private,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A hash of [`crate::id`] or a whole number.
    Int,
    /// A number with a fraction.
    Real,
    /// UTF-8 text.
    Text,
    /// A list of texts.
    Texts,
    /// True or false.
    Flag,
    /// Microseconds since 1970, UTC.
    Time,
    /// A list of the files of a change: [`FILE_COLUMNS`].
    Files,
}

/// One column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether it may be null.
    pub nullable: bool,
    /// Who may see it.
    pub visibility: Visibility,
    /// What it means, with its unit.
    pub doc: &'static str,
}

/// One fact table.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// Its name, also its folder's.
    pub name: &'static str,
    /// One row per what.
    pub doc: &'static str,
    /// How many leading columns have statistics in the Delta log.
    pub indexed: usize,
    /// The columns that the rows of a file are ordered by, whole numbers or texts that their first eight bytes tell
    /// apart: what is asked for together lies together.
    pub order: &'static [&'static str],
    /// The columns that are added up where rows agree in `order`, when files are merged; mostly none.
    pub sums: &'static [&'static str],
    /// Its columns.
    pub columns: &'static [Column],
}

const fn col(name: &'static str, kind: Kind, doc: &'static str) -> Column {
    Column { name, kind, nullable: false, visibility: Visibility::Public, doc }
}

const fn opt(name: &'static str, kind: Kind, doc: &'static str) -> Column {
    Column { name, kind, nullable: true, visibility: Visibility::Public, doc }
}

const fn secret(name: &'static str, kind: Kind, doc: &'static str) -> Column {
    Column { name, kind, nullable: true, visibility: Visibility::Private, doc }
}

use Kind::{Files, Flag, Int, Real, Text, Texts, Time};

/// The fields of one element of `change.files`.
pub const FILE_COLUMNS: &[Column] = &[
    col("path", Text, "path after the change"),
    opt("old_path", Text, "path before it, where the file was renamed or copied"),
    col("kind", Text, "added, modified, deleted, renamed, copied, typechange"),
    opt("lines_added", Int, "lines added; for a merge only lines that no parent has; null for binary files"),
    opt("lines_removed", Int, "lines removed; null for binary files"),
    col("merge_lines_added", Int, "lines that a merge brought in from its other parents"),
    col("merge_lines_removed", Int, "lines that a merge removed by its other parents"),
    opt(
        "identifiers",
        Texts,
        "identifiers in the lines that differ from the first parent and in those around them that are indented less, each \
         once, the first 200; null where they are not known",
    ),
];

/// The tests together, and in each the series, in the order of its history.
const SERIES_ORDER: &[&str] = &["test_id", "series_id", "position", "build_id", "attempt"];

/// What failed apart from what passed, as hardly anybody asks for both; each in the order of series.
const OUTCOME_ORDER: &[&str] = &["outcome", "test_id", "series_id", "position", "build_id", "attempt"];

/// Changes.
pub const CHANGE: Table = Table {
    name: "change",
    doc: "one row per commit of a project's repository",
    indexed: 4,
    order: &["batch", "change_id"],
    sums: &[],
    columns: &[
        col("batch", Int, "number of the batch that brought the row in"),
        col("change_id", Int, "hash of project and revision"),
        col("committed_at", Time, "when it was committed"),
        col("author_id", Int, "hash of the author's address; joins raw.identity"),
        col("project", Text, "the project"),
        col("revision", Text, "full commit id"),
        col("parents", Texts, "commit ids of the parents, first parent first"),
        col("author_name", Text, "author after .mailmap"),
        secret("author_email", Text, "author's address after .mailmap"),
        col("committer_id", Int, "hash of the committer's address"),
        col("committer_name", Text, "committer after .mailmap"),
        secret("committer_email", Text, "committer's address after .mailmap"),
        col("authored_at", Time, "when it was written"),
        col("subject", Text, "first line of the message"),
        col("message", Text, "whole message"),
        col("files", Files, "files touched, against the first parent"),
    ],
};

/// Builds.
pub const BUILD: Table = Table {
    name: "build",
    doc: "one row per run of a builder on a source",
    indexed: 4,
    order: &["batch", "build_id"],
    sums: &[],
    columns: &[
        col("batch", Int, "number of the batch that brought the row in"),
        col("build_id", Int, "hash of project and idempotency key"),
        col("position", Int, "place of the revision in its branch's first-parent line"),
        opt("started_at", Time, "when it began"),
        col("project", Text, "the project"),
        col("branch", Text, "the branch"),
        col("builder", Text, "the builder: one kind of build"),
        col("revision", Text, "revision that was built"),
        opt("number", Int, "the builder's own number for it"),
        col("result", Text, "cancelled, retry, exception, failure, warnings, success, skipped"),
        opt("reason", Text, "why it is not a success, in one line"),
        opt("worker", Text, "machine that ran it"),
        opt("environment", Text, "environment as a JSON object of strings"),
        opt("url", Text, "its own page elsewhere"),
        opt("finished_at", Time, "when it ended"),
        col("is_patch", Flag, "a try build of a patch: nobody's baseline"),
        opt("patch_author_id", Int, "hash of the patch author's address"),
        opt("patch_author_name", Text, "who wrote the patch"),
        secret("patch_author_email", Text, "the patch author's address"),
        col("is_failures_only", Flag, "its reports list failures only: absence says nothing"),
        col("outcome_count", Int, "outcomes of tests, attempts counted"),
        col("passed_count", Int, "outcomes passed or xfailed"),
        col("failed_count", Int, "outcomes failed, errored or xpassed"),
        col("skipped_count", Int, "outcomes skipped"),
        col("decisive_test_count", Int, "tests that passed or failed in it"),
        col("failing_test_count", Int, "tests that failed in it and did not pass"),
        col("ingest_key", Text, "idempotency key that brought it in"),
        col("ingested_at", Time, "when its batch was written"),
    ],
};

/// Steps.
pub const STEP: Table = Table {
    name: "step",
    doc: "one row per command of a build",
    indexed: 2,
    order: &["batch", "build_id", "number"],
    sums: &[],
    columns: &[
        col("batch", Int, "number of the batch that brought the row in"),
        col("build_id", Int, "the build"),
        col("number", Int, "place in the build, from 1"),
        col("name", Text, "its name"),
        col("command", Text, "command line"),
        col("result", Text, "as of a build"),
        opt("reason", Text, "why it is not a success"),
        opt("exit_status", Int, "null where a signal or a timeout ended it"),
        opt("started_at", Time, "when it began"),
        opt("duration_us", Int, "how long it took, microseconds"),
        opt("log_path", Text, "compressed log, relative to the store's log folder"),
        opt("log_size", Int, "log size before compression and truncation, bytes"),
        col("is_log_truncated", Flag, "whether the log was cut to its bound"),
    ],
};

/// Outcomes.
pub const OUTCOME: Table = Table {
    name: "outcome",
    doc: "one row per attempt of a test in a build",
    indexed: 6,
    order: OUTCOME_ORDER,
    sums: &[],
    columns: &[
        col("batch", Int, "number of the batch that brought the row in"),
        col("series_id", Int, "hash of test, branch and builder"),
        col("position", Int, "place of the build's revision in its branch"),
        col("test_id", Int, "hash of project, kind, suite and name"),
        col("build_id", Int, "the build"),
        col("outcome", Text, "passed, failed, errored, skipped, xfailed, xpassed"),
        col("attempt", Int, "attempt in this build, from 1"),
        opt("duration_us", Int, "how long it took, microseconds, to six significant bits: within 1.6 %"),
        opt("message_id", Int, "failure text, joins message"),
        col("kind", Text, "test, suite for a suite as a whole, or step for a step of the build"),
        opt("error_kind", Text, "timed_out or crashed, for errored outcomes"),
        col("project", Text, "the project"),
        col("branch", Text, "the branch"),
        col("builder", Text, "the builder"),
        col("suite", Text, "everything that qualifies the test's name"),
        col("name", Text, "the test's own name; may hold dots"),
        opt("file", Text, "file that the test stands in"),
        opt("line", Int, "line in that file, from 1"),
    ],
};

/// What attempts measured.
pub const MEASURE: Table = Table {
    name: "measure",
    doc: "one row per number that an attempt measured beside its duration",
    indexed: 5,
    order: SERIES_ORDER,
    sums: &[],
    columns: &[
        col("batch", Int, "number of the batch that brought the row in"),
        col("series_id", Int, "hash of test, branch and builder"),
        col("position", Int, "place of the build's revision in its branch"),
        col("test_id", Int, "hash of project, kind, suite and name"),
        col("build_id", Int, "the build"),
        col("attempt", Int, "attempt in this build, from 1"),
        col("metric", Text, "what was measured, in the tool's words: B/op, peak memory"),
        col("value", Real, "the value, in the unit"),
        opt("unit", Text, "the unit, where the tool names one"),
    ],
};

/// Outcomes counted by suite and day.
pub const TALLY: Table = Table {
    name: "tally",
    doc: "what the outcomes of batches add to one day of a suite on a lane; add up the rows of a day",
    indexed: 4,
    order: &["suite_id", "lane_id", "day"],
    sums: &[
        "build_count",
        "outcome_count",
        "passed_count",
        "failed_count",
        "skipped_count",
        "timed_count",
        "duration_us",
    ],
    columns: &[
        col("batch", Int, "number of the newest batch in it"),
        col("suite_id", Int, "hash of project and suite"),
        col("lane_id", Int, "hash of project, branch and builder"),
        col("day", Time, "begin of the UTC day on which the revision was committed; built where that is not known"),
        col("project", Text, "the project"),
        col("branch", Text, "the branch"),
        col("builder", Text, "the builder"),
        col("suite", Text, "everything that qualifies the tests' names"),
        col("build_count", Int, "builds that ran tests of the suite; patch builds count nowhere"),
        col("outcome_count", Int, "outcomes of tests, attempts counted"),
        col("passed_count", Int, "outcomes passed or xfailed"),
        col("failed_count", Int, "outcomes failed, errored or xpassed"),
        col("skipped_count", Int, "outcomes skipped"),
        col("timed_count", Int, "outcomes not skipped whose length is known"),
        col("duration_us", Int, "the sum of these lengths, microseconds"),
    ],
};

/// Failure texts.
pub const MESSAGE: Table = Table {
    name: "message",
    doc: "one row per distinct failure text",
    indexed: 2,
    order: &["message_id"],
    sums: &[],
    columns: &[
        col("batch", Int, "number of the batch that brought the row in"),
        col("message_id", Int, "hash of the text"),
        col("signature", Text, "the text's first line with numbers, addresses, paths and times masked"),
        col("text", Text, "the text, cut to its bound"),
    ],
};

/// All fact tables, in the order in which a batch commits them: what is referred to comes first.
pub const TABLES: [&Table; 7] = [&MESSAGE, &OUTCOME, &MEASURE, &TALLY, &STEP, &CHANGE, &BUILD];

impl Kind {
    fn data_type(self) -> DataType {
        match self {
            Int => DataType::Int64,
            Real => DataType::Float64,
            Text => DataType::Utf8,
            Texts => DataType::List(Arc::new(Field::new("element", DataType::Utf8, true))),
            Flag => DataType::Boolean,
            Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Files => {
                let element = DataType::Struct(fields(FILE_COLUMNS));
                DataType::List(Arc::new(Field::new("element", element, true)))
            }
        }
    }
}

impl Table {
    /// Returns the arrow schema, which is also the Delta table's.
    pub fn arrow(&self) -> SchemaRef {
        Arc::new(Schema::new(fields(self.columns)))
    }
}

fn fields(columns: &[Column]) -> Fields {
    columns.iter().map(|c| Field::new(c.name, c.kind.data_type(), c.nullable)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_is_documented_and_named_once() {
        for table in TABLES {
            let mut names: Vec<_> = table.columns.iter().map(|c| c.name).collect();
            assert!(table.columns.iter().all(|c| !c.doc.is_empty()), "{}", table.name);
            names.sort_unstable();
            let count = names.len();
            names.dedup();
            assert_eq!(names.len(), count, "{}", table.name);
            assert!(table.indexed <= count);
        }
    }

    #[test]
    fn addresses_are_private() {
        for column in TABLES.iter().flat_map(|t| t.columns) {
            assert_eq!(column.name.ends_with("_email"), column.visibility == Visibility::Private, "{}", column.name);
        }
    }
}
