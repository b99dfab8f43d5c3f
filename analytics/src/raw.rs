//! Knowledge and state as tables, for sessions: streaks where they lie, the rest from memory.

use std::collections::HashMap;
use std::sync::Arc;

use annals_data::setting::SETTINGS;
use annals_data::state::State;
use arrow::array::{
    ArrayRef, BooleanBuilder, Float64Array, Float64Builder, Int64Builder, RecordBatch, StringArray, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::catalog::{MemTable, TableProvider};
use rusqlite::Connection;
use rusqlite::types::ValueRef;

use crate::Result;
use crate::knowledge::{Knowledge, segments, version};
use crate::segment::streaks;

/// What a column of a table that is no fact table holds.
#[derive(Clone, Copy)]
enum Kind {
    Int,
    Real,
    Text,
    Flag,
    Time,
}

use Kind::{Flag, Int, Real, Text, Time};

/// A table as a query over the knowledge or state database.
struct Query {
    name: &'static str,
    sql: &'static str,
    /// Name, kind and whether it may be null.
    columns: &'static [(&'static str, Kind, bool)],
}

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
    Query {
        name: "bisection",
        sql: "SELECT bisection_id, series_id, opened_position, good_revision, is_automatic, finding, revision, \
              suspect_count, build_count, plain_build_count, round_build_count, begun_at, ended_at FROM bisection",
        columns: &[
            ("bisection_id", Int, false),
            ("series_id", Int, false),
            ("opened_position", Int, false),
            ("good_revision", Text, false),
            ("is_automatic", Flag, false),
            ("finding", Text, false),
            ("revision", Text, true),
            ("suspect_count", Int, false),
            ("build_count", Int, false),
            ("plain_build_count", Int, false),
            ("round_build_count", Int, false),
            ("begun_at", Time, false),
            ("ended_at", Time, false),
        ],
    },
    Query {
        name: "learnt_weight",
        sql: "SELECT project, evidence, weight, rule_version, learnt_at FROM learnt_weight",
        columns: &[
            ("project", Text, false),
            ("evidence", Text, false),
            ("weight", Real, false),
            ("rule_version", Int, false),
            ("learnt_at", Time, false),
        ],
    },
];

type Named = (String, Arc<dyn TableProvider>);

/// Returns the tables of knowledge as of one moment, with the batch and the version that it stands at.
pub(crate) fn knowledge(knowledge: &Knowledge) -> Result<(i64, i64, Vec<Named>)> {
    let (batch, version, segments, tables) = knowledge.read(|c| {
        let batch = c.query_row("SELECT batch FROM watermark", [], |row| row.get(0))?;
        let run = |query: &'static Query| Ok((query.name, query.schema(), vec![query.run(c, [])?]));
        let tables = KNOWLEDGE.iter().map(run).collect::<rusqlite::Result<Vec<_>>>()?;
        Ok((batch, version(c)?, segments(c)?, tables))
    })?;
    let named = tables.into_iter().map(|(name, schema, batches)| table(name, schema, batches));
    let mut named: Vec<Named> = named.collect::<Result<_>>()?;
    named.push(("streak".to_owned(), Arc::new(streaks(knowledge.folder(), &segments)?)));
    Ok((batch, version, named))
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
            Real => DataType::Float64,
            Text => DataType::Utf8,
            Flag => DataType::Boolean,
            Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        }
    }
}

/// A column that is being read from SQLite.
enum Builder {
    Int(Int64Builder),
    Real(Float64Builder),
    Text(StringBuilder),
    Flag(BooleanBuilder),
    Time(TimestampMicrosecondBuilder),
}

impl Builder {
    fn new(kind: Kind) -> Self {
        match kind {
            Int => Self::Int(Int64Builder::new()),
            Real => Self::Real(Float64Builder::new()),
            Text => Self::Text(StringBuilder::new()),
            Flag => Self::Flag(BooleanBuilder::new()),
            Time => Self::Time(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
        }
    }

    fn append(&mut self, value: ValueRef<'_>) {
        match self {
            Self::Int(builder) => builder.append_option(value.as_i64().ok()),
            Self::Real(builder) => builder.append_option(value.as_f64().ok()),
            Self::Text(builder) => builder.append_option(value.as_str().ok()),
            Self::Flag(builder) => builder.append_option(value.as_i64().ok().map(|flag| flag != 0)),
            Self::Time(builder) => builder.append_option(value.as_i64().ok()),
        }
    }

    fn finish(self) -> ArrayRef {
        match self {
            Self::Int(mut builder) => Arc::new(builder.finish()),
            Self::Real(mut builder) => Arc::new(builder.finish()),
            Self::Text(mut builder) => Arc::new(builder.finish()),
            Self::Flag(mut builder) => Arc::new(builder.finish()),
            Self::Time(mut builder) => Arc::new(builder.finish()),
        }
    }
}
