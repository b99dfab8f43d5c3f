//! One fact table: a Delta table with Annals' schema and properties.
//!
//! Reader version 1, microseconds UTC, no deletion vectors and no column mapping, so that every Delta reader works.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake::kernel::{
    Action, Add, ArrayType, DataType, LogicalFileView, PrimitiveType, Remove, StructField, StructType, Transaction,
};
use deltalake::logstore::object_store::ObjectStoreExt;
use deltalake::operations::vacuum::VacuumMode;
use deltalake::protocol::{DeltaOperation, SaveMode};
use deltalake::{DeltaTable, DeltaTableBuilder, DeltaTableError, Path, TableProperty};
use serde_json::Value;
use url::Url;

use super::facts;
use super::fresh::sync;
use super::layout::Effort;
use super::sorter::{self, Keep, Sorter};
use super::source;
use super::writer::Written;
use crate::schema::{Column, FILE_COLUMNS, Kind, Table};
use crate::{Error, Result};

/// The application id under which batches are recorded in the tables' logs.
const APPLICATION: &str = "annals";

/// An open fact table at one of its versions.
#[derive(Clone)]
pub(crate) struct FactTable {
    table: &'static Table,
    delta: DeltaTable,
    /// Its folder, where that is one of this machine.
    folder: Option<PathBuf>,
}

/// A data file of a version.
#[derive(Clone, Debug)]
pub(crate) struct DataFile {
    pub path: Path,
    pub rows: u64,
    pub bytes: u64,
    /// The first and the last batch that it has rows of.
    pub batches: (i64, i64),
    remove: Remove,
}

impl DataFile {
    fn new(file: &LogicalFileView) -> Self {
        let statistics: Option<Value> = file.stats().and_then(|text| serde_json::from_str(&text).ok());
        let bound = |of: &str| statistics.as_ref().and_then(|all| all[of]["batch"].as_i64());
        Self {
            path: file.object_store_path(),
            rows: file.num_records().unwrap_or(0) as u64,
            bytes: file.size().unsigned_abs(),
            // Who does not know its batches must think that it has any.
            batches: (bound("minValues").unwrap_or(0), bound("maxValues").unwrap_or(i64::MAX)),
            remove: file.remove_action(false),
        }
    }
}

impl FactTable {
    /// Opens the table under the root `facts`, and creates it where it is absent.
    pub(crate) async fn open(table: &'static Table, facts: &Url) -> Result<Self> {
        let open = async {
            let url = facts.join(&format!("{}/", table.name)).map_err(|e| DeltaTableError::generic(e.to_string()))?;
            let delta = DeltaTableBuilder::from_url(url)?.build()?;
            if delta.verify_deltatable_existence().await? { load(delta).await } else { create(table, delta).await }
        };
        let folder = facts.to_file_path().ok().map(|facts| facts.join(table.name));
        Ok(Self { table, delta: open.await.map_err(failed(table))?, folder })
    }

    /// Returns what is said of the table.
    pub(super) fn table(&self) -> &'static Table {
        self.table
    }

    /// Returns where a file of the table is on this machine, if it is.
    pub(super) fn path(&self, file: &str) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.join(file))
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

    /// Returns what makes rows a file of the table.
    pub(super) fn sorter(&self) -> Result<Sorter> {
        self.has_all_columns().map_err(failed(self.table))?;
        Ok(Sorter::new(self.table, self.delta.object_store(), Effort::Quick))
    }

    /// Removes a file that no version has; what stays behind is waste that vacuum removes.
    pub(super) async fn delete(&self, path: &Path) {
        let _ = ObjectStoreExt::delete(self.delta.object_store().as_ref(), path).await;
    }

    /// Appends the file of a batch in one commit that records the batch's number; it survives a crash of the machine
    /// once [`Self::newest_log`] is synced.
    ///
    /// Delta records application transactions without enforcing them: the caller has asked [`Self::batch`] before.
    pub(crate) async fn append(&mut self, batch: i64, file: Add) -> Result<()> {
        let properties = CommitProperties::default().with_application_transaction(Transaction::new(APPLICATION, batch));
        let operation = DeltaOperation::Write { mode: SaveMode::Append, partition_by: None, predicate: None };
        self.commit(vec![Action::Add(file)], operation, properties).await
    }

    /// Returns the files at this version, in the order of their batches.
    pub(crate) fn files(&self) -> Result<Vec<DataFile>> {
        let snapshot = self.delta.snapshot().map_err(failed(self.table))?;
        let mut files: Vec<_> = snapshot.log_data().iter().map(|file| DataFile::new(&file)).collect();
        files.sort_by_key(|file| file.batches);
        Ok(files)
    }

    /// Writes the rows of `files` as one file that no version has yet; only those that `keep` says, if it says.
    pub(crate) async fn merge(&self, files: &[DataFile], keep: Option<Keep>) -> Result<Option<Written>> {
        let (table, store) = (self.table, self.delta.object_store());
        let paths: Vec<Path> = files.iter().map(|file| file.path.clone()).collect();
        // Sorting and compressing take long between two awaits: others have this thread's time.
        let runtime = tokio::runtime::Handle::current();
        let merge = move || runtime.block_on(sorter::files(table, store, &paths, keep));
        let written = tokio::task::spawn_blocking(merge).await.expect("a merge does not panic");
        let written = written.map_err(failed(self.table))?;
        sync(written.iter().filter_map(|written| self.path(&written.add.path)).collect()).await?;
        Ok(written)
    }

    /// Returns whether a file has rows whose `column` is one of `ids`; only that column is read.
    pub(crate) async fn holds(&self, file: &DataFile, column: &'static str, ids: HashSet<i64>) -> Result<bool> {
        let (store, path) = (self.delta.object_store(), file.path.clone());
        source::holds(store, &path, column, &ids).await.map_err(failed(self.table))
    }

    /// Puts `written` in the place of `files`, in one commit; returns whether it did: not if one of them is gone.
    ///
    /// Rows that are `dropped` are a change to who follows the table, merged ones are none.
    pub(crate) async fn replace(
        &mut self,
        files: &[DataFile],
        written: Option<Written>,
        is_dropped: bool,
    ) -> Result<bool> {
        let present: HashSet<Path> = self.files()?.into_iter().map(|file| file.path).collect();
        if !files.iter().all(|file| present.contains(&file.path)) {
            return Ok(false);
        }
        let removed =
            files.iter().map(|file| Action::Remove(Remove { data_change: is_dropped, ..file.remove.clone() }));
        let added = written.map(|written| Action::Add(Add { data_change: is_dropped, ..written.add }));
        let operation = match is_dropped {
            true => DeltaOperation::Delete { predicate: None },
            false => DeltaOperation::Optimize { predicate: None, target_size: 0 },
        };
        self.commit(removed.chain(added).collect(), operation, CommitProperties::default()).await?;
        sync(self.newest_log()).await?;
        Ok(true)
    }

    /// Refuses to write columns that the table was made without: nobody would see them.
    fn has_all_columns(&self) -> Result<(), DeltaTableError> {
        let schema = self.delta.snapshot()?.schema();
        match self.table.columns.iter().find(|column| schema.field(column.name).is_none()) {
            Some(column) => Err(DeltaTableError::generic(format!("an older Annals made it without `{}`", column.name))),
            None => Ok(()),
        }
    }

    async fn commit(
        &mut self,
        actions: Vec<Action>,
        operation: DeltaOperation,
        properties: CommitProperties,
    ) -> Result<()> {
        let state = self.delta.snapshot().map_err(failed(self.table))?.clone();
        let commit = CommitBuilder::from(properties).with_actions(actions);
        let commit = commit.build(Some(&state), self.delta.log_store(), operation);
        self.delta.state = Some(commit.await.map_err(failed(self.table))?.snapshot());
        Ok(())
    }

    /// Returns the files of this version's commit that are on this machine: every some commits it has a checkpoint, too.
    pub(super) fn newest_log(&self) -> Vec<PathBuf> {
        let version = self.version();
        let names = [format!("{version:020}.json"), format!("{version:020}.checkpoint.parquet")];
        let names = names.into_iter().chain(["_last_checkpoint".to_owned()]);
        names.filter_map(|name| self.path(&format!("_delta_log/{name}"))).filter(|path| path.exists()).collect()
    }

    /// Deletes files that neither this version nor one of `kept` has, if they are older than `horizon`; returns how
    /// many went.
    pub(crate) async fn vacuum(&mut self, horizon: chrono::Duration, kept: &[u64]) -> Result<usize> {
        let vacuum = self.delta.clone().vacuum().with_retention_period(horizon).with_enforce_retention_duration(false);
        let vacuum = vacuum.with_mode(VacuumMode::Full).with_keep_versions(kept);
        let (delta, metrics) = vacuum.await.map_err(failed(self.table))?;
        self.delta = delta;
        Ok(metrics.files_deleted.len())
    }

    /// Returns how many files the table has at this version.
    pub(crate) fn file_count(&self) -> Result<usize> {
        Ok(self.delta.snapshot().map_err(failed(self.table))?.log_data().num_files())
    }

    /// Returns what the engine reads: the table frozen at this version.
    pub(crate) fn provider(&self) -> Result<Arc<dyn TableProvider>> {
        Ok(Arc::new(facts::provider(self.table, &self.delta, self.folder.clone()).map_err(failed(self.table))?))
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

pub(super) fn failed(table: &'static Table) -> impl Fn(DeltaTableError) -> Error {
    |cause| Error::Table { table: table.name, cause: Box::new(cause) }
}
