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

use anyhow::{Context, Result, bail};

/// Allocates as the program does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What the command line asks for.
struct Options {
    cases: usize,
    rounds: usize,
    reports: usize,
    connections: usize,
    /// A file that this process is to take in, and nothing else: its memory is measured.
    once: Option<PathBuf>,
}

fn main() -> Result<()> {
    // `cargo test` runs benches too, without this word: there is nothing to test.
    let Some(options) = options()? else { return Ok(()) };
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

fn options() -> Result<Option<Options>> {
    let mut options = Options { cases: 400_000, rounds: 3, reports: 2000, connections: 32, once: None };
    let mut arguments = std::env::args().skip(1);
    let mut is_bench = false;
    while let Some(argument) = arguments.next() {
        if argument == "--bench" {
            is_bench = true;
            continue;
        }
        let value = arguments.next().with_context(|| format!("`{argument}` has no value"));
        match argument.as_str() {
            "--cases" => options.cases = value?.parse()?,
            "--rounds" => options.rounds = value?.parse()?,
            "--reports" => options.reports = value?.parse()?,
            "--connections" => options.connections = value?.parse()?,
            "--once" => options.once = Some(value?.into()),
            // Filters and options of the default harness mean nothing here.
            _ if !is_bench => return Ok(None),
            _ => bail!("there is no option `{argument}`"),
        }
    }
    Ok(is_bench.then_some(options))
}
