//! How a store behaves when it is full: what commits, folds, files, rebuilding, pages and questions cost, beside DuckDB
//! over the same files in the same run.
//!
//! `cargo bench --bench warehouse` makes a history by a seeded generator and commits it as uploads come; `--tests N`,
//! `--builders N` and `--positions N` size it (20,000 by 5 by 1,000 are a hundred million outcomes). `--keep DIR` makes
//! it there and leaves it; `--store DIR` takes a store that is there and adds nothing to it. `--only WORD` measures one
//! part: sizes, rebuild, pages, questions, or a single question by its name. `--rounds N` says how often a question is
//! asked, the best counts. The Python with DuckDB is the one that `make setup` installs; without it there are no ratios.
//!
//! Absolute times say little on a shared machine: compare the ratios.

#![allow(clippy::print_stdout)]

#[path = "shared/history.rs"]
mod history;
#[path = "warehouse/load.rs"]
mod load;
#[path = "warehouse/machine.rs"]
mod machine;
#[path = "warehouse/pages.rs"]
mod pages;
#[path = "warehouse/peer.rs"]
mod peer;
#[path = "shared/python.rs"]
mod python;
#[path = "warehouse/questions.rs"]
mod questions;

use std::path::{Path, PathBuf};

use annals_analytics::Warehouse;
use annals_data::store::Location;
use anyhow::Result;
use clap::Parser;

/// Allocates as the program does.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// What the command line asks for.
#[derive(Parser)]
struct Options {
    /// A store that is there
    #[arg(long)]
    store: Option<PathBuf>,
    /// Where a store is made and left
    #[arg(long)]
    keep: Option<PathBuf>,
    /// One part: sizes, rebuild, pages, questions, or a single question
    #[arg(long)]
    only: Option<String>,
    /// How often a question is asked
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    #[command(flatten)]
    shape: history::Shape,
    /// What cargo says to a bench.
    #[arg(long = "bench", hide = true)]
    _bench: bool,
}

fn main() -> Result<()> {
    // `cargo test` runs benches too, without this word: there is nothing to test.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let options = Options::parse();
    tokio::runtime::Runtime::new()?.block_on(run(&options))
}

async fn run(options: &Options) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let given = options.store.clone().or_else(|| options.keep.clone());
    let root = given.unwrap_or_else(|| folder.path().to_owned());
    let warehouse = Warehouse::open(&Location { root: root.clone(), facts: None }, Vec::new()).await?;
    let facts = root.join("facts");
    if options.store.is_none() {
        load::measure(&warehouse, options.shape).await?;
    }
    let only = options.only.as_deref();
    let is_asked = |part: &str| only.is_none_or(|only| only == part);
    if is_asked("sizes") {
        sizes(&warehouse, &facts).await?;
    }
    let peer = if is_asked("rebuild") || is_asked("pages") { peer::streaks(&facts)? } else { None };
    if is_asked("rebuild") {
        rebuild(&warehouse, peer.as_ref()).await?;
    }
    if is_asked("pages") {
        pages::measure(&warehouse, peer.as_ref()).await?;
    }
    if !["sizes", "rebuild", "pages"].iter().any(|part| only == Some(part)) {
        let only = only.filter(|only| *only != "questions");
        questions::measure(warehouse.store(), &facts, only, options.rounds).await?;
    }
    let (now, most) = machine::memory();
    println!("resident memory: {now:.0} MB, at most {most:.0} MB");
    Ok(())
}

/// Prints what each table needs on disk, and what DuckDB needs for the same outcomes in the same order.
async fn sizes(warehouse: &Warehouse, facts: &Path) -> Result<()> {
    println!("{:10} {:>6} {:>12} {:>14} {:>10}", "table", "files", "rows", "bytes", "per row");
    for size in warehouse.store().sizes().await? {
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

async fn rebuild(warehouse: &Warehouse, peer: Option<&peer::Streaks>) -> Result<()> {
    let outcomes = pages::number(warehouse, "SELECT count(*) FROM raw.outcome").await? as f64;
    let ((), seconds) = load::timed(warehouse.rebuild()).await?;
    let streaks = pages::number(warehouse, "SELECT count(*) FROM raw.streak").await?;
    let rate = |seconds: f64| format!("{seconds:.2} s, {:.2} million outcomes a second", outcomes / seconds / 1e6);
    println!("rebuild of {outcomes} outcomes into {streaks} streaks and their blamelists: {}", rate(seconds));
    if let Some(peer) = peer {
        let ratio = seconds / peer.streak_seconds;
        println!(
            "  DuckDB {}, streaks only: {} streaks, {}; time ratio annals / DuckDB {ratio:.2}",
            peer.version,
            peer.streaks,
            rate(peer.streak_seconds)
        );
    }
    Ok(())
}
