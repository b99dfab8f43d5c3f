//! The columns of a segment: streaks as rows, and rows as streaks.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanBuilder, Int64Array, Int64Builder, RecordBatch, StringViewArray,
    StringViewBuilder, TimestampMicrosecondArray, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, TimeUnit};
use datafusion::error::DataFusionError;

use crate::Result;
use crate::knowledge::{Lane, Series};
use crate::streak::{Place, Streak, Tally, Verdict};

/// The number of a row in its segment: it says which row is dead.
pub(crate) const ROW: &str = "row";

/// One streak, and whose it is.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// The lane.
    pub lane: Arc<Lane>,
    /// The series.
    pub series: Arc<Series>,
    /// The streak.
    pub streak: Streak,
    /// Whether it is the newest of its series.
    pub is_head: bool,
}

impl Line {
    /// Compares by what segments are ordered by: lane, test and position.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        // Nearly always it is one lane, and to find that out by its texts would cost more than all the rest.
        let lanes = if Arc::ptr_eq(&self.lane, &other.lane) { Ordering::Equal } else { self.lane.cmp(&other.lane) };
        let rest = |line: &Self| (line.series.test_id, line.streak.first.position);
        lanes.then_with(|| rest(self).cmp(&rest(other)))
    }
}

/// Returns the columns of the table of streaks, with the number of the row or without.
pub(crate) fn schema(has_row: bool) -> SchemaRef {
    let int = |name| Field::new(name, DataType::Int64, false);
    let text = |name| Field::new(name, DataType::Utf8View, false);
    let time = |name| Field::new(name, DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), true);
    let mut fields = vec![int("series_id"), int("test_id")];
    fields.extend(["project", "branch", "builder", "kind", "suite", "name", "verdict"].map(text));
    fields.extend(["first_position", "last_position"].map(int));
    fields.extend(["first_revision", "last_revision"].map(text));
    fields.extend(["first_build_id", "last_build_id"].map(int));
    fields.extend(["first_at", "last_at"].map(time));
    fields.extend(["position_count", "outcome_count", "failed_count", "skipped_count"].map(int));
    fields.push(Field::new("message_id", DataType::Int64, true));
    fields.push(Field::new("is_head", DataType::Boolean, false));
    fields.extend(has_row.then(|| int(ROW)));
    Arc::new(Schema::new(fields))
}

/// Returns the rows of `lines`, without their numbers.
pub(crate) fn batch(lines: &[&Line]) -> Result<RecordBatch> {
    let ints = |of: fn(&Line) -> i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(lines.iter().map(|line| of(line))))
    };
    let fill = |mut builder: StringViewBuilder, of: for<'a> fn(&'a Line) -> &'a str| -> ArrayRef {
        lines.iter().for_each(|line| builder.append_value(of(line)));
        Arc::new(builder.finish())
    };
    let texts = |of| fill(StringViewBuilder::with_capacity(lines.len()).with_deduplicate_strings(), of);
    let unique = |of| fill(StringViewBuilder::with_capacity(lines.len()), of);
    let times = |of: fn(&Line) -> Option<i64>| -> ArrayRef {
        let mut builder = TimestampMicrosecondBuilder::with_capacity(lines.len()).with_timezone("UTC");
        lines.iter().for_each(|line| builder.append_option(of(line)));
        Arc::new(builder.finish())
    };
    let mut message_id = Int64Builder::with_capacity(lines.len());
    let mut is_head = BooleanBuilder::with_capacity(lines.len());
    for line in lines {
        message_id.append_option(line.streak.tally.message_id);
        is_head.append_value(line.is_head);
    }
    let columns = vec![
        ints(|line| line.series.series_id),
        ints(|line| line.series.test_id),
        texts(|line| &line.lane.project),
        texts(|line| &line.lane.branch),
        texts(|line| &line.lane.builder),
        texts(|line| &line.series.kind),
        texts(|line| &line.series.suite),
        unique(|line| &line.series.name),
        texts(|line| line.streak.verdict.as_str()),
        ints(|line| line.streak.first.position),
        ints(|line| line.streak.last.position),
        texts(|line| &line.streak.first.revision),
        texts(|line| &line.streak.last.revision),
        ints(|line| line.streak.first.build_id),
        ints(|line| line.streak.last.build_id),
        times(|line| line.streak.first.at),
        times(|line| line.streak.last.at),
        ints(|line| line.streak.position_count),
        ints(|line| line.streak.tally.passed + line.streak.tally.failed + line.streak.tally.skipped),
        ints(|line| line.streak.tally.failed),
        ints(|line| line.streak.tally.skipped),
        Arc::new(message_id.finish()),
        Arc::new(is_head.finish()),
    ];
    Ok(RecordBatch::try_new(schema(false), columns).map_err(DataFusionError::from)?)
}

/// Returns `rows` with numbers from `first` on.
pub(super) fn number(rows: &RecordBatch, first: u32) -> Result<RecordBatch> {
    let count = rows.num_rows() as u32;
    let mut columns = rows.columns().to_vec();
    columns.push(Arc::new(Int64Array::from_iter_values((first..first + count).map(i64::from))));
    Ok(RecordBatch::try_new(schema(true), columns).map_err(DataFusionError::from)?)
}

/// Streaks of a batch that has all columns, read by row.
pub(crate) struct Streaks<'a> {
    series_id: &'a [i64],
    row: &'a [i64],
    verdict: &'a StringViewArray,
    ends: [End<'a>; 2],
    /// Positions, outcomes, failed and skipped.
    counts: [&'a [i64]; 4],
    message_id: &'a Int64Array,
}

/// The columns of one end of a streak.
struct End<'a> {
    position: &'a [i64],
    at: &'a TimestampMicrosecondArray,
    build_id: &'a [i64],
    revision: &'a StringViewArray,
}

impl<'a> Streaks<'a> {
    /// Takes the columns of `rows`.
    pub(crate) fn new(rows: &'a RecordBatch) -> Self {
        let ints = |name: &str| &rows[name].as_primitive::<Int64Type>().values()[..];
        let end = |end: &str| End {
            position: ints(&format!("{end}_position")),
            at: rows[&*format!("{end}_at")].as_primitive(),
            build_id: ints(&format!("{end}_build_id")),
            revision: rows[&*format!("{end}_revision")].as_string_view(),
        };
        Self {
            series_id: ints("series_id"),
            row: ints(ROW),
            verdict: rows["verdict"].as_string_view(),
            ends: ["first", "last"].map(end),
            counts: ["position_count", "outcome_count", "failed_count", "skipped_count"].map(ints),
            message_id: rows["message_id"].as_primitive(),
        }
    }

    /// Returns the series of each row.
    pub(crate) fn series(&self) -> &'a [i64] {
        self.series_id
    }

    /// Returns the number of a row in its segment.
    pub(crate) fn number(&self, row: usize) -> u32 {
        self.row[row] as u32
    }

    /// Returns the streak of a row.
    pub(crate) fn get(&self, row: usize) -> Streak {
        let [positions, outcomes, failed, skipped] = self.counts.map(|count| count[row]);
        let [first, last] = [0, 1].map(|end| self.ends[end].place(row));
        let message_id = self.message_id.is_valid(row).then(|| self.message_id.value(row));
        Streak {
            verdict: Verdict::parse(self.verdict.value(row)).unwrap_or(Verdict::Skip),
            first,
            last,
            position_count: positions,
            tally: Tally { passed: outcomes - failed - skipped, failed, skipped, message_id },
        }
    }
}

impl End<'_> {
    fn place(&self, row: usize) -> Place {
        Place {
            position: self.position[row],
            at: self.at.is_valid(row).then(|| self.at.value(row)),
            build_id: self.build_id[row],
            revision: self.revision.value(row).into(),
        }
    }
}
