//! `annals upload`: sends the reports of this machine's build to a server.
//!
//! A results server that is down must not fail a build that passed: whatever happens is said on standard error, and the
//! exit status stays 0 unless `--strict` asks for more. What cannot be delivered waits in the queue.

mod sender;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use annals_collector::history::History;
use annals_collector::ingest::Given;
use annals_collector::provider;
use annals_collector::report::Limits;
use annals_collector::upload::{Client, Pack, Packed, Parcel, Patience, Queue, Wish, place};
use annals_collector::wire::Head;
use anyhow::{Context, Result, anyhow, bail};
use serde_json::json;

use sender::Sender;

use super::{ingest, plain, short};
use crate::{FAILED, cli, config, style};

/// Runs the command.
pub(super) fn run(options: &cli::Upload, limits: Limits) -> Result<ExitCode> {
    let is_good = upload(options, limits).unwrap_or_else(|error| {
        complain(&format!("{error:#}"));
        false
    });
    Ok(if is_good || !options.sending.strict { ExitCode::SUCCESS } else { FAILED.into() })
}

/// Returns whether everything that was asked for was done.
fn upload(options: &cli::Upload, limits: Limits) -> Result<bool> {
    let dir = std::env::current_dir().context("there is no current folder")?;
    // Reports first: the writer of a stream must not be stopped because a server has no name.
    let checkout = surrounding(&dir);
    let pack = gather(options, limits, &dir, checkout.as_ref());
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
    if client.is_overheard() {
        warn("the token travels without encryption: the server's address begins with http://");
    }
    let parcel = Parcel::new(&client.server(), head, &pack.reports);
    let queue = queue(options).inspect_err(|error| warn(&format!("there is no queue: {error:#}"))).ok();
    let sender = Sender { client, queue, checkout: history.or(checkout), is_awaited: options.sending.wait };
    let is_sent = sender.send(&parcel)?;
    Ok(is_sent && pack.refused.is_empty())
}

fn named(server: Option<&str>) -> Result<&str> {
    server.context("no server is named, so nothing was sent; give --server or ANNALS_SERVER")
}

fn gather(options: &cli::Upload, limits: Limits, dir: &Path, checkout: Option<&History>) -> Pack {
    let mut pack = Pack::new(limits);
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
    let report = |report: &Packed| json!({"name": report.name, "packed_bytes": report.bytes.len()});
    let reports: Vec<_> = pack.reports.iter().map(report).collect();
    let all = json!({"build": head, "reports": reports, "outcome_count": pack.outcome_count});
    writeln!(anstream::stdout(), "{}", serde_json::to_string_pretty(&all)?)?;
    let server = server.map(annals_collector::mirror::without_credentials);
    say(&format!(
        "this would go to {}; nothing was sent",
        server.as_deref().unwrap_or("a server that is not named yet")
    ));
    Ok(pack.refused.is_empty())
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
