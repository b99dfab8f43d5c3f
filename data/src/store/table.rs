//! One fact table: a Delta table with Annals' schema and properties.
//!
//! Reader version 1, microseconds UTC, no deletion vectors and no column mapping, so that every Delta reader works.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::LogicalPlanBuilder;
use datafusion::physical_plan::streaming::PartitionStream;
use deltalake::kernel::transaction::CommitProperties;
use deltalake::kernel::{ArrayType, DataType, PrimitiveType, StructField, StructType, Transaction};
use deltalake::operations::optimize::OptimizeType;
use deltalake::parquet::basic::{Compression, ZstdLevel};
use deltalake::parquet::file::properties::WriterProperties;
use deltalake::protocol::SaveMode;
use deltalake::{DeltaTable, DeltaTableBuilder, DeltaTableError, TableProperty};
use url::Url;

use crate::batch::CHUNK_ROWS;
use crate::journal::Rows;
use crate::schema::{Column, FILE_COLUMNS, Kind, Table};
use crate::{Error, Result};

/// The application id under which batches are recorded in the tables' logs.
const APPLICATION: &str = "annals";

/// An open fact table at one of its versions.
#[derive(Clone)]
pub(crate) struct FactTable {
    table: &'static Table,
    delta: DeltaTable,
}

impl FactTable {
    /// Opens the table under the root `facts`, and creates it where it is absent.
    pub(crate) async fn open(table: &'static Table, facts: &Url) -> Result<Self> {
        let open = async {
            let url = facts.join(&format!("{}/", table.name)).map_err(|e| DeltaTableError::generic(e.to_string()))?;
            let delta = DeltaTableBuilder::from_url(url)?.build()?;
            if delta.verify_deltatable_existence().await? { load(delta).await } else { create(table, delta).await }
        };
        Ok(Self { table, delta: open.await.map_err(failed(table))? })
    }

    /// Returns the version that this is at.
    pub(crate) fn version(&self) -> u64 {
        self.delta.version().unwrap_or_default()
    }

    /// Goes to a version, newer or older.
    pub(crate) async fn go_to(&mut self, version: u64) -> Result<()> {
        if self.delta.version() == Some(version) {
            return Ok(());
        }
        self.delta.load_version(version).await.map_err(failed(self.table))
    }

    /// Goes to the newest version.
    pub(crate) async fn refresh(&mut self) -> Result<()> {
        self.delta.update_state().await.map_err(failed(self.table))
    }

    /// Returns the number of the newest batch that the table holds.
    pub(crate) async fn batch(&self) -> Result<i64> {
        let snapshot = self.delta.snapshot().map_err(failed(self.table))?;
        let version = snapshot.transaction_version(self.delta.log_store().as_ref(), APPLICATION).await;
        Ok(version.map_err(failed(self.table))?.unwrap_or(0))
    }

    /// Appends the rows of a batch in one commit that records the batch's number; they are never in memory all at once.
    ///
    /// Delta records application transactions without enforcing them: the caller has asked [`Self::batch`] before.
    pub(crate) async fn append(&mut self, batch: i64, rows: Rows) -> Result<()> {
        let properties = CommitProperties::default().with_application_transaction(Transaction::new(APPLICATION, batch));
        let write = async {
            let schema = rows.schema().clone();
            let source = StreamingTable::try_new(schema, vec![Arc::new(rows)])?;
            let plan = LogicalPlanBuilder::scan("journal", provider_as_source(Arc::new(source)), None)?.build()?;
            let write = self.delta.clone().write([]).with_input_plan(plan).with_save_mode(SaveMode::Append);
            let groups = writer_properties().into_builder().set_max_row_group_row_count(Some(CHUNK_ROWS)).build();
            write.with_writer_properties(groups).with_commit_properties(properties).await
        };
        self.delta = write.await.map_err(failed(self.table))?;
        Ok(())
    }

    /// Rewrites small files into large ones, in the order of `sort` if it is not empty; returns how many files went
    /// and how many came.
    pub(crate) async fn compact(&mut self, sort: &[&str]) -> Result<(u64, u64)> {
        let kind = match sort {
            [] => OptimizeType::Compact,
            columns => OptimizeType::ZOrder(columns.iter().map(ToString::to_string).collect()),
        };
        let optimize = self.delta.clone().optimize().with_type(kind).with_writer_properties(writer_properties());
        let (delta, metrics) = optimize.await.map_err(failed(self.table))?;
        self.delta = delta;
        Ok((metrics.num_files_removed, metrics.num_files_added))
    }

    /// Returns how many files the table has at this version.
    pub(crate) fn file_count(&self) -> Result<usize> {
        Ok(self.delta.snapshot().map_err(failed(self.table))?.log_data().num_files())
    }

    /// Returns what the engine reads: the table frozen at this version.
    pub(crate) async fn provider(&self) -> Result<Arc<dyn TableProvider>> {
        let snapshot = self.delta.snapshot().map_err(failed(self.table))?.snapshot().clone();
        let provider = self.delta.table_provider().with_eager_snapshot(snapshot).await;
        provider.map_err(|e| failed(self.table)(DeltaTableError::generic(e.to_string())))
    }
}

async fn load(mut delta: DeltaTable) -> Result<DeltaTable, DeltaTableError> {
    delta.load().await?;
    Ok(delta)
}

async fn create(table: &Table, delta: DeltaTable) -> Result<DeltaTable, DeltaTableError> {
    delta
        .create()
        .with_table_name(table.name)
        .with_comment(table.doc)
        .with_columns(fields(table.columns))
        // delta-rs' own default of 100 makes every opening replay up to 100 commits.
        .with_configuration_property(TableProperty::CheckpointInterval, Some("20"))
        .with_configuration_property(TableProperty::DataSkippingNumIndexedCols, Some(table.indexed.to_string()))
        .await
}

fn fields(columns: &[Column]) -> Vec<StructField> {
    columns
        .iter()
        .map(|c| StructField::new(c.name, data_type(c.kind), c.nullable).with_metadata([("comment", c.doc)]))
        .collect()
}

fn data_type(kind: Kind) -> DataType {
    match kind {
        Kind::Int => DataType::Primitive(PrimitiveType::Long),
        Kind::Real => DataType::Primitive(PrimitiveType::Double),
        Kind::Text => DataType::Primitive(PrimitiveType::String),
        Kind::Flag => DataType::Primitive(PrimitiveType::Boolean),
        Kind::Time => DataType::Primitive(PrimitiveType::Timestamp),
        Kind::Texts => ArrayType::new(DataType::Primitive(PrimitiveType::String), true).into(),
        Kind::Files => {
            let element = StructType::new_unchecked(fields(FILE_COLUMNS));
            ArrayType::new(DataType::Struct(Box::new(element)), true).into()
        }
    }
}

fn writer_properties() -> WriterProperties {
    let level = ZstdLevel::try_new(3).expect("3 is a level of zstd");
    WriterProperties::builder().set_compression(Compression::ZSTD(level)).build()
}

fn failed(table: &'static Table) -> impl Fn(DeltaTableError) -> Error {
    |source| Error::Table { table: table.name, source: Box::new(source) }
}
