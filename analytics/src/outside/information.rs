//! `information_schema`: what tables and columns there are, in the words of SQL's standard and with Postgres' type names.
//!
//! The engine's own would also list its settings, which are nobody's business, and it lacks columns that clients ask for.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, RecordBatch, StringArray};
use arrow::datatypes::FieldRef;
use async_trait::async_trait;
use datafusion::catalog::{MemTable, SchemaProvider, TableProvider};
use datafusion::error::Result;
use datafusion::logical_expr::TableType;

use super::kind::Kind;
use super::sealed::Schemas;

/// The name of the one database.
const DATABASE: &str = "annals";

const TABLES: &[&str] = &[
    "character_sets",
    "columns",
    "key_column_usage",
    "referential_constraints",
    "schemata",
    "table_constraints",
    "tables",
    "views",
];

/// The columns of tables that have no rows, as keys are nobody's here.
const NOBODYS: &[(&str, &[&str])] = &[
    (
        "key_column_usage",
        &[
            "constraint_catalog",
            "constraint_schema",
            "constraint_name",
            "table_catalog",
            "table_schema",
            "table_name",
            "column_name",
            "ordinal_position",
            "position_in_unique_constraint",
        ],
    ),
    (
        "referential_constraints",
        &[
            "constraint_catalog",
            "constraint_schema",
            "constraint_name",
            "unique_constraint_catalog",
            "unique_constraint_schema",
            "unique_constraint_name",
            "match_option",
            "update_rule",
            "delete_rule",
        ],
    ),
    (
        "table_constraints",
        &[
            "constraint_catalog",
            "constraint_schema",
            "constraint_name",
            "table_catalog",
            "table_schema",
            "table_name",
            "constraint_type",
            "is_deferrable",
            "initially_deferred",
        ],
    ),
];

/// Tables that describe the others.
pub(super) struct Information {
    schemas: Schemas,
}

impl std::fmt::Debug for Information {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Information")
    }
}

impl Information {
    pub(super) fn new(schemas: Schemas) -> Self {
        Self { schemas }
    }

    /// Returns every table with its schema, in order.
    async fn tables(&self) -> Result<Vec<(String, String, Arc<dyn TableProvider>)>> {
        let mut tables = Vec::new();
        for (schema, provider) in &self.schemas {
            for name in provider.table_names() {
                if let Some(table) = provider.table(&name).await? {
                    tables.push((schema.clone(), name, table));
                }
            }
        }
        tables.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
        Ok(tables)
    }

    async fn table_rows(&self) -> Result<RecordBatch> {
        let tables = self.tables().await?;
        let kind = |table: &Arc<dyn TableProvider>| match table.table_type() {
            TableType::View => "VIEW",
            _ => "BASE TABLE",
        };
        let columns = [
            ("table_catalog", texts(tables.iter().map(|_| Some(DATABASE)))),
            ("table_schema", texts(tables.iter().map(|(schema, _, _)| Some(schema.as_str())))),
            ("table_name", texts(tables.iter().map(|(_, name, _)| Some(name.as_str())))),
            ("table_type", texts(tables.iter().map(|(_, _, table)| Some(kind(table))))),
            ("is_insertable_into", texts(tables.iter().map(|_| Some("NO")))),
        ];
        Ok(RecordBatch::try_from_iter(columns)?)
    }

    async fn view_rows(&self) -> Result<RecordBatch> {
        let tables = self.tables().await?;
        let views: Vec<_> = tables.iter().filter(|(_, _, table)| table.table_type() == TableType::View).collect();
        let columns = [
            ("table_catalog", texts(views.iter().map(|_| Some(DATABASE)))),
            ("table_schema", texts(views.iter().map(|(schema, _, _)| Some(schema.as_str())))),
            ("table_name", texts(views.iter().map(|(_, name, _)| Some(name.as_str())))),
            ("definition", texts(views.iter().map(|(_, _, table)| table.get_table_definition()))),
            ("view_definition", texts(views.iter().map(|(_, _, table)| table.get_table_definition()))),
            ("is_updatable", texts(views.iter().map(|_| Some("NO")))),
        ];
        Ok(RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true)))?)
    }

    fn schema_rows(&self) -> Result<RecordBatch> {
        let mut names: Vec<_> = self.schemas.iter().map(|(name, _)| name.as_str()).collect();
        names.push("information_schema");
        names.sort_unstable();
        let columns = [
            ("catalog_name", texts(names.iter().map(|_| Some(DATABASE)))),
            ("schema_name", texts(names.iter().map(|name| Some(*name)))),
            ("schema_owner", texts(names.iter().map(|_| Some(DATABASE)))),
        ];
        Ok(RecordBatch::try_from_iter(columns)?)
    }

    async fn column_rows(&self) -> Result<RecordBatch> {
        let mut rows: Vec<(String, String, i32, FieldRef)> = Vec::new();
        for (schema, name, table) in self.tables().await? {
            let fields = table.schema().fields().clone();
            rows.extend(fields.iter().zip(1..).map(|(f, place)| (schema.clone(), name.clone(), place, f.clone())));
        }
        let kinds: Vec<_> = rows.iter().map(|(_, _, _, field)| Kind::of(field.data_type())).collect();
        let nullable = |field: &FieldRef| if field.is_nullable() { "YES" } else { "NO" };
        let nothing = || texts(rows.iter().map(|_| None));
        let no_number = || numbers(rows.iter().map(|_| None));
        let is_no = || texts(rows.iter().map(|_| Some("NO")));
        let columns = [
            ("table_catalog", texts(rows.iter().map(|_| Some(DATABASE)))),
            ("table_schema", texts(rows.iter().map(|row| Some(row.0.as_str())))),
            ("table_name", texts(rows.iter().map(|row| Some(row.1.as_str())))),
            ("column_name", texts(rows.iter().map(|row| Some(row.3.name().as_str())))),
            ("ordinal_position", numbers(rows.iter().map(|row| Some(row.2)))),
            ("column_default", nothing()),
            ("is_nullable", texts(rows.iter().map(|row| Some(nullable(&row.3))))),
            ("data_type", texts(kinds.iter().map(|kind| Some(kind.name)))),
            ("character_maximum_length", no_number()),
            ("character_octet_length", no_number()),
            ("numeric_precision", numbers(kinds.iter().map(|kind| kind.precision))),
            ("numeric_precision_radix", numbers(kinds.iter().map(|kind| kind.precision.map(|_| 2)))),
            ("numeric_scale", numbers(kinds.iter().map(|kind| kind.scale))),
            ("datetime_precision", numbers(kinds.iter().map(|kind| kind.digits))),
            ("interval_type", nothing()),
            ("udt_catalog", texts(rows.iter().map(|_| Some(DATABASE)))),
            ("udt_schema", texts(rows.iter().map(|_| Some("pg_catalog")))),
            ("udt_name", texts(kinds.iter().map(|kind| Some(kind.short)))),
            ("is_identity", is_no()),
            ("identity_generation", nothing()),
            ("is_generated", texts(rows.iter().map(|_| Some("NEVER")))),
            ("generation_expression", nothing()),
            ("is_updatable", is_no()),
        ];
        Ok(RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true)))?)
    }
}

/// Returns a table without rows.
fn empty(columns: &[&str]) -> Result<RecordBatch> {
    let none = || texts(std::iter::empty());
    Ok(RecordBatch::try_from_iter_with_nullable(columns.iter().map(|name| (*name, none(), true)))?)
}

fn character_sets() -> Result<RecordBatch> {
    let columns = [
        ("character_set_name", "UTF8"),
        ("character_repertoire", "UCS"),
        ("form_of_use", "UTF8"),
        ("default_collate_catalog", DATABASE),
        ("default_collate_schema", "pg_catalog"),
        ("default_collate_name", "C"),
    ];
    Ok(RecordBatch::try_from_iter(columns.map(|(name, text)| (name, texts([Some(text)].into_iter()))))?)
}

fn texts<'a>(values: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

fn numbers(values: impl Iterator<Item = Option<i32>>) -> ArrayRef {
    Arc::new(values.collect::<Int32Array>())
}

#[async_trait]
impl SchemaProvider for Information {
    fn table_names(&self) -> Vec<String> {
        TABLES.iter().map(ToString::to_string).collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let batch = match name {
            "columns" => self.column_rows().await?,
            "schemata" => self.schema_rows()?,
            "tables" => self.table_rows().await?,
            "views" => self.view_rows().await?,
            "character_sets" => character_sets()?,
            name => match NOBODYS.iter().find(|(known, _)| *known == name) {
                Some((_, columns)) => empty(columns)?,
                None => return Ok(None),
            },
        };
        Ok(Some(Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]])?)))
    }

    fn table_exist(&self, name: &str) -> bool {
        TABLES.contains(&name)
    }
}
