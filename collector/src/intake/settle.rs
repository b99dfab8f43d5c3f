//! What becomes of an upload that was read: placed, judged new, a part, late or known, and made durable.
//!
//! Reading it is [`super::upload`]'s, keeping it on disk [`super::writer`]'s.

use std::collections::HashSet;
use std::sync::{Arc, Weak};
use std::time::Duration;

use annals_data::id;
use annals_data::row::{Build, BuildResult};
use annals_data::store::{BuildFacts, Ingest};

use super::open::{Held, Part};
use super::refusal::{Refusal, Result};
use super::upload::Parcel;
use super::writer::Taken;
use super::{Shared, head, is_known, open, spool};
use crate::ingest;
use crate::wire::{Head, Receipt};

/// So long an upload waits for what came before it, in search of its position.
const SETTLE: Duration = Duration::from_secs(10);
/// Warnings of a receipt.
const WARNINGS: usize = 200;
/// How often open builds are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Makes what was read durable; returns what its sender is told, and what tells of the commit.
pub(super) async fn take(shared: &Arc<Shared>, parcel: Parcel) -> Result<(Receipt, Option<Committed>)> {
    let parcel = place(shared, parcel).await?;
    // The request of a sender who goes away is dropped where it waits: a build that it closes would stay half closed.
    tokio::spawn(keep(shared.clone(), parcel)).await.map_err(Refusal::internal)?
}

/// Tells when an upload is committed.
pub(super) type Committed = tokio::sync::oneshot::Receiver<()>;

/// Decides what becomes of an upload whose position is known, and makes it durable.
async fn keep(shared: Arc<Shared>, parcel: Parcel) -> Result<(Receipt, Option<Committed>)> {
    let settling = shared.clone();
    let settled = tokio::task::spawn_blocking(move || settle(&settling, parcel)).await;
    let Settled { mut receipt, ingest, closing } = settled.map_err(Refusal::internal)??;
    if ingest.changes.is_empty() && ingest.builds.is_empty() {
        return Ok((receipt, None));
    }
    let taken = offer(&shared, ingest, closing).await?;
    receipt.is_replay |= taken.is_replay;
    Ok((receipt, Some(taken.committed)))
}

/// Makes an ingest durable, and lets go of the parts that it is made of; where that fails they stay open.
async fn offer(shared: &Shared, ingest: Ingest, closing: Option<i64>) -> Result<Taken> {
    let taken = write(shared, ingest).await;
    if let Some(build_id) = closing {
        shared.open.closed(build_id, taken.is_ok());
    }
    taken
}

async fn write(shared: &Shared, ingest: Ingest) -> Result<Taken> {
    let pack = move || spool::frame(&ingest).map(|frame| (frame, ingest));
    let packed = tokio::task::spawn_blocking(pack).await.map_err(Refusal::internal)?;
    let (frame, ingest) = packed.map_err(Refusal::internal)?;
    let taken = shared.writer.take(frame, ingest).await;
    taken.map_err(|reason| Refusal::unavailable(format!("the upload cannot be kept now: {reason}")))
}

/// Finds the position of a build whose sender does not know it.
async fn place(shared: &Arc<Shared>, mut parcel: Parcel) -> Result<Parcel> {
    if parcel.reports.is_none() || parcel.head.position.is_some() {
        return Ok(parcel);
    }
    for is_settled in [false, true] {
        // What came before and is not committed yet may tell.
        if is_settled && !shared.queue.empty(SETTLE).await {
            break;
        }
        let behind = shared.behind.clone();
        let find = move || {
            let Head { project, branch, revision, .. } = &parcel.head;
            let found = behind.store().state().position(project, branch, revision, &parcel.changes);
            (found, parcel)
        };
        let (found, back) = tokio::task::spawn_blocking(find).await.map_err(Refusal::internal)?;
        parcel = back;
        parcel.head.position = found?;
        if parcel.head.position.is_some() {
            return Ok(parcel);
        }
    }
    let detail = "the position of this revision is not known: neither the root of the history nor a revision that was \
        built is among the first-parent ancestors that this server knows";
    let advice = "send `position`, or the changes of a checkout that is not shallow (git fetch --unshallow)";
    Err(Refusal::unprocessable(format!("{detail}; {advice}")).fact("field", "position").fact("advice", advice))
}

/// What becomes of an upload.
struct Settled {
    receipt: Receipt,
    ingest: Ingest,
    /// The open build that the ingest closes.
    closing: Option<i64>,
}

/// Decides what becomes of an upload: its build is new, a part, late, or known.
fn settle(shared: &Shared, mut parcel: Parcel) -> Result<Settled> {
    let changes = std::mem::take(&mut parcel.changes);
    let revisions: Vec<String> = changes.iter().map(|change| change.revision.clone()).collect();
    let unknown = shared.behind.store().unknown_changes(&parcel.head.project, &revisions)?;
    let unknown: HashSet<&str> = unknown.iter().map(String::as_str).collect();
    let new = |change: &annals_data::row::Change| unknown.contains(change.revision.as_str());
    let ingest = Ingest { changes: changes.into_iter().filter(new).collect(), builds: Vec::new() };
    let receipt = Receipt { change_count: ingest.changes.len(), ..Receipt::default() };
    let mut settled = Settled { receipt, ingest, closing: None };
    if parcel.reports.is_some() {
        settle_build(shared, parcel, &mut settled)?;
    } else if parcel.head.is_final {
        close(shared, &parcel.head, &mut settled)?;
    }
    Ok(settled)
}

fn settle_build(shared: &Shared, parcel: Parcel, settled: &mut Settled) -> Result<()> {
    let said = parcel.head.result.as_deref().and_then(BuildResult::parse);
    let (head, mut facts) = build(parcel, &mut settled.receipt)?;
    settled.receipt.outcome_count = facts.outcomes.len();
    if is_part(shared, &head, &facts)? {
        let is_known = is_known(shared.behind.as_ref(), &shared.queue, &facts.build)?;
        let name = head.part.clone().unwrap_or_default();
        let part = Part { name, facts, said, arrived_at: open::now() };
        let held = shared.open.keep(&part, is_known, &shared.setup.bounds)?;
        facts = part.facts;
        if held != Held::Late {
            settled.receipt.is_replay = held == Held::Again;
            settled.receipt.is_open = !head.is_final;
            name_build(&mut settled.receipt, &facts.build);
            return if head.is_final { close(shared, &head, settled) } else { Ok(()) };
        }
        late(&mut facts, &part.name, &mut settled.receipt);
    }
    open::conclude(&mut facts.build, said);
    name_build(&mut settled.receipt, &facts.build);
    if is_known(shared.behind.as_ref(), &shared.queue, &facts.build)? {
        settled.receipt.is_replay = true;
        settled.receipt.outcome_count = 0;
    } else {
        settled.ingest.builds.push(facts);
    }
    Ok(())
}

/// Returns whether a build is one of several parts; one that comes whole in its last word is a build like any other.
fn is_part(shared: &Shared, head: &Head, facts: &BuildFacts) -> Result<bool> {
    if head.part.is_some() && head.key.is_none() {
        return Err(Refusal::unprocessable("a build that comes in parts needs a `key`").fact("field", "key"));
    }
    let build_id = id::build_id(&facts.build.project, &facts.build.key);
    Ok(head.part.is_some() || shared.open.holds(build_id))
}

/// Returns what is said of the build, and the build; warnings go to the receipt.
fn build(parcel: Parcel, receipt: &mut Receipt) -> Result<(Head, BuildFacts)> {
    let Parcel { head, reports, steps, reason, .. } = parcel;
    let mut reports = reports.unwrap_or_default();
    receipt.warnings = std::mem::take(&mut reports.warnings);
    receipt.warnings.truncate(WARNINGS);
    let mut facts = ingest::build(&head::origin(&head, head.position.unwrap_or_default()), reports)?;
    // The reports of another attempt may be the same to the byte.
    if let (None, Some(attempt)) = (&head.key, head.attempt.filter(|attempt| *attempt > 1)) {
        facts.build.key.push_str(&format!("/{attempt}"));
    }
    facts.steps = steps;
    facts.build.reason = reason.or(facts.build.reason);
    Ok((head, facts))
}

/// Closes an open build at its sender's word.
fn close(shared: &Shared, head: &Head, settled: &mut Settled) -> Result<()> {
    let Some(key) = &head.key else {
        return Err(Refusal::unprocessable("the last word on a build needs its `key`").fact("field", "key"));
    };
    let build_id = id::build_id(&head.project, key);
    settled.receipt.key.clone_from(key);
    settled.receipt.build_id = build_id.to_string();
    match shared.open.close(build_id)? {
        Some(facts) => {
            settled.receipt.outcome_count = facts.outcomes.len();
            settled.ingest.builds.push(facts);
            settled.closing = Some(build_id);
        }
        None => {
            let keys = [key.clone()];
            let is_known =
                shared.queue.holds(build_id) || !shared.behind.store().known_builds(&head.project, &keys)?.is_empty();
            if !is_known {
                return Err(Refusal::unprocessable("no part of this build has come").fact("field", "key"));
            }
            settled.receipt.is_replay = true;
        }
    }
    Ok(())
}

/// Makes a part that came after its build was closed a build of its own at the same place: late, not lost.
fn late(facts: &mut BuildFacts, part: &str, receipt: &mut Receipt) {
    if part.is_empty() {
        return;
    }
    let key = format!("{}#{part}", facts.build.key);
    receipt.warnings.push(format!("the build `{}` was closed before: this part is the build `{key}`", facts.build.key));
    facts.steps.iter_mut().for_each(|step| step.build_key.clone_from(&key));
    facts.build.key = key;
}

fn name_build(receipt: &mut Receipt, build: &Build) {
    receipt.key.clone_from(&build.key);
    receipt.build_id = id::build_id(&build.project, &build.key).to_string();
}

/// Closes the builds that had their time, as long as there is an intake.
pub(super) async fn close_in_time(shared: Weak<Shared>) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let Some(shared) = shared.upgrade() else { return };
        let since = open::now() - shared.setup.bounds.open_min.saturating_mul(60_000_000) as i64;
        for build_id in shared.open.idle(since) {
            if let Err(refusal) = close_idle(&shared, build_id).await {
                tracing::error!(?refusal, "an open build cannot be closed");
            }
        }
    }
}

async fn close_idle(shared: &Arc<Shared>, build_id: i64) -> Result<()> {
    let closing = shared.clone();
    let closed =
        tokio::task::spawn_blocking(move || closing.open.close(build_id)).await.map_err(Refusal::internal)??;
    let Some(facts) = closed else { return Ok(()) };
    offer(shared, Ingest { changes: Vec::new(), builds: vec![facts] }, Some(build_id)).await.map(drop)
}
