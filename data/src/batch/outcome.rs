//! The columns of `outcome`, a piece at a time.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Builder, RecordBatch, StringViewBuilder};

use super::CHUNK_ROWS;
use crate::outcomes::Stored;
use crate::row::Build;
use crate::schema::OUTCOME;
use crate::store::layout;
use crate::{Error, Result, duration, id};

/// Bytes of the texts of a piece at most, give or take one row.
const CHUNK_BYTES: usize = 16 << 20;

/// An outcome with the ids that follow from it.
pub(super) struct OutcomeRow<'a> {
    pub(super) test_id: i64,
    pub(super) series_id: i64,
    pub(super) build_id: i64,
    pub(super) message_id: Option<i64>,
    pub(super) build: &'a Build,
    pub(super) outcome: Stored<'a>,
}

impl<'a> OutcomeRow<'a> {
    /// Returns an outcome of a build.
    pub(super) fn new(build_id: i64, build: &'a Build, outcome: Stored<'a>) -> Self {
        let test_id = id::test_id(&build.project, outcome.kind.as_str(), outcome.suite, outcome.name);
        let series_id = id::series_id(test_id, &build.branch, &build.builder);
        let message_id = outcome.message.map(id::message_id);
        Self { test_id, series_id, build_id, message_id, build, outcome }
    }
}

/// Builders of the outcome columns, in the schema's order: the one table that is large enough to deserve them.
pub(super) struct OutcomeColumns {
    rows: usize,
    /// Bytes of their texts.
    bytes: usize,
    batch: Int64Builder,
    series_id: Int64Builder,
    position: Int64Builder,
    test_id: Int64Builder,
    build_id: Int64Builder,
    outcome: StringViewBuilder,
    attempt: Int64Builder,
    duration_us: Int64Builder,
    message_id: Int64Builder,
    kind: StringViewBuilder,
    error_kind: StringViewBuilder,
    project: StringViewBuilder,
    branch: StringViewBuilder,
    builder: StringViewBuilder,
    suite: StringViewBuilder,
    name: StringViewBuilder,
    file: StringViewBuilder,
    line: Int64Builder,
}

impl Default for OutcomeColumns {
    fn default() -> Self {
        // Short texts lie in the rows themselves; of long ones only names hardly repeat.
        let repeated = || StringViewBuilder::new().with_deduplicate_strings();
        Self {
            rows: 0,
            bytes: 0,
            batch: Int64Builder::new(),
            series_id: Int64Builder::new(),
            position: Int64Builder::new(),
            test_id: Int64Builder::new(),
            build_id: Int64Builder::new(),
            outcome: repeated(),
            attempt: Int64Builder::new(),
            duration_us: Int64Builder::new(),
            message_id: Int64Builder::new(),
            kind: repeated(),
            error_kind: repeated(),
            project: repeated(),
            branch: repeated(),
            builder: repeated(),
            suite: repeated(),
            name: StringViewBuilder::new(),
            file: repeated(),
            line: Int64Builder::new(),
        }
    }
}

impl OutcomeColumns {
    /// Returns whether they are a piece.
    pub(super) fn is_full(&self) -> bool {
        self.rows >= CHUNK_ROWS || self.bytes >= CHUNK_BYTES
    }

    /// Adds a row.
    pub(super) fn append(&mut self, batch: i64, row: &OutcomeRow<'_>) {
        let build = row.build;
        self.rows += 1;
        self.bytes += row.outcome.suite.len() + row.outcome.name.len() + row.outcome.file.map_or(0, str::len);
        self.batch.append_value(batch);
        self.series_id.append_value(row.series_id);
        self.position.append_value(build.position);
        self.test_id.append_value(row.test_id);
        self.build_id.append_value(row.build_id);
        self.project.append_value(&build.project);
        self.branch.append_value(&build.branch);
        self.builder.append_value(&build.builder);
        self.append_outcome(&row.outcome, row.message_id);
    }

    fn append_outcome(&mut self, outcome: &Stored<'_>, message_id: Option<i64>) {
        self.outcome.append_value(outcome.status.as_str());
        self.attempt.append_value(outcome.attempt);
        self.duration_us.append_option(outcome.duration_us.map(duration::kept));
        self.message_id.append_option(message_id);
        self.kind.append_value(outcome.kind.as_str());
        self.error_kind.append_option(outcome.error_kind);
        self.suite.append_value(outcome.suite);
        self.name.append_value(outcome.name);
        self.file.append_option(outcome.file);
        self.line.append_option(outcome.line);
    }

    /// Returns the rows.
    pub(super) fn finish(mut self) -> Result<RecordBatch> {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.batch.finish()),
            Arc::new(self.series_id.finish()),
            Arc::new(self.position.finish()),
            Arc::new(self.test_id.finish()),
            Arc::new(self.build_id.finish()),
            Arc::new(self.outcome.finish()),
            Arc::new(self.attempt.finish()),
            Arc::new(self.duration_us.finish()),
            Arc::new(self.message_id.finish()),
            Arc::new(self.kind.finish()),
            Arc::new(self.error_kind.finish()),
            Arc::new(self.project.finish()),
            Arc::new(self.branch.finish()),
            Arc::new(self.builder.finish()),
            Arc::new(self.suite.finish()),
            Arc::new(self.name.finish()),
            Arc::new(self.file.finish()),
            Arc::new(self.line.finish()),
        ];
        RecordBatch::try_new(layout::schema(&OUTCOME), columns)
            .map_err(|source| Error::Rows { table: OUTCOME.name, source })
    }
}
