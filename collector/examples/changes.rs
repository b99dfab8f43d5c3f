//! Reads all changes of a repository and prints how fast that was: `cargo run --example changes -- REPOSITORY`.

#![allow(clippy::print_stdout)]

use std::path::Path;
use std::time::Instant;

use annals_collector::Error;
use annals_collector::history::{Batch, History, Selection};

fn main() -> Result<(), Error> {
    let path = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let history = History::open(Path::new(&path))?;
    let started = Instant::now();
    let picked = history.select(&Selection::default())?;
    println!("{} revisions of `{}` in {:.2?}", picked.revisions.len(), picked.branch, started.elapsed());
    let started = Instant::now();
    let tips: Vec<String> = picked.revisions.last().map(|revision| revision.id.clone()).into_iter().collect();
    let mut sums = [0; 6];
    let mut each = |batch: Batch| -> Result<(), Error> {
        for file in batch.changes.iter().flat_map(|change| &change.files) {
            let is_unknown = i64::from(file.lines_added.is_none());
            let lines = [file.lines_added.unwrap_or(0), file.lines_removed.unwrap_or(0)];
            let row = [1, lines[0], lines[1], file.merge_lines_added, file.merge_lines_removed, is_unknown];
            sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
        Ok(())
    };
    let count = history.changes("example", &tips, &|_| false, &mut each)?;
    let [files, added, removed, merged, unmerged, unknown] = sums;
    let elapsed = started.elapsed();
    println!("{count} changes in {elapsed:.2?}: {:.0} per second", count as f64 / elapsed.as_secs_f64());
    println!("{files} files ({unknown} without lines), +{added} -{removed}, by merges +{merged} -{unmerged}");
    let started = Instant::now();
    let known = history.changes("example", &tips, &|_| true, &mut |_| Ok::<_, Error>(()))?;
    println!("{known} changes in {:.2?} when all are known", started.elapsed());
    Ok(())
}
