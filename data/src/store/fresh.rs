//! The files of a batch that is being written: durable when they are finished, and in no version of their tables yet.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::PathBuf;

use arrow::array::RecordBatch;
use deltalake::Path;
use deltalake::kernel::Add;

use super::sorter::Sorter;
use super::table::FactTable;
use crate::journal::sync_folder;
use crate::schema::Table;
use crate::{Error, Result};

/// The rows of a batch on their way to the files of their tables.
pub(crate) struct Fresh<'t> {
    tables: &'t [FactTable],
    sorters: BTreeMap<&'static str, Sorter>,
    files: BTreeMap<String, Add>,
}

impl<'t> Fresh<'t> {
    /// Returns a batch of `tables` without any row.
    pub(super) fn new(tables: &'t [FactTable]) -> Self {
        Self { tables, sorters: BTreeMap::new(), files: BTreeMap::new() }
    }

    /// Adds rows to a table, in any order.
    pub(crate) async fn append(&mut self, table: &'static Table, rows: &RecordBatch) -> Result<()> {
        if rows.num_rows() == 0 {
            return Ok(());
        }
        if !self.sorters.contains_key(table.name) {
            self.sorters.insert(table.name, self.table(table.name).sorter()?);
        }
        let sorter = self.sorters.get_mut(table.name).expect("it was put there if it was not");
        sorter.add(rows).await.map_err(super::table::failed(table))
    }

    /// Writes the files; when this returns, they survive a crash. Returns them by table.
    pub(super) async fn finish(&mut self) -> Result<BTreeMap<String, Add>> {
        while let Some((name, sorter)) = self.sorters.pop_first() {
            let table = self.table(name);
            let written = sorter.finish().await.map_err(super::table::failed(table.table()))?;
            self.files.extend(written.map(|written| (name.to_owned(), written.add)));
        }
        let paths: Vec<PathBuf> =
            self.files.iter().filter_map(|(name, add)| self.table(name).path(&add.path)).collect();
        sync(paths).await?;
        Ok(self.files.clone())
    }

    /// Removes what was written: nobody will ever name it.
    pub(super) async fn discard(mut self) {
        for sorter in std::mem::take(&mut self.sorters).into_values() {
            sorter.discard().await;
        }
        for (name, add) in &self.files {
            self.table(name).delete(&Path::from(add.path.as_str())).await;
        }
    }

    fn table(&self, name: &str) -> &'t FactTable {
        self.tables.iter().find(|table| table.table().name == name).expect("rows are of a fact table")
    }
}

/// Has files and their names survive a crash of the machine: all at once, because a disk takes about as long for one.
pub(super) async fn sync(paths: Vec<PathBuf>) -> Result<()> {
    let sync = |path: PathBuf| {
        tokio::task::spawn_blocking(move || {
            let synced = File::open(&path).and_then(|file| file.sync_all());
            let synced = synced.and_then(|()| path.parent().map_or(Ok(()), sync_folder));
            synced.map_err(|source: io::Error| Error::File { path, source })
        })
    };
    let all: Vec<_> = paths.into_iter().map(sync).collect();
    for one in all {
        one.await.expect("to sync a file does not panic")?;
    }
    Ok(())
}
