//! Knowledge and state as arrow tables, for sessions.
//!
//! Streaks are read lane by lane and kept: a new session reads only the lanes that changed since the last one.

use std::collections::HashMap;
use std::sync::Arc;

use annals_data::setting::SETTINGS;
use annals_data::state::State;
use arrow::array::{
    ArrayRef, BooleanBuilder, Float64Array, Int64Builder, RecordBatch, StringArray, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::catalog::{MemTable, TableProvider};
use rusqlite::Connection;
use rusqlite::types::ValueRef;

use crate::Result;
use crate::knowledge::{Knowledge, version};

/// What a column of a table that is no fact table holds.
#[derive(Clone, Copy)]
enum Kind {
    Int,
    Text,
    Flag,
    Time,
}

use Kind::{Flag, Int, Text, Time};

/// A table as a query over the knowledge or state database.
struct Query {
    name: &'static str,
    sql: &'static str,
    /// Name, kind and whether it may be null.
    columns: &'static [(&'static str, Kind, bool)],
}

const STREAK: Query = Query {
    name: "streak",
    sql: "SELECT k.series_id, s.test_id, l.project, l.branch, l.builder, s.kind, s.suite, s.name, k.verdict, \
          k.first_position, k.last_position, k.first_revision, k.last_revision, k.first_build_id, k.last_build_id, \
          k.first_at, k.last_at, k.position_count, k.passed_count + k.failed_count + k.skipped_count, \
          k.failed_count, k.message_id, \
          lead(k.series_id) OVER (PARTITION BY k.series_id ORDER BY k.first_position) IS NULL \
          FROM lane AS l JOIN series AS s USING (lane_id) JOIN streak AS k USING (series_id) WHERE l.lane_id = ?1",
    columns: &[
        ("series_id", Int, false),
        ("test_id", Int, false),
        ("project", Text, false),
        ("branch", Text, false),
        ("builder", Text, false),
        ("kind", Text, false),
        ("suite", Text, false),
        ("name", Text, false),
        ("verdict", Text, false),
        ("first_position", Int, false),
        ("last_position", Int, false),
        ("first_revision", Text, false),
        ("last_revision", Text, false),
        ("first_build_id", Int, false),
        ("last_build_id", Int, false),
        ("first_at", Time, true),
        ("last_at", Time, true),
        ("position_count", Int, false),
        ("outcome_count", Int, false),
        ("failed_count", Int, false),
        ("message_id", Int, true),
        ("is_head", Flag, false),
    ],
};

const KNOWLEDGE: &[Query] = &[
    Query {
        name: "excluded_build",
        sql: "SELECT build_id, rule, detail FROM excluded_build",
        columns: &[("build_id", Int, false), ("rule", Text, false), ("detail", Text, true)],
    },
    Query {
        name: "range",
        sql: "SELECT range_id, project, good_revision, bad_revision, change_count, is_complete FROM range",
        columns: &[
            ("range_id", Int, false),
            ("project", Text, false),
            ("good_revision", Text, false),
            ("bad_revision", Text, false),
            ("change_count", Int, false),
            ("is_complete", Flag, false),
        ],
    },
    Query {
        name: "range_change",
        sql: "SELECT range_id, revision, ordinal FROM range_change",
        columns: &[("range_id", Int, false), ("revision", Text, false), ("ordinal", Int, false)],
    },
    Query {
        name: "range_history",
        sql: "SELECT series_id, bad_position, good_position, good_revision, bad_revision, recorded_at \
              FROM range_history",
        columns: &[
            ("series_id", Int, false),
            ("bad_position", Int, false),
            ("good_position", Int, false),
            ("good_revision", Text, false),
            ("bad_revision", Text, false),
            ("recorded_at", Time, false),
        ],
    },
];

/// Tables of people; addresses stay behind.
const STATE: &[Query] = &[
    Query {
        name: "person",
        sql: "SELECT person_id, name, team, is_bot FROM person",
        columns: &[("person_id", Int, false), ("name", Text, false), ("team", Text, true), ("is_bot", Flag, false)],
    },
    Query {
        name: "identity",
        sql: "SELECT identity_id, person_id, name FROM identity",
        columns: &[("identity_id", Int, false), ("person_id", Int, false), ("name", Text, false)],
    },
    Query {
        name: "module_owner",
        sql: "SELECT project, pattern, person_id FROM module_owner",
        columns: &[("project", Text, false), ("pattern", Text, false), ("person_id", Int, false)],
    },
    Query {
        name: "subscription",
        sql: "SELECT person_id, project, pattern FROM subscription",
        columns: &[("person_id", Int, false), ("project", Text, false), ("pattern", Text, false)],
    },
    Query {
        name: "note",
        sql: "SELECT note_id, series_id, first_position, kind, person_id, text, until, noted_at FROM note",
        columns: &[
            ("note_id", Int, false),
            ("series_id", Int, false),
            ("first_position", Int, false),
            ("kind", Text, false),
            ("person_id", Int, true),
            ("text", Text, false),
            ("until", Time, true),
            ("noted_at", Time, false),
        ],
    },
];

/// Streaks by lane, as read last.
#[derive(Default)]
pub(crate) struct Lanes {
    batches: HashMap<i64, (i64, RecordBatch)>,
}

type Named = (String, Arc<dyn TableProvider>);

/// Returns the tables of the knowledge database as of one moment, with the batch and the version that it stands at.
pub(crate) fn knowledge(knowledge: &Knowledge, lanes: &mut Lanes) -> Result<(i64, i64, Vec<Named>)> {
    let (batch, version, tables) = knowledge.read(|c| {
        let batch = c.query_row("SELECT batch FROM watermark", [], |row| row.get(0))?;
        let mut tables = vec![(STREAK.name, STREAK.schema(), streaks(c, lanes)?)];
        for query in KNOWLEDGE {
            tables.push((query.name, query.schema(), vec![query.run(c, [])?]));
        }
        Ok((batch, version(c)?, tables))
    })?;
    let named = tables.into_iter().map(|(name, schema, batches)| table(name, schema, batches));
    Ok((batch, version, named.collect::<Result<_>>()?))
}

/// Returns the tables of the state database that may be seen, and the thresholds in force.
pub(crate) fn state(state: &State, settings: &HashMap<&'static str, f64>) -> Result<Vec<Named>> {
    let tables = state.read(|c| {
        let run = |query: &'static Query| Ok((query.name, query.schema(), vec![query.run(c, [])?]));
        STATE.iter().map(run).collect::<rusqlite::Result<Vec<_>>>()
    })?;
    let mut named: Vec<_> =
        tables.into_iter().map(|(name, schema, batches)| table(name, schema, batches)).collect::<Result<_>>()?;
    named.push(setting_table(settings)?);
    Ok(named)
}

fn table(name: &str, schema: SchemaRef, batches: Vec<RecordBatch>) -> Result<Named> {
    Ok((name.to_owned(), Arc::new(MemTable::try_new(schema, vec![batches])?)))
}

fn setting_table(settings: &HashMap<&'static str, f64>) -> Result<Named> {
    let text = |of: fn(&annals_data::setting::Setting) -> &'static str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(SETTINGS.iter().map(of)))
    };
    let value: ArrayRef = Arc::new(Float64Array::from_iter_values(SETTINGS.iter().map(|s| settings[s.name])));
    let columns = [("name", text(|s| s.name)), ("value", value), ("unit", text(|s| s.unit)), ("doc", text(|s| s.doc))];
    let batch = RecordBatch::try_from_iter(columns).map_err(datafusion::error::DataFusionError::from)?;
    table("setting", batch.schema(), vec![batch])
}

/// Reads the lanes whose version is not the one that is kept, and forgets lanes that are gone.
fn streaks(c: &Connection, lanes: &mut Lanes) -> rusqlite::Result<Vec<RecordBatch>> {
    let mut query = c.prepare_cached("SELECT lane_id, version FROM lane ORDER BY project, branch, builder")?;
    let versions: Vec<(i64, i64)> =
        query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    let mut kept = HashMap::new();
    let mut batches = Vec::new();
    for (lane_id, version) in versions {
        let batch = match lanes.batches.remove(&lane_id) {
            Some((known, batch)) if known == version => batch,
            _ => STREAK.run(c, [lane_id])?,
        };
        batches.push(batch.clone());
        kept.insert(lane_id, (version, batch));
    }
    lanes.batches = kept;
    Ok(batches)
}

impl Query {
    fn schema(&self) -> SchemaRef {
        let field = |(name, kind, nullable): &(&str, Kind, bool)| Field::new(*name, kind.data_type(), *nullable);
        Arc::new(Schema::new(self.columns.iter().map(field).collect::<Vec<_>>()))
    }

    fn run(&self, c: &Connection, parameters: impl rusqlite::Params) -> rusqlite::Result<RecordBatch> {
        let mut builders: Vec<Builder> = self.columns.iter().map(|(_, kind, _)| Builder::new(*kind)).collect();
        let mut query = c.prepare_cached(self.sql)?;
        let mut rows = query.query(parameters)?;
        while let Some(row) = rows.next()? {
            for (index, builder) in builders.iter_mut().enumerate() {
                builder.append(row.get_ref(index)?);
            }
        }
        let columns = builders.into_iter().map(Builder::finish).collect();
        Ok(RecordBatch::try_new(self.schema(), columns).expect("the query's columns are those of the schema"))
    }
}

impl Kind {
    fn data_type(self) -> DataType {
        match self {
            Int => DataType::Int64,
            Text => DataType::Utf8,
            Flag => DataType::Boolean,
            Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        }
    }
}

/// A column that is being read from SQLite.
enum Builder {
    Int(Int64Builder),
    Text(StringBuilder),
    Flag(BooleanBuilder),
    Time(TimestampMicrosecondBuilder),
}

impl Builder {
    fn new(kind: Kind) -> Self {
        match kind {
            Int => Self::Int(Int64Builder::new()),
            Text => Self::Text(StringBuilder::new()),
            Flag => Self::Flag(BooleanBuilder::new()),
            Time => Self::Time(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
        }
    }

    fn append(&mut self, value: ValueRef<'_>) {
        match self {
            Self::Int(builder) => builder.append_option(value.as_i64().ok()),
            Self::Text(builder) => builder.append_option(value.as_str().ok()),
            Self::Flag(builder) => builder.append_option(value.as_i64().ok().map(|flag| flag != 0)),
            Self::Time(builder) => builder.append_option(value.as_i64().ok()),
        }
    }

    fn finish(self) -> ArrayRef {
        match self {
            Self::Int(mut builder) => Arc::new(builder.finish()),
            Self::Text(mut builder) => Arc::new(builder.finish()),
            Self::Flag(mut builder) => Arc::new(builder.finish()),
            Self::Time(mut builder) => Arc::new(builder.finish()),
        }
    }
}
