//! Catalogs that are made here: comments, settings, and those that have no rows.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int32Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::catalog::{MemTable, TableProvider};
use datafusion::error::Result;

use crate::postgres::routine::ROUTINES;
use crate::postgres::setting::Settings;
use crate::postgres::texts::Texts;

/// Returns `pg_description`.
pub(super) fn description(texts: &Texts) -> Result<Arc<dyn TableProvider>> {
    let mut rows: Vec<_> = texts.comments.iter().collect();
    rows.sort();
    let int = |number: i64| i32::try_from(number).unwrap_or_default();
    let number =
        |name: &str| int(texts.tables.get(&("pg_catalog".to_owned(), name.to_owned())).copied().unwrap_or_default());
    let (pg_class, pg_proc) = (number("pg_class"), number("pg_proc"));
    let class = |number: i64| if ROUTINES.contains(&number) { pg_proc } else { pg_class };
    let columns: [(&str, ArrayRef); 4] = [
        ("objoid", Arc::new(Int32Array::from_iter_values(rows.iter().map(|((table, _), _)| int(*table))))),
        ("classoid", Arc::new(Int32Array::from_iter_values(rows.iter().map(|((table, _), _)| class(*table))))),
        ("objsubid", Arc::new(Int32Array::from_iter_values(rows.iter().map(|((_, column), _)| int(*column))))),
        ("description", Arc::new(StringArray::from_iter_values(rows.iter().map(|(_, text)| text)))),
    ];
    let batch = RecordBatch::try_from_iter(columns)?;
    Ok(Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]])?))
}

/// Returns `pg_views`: the views with their texts.
pub(super) fn views(texts: &Texts) -> Result<Arc<dyn TableProvider>> {
    let tables = texts.tables.iter();
    let mut rows: Vec<_> =
        tables.filter_map(|(name, number)| Some((name, texts.definitions.get(&(*number, 0))?))).collect();
    rows.sort();
    let columns: [(&str, ArrayRef, bool); 4] = [
        ("schemaname", Arc::new(StringArray::from_iter_values(rows.iter().map(|((schema, _), _)| schema))), true),
        ("viewname", Arc::new(StringArray::from_iter_values(rows.iter().map(|((_, name), _)| name))), true),
        ("viewowner", Arc::new(StringArray::from_iter_values(rows.iter().map(|_| "postgres"))), true),
        ("definition", Arc::new(StringArray::from_iter_values(rows.iter().map(|(_, text)| text))), true),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(columns)?;
    Ok(Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]])?))
}

/// Returns `pg_settings`: what a connection begins with.
pub(super) fn settings() -> Result<Arc<dyn TableProvider>> {
    let all = Settings::default().all();
    let texts = |text: fn(&(String, String)) -> &str| -> ArrayRef {
        Arc::new(all.iter().map(|setting| Some(text(setting))).collect::<StringArray>())
    };
    let nothing = || -> ArrayRef { Arc::new(StringArray::new_null(all.len())) };
    let columns: [(&str, ArrayRef, bool); 17] = [
        ("name", texts(|(name, _)| name), false),
        ("setting", texts(|(_, value)| value), true),
        ("unit", nothing(), true),
        ("category", texts(|_| "Client Connection Defaults"), true),
        ("short_desc", nothing(), true),
        ("extra_desc", nothing(), true),
        ("context", texts(|_| "user"), true),
        ("vartype", texts(|_| "string"), true),
        ("source", texts(|_| "default"), true),
        ("min_val", nothing(), true),
        ("max_val", nothing(), true),
        ("enumvals", nothing(), true),
        ("boot_val", texts(|(_, value)| value), true),
        ("reset_val", texts(|(_, value)| value), true),
        ("sourcefile", nothing(), true),
        ("sourceline", Arc::new(Int32Array::new_null(all.len())), true),
        ("pending_restart", Arc::new(BooleanArray::from(vec![false; all.len()])), true),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(columns)?;
    Ok(Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]])?))
}

/// Catalogs that the library lacks and that have no rows here, with their columns; numbers are named by `oid` and `id`.
const EMPTY: [(&str, &[&str]); 2] = [
    ("pg_parameter_acl", &["oid", "parname", "paracl"]),
    ("pg_user_mappings", &["umid", "srvid", "srvname", "umuser", "usename", "umoptions"]),
];

/// Returns the names of the tables without rows.
pub(super) fn empty_names() -> impl Iterator<Item = &'static str> {
    EMPTY.iter().map(|(name, _)| *name)
}

/// Returns a table without rows, if it is one of them.
pub(super) fn empty(name: &str) -> Option<Arc<dyn TableProvider>> {
    let (_, columns) = EMPTY.iter().find(|(known, _)| *known == name)?;
    let kind = |name: &str| if name.ends_with("id") { DataType::Int32 } else { DataType::Utf8 };
    let schema = Schema::new(columns.iter().map(|name| Field::new(*name, kind(name), true)).collect::<Vec<_>>());
    Some(Arc::new(datafusion::datasource::empty::EmptyTable::new(Arc::new(schema))))
}
