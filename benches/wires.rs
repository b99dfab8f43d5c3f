//! How SQL from other programs holds under load: many connections over HTTP, Postgres and Flight at once, beside uploads.
//!
//! `cargo bench --bench wires` builds the demonstration, serves it, and asks for thirty seconds over two hundred connections;
//! `--seconds N` and `--connections N` say otherwise. It fails if a single question fails, and prints how long answers took and
//! how much memory the server had at most. Then a million rows go through Postgres' wire and Flight, beside PostgreSQL and
//! DuckDB doing the same in the same run: compare the ratios, absolute times say little on a shared machine.

#![allow(clippy::print_stdout)]

#[path = "wires/clients.rs"]
mod clients;
#[path = "wires/server.rs"]
mod server;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Parser;
use clients::{Client, KINDS};
use server::Server;
use tokio::task::JoinSet;

/// What dashboards ask.
const QUESTIONS: &[&str] = &[
    "SELECT project, builder, name, opened_at FROM problem WHERE state = 'open' ORDER BY opened_at",
    "SELECT name, flip_rate FROM flaky_test ORDER BY flip_rate DESC LIMIT 20",
    "SELECT day, build_count, passed_ratio FROM branch_day ORDER BY day",
    "SELECT builder, success_ratio FROM builder_health",
    "SELECT outcome, count(*) AS count FROM raw.outcome GROUP BY outcome ORDER BY outcome",
    "SELECT name, median_ms FROM slow_test ORDER BY total_ms DESC LIMIT 10",
];

/// What the command line asks for.
#[derive(Parser)]
struct Options {
    /// For how long questions are asked
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// Over how many connections
    #[arg(long, default_value_t = 200)]
    connections: usize,
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
    let server = Arc::new(Server::start()?);
    let is_over = Arc::new(AtomicBool::new(false));
    let uploads = tokio::task::spawn_blocking({
        let (server, is_over) = (Arc::clone(&server), Arc::clone(&is_over));
        move || server.upload_until(&is_over)
    });
    let memory = tokio::spawn({
        let (server, is_over) = (Arc::clone(&server), Arc::clone(&is_over));
        async move { most_memory(&server, &is_over).await }
    });
    let mut asking = JoinSet::new();
    let end = Instant::now() + Duration::from_secs(options.seconds);
    for number in 0..options.connections {
        let server = Arc::clone(&server);
        asking.spawn(async move { ask_until(&server, number, end).await });
    }
    let (mut times, mut errors) = (vec![Vec::new(); KINDS.len()], Vec::new());
    while let Some(asked) = asking.join_next().await {
        let (kind, found, failed) = asked?;
        times[kind].extend(found);
        errors.extend(failed);
    }
    is_over.store(true, Ordering::Relaxed);
    for (kind, times) in KINDS.iter().zip(&mut times) {
        tell(kind, times, Duration::from_secs(options.seconds));
    }
    println!("uploads meanwhile: {}; memory of the server at most: {} MiB", uploads.await??, memory.await? >> 10);
    if let Some(first) = errors.first() {
        bail!("{} questions failed; the first: {first}", errors.len());
    }
    compare(&server)
}

/// Runs the comparison with other engines, where there is a Python for it.
fn compare(server: &Server) -> Result<()> {
    let cached = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache/annals/clients/bin/python"));
    let python = std::env::var_os("ANNALS_CLIENTS").map(PathBuf::from).or_else(cached).filter(|path| path.exists());
    let Some(python) = python else {
        println!("no comparison: `make setup` installs the Python for it");
        return Ok(());
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/wires/peer.py");
    let status = Command::new(python).arg(script).args([&server.postgres, &server.flight]).status()?;
    if status.success() { Ok(()) } else { bail!("the comparison failed") }
}

/// Asks over one connection until the end; returns the times of the answers, and what failed.
async fn ask_until(server: &Server, number: usize, end: Instant) -> (usize, Vec<Duration>, Vec<String>) {
    let kind = number % KINDS.len();
    let (mut times, mut errors) = (Vec::new(), Vec::new());
    let mut client = match Client::connect(kind, server).await {
        Ok(client) => client,
        Err(error) => return (kind, times, vec![format!("{}: {error:#}", KINDS[kind])]),
    };
    for round in number.. {
        let began = Instant::now();
        if began >= end {
            break;
        }
        let question = QUESTIONS[round % QUESTIONS.len()];
        match client.ask(question).await {
            Ok(()) => times.push(began.elapsed()),
            Err(error) => {
                errors.push(format!("{}: {error:#}: {question}", KINDS[kind]));
                break;
            }
        }
    }
    (kind, times, errors)
}

/// Returns the most memory that the server had, in KiB.
async fn most_memory(server: &Server, is_over: &AtomicBool) -> u64 {
    let mut most = 0;
    while !is_over.load(Ordering::Relaxed) {
        most = most.max(server.memory());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    most
}

fn tell(kind: &str, times: &mut [Duration], length: Duration) {
    times.sort_unstable();
    let at = |share: f64| {
        let place = ((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1));
        times.get(place).map_or(0.0, Duration::as_secs_f64) * 1e3
    };
    let rate = times.len() as f64 / length.as_secs_f64();
    println!(
        "{kind:<9} {:>7} answers, {rate:>7.1}/s; ms: p50 {:.1}, p99 {:.1}, most {:.1}",
        times.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
}
