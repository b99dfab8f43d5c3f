//! How a full store behaves: what an outcome needs on disk, what compaction costs, and how long questions over raw rows
//! take, beside DuckDB asking the same of the same files in the same run.
//!
//! `cargo bench --bench scale` makes a history by a seeded generator and commits it as uploads come, several builds at
//! a time; `--tests N`, `--builders N` and `--positions N` size it (20,000 by 5 by 1,000 are a hundred million). `--keep
//! DIR` makes it there and leaves it; `--store DIR` takes a store that is there and only asks. `--rounds N` says how
//! often a question is asked, the best counts; `--only NAME` asks one. Folding is measured by the bench `warehouse`.
//!
//! Absolute times say little on a shared machine: compare the ratios.

#![allow(clippy::print_stdout)]

#[path = "shared/history.rs"]
mod history;
#[path = "scale/load.rs"]
mod load;
#[path = "scale/peer.rs"]
mod peer;
#[path = "shared/python.rs"]
mod python;
#[path = "scale/questions.rs"]
mod questions;

use std::path::PathBuf;

use annals_data::store::{Location, Store};
use anyhow::{Context, Result, bail};

/// What the command line asks for.
struct Options {
    store: Option<PathBuf>,
    keep: Option<PathBuf>,
    only: Option<String>,
    rounds: usize,
    shape: history::Shape,
}

fn main() -> Result<()> {
    // `cargo test` runs benches too, without this word: there is nothing to test.
    let Some(options) = options()? else { return Ok(()) };
    tokio::runtime::Runtime::new()?.block_on(run(&options))
}

fn options() -> Result<Option<Options>> {
    let shape = history::Shape { tests: 20_000, builders: 5, positions: 100 };
    let mut options = Options { store: None, keep: None, only: None, rounds: 3, shape };
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
            "--keep" => options.keep = Some(value?.into()),
            "--only" => options.only = Some(value?),
            "--rounds" => options.rounds = value?.parse()?,
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
    let given = options.store.clone().or_else(|| options.keep.clone());
    let root = given.unwrap_or_else(|| folder.path().to_owned());
    let store = Store::open(&Location { root: root.clone(), facts: None }).await?;
    if options.store.is_none() {
        load::measure(&store, options.shape).await?;
    }
    let facts = root.join("facts");
    if options.only.is_none() {
        load::sizes(&store, &facts).await?;
    }
    questions::measure(&store, &facts, options.only.as_deref(), options.rounds).await
}
