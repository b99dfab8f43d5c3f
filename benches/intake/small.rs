//! Many small reports, uploaded over many connections to `annals serve`.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::{peer, report};

/// Cases of one report.
const CASES: usize = 50;
/// So many reports are given to DuckDB; subunit2sql gets a hundredth.
const FOR_PEERS: usize = 500;

/// Prints acknowledgements a second, their delays, and when all outcomes are there to SQL.
pub(crate) fn measure(reports: usize, connections: usize) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let bodies = (0..reports).map(|seed| {
        let mut body = Vec::new();
        report::write(&mut body, seed as u64, CASES).map(|()| body)
    });
    let bodies = bodies.collect::<Result<Vec<_>, _>>()?;
    let server = Server::start(folder.path())?;
    let begun = Instant::now();
    let mut times = upload(&server.address, &bodies, connections)?;
    let seconds = begun.elapsed().as_secs_f64();
    server.await_outcomes(reports * CASES)?;
    let visible = begun.elapsed().as_secs_f64();
    times.sort_by(f64::total_cmp);
    let quantile = |q: f64| times[((times.len() - 1) as f64 * q) as usize];
    let rate = reports as f64 / seconds;
    println!("uploads, {reports} reports of {CASES} cases over {connections} connections");
    let (p50, p99) = (quantile(0.5), quantile(0.99));
    println!("  annals: {rate:.0} a second are acknowledged, which is durable; p50 {p50:.0} ms, p99 {p99:.0} ms");
    println!(
        "    the last is acknowledged after {seconds:.2} s, all are visible after {visible:.2} s: {:.0} outcomes a second",
        (reports * CASES) as f64 / visible
    );
    drop(server);
    let databases = peer::insert(folder.path(), FOR_PEERS, CASES)?;
    let visible = reports as f64 / visible;
    for (name, database) in
        [("DuckDB, an insert per report", databases.duckdb), ("subunit2sql on SQLite", databases.subunit2sql)]
    {
        let Some(peer::Inserted { version, seconds, reports }) = database else { continue };
        let own = reports as f64 / seconds;
        println!("  {name}, {version}: {own:.1} a second ({reports} reports, rows given, one connection)");
        println!("    rate ratio annals / that: {:.2} acknowledged, {:.2} visible", rate / own, visible / own);
    }
    Ok(())
}

/// Uploads all reports; returns the milliseconds until each was acknowledged.
fn upload(address: &str, bodies: &[Vec<u8>], connections: usize) -> Result<Vec<f64>> {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let senders: Vec<_> = (0..connections).map(|_| scope.spawn(|| send(address, bodies, &next))).collect();
        let mut times = Vec::with_capacity(bodies.len());
        for sender in senders {
            times.extend(sender.join().ok().context("a sender panicked")??);
        }
        Ok(times)
    })
}

/// Uploads what nobody else has taken, over one connection.
fn send(address: &str, bodies: &[Vec<u8>], next: &AtomicUsize) -> Result<Vec<f64>> {
    let agent = ureq::Agent::new_with_defaults();
    let mut times = Vec::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let Some(body) = bodies.get(number) else { return Ok(times) };
        let query =
            format!("project=bench&branch=main&builder=unit&revision={number:040x}&position={number}&key={number}");
        let begun = Instant::now();
        let mut answer = agent.post(format!("http://{address}/api/v1/ingest?{query}")).send(body.as_slice())?;
        let receipt = answer.body_mut().read_to_string()?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
        ensure!(answer.status() == 202, "{} {receipt}", answer.status());
    }
}

/// A server of an empty store; it is killed when this is dropped.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(folder: &Path) -> Result<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_annals"));
        for variable in ["ANNALS_CONFIG", "ANNALS_STORE", "ANNALS_LOG", "XDG_CONFIG_HOME"] {
            command.env_remove(variable);
        }
        command.args(["serve", "--listen", "127.0.0.1:0", "--store"]).arg(folder.join("store"));
        command.current_dir(folder).env("HOME", folder).stdin(Stdio::null()).stdout(Stdio::null());
        let mut child = command.stderr(Stdio::piped()).spawn()?;
        let mut talk = BufReader::new(child.stderr.take().context("standard error is piped")?);
        let mut line = String::new();
        talk.read_line(&mut line)?;
        // What it says later must have somewhere to go.
        std::thread::spawn(move || std::io::copy(&mut talk, &mut std::io::sink()));
        let mut server = Self { child, address: String::new() };
        server.address = line.trim().strip_prefix("listening on http://").context(line.clone())?.to_owned();
        Ok(server)
    }

    /// Waits until so many outcomes are there to SQL.
    fn await_outcomes(&self, count: usize) -> Result<()> {
        let end = Instant::now() + Duration::from_secs(300);
        let url = format!("http://{}/api/sql?format=csv", self.address);
        while Instant::now() < end {
            let question = ureq::post(&url).header("content-type", "text/plain");
            let answer = question.send("SELECT count(*) AS n FROM raw.outcome")?.body_mut().read_to_string()?;
            if answer.lines().nth(1).is_some_and(|line| line.trim() == count.to_string()) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        anyhow::bail!("not all outcomes became visible")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
