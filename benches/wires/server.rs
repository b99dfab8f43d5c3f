//! The server that is measured: the binary itself, on the demonstration, with uploads coming in.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

/// A running server; it ends with this.
pub(crate) struct Server {
    child: Child,
    pub(crate) http: String,
    /// The port.
    pub(crate) postgres: String,
    /// The port.
    pub(crate) flight: String,
    token: String,
    _store: TempDir,
}

fn annals(store: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_annals"));
    command.args(arguments).arg("--store").arg(store).current_dir(store).stdin(Stdio::null());
    command
}

impl Server {
    /// Builds the demonstration and serves it.
    pub(crate) fn start() -> Result<Self> {
        let store = tempfile::tempdir()?;
        let built = annals(store.path(), &["demo", "--no-serve"]).output()?;
        if !built.status.success() {
            bail!("the demonstration: {}", String::from_utf8_lossy(&built.stderr));
        }
        let token = annals(store.path(), &["token", "create", "--name", "bench"]).output()?;
        let token = String::from_utf8(token.stdout)?.trim().to_owned();
        let wires = ["serve", "--listen", "127.0.0.1:0", "--postgres", "127.0.0.1:0", "--flight", "127.0.0.1:0"];
        let mut child = annals(store.path(), &wires).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let mut talk = BufReader::new(child.stderr.take().context("standard error is a pipe")?);
        let mut address = || -> Result<String> {
            let mut line = String::new();
            talk.read_line(&mut line)?;
            let line = line.trim().trim_end_matches("/annals");
            Ok(line.rsplit_once("//").with_context(|| line.to_owned())?.1.to_owned())
        };
        let port = |address: String| address.rsplit(':').next().unwrap_or_default().to_owned();
        let (http, postgres, flight) = (address()?, port(address()?), port(address()?));
        std::thread::spawn(move || std::io::copy(&mut talk, &mut std::io::sink()));
        Ok(Self { child, http, postgres, flight, token, _store: store })
    }

    /// Sends a report every fifth of a second; returns how many were taken.
    pub(crate) fn upload_until(&self, is_over: &AtomicBool) -> Result<usize> {
        let mut count = 0;
        while !is_over.load(Ordering::Relaxed) {
            let cases: String =
                (0..50).map(|i| format!("<testcase classname=\"load\" name=\"t{i}\" time=\"0.{i}\"/>")).collect();
            let body = format!("<testsuite name=\"load\">{cases}</testsuite>");
            let query =
                format!("project=load&builder=unit&position={count}&revision={:040x}&key=load-{count}", count + 1);
            let head = format!(
                "POST /api/v1/ingest?{query} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
                 Content-Type: application/xml\r\nContent-Length: {}\r\n\r\n",
                self.token,
                body.len()
            );
            let mut stream = TcpStream::connect(&self.http)?;
            stream.write_all(head.as_bytes())?;
            stream.write_all(body.as_bytes())?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            if !answer.starts_with("HTTP/1.1 20") {
                bail!("an upload: {}", answer.lines().next().unwrap_or_default());
            }
            count += 1;
            std::thread::sleep(Duration::from_millis(200));
        }
        Ok(count)
    }

    /// Returns the memory that the server has now, in KiB.
    pub(crate) fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
