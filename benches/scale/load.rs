//! Filling a store by real commits, with the compaction that `serve` does in between, and what it needs then.

use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::time::Instant;

use annals_data::store::{Ingest, Store};
use anyhow::Result;

use super::history::{History, Shape};
use super::peer;

/// Positions that share a commit.
const GROUP: usize = 5;

/// Commits the history and prints what it cost.
pub(crate) async fn measure(store: &Store, shape: Shape) -> Result<()> {
    let outcomes = (shape.tests * shape.builders * shape.positions) as f64;
    let (mut committing, mut merging, mut longest) = (0.0, 0.0, 0.0_f64);
    // Two at most wait, so that making them takes no memory to speak of.
    let (sender, receiver) = sync_channel::<Vec<Ingest>>(2);
    let maker = std::thread::spawn(move || {
        let mut history = History::new(shape);
        for group in (0..shape.positions).collect::<Vec<_>>().chunks(GROUP) {
            if sender.send(group.iter().map(|position| history.at(*position)).collect()).is_err() {
                return;
            }
        }
    });
    while let Ok(ingests) = receiver.recv() {
        committing += timed(store.commit(ingests)).await?;
        let merge = timed(store.compact_due()).await?;
        merging += merge;
        longest = longest.max(merge);
    }
    maker.join().expect("making does not panic");
    let rate = |seconds: f64| format!("{seconds:.1} s, {:.2} million outcomes a second", outcomes / seconds / 1e6);
    println!("{outcomes:.0} outcomes, {GROUP} positions of {} builders at a time", shape.builders);
    println!("  commit: {}", rate(committing));
    println!("  merging what is due: {}, at most {longest:.1} s at once", rate(merging));
    println!("  merging the rest: {:.1} s", timed(store.compact()).await?);
    Ok(())
}

async fn timed<T>(work: impl Future<Output = annals_data::Result<T>>) -> Result<f64> {
    let start = Instant::now();
    work.await?;
    Ok(start.elapsed().as_secs_f64())
}

/// Prints what each table needs on disk, and what DuckDB needs for the same outcomes in the same order.
pub(crate) async fn sizes(store: &Store, facts: &Path) -> Result<()> {
    println!("{:10} {:>6} {:>12} {:>14} {:>10}", "table", "files", "rows", "bytes", "per row");
    for size in store.sizes().await? {
        let per_row = size.byte_count as f64 / size.row_count.max(1) as f64;
        let counts = (size.file_count, size.row_count, size.byte_count);
        println!("{:10} {:>6} {:>12} {:>14} {per_row:>10.3}", size.table, counts.0, counts.1, counts.2);
        if size.table == "outcome"
            && let Some(bytes) = peer::size(facts)?
        {
            let ratio = size.byte_count as f64 / bytes as f64;
            println!("  DuckDB's zstd Parquet of the same rows: {bytes}; size ratio annals / DuckDB {ratio:.3}");
        }
    }
    Ok(())
}
