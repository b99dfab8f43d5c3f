//! Filling a store by real commits, with the compaction that `serve` does in between; and what a commit costs early and
//! late.

use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Instant;

use annals_analytics::Warehouse;
use annals_data::store::Ingest;
use anyhow::{Context, Result, ensure};

use super::history::{History, Shape};
use super::machine;

/// Positions that share a commit, but for those that are measured one by one.
const GROUP: usize = 5;
/// Positions of which the costs are averaged, at each end of the history.
const MEASURED: usize = 10;
/// Positions before the first that is measured: a first commit makes the tables.
const BEFORE: usize = 5;
/// Changes among which a single break is, behind the history.
const SUSPECTS: usize = 10;

/// What a commit of one position of all builders costs on average.
#[derive(Clone, Copy, Default)]
struct Cost {
    /// Until it is durable and folded.
    commit_ms: f64,
    /// Until it can be seen: builds, outcomes and problems.
    visible_ms: f64,
    /// What of this went into judging new incidents, and how many problems these have.
    early_ms: f64,
    early_problems: f64,
    /// Until all is judged.
    judged_ms: f64,
    written_mb: f64,
}

/// Commits the history and prints what it cost.
pub(crate) async fn measure(warehouse: &Warehouse, shape: Shape) -> Result<()> {
    ensure!(shape.positions > BEFORE + 2 * MEASURED, "a history needs more than {} positions", BEFORE + 2 * MEASURED);
    let ingests = made(shape);
    let next = || ingests.recv().context("the history is over");
    for _ in 0..BEFORE {
        warehouse.commit(vec![next()?]).await?;
    }
    let early = one_by_one(warehouse, &next).await?;
    let grouped = shape.positions - BEFORE - 2 * MEASURED;
    let (mut committing, mut merging, mut longest, mut left) = (0.0, 0.0, 0.0_f64, grouped);
    while left > 0 {
        let group = (0..GROUP.min(left)).map(|_| next()).collect::<Result<Vec<_>>>()?;
        left -= group.len();
        committing += timed(warehouse.commit(group)).await?.1;
        let merge = timed(warehouse.store().compact_due()).await?.1;
        merging += merge;
        longest = longest.max(merge);
    }
    let late = one_by_one(warehouse, &next).await?;
    let outcomes = (shape.tests * shape.builders * grouped) as f64;
    let rate = |seconds: f64| format!("{seconds:.1} s, {:.2} million outcomes a second", outcomes / seconds / 1e6);
    println!("commit and fold, {GROUP} positions of {} builders at a time: {}", shape.builders, rate(committing));
    println!("  merging what is due: {}, at most {longest:.1} s at once", rate(merging));
    println!("one position of {} builders, {} outcomes:", shape.builders, shape.tests * shape.builders);
    for (name, cost) in [("early", early), ("late", late)] {
        let Cost { commit_ms, visible_ms, early_ms, early_problems, judged_ms, written_mb } = cost;
        println!(
            "  {name:5} {commit_ms:.0} ms, visible after {visible_ms:.0} ms (of which {early_ms:.0} ms to judge \
             {early_problems:.0} new problems), all judged after {judged_ms:.0} ms, {written_mb:.2} MB written"
        );
    }
    let (time, bytes) = (late.commit_ms / early.commit_ms, late.written_mb / early.written_mb);
    println!("  late / early: time {time:.2}, bytes {bytes:.2}");
    warehouse.commit(vec![next()?]).await?;
    let shown = warehouse.show().await?;
    let (milliseconds, problems) = (shown.time.as_secs_f64() * 1e3, shown.problem_count);
    println!("judging {problems} new problem with {SUSPECTS} suspects before it is shown: {milliseconds:.0} ms");
    println!("merging the rest: {:.1} s", timed(warehouse.store().compact()).await?.1);
    Ok(())
}

/// Has the history made beside us; two positions at most wait, so that it takes no memory to speak of.
fn made(shape: Shape) -> Receiver<Ingest> {
    let (sender, receiver) = sync_channel(2);
    std::thread::spawn(move || {
        let mut history = History::new(shape);
        (0..shape.positions).try_for_each(|position| sender.send(history.at(position)))?;
        sender.send(history.one_break(shape.positions..shape.positions + SUSPECTS))
    });
    receiver
}

async fn one_by_one(warehouse: &Warehouse, next: &impl Fn() -> Result<Ingest>) -> Result<Cost> {
    let mut cost = Cost::default();
    warehouse.judge().await?;
    for _ in 0..MEASURED {
        let ingest = next()?;
        let written = machine::written();
        let (_, commit) = timed(warehouse.commit(vec![ingest])).await?;
        cost.written_mb += (machine::written() - written) / 1e6 / MEASURED as f64;
        cost.commit_ms += commit * 1e3 / MEASURED as f64;
        let (early, shown) = timed(warehouse.show()).await?;
        let visible = commit + shown;
        cost.early_ms += early.time.as_secs_f64() * 1e3 / MEASURED as f64;
        cost.early_problems += early.problem_count as f64 / MEASURED as f64;
        cost.visible_ms += visible * 1e3 / MEASURED as f64;
        cost.judged_ms += (visible + timed(warehouse.judge()).await?.1) * 1e3 / MEASURED as f64;
    }
    Ok(cost)
}

/// Returns what `work` gives, and its seconds.
pub(crate) async fn timed<T, E>(work: impl Future<Output = Result<T, E>>) -> Result<(T, f64)>
where
    anyhow::Error: From<E>,
{
    let start = Instant::now();
    let given = work.await?;
    Ok((given, start.elapsed().as_secs_f64()))
}
