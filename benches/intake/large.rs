//! One large JUnit file, from the file to durable rows that a query sees.
//!
//! Each measurement is a process of its own: what it needs at most is its own, and nothing is warm.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use annals_analytics::Warehouse;
use annals_collector::ingest::{self, Given, Origin};
use annals_collector::report::Limits;
use annals_data::store::{Ingest, Location};
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::{peer, report};

/// Seconds of each part, and what the process needed.
#[derive(Serialize, Deserialize)]
struct Parts {
    outcomes: usize,
    read: f64,
    /// Rows become files, and these durable and known.
    commit: f64,
    fold: f64,
    /// The first query after it; none of the sum, as whoever asks pays for it.
    query: f64,
    /// The most memory until the tables are written, and until the end.
    stored_kib: u64,
    peak_kib: u64,
}

impl Parts {
    fn sum(&self) -> f64 {
        self.read + self.commit + self.fold
    }
}

/// Prints times and memory for a file of `cases` cases, the best of `rounds` runs, and for one of four times as many.
pub(crate) fn measure(cases: usize, rounds: usize) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("large.xml");
    report::write(&mut BufWriter::new(File::create(&file)?), 1, cases)?;
    println!("JUnit, {cases} cases, {:.1} MB", fs::metadata(&file)?.len() as f64 / 1e6);
    let mut runs = (0..rounds).map(|_| apart(&file)).collect::<Result<Vec<_>>>()?;
    ensure!(runs.iter().all(|run| run.outcomes == cases), "cases were lost");
    runs.sort_by(|a, b| a.sum().total_cmp(&b.sum()));
    let best = runs.first().context("there is no round")?;
    print(best);
    let parsers = peer::parse(&file)?;
    for (name, parser) in [("test-results-parser", parsers.test_results_parser), ("junitparser", parsers.junitparser)] {
        let Some(peer::Parsed { version, seconds, cases: read }) = parser else { continue };
        let (all, reading) = (best.sum() / seconds, best.read / seconds);
        println!("  {name} {version}, to objects only: {seconds:.2} s, {read} cases");
        println!("    time ratio annals / {name}: {all:.2} to rows, {reading:.2} reading only");
    }
    report::write(&mut BufWriter::new(File::create(&file)?), 1, 4 * cases)?;
    let larger = apart(&file)?;
    ensure!(larger.outcomes == 4 * cases, "cases were lost");
    println!("JUnit, {} cases, {:.1} MB", 4 * cases, fs::metadata(&file)?.len() as f64 / 1e6);
    print(&larger);
    let ratio = |of: fn(&Parts) -> u64| of(&larger) as f64 / of(best) as f64;
    let (stored, peak) = (ratio(|parts| parts.stored_kib), ratio(|parts| parts.peak_kib));
    println!("  peak memory, four times the cases / the cases: {stored:.2} until the tables, {peak:.2} in all");
    Ok(())
}

fn print(parts: &Parts) {
    let Parts { read, commit, fold, query, .. } = parts;
    let [stored, peak] = [parts.stored_kib, parts.peak_kib].map(|kib| kib / 1024);
    let sum = parts.sum();
    println!("  annals, to durable rows that a query sees: {sum:.2} s");
    println!("    peak memory {stored} MiB until the tables, {peak} MiB in all");
    println!("    read {read:.2} s, commit {commit:.2} s, fold {fold:.2} s");
    println!("    the first query then {query:.2} s");
}

/// Takes the file in by another process.
fn apart(file: &Path) -> Result<Parts> {
    let output = Command::new(std::env::current_exe()?).args(["--bench", "--once"]).arg(file).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).context("the parts of a run")
}

/// Takes the file in by this process and prints the parts as JSON.
pub(crate) fn once(file: &Path) -> Result<()> {
    let parts = tokio::runtime::Runtime::new()?.block_on(take(file))?;
    println!("{}", serde_json::to_string(&parts)?);
    Ok(())
}

async fn take(file: &Path) -> Result<Parts> {
    let root = tempfile::tempdir()?;
    let warehouse = Warehouse::open(&Location { root: root.path().to_owned(), facts: None }, Vec::new()).await?;

    let begun = Instant::now();
    let (facts, _) = ingest::ingest(&origin(), &[file.to_owned()], None, &Limits::default())?;
    let read = begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    let receipt = warehouse.store().commit(vec![Ingest { changes: Vec::new(), builds: vec![facts] }]).await?;
    let commit = begun.elapsed().as_secs_f64();
    let stored_kib = peak()?;
    let begun = Instant::now();
    warehouse.catch_up().await?;
    let fold = begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    let count = warehouse.session().await?.query("SELECT * FROM raw.outcome").await?.count().await?;
    let query = begun.elapsed().as_secs_f64();
    ensure!(count == receipt.outcome_count, "{count} rows of {} outcomes", receipt.outcome_count);
    Ok(Parts { outcomes: count, read, commit, fold, query, stored_kib, peak_kib: peak()? })
}

fn origin() -> Origin {
    Origin {
        project: "bench".to_owned(),
        branch: "main".to_owned(),
        revision: "0".repeat(40),
        position: 1,
        builder: "unit".to_owned(),
        given: Given::default(),
    }
}

/// Returns the most memory that this process ever had (KiB), as Linux counts it.
fn peak() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("the system counts no memory")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
