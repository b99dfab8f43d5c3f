//! `annals upload`: sends the reports of this machine's build to a server.
//!
//! A results server that is down must not fail a build that passed: whatever happens is said on standard error, and the
//! exit status stays 0 unless `--strict` asks for more. What cannot be delivered waits in the queue.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use annals_collector::history::History;
use annals_collector::ingest::Given;
use annals_collector::provider;
use annals_collector::upload::{Client, Failure, Pack, Parcel, Patience, Queue, Waiting, Wish, lacking, place};
use annals_collector::wire::{Head, Receipt};
use anyhow::{Context, Result, anyhow, bail};

use super::{ingest, plain, short};
use crate::{FAILED, cli, config, style};

/// Runs the command.
pub(super) fn run(options: &cli::Upload) -> Result<ExitCode> {
    let is_good = upload(options).unwrap_or_else(|error| {
        complain(&format!("{error:#}"));
        false
    });
    Ok(if is_good || !options.sending.strict { ExitCode::SUCCESS } else { FAILED.into() })
}

/// Returns whether everything that was asked for was done.
fn upload(options: &cli::Upload) -> Result<bool> {
    let dir = std::env::current_dir().context("there is no current folder")?;
    // Reports first: the writer of a stream must not be stopped because a server has no name.
    let checkout = surrounding(&dir);
    let pack = gather(options, &dir, checkout.as_ref());
    pack.refused.iter().for_each(|reason| complain(&format!("not sent: {reason}")));
    let server = options.server.as_deref().filter(|server| !server.trim().is_empty());
    let patience = Patience { total: Duration::from_secs(options.sending.timeout), ..Patience::default() };
    let open = |server: &str| Client::new(server, options.token.as_deref(), patience).map_err(|reason| anyhow!(reason));
    if options.sending.flush {
        let sender =
            Sender { client: open(named(server)?)?, queue: Some(queue(options)?), checkout, is_awaited: false };
        return sender.flush(true);
    }
    if pack.reports.is_empty() && !options.origin.is_final {
        bail!("there is no report to send");
    }
    let (head, history) = head(options, checkout.as_ref(), &pack)?;
    if options.sending.dry_run {
        return tell(&head, server, &pack);
    }
    let client = open(named(server)?)?;
    let parcel = Parcel::new(&client.server(), head, &pack.reports);
    let queue = queue(options).inspect_err(|error| warn(&format!("there is no queue: {error:#}"))).ok();
    let sender = Sender { client, queue, checkout: history.or(checkout), is_awaited: options.sending.wait };
    let is_sent = sender.send(&parcel)?;
    Ok(is_sent && pack.refused.is_empty())
}

fn named(server: Option<&str>) -> Result<&str> {
    server.context("no server is named, so nothing was sent; give --server or ANNALS_SERVER")
}

fn gather(options: &cli::Upload, dir: &Path, checkout: Option<&History>) -> Pack {
    let mut pack = Pack::default();
    if options.sending.flush {
        return pack;
    }
    let (streams, files): (Vec<_>, Vec<_>) = options.files.iter().cloned().partition(|file| file == "-");
    if !streams.is_empty() {
        let mut out = std::io::stdout();
        // Who reads our output may have gone; the report is still wanted.
        pack.stream(std::io::stdin(), |piece| {
            if options.sending.tee {
                let _ = out.write_all(piece).and_then(|()| out.flush());
            }
        });
    }
    if !files.is_empty() || options.files.is_empty() && !options.origin.is_final {
        pack.gather(dir, &files, checkout);
    }
    pack
}

fn surrounding(dir: &Path) -> Option<History> {
    History::surrounding(dir).unwrap_or_else(|error| {
        warn(&format!("the checkout is not read: {error}"));
        None
    })
}

fn queue(options: &cli::Upload) -> Result<Queue> {
    let own = options.sending.queue.clone().filter(|folder| !folder.as_os_str().is_empty());
    let folder = own.or_else(|| Some(config::cache_folder()?.join("upload")));
    Ok(Queue::open(&folder.context("there is no home folder; give --queue DIR")?)?)
}

/// Returns what is said of the build, and the history that it stands in.
fn head(options: &cli::Upload, checkout: Option<&History>, pack: &Pack) -> Result<(Head, Option<History>)> {
    let said = &options.origin;
    let given = Given {
        project: said.project.clone(),
        branch: said.branch.clone(),
        revision: said.revision.clone(),
        position: said.position,
        builder: said.builder.clone(),
        key: said.key.clone(),
        number: said.number,
        url: said.url.clone(),
        worker: said.worker.clone(),
        patch_author: said.patch_by.as_deref().map(ingest::patch_author).transpose()?,
        ..Given::default()
    };
    let wish = Wish { given, part: said.part.clone(), is_final: said.is_final };
    let run = provider::detect(&variables());
    let mut head = wish.head(run.as_ref(), checkout, pack)?;
    let bound = Some(options.sending.fetch).filter(|seconds| *seconds > 0 && !options.sending.dry_run);
    let cache = config::cache_folder().map(|folder| folder.join("history"));
    let placed = place(&mut head, checkout, cache.as_deref(), bound.map(Duration::from_secs));
    placed.warning.iter().for_each(|warning| warn(warning));
    Ok((head, placed.history))
}

fn variables() -> std::collections::BTreeMap<String, String> {
    let text = |os: std::ffi::OsString| os.to_string_lossy().into_owned();
    std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect()
}

/// Says what would be sent.
fn tell(head: &Head, server: Option<&str>, pack: &Pack) -> Result<bool> {
    let mut out = anstream::stdout();
    writeln!(out, "{}", serde_json::to_string_pretty(head)?)?;
    for report in &pack.reports {
        writeln!(out, "{} ({} bytes packed)", plain(&report.name), report.bytes.len())?;
    }
    let (reports, outcomes) = (pack.reports.len(), pack.outcome_count);
    let server = server.map(annals_collector::mirror::without_credentials);
    let server = server.unwrap_or_else(|| "a server, which is not named yet".to_owned());
    say(&format!("{reports} reports with {outcomes} outcomes would go to {server}; nothing was sent"));
    Ok(pack.refused.is_empty())
}

/// Who sends, where to, and what waits.
struct Sender {
    client: Client,
    queue: Option<Queue>,
    /// Where changes are read from.
    checkout: Option<History>,
    is_awaited: bool,
}

impl Sender {
    /// Makes an upload durable and sends it; then sends what others could not. Returns whether it was accepted.
    fn send(mut self, parcel: &Parcel) -> Result<bool> {
        let waiting = self.queue.as_ref().and_then(|queue| keep(queue, parcel));
        let failure = match self.deliver(parcel) {
            Ok(receipt) => {
                self.tell(&parcel.label.head, &receipt);
                waiting.map(Waiting::remove).transpose()?;
                self.client.breathe();
                // What others left behind is no matter of this build.
                self.flush(false)?;
                return Ok(true);
            }
            Err(failure) => failure,
        };
        let is_kept = !matches!(failure, Failure::Refused { .. });
        match waiting {
            Some(waiting) if is_kept => {
                let folder = waiting.path().parent().unwrap_or(Path::new(".")).display().to_string();
                complain(&format!("{}: {failure}; kept in {folder} for the next upload", self.client.server()));
            }
            waiting => {
                complain(&format!("{}: {failure}; nothing was sent", self.client.server()));
                waiting.map(Waiting::remove).transpose()?;
            }
        }
        Ok(false)
    }

    fn deliver(&self, parcel: &Parcel) -> Result<Receipt, Failure> {
        let head = &parcel.label.head;
        let history = self.checkout.as_ref().filter(|history| history.resolve(&head.revision).is_ok());
        let (changes, missed) = match history.map(|history| lacking(&self.client, history, head)) {
            None => (None, None),
            Some(Ok(changes)) => (changes, None),
            Some(Err(reason)) => (None, Some(reason)),
        };
        let bytes = changes.map(|changes| changes.bytes);
        let receipt = self.client.ingest(parcel, bytes.as_deref(), self.is_awaited)?;
        missed.iter().for_each(|reason| warn(&format!("the upload went without its changes: {reason}")));
        Ok(receipt)
    }

    /// Sends what waits for this server, oldest first, until one does not get through; returns whether all did.
    fn flush(&self, is_told: bool) -> Result<bool> {
        let Some(queue) = &self.queue else { return Ok(true) };
        let paths = queue.waiting()?;
        if paths.is_empty() {
            if is_told {
                say("nothing waits");
            }
            return Ok(true);
        }
        let Some(_turn) = queue.turn()? else {
            say("another process sends what waits");
            return Ok(true);
        };
        for (index, path) in paths.iter().enumerate() {
            let Some(mut waiting) = queue.take(path)? else { continue };
            let Some(parcel) = waiting.parcel()? else {
                complain(&format!("{}: no upload; removed", path.display()));
                waiting.remove()?;
                continue;
            };
            // The token is this server's alone.
            if parcel.label.server != self.client.server() {
                continue;
            }
            match self.deliver(&parcel) {
                Ok(receipt) => self.tell(&parcel.label.head, &receipt),
                Err(failure @ Failure::Refused { .. }) => {
                    complain(&format!("{}: {failure}; removed", describe(&parcel.label.head)));
                }
                Err(failure) => {
                    complain(&format!(
                        "{} still waits, {} in all: {failure}",
                        describe(&parcel.label.head),
                        paths.len() - index
                    ));
                    return Ok(false);
                }
            }
            waiting.remove()?;
        }
        Ok(true)
    }

    fn tell(&self, head: &Head, receipt: &Receipt) {
        receipt.warnings.iter().for_each(|warning| warn(warning));
        let what = describe(head);
        let part = head.part.as_ref().map(|part| format!(" (part {part})")).unwrap_or_default();
        match receipt.is_replay {
            true => say(&format!("{what}{part}: the server has it already (key {})", receipt.key)),
            false => {
                let (outcomes, changes) = (receipt.outcome_count, receipt.change_count);
                say(&format!("{what}{part}: sent, {outcomes} outcomes, {changes} new changes (key {})", receipt.key));
            }
        }
    }
}

/// Writes the upload into the queue, so that nothing is lost if this process ends now.
fn keep(queue: &Queue, parcel: &Parcel) -> Option<Waiting> {
    match queue.put(parcel) {
        Ok((waiting, gone)) => {
            gone.iter().for_each(|path| complain(&format!("the queue is full: {} was dropped", path.display())));
            Some(waiting)
        }
        Err(error) => {
            warn(&format!("the upload cannot be kept: {error}"));
            None
        }
    }
}

fn describe(head: &Head) -> String {
    format!("{} {} {} at {}", head.project, head.branch, head.builder, short(&head.revision))
}

fn say(text: &str) {
    anstream::eprintln!("{}", plain(text));
}

fn warn(text: &str) {
    anstream::eprintln!("{}{}{}", style::DOUBT, plain(text), style::PLAIN);
}

fn complain(text: &str) {
    anstream::eprintln!("{}annals:{} {}", style::BAD, style::PLAIN, plain(text));
}
