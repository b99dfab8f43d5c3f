//! How fast outcomes are folded and rebuilt, and how fast pages are, beside DuckDB doing the same by SQL on the same
//! rows in the same run.
//!
//! `cargo bench` makes a history by a seeded generator; `cargo bench -- --store DIR` takes a store that is there and
//! leaves out the folding, which would change it. `--tests N`, `--builders N` and `--positions N` size the generated
//! history. The Python with DuckDB is the one that `make setup` installs; without it there are no ratios.
//!
//! Absolute times say little on a shared machine: compare the ratios.

#![allow(clippy::print_stdout)]

#[path = "shared/history.rs"]
mod history;
#[path = "warehouse/pages.rs"]
mod pages;
#[path = "warehouse/peer.rs"]
mod peer;
#[path = "shared/python.rs"]
mod python;

use std::path::PathBuf;
use std::time::Instant;

use annals_analytics::Warehouse;
use annals_data::store::{Ingest, Location};
use anyhow::{Context, Result, bail};

/// What the command line asks for.
struct Options {
    store: Option<PathBuf>,
    shape: history::Shape,
}

fn main() -> Result<()> {
    // `cargo test` runs benches too, without this word: there is nothing to test.
    let Some(options) = options()? else { return Ok(()) };
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(run(&options))
}

fn options() -> Result<Option<Options>> {
    let mut options = Options { store: None, shape: history::Shape::default() };
    let mut arguments = std::env::args().skip(1);
    let mut is_bench = false;
    while let Some(argument) = arguments.next() {
        if argument == "--bench" {
            is_bench = true;
            continue;
        }
        let value = arguments.next().with_context(|| format!("`{argument}` has no value"));
        match argument.as_str() {
            "--store" => options.store = Some(value?.into()),
            "--tests" => options.shape.tests = value?.parse()?,
            "--builders" => options.shape.builders = value?.parse()?,
            "--positions" => options.shape.positions = value?.parse()?,
            // Filters and options of the default harness mean nothing here.
            _ if !is_bench => return Ok(None),
            _ => bail!("there is no option `{argument}`"),
        }
    }
    Ok(is_bench.then_some(options))
}

async fn run(options: &Options) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let root = options.store.clone().unwrap_or_else(|| folder.path().to_owned());
    let warehouse = Warehouse::open(&Location { root: root.clone(), facts: None }, Vec::new()).await?;
    if options.store.is_none() {
        fold(&warehouse, options.shape).await?;
    }
    let outcomes = pages::number(&warehouse, "SELECT count(*) FROM raw.outcome").await?;
    let streaks = pages::number(&warehouse, "SELECT count(*) FROM raw.streak").await?;
    let peer = peer::streaks(&root.join("facts"))?;
    rebuild(&warehouse, outcomes, streaks, peer.as_ref()).await?;
    compact(&warehouse).await?;
    pages::measure(&warehouse, peer.as_ref()).await
}

/// Commits the generated history build by build, as uploads come, and then the rest at once, as an import does.
async fn fold(warehouse: &Warehouse, shape: history::Shape) -> Result<()> {
    let mut history = history::History::new(shape);
    let (mut first, mut last) = (0.0, 0.0);
    let single = 40.min(shape.positions / 2);
    for position in 0..single {
        let ingest = history.at(position);
        let start = Instant::now();
        warehouse.commit(vec![ingest]).await?;
        let took = start.elapsed().as_secs_f64() * 1e3;
        match position {
            5..15 => first += took / 10.0,
            position if position >= single.saturating_sub(10) => last += took / 10.0,
            _ => {}
        }
    }
    let per_commit = shape.tests * shape.builders;
    println!("commit and fold, {per_commit} outcomes at a time: {first:.0} ms early, {last:.0} ms at commit {single}");
    let (mut outcomes, mut seconds) = (0, 0.0);
    for group in (single..shape.positions).collect::<Vec<_>>().chunks(20) {
        let ingests: Vec<Ingest> = group.iter().map(|position| history.at(*position)).collect();
        outcomes += group.len() * per_commit;
        let start = Instant::now();
        warehouse.commit(ingests).await?;
        seconds += start.elapsed().as_secs_f64();
    }
    println!("commit and fold, 20 positions at a time: {}", rate(outcomes as i64, seconds));
    Ok(())
}

/// Brings the outcomes into their order, as a store that is kept has them.
async fn compact(warehouse: &Warehouse) -> Result<()> {
    let start = Instant::now();
    let counts = warehouse.store().compact().await?;
    let files: Vec<_> = counts.iter().map(|(table, before, after)| format!("{table} {before} to {after}")).collect();
    println!("compact: {:.2} s; files: {}", start.elapsed().as_secs_f64(), files.join(", "));
    Ok(())
}

async fn rebuild(warehouse: &Warehouse, outcomes: i64, streaks: i64, peer: Option<&peer::Answer>) -> Result<()> {
    let start = Instant::now();
    warehouse.rebuild().await?;
    let seconds = start.elapsed().as_secs_f64();
    println!("rebuild of {outcomes} outcomes into {streaks} streaks and their blamelists: {}", rate(outcomes, seconds));
    if let Some(peer) = peer {
        println!(
            "  DuckDB {}, streaks only: {} streaks, {}; time ratio annals / DuckDB {:.2}",
            peer.version,
            peer.streaks,
            rate(outcomes, peer.streak_seconds),
            seconds / peer.streak_seconds
        );
    }
    Ok(())
}

fn rate(outcomes: i64, seconds: f64) -> String {
    format!("{seconds:.2} s, {:.2} million outcomes a second", outcomes as f64 / seconds / 1e6)
}
