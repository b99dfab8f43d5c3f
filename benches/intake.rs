//! How fast reports are taken in, beside tools that do the same, in the same run.
//!
//! One large JUnit file becomes rows, part by part, beside parsers that make it objects only; many small reports are
//! uploaded over many connections to the real server, beside databases that take them one by one. `--cases N` sizes
//! the file, `--rounds N` says how often it is taken in, `--reports N` and `--connections N` size the uploads; nothing
//! of a kind is measured where its number is 0. The other tools are Python's, which `make bench` installs; without them
//! there are no ratios.
//!
//! Absolute times say little on a shared machine: compare the ratios.

#![allow(clippy::print_stdout)]

#[path = "intake/large.rs"]
mod large;
#[path = "intake/peer.rs"]
mod peer;
#[path = "intake/report.rs"]
mod report;
#[path = "intake/small.rs"]
mod small;

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;

/// Allocates as the program does.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// What the command line asks for.
#[derive(Parser)]
struct Options {
    /// Cases of the large file
    #[arg(long, default_value_t = 400_000)]
    cases: usize,
    /// How often it is taken in
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Small reports
    #[arg(long, default_value_t = 2000)]
    reports: usize,
    /// Connections over which they are uploaded
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// A file that this process is to take in, and nothing else: its memory is measured
    #[arg(long, hide = true)]
    once: Option<PathBuf>,
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
    if let Some(file) = &options.once {
        return large::once(file);
    }
    if options.cases > 0 {
        large::measure(options.cases, options.rounds)?;
    }
    if options.reports > 0 {
        small::measure(options.reports, options.connections)?;
    }
    Ok(())
}
