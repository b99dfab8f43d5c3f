//! Compaction: small files become few large ones in the table's order, and files that nobody reads any more go.
//!
//! A merge reads files of one version and writes a new one, holding no lock: batches are committed and read meanwhile.
//! Only putting the new file in the place of the old ones takes the writer's lock, for one commit to the table's log,
//! and is given up if one of the old files is gone by then. Until that commit the new file belongs to no version: who
//! is killed before it leaves waste for [`Store::vacuum`], and nothing else. Readers of older publications keep their
//! files until then.

use std::fs::{File, TryLockError};
use std::time::Duration;

use super::plan::{self, Policy};
use super::sorter::Keep;
use super::table::{DataFile, FactTable};
use super::{Store, at, lock, publish};
use crate::schema::TABLES;
use crate::{Error, Result};

/// What became of the files of a table: how many there were and how many there are.
pub type FileCount = (&'static str, usize, usize);

/// What a table needs on disk, without files that only older publications have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableSize {
    /// The table.
    pub table: &'static str,
    /// Its files.
    pub file_count: usize,
    /// Their rows.
    pub row_count: u64,
    /// Their bytes.
    pub byte_count: u64,
}

impl Store {
    /// Returns what each table needs at its newest publication.
    pub async fn sizes(&self) -> Result<Vec<TableSize>> {
        let mut sizes = Vec::new();
        for (index, table) in TABLES.iter().enumerate() {
            let files = self.newest(index).await?.files()?;
            let (row_count, byte_count) = files.iter().fold((0, 0), |sum, f| (sum.0 + f.rows, sum.1 + f.bytes));
            sizes.push(TableSize { table: table.name, file_count: files.len(), row_count, byte_count });
        }
        Ok(sizes)
    }

    /// Returns the files of each table at its newest publication, as paths below the root of the facts.
    pub async fn file_paths(&self) -> Result<Vec<(&'static str, Vec<String>)>> {
        let mut paths = Vec::new();
        for (index, table) in TABLES.iter().enumerate() {
            let files = self.newest(index).await?.files()?;
            paths.push((table.name, files.iter().map(|file| format!("{}/{}", table.name, file.path)).collect()));
        }
        Ok(paths)
    }

    /// Merges what can be merged, waiting for whoever does so now. Returns, by table, how many files there were and
    /// how many there are.
    pub async fn compact(&self) -> Result<Vec<FileCount>> {
        let _turn = self.turn().await?;
        self.compact_by(Policy::All).await
    }

    /// Merges what has become worth it, unless somebody does so now. Its cost follows the new rows: a row is written
    /// again once each time that its file has become eight times as large.
    pub async fn compact_due(&self) -> Result<Vec<FileCount>> {
        match self.turn_now()? {
            Some(_turn) => self.compact_by(Policy::Due).await,
            None => Ok(Vec::new()),
        }
    }

    async fn compact_by(&self, policy: Policy) -> Result<Vec<FileCount>> {
        let mut counts = Vec::new();
        for (index, table) in TABLES.iter().enumerate() {
            let before = self.newest(index).await?.file_count()?;
            while self.merge_next(index, policy).await? {}
            let after = self.newest(index).await?.file_count()?;
            counts.push((table.name, before, after));
        }
        Ok(counts)
    }

    /// Merges the files of a table that are next; returns whether there were any.
    async fn merge_next(&self, index: usize, policy: Policy) -> Result<bool> {
        let facts = self.newest(index).await?;
        let files = facts.files()?;
        let rows: Vec<u64> = files.iter().map(|file| file.rows).collect();
        let Some(range) = plan::next(&rows, policy) else { return Ok(false) };
        self.rewrite(index, &facts, &files[range], None).await
    }

    /// Writes files of a table anew as one, and publishes it in their place; returns whether it came to that.
    pub(super) async fn rewrite(
        &self,
        index: usize,
        facts: &FactTable,
        files: &[DataFile],
        keep: Option<Keep>,
    ) -> Result<bool> {
        let is_dropped = keep.is_some();
        let written = facts.merge(files, keep).await?;
        let mut writer = self.writer.lock().await;
        let _lock = lock(&self.root).await?;
        self.recover(&mut writer).await?;
        for facts in writer.iter_mut() {
            facts.refresh().await?;
        }
        if !writer[index].replace(files, written, is_dropped).await? {
            return Ok(false);
        }
        let batch = self.publication()?.batch;
        self.state.write(|t| publish(t, batch, &writer))?;
        Ok(true)
    }

    /// Returns a table at its newest version.
    pub(super) async fn newest(&self, index: usize) -> Result<FactTable> {
        let mut facts = self.writer.lock().await[index].clone();
        facts.refresh().await?;
        Ok(facts)
    }

    /// Returns all tables at their newest versions.
    pub(super) async fn newest_all(&self) -> Result<Vec<FactTable>> {
        let mut tables = self.writer.lock().await.clone();
        for facts in &mut tables {
            facts.refresh().await?;
        }
        Ok(tables)
    }

    /// Deletes files that no publication of the last `horizon` has: who began to read before that loses them.
    /// Returns how many went.
    pub async fn vacuum(&self, horizon: Duration) -> Result<usize> {
        // A merge's new file belongs to no version either.
        let _turn = self.turn().await?;
        // Longer than any store is old.
        let horizon = chrono::Duration::from_std(horizon.min(Duration::from_secs(u32::MAX.into()))).unwrap_or_default();
        let kept = self.versions_since((chrono::Utc::now() - horizon).timestamp_micros())?;
        let mut writer = self.writer.lock().await;
        let _lock = lock(&self.root).await?;
        self.recover(&mut writer).await?;
        let mut count = 0;
        for (table, facts) in TABLES.iter().zip(writer.iter_mut()) {
            facts.refresh().await?;
            let mut versions: Vec<u64> = kept.iter().filter_map(|kept| kept.get(table.name).copied()).collect();
            versions.sort_unstable();
            versions.dedup();
            count += facts.vacuum(horizon, &versions).await?;
        }
        let batch = self.publication()?.batch;
        self.state.write(|t| publish(t, batch, &writer))?;
        Ok(count)
    }

    /// Waits until nobody else rewrites files, in whatever process, and keeps others from it.
    pub(super) async fn turn(&self) -> Result<File> {
        let path = self.root.join("compact.lock");
        let take = move || {
            let file = File::create(&path).map_err(at(&path))?;
            file.lock().map_err(at(&path))?;
            Ok(file)
        };
        tokio::task::spawn_blocking(take).await.expect("taking a lock does not panic")
    }

    fn turn_now(&self) -> Result<Option<File>> {
        let path = self.root.join("compact.lock");
        let file = File::create(&path).map_err(at(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(Error::File { path, source }),
        }
    }
}
