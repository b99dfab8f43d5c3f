//! What a client learns of schemas, tables and the server itself.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow_flight::sql::metadata::{
    SqlInfoData, SqlInfoDataBuilder, XdbcTypeInfo, XdbcTypeInfoData, XdbcTypeInfoDataBuilder,
};
use arrow_flight::sql::{Nullable, Searchable, SqlInfo, XdbcDataType};
use datafusion::catalog::CatalogProvider;
use datafusion::error::Result;
use datafusion::logical_expr::TableType;
use datafusion::prelude::SessionContext;

/// The name of the one database.
pub(super) const DATABASE: &str = "annals";
/// The kinds of tables.
pub(super) const KINDS: [&str; 2] = ["TABLE", "VIEW"];

/// A table.
pub(super) struct Table {
    pub(super) layer: String,
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) schema: SchemaRef,
}

fn own(context: &SessionContext) -> Option<Arc<dyn CatalogProvider>> {
    context.catalog(DATABASE)
}

/// Returns the schemas, in order.
pub(super) fn schemas(context: &SessionContext) -> Vec<String> {
    let mut names = own(context).map(|catalog| catalog.schema_names()).unwrap_or_default();
    names.sort();
    names
}

/// Returns all tables, in order.
pub(super) async fn tables(context: &SessionContext) -> Result<Vec<Table>> {
    let mut tables = Vec::new();
    let Some(catalog) = own(context) else { return Ok(tables) };
    for layer in schemas(context) {
        let Some(schema) = catalog.schema(&layer) else { continue };
        for name in schema.table_names() {
            if let Some(table) = schema.table(&name).await? {
                let kind = if table.table_type() == TableType::View { KINDS[1] } else { KINDS[0] };
                tables.push(Table { layer: layer.clone(), name, kind, schema: table.schema() });
            }
        }
    }
    Ok(tables)
}

/// Returns what the server says of itself.
pub(super) fn infos() -> crate::Result<SqlInfoData> {
    let mut infos = SqlInfoDataBuilder::new();
    infos.append(SqlInfo::FlightSqlServerName, "Annals");
    infos.append(SqlInfo::FlightSqlServerVersion, env!("CARGO_PKG_VERSION"));
    infos.append(SqlInfo::FlightSqlServerArrowVersion, "1.3");
    infos.append(SqlInfo::FlightSqlServerReadOnly, true);
    infos.append(SqlInfo::FlightSqlServerSql, true);
    infos.append(SqlInfo::FlightSqlServerSubstrait, false);
    infos.append(SqlInfo::FlightSqlServerCancel, false);
    infos.append(SqlInfo::SqlIdentifierQuoteChar, "\"");
    infos.build().map_err(|error| crate::Error::Io(std::io::Error::other(error)))
}

/// Returns the types that columns have.
pub(super) fn types() -> crate::Result<XdbcTypeInfoData> {
    let mut types = XdbcTypeInfoDataBuilder::new();
    for (name, kind, size) in [
        ("boolean", XdbcDataType::XdbcBit, 1),
        ("bigint", XdbcDataType::XdbcBigint, 64),
        ("double precision", XdbcDataType::XdbcDouble, 53),
        ("text", XdbcDataType::XdbcVarchar, i32::MAX),
        ("timestamp", XdbcDataType::XdbcTimestamp, 26),
        ("date", XdbcDataType::XdbcDate, 10),
    ] {
        let is_quoted =
            matches!(kind, XdbcDataType::XdbcVarchar | XdbcDataType::XdbcTimestamp | XdbcDataType::XdbcDate);
        let quote = is_quoted.then(|| "'".to_owned());
        types.append(XdbcTypeInfo {
            type_name: name.into(),
            data_type: kind,
            column_size: Some(size),
            literal_prefix: quote.clone(),
            literal_suffix: quote,
            create_params: None,
            nullable: Nullable::NullabilityNullable,
            case_sensitive: true,
            searchable: Searchable::Full,
            unsigned_attribute: Some(false),
            fixed_prec_scale: false,
            auto_increment: Some(false),
            local_type_name: Some(name.into()),
            minimum_scale: None,
            maximum_scale: None,
            sql_data_type: kind,
            datetime_subcode: None,
            num_prec_radix: None,
            interval_precision: None,
        });
    }
    types.build().map_err(|error| crate::Error::Io(std::io::Error::other(error)))
}
