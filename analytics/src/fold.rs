//! Folding: new facts become streaks, excluded builds and ranges.
//!
//! One fold takes the batches behind the watermark. Builds that give no verdicts are excluded by rule; outcomes are
//! grouped by series, a slice of all tests at a time, so that memory has a bound; a series whose new positions lie
//! behind its head is extended from its head alone, so that the cost follows the new rows ([`mod@slice`]). A
//! series that got something late is folded again from all its outcomes. A rebuild is the same fold from nothing.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use annals_data::setting;
use datafusion::prelude::SessionContext;
use futures::{StreamExt, TryStreamExt, stream};
use rusqlite::Transaction;
use tokio::runtime::Handle;

use crate::Result;
use crate::graph::{Blamelist, Graph};
use crate::knowledge::{self, Knowledge, Lane};
use crate::segment;

mod observed;
mod read;
mod slice;

pub(crate) use read::Tests;
use read::{Build, NewChanges, Slice};
pub(crate) use slice::of_lanes;
use slice::{Found, Work};

/// Outcomes that one slice of a fold is meant to have: it holds them in memory, 24 bytes each.
const AT_ONCE: u64 = 2_000_000;
/// A series with its streaks takes the memory of so many outcomes.
const SERIES: u64 = 8;
/// Slices that are folded at the same time.
const PARALLEL: usize = 2;

/// What a fold reads: the fact tables at one publication, and the thresholds in force.
pub(crate) struct Facts {
    /// `change`, `build` and `outcome` as tables, with all columns.
    pub context: SessionContext,
    /// The newest batch in them.
    pub batch: i64,
    /// Thresholds by name.
    pub settings: HashMap<&'static str, f64>,
    /// Lanes of which not all outcomes are there any more: a series of theirs is extended, and never folded again.
    pub let_go: HashSet<Lane>,
}

/// The commit graphs of all projects, as far as they have been read.
#[derive(Default)]
pub(crate) struct Graphs {
    projects: HashMap<String, Graph>,
    batch: i64,
}

/// Folds what is behind the watermark; with `from_nothing` everything is forgotten first.
///
/// Cost: the rows behind the watermark, the heads of their lanes, and the whole history of series that got something
/// late. Memory: two slices of outcomes, see [`AT_ONCE`], and what is found out.
pub(crate) async fn fold(
    knowledge: &Knowledge,
    facts: &Arc<Facts>,
    graphs: &mut Graphs,
    from_nothing: bool,
) -> Result<()> {
    let from = if from_nothing { 0 } else { knowledge.watermark()? };
    if from >= facts.batch && !from_nothing {
        return Ok(());
    }
    let new_changes = read::graphs(facts, graphs, from).await?;
    let mut builds = read::builds(facts, &Slice { after: from, up_to: facts.batch }).await?;
    builds.list.iter_mut().for_each(|build| build.exclusion = exclusion(build, &facts.settings));
    let before = knowledge.read(knowledge::segments)?;
    let known = if from == 0 { Vec::new() } else { before.clone() };
    let work = Arc::new(Work::new(knowledge, facts.clone(), from, builds, known)?);
    let found = fold_slices(&work).await?;
    let segments = segment::tidy(knowledge.folder(), work.replaced(&found)).await?;
    knowledge.write(facts.batch, |t| {
        if from == 0 {
            knowledge::clear(t)?;
        }
        for build in &work.builds.list {
            if let Some(Exclusion { rule, detail }) = &build.exclusion {
                knowledge::put_exclusion(t, build.place.build_id, rule, detail)?;
            }
        }
        knowledge::put_segments(t, &segments)?;
        write_ranges(t, &found, graphs)?;
        look_again(t, graphs, new_changes)
    })?;
    knowledge.folder().sweep(&segments, &before)
}

async fn fold_slices(work: &Arc<Work>) -> Result<Vec<Found>> {
    let size = work.builds.outcome_count().max(SERIES * work.builds.series_count());
    let slices = Tests::slices(size, AT_ONCE);
    // On threads of their own, because reading and folding keep a processor busy from beginning to end.
    let fold = |tests| {
        let (work, runtime) = (work.clone(), Handle::current());
        let task = tokio::task::spawn_blocking(move || runtime.block_on(work.fold(tests)));
        async { task.await.unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic())) }
    };
    stream::iter(slices).map(fold).buffer_unordered(PARALLEL).try_collect().await
}

/// Why a build gives no verdicts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exclusion {
    rule: &'static str,
    detail: String,
}

const MASS_FAILURE: &str = "mass_failure";

/// Results of builds that say nothing about their tests.
const BROKEN: [&str; 4] = ["exception", "retry", "cancelled", "skipped"];

/// Decides whether a build gives no verdicts: patch builds, builds that broke by themselves, and mass failures.
fn exclusion(build: &Build, settings: &HashMap<&'static str, f64>) -> Option<Exclusion> {
    let exclude = |rule, detail: &str| Some(Exclusion { rule, detail: detail.to_owned() });
    let (decisive, failing) = build.test_counts;
    if build.is_patch {
        exclude("patch", &format!("by {}", build.patch_author.as_deref().unwrap_or("nobody")))
    } else if let Some(rule) = BROKEN.into_iter().find(|rule| *rule == build.result) {
        exclude(rule, "the build's result")
    } else if failing as f64 > settings["mass_failure_ratio"] * decisive as f64
        && failing as f64 >= settings["mass_failure_count"]
    {
        exclude(MASS_FAILURE, &format!("{failing} of {decisive} tests fail"))
    } else {
        None
    }
}

/// Records the ranges that were found, and their blamelists once for all series that share them.
fn write_ranges(t: &Transaction<'_>, found: &[Found], graphs: &Graphs) -> rusqlite::Result<()> {
    let now = chrono::Utc::now().timestamp_micros();
    let mut seen: HashSet<(&str, &str, &str)> = HashSet::new();
    for (series_id, lane, range) in found.iter().flat_map(|found| &found.ranges) {
        let ends = (&*range.good.revision, &*range.bad.revision);
        if seen.insert((&lane.project, ends.0, ends.1)) {
            knowledge::put_range(t, &lane.project, ends, || graphs.blamelist(&lane.project, ends))?;
        }
        knowledge::put_history(t, *series_id, range, now)?;
    }
    Ok(())
}

impl Graphs {
    fn blamelist(&self, project: &str, (good, bad): (&str, &str)) -> Blamelist {
        match self.projects.get(project) {
            Some(graph) => graph.blamelist(good, bad),
            None => Blamelist { revisions: Vec::new(), is_complete: false },
        }
    }
}

/// Computes again the blamelists that new changes may alter.
///
/// A range that lacks changes may get them. A complete one alters only when a change comes that was a parent before:
/// what was listed may turn out to be an ancestor of the good end.
fn look_again(t: &Transaction<'_>, graphs: &Graphs, new_changes: NewChanges) -> rusqlite::Result<()> {
    if new_changes == NewChanges::None {
        return Ok(());
    }
    if new_changes == NewChanges::Late {
        knowledge::doubt_ranges(t)?;
    }
    for (project, good, bad) in knowledge::incomplete_ranges(t)? {
        let ends = (good.as_str(), bad.as_str());
        knowledge::put_range(t, &project, ends, || graphs.blamelist(&project, ends))?;
    }
    Ok(())
}

/// Returns the thresholds in force: the defaults and what the site says otherwise.
pub(crate) fn settings(state: &annals_data::state::State) -> Result<HashMap<&'static str, f64>> {
    let own: HashMap<String, f64> = state.read(|c| {
        let mut query = c.prepare_cached("SELECT name, value FROM setting")?;
        query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    })?;
    Ok(setting::SETTINGS.iter().map(|s| (s.name, own.get(s.name).copied().unwrap_or(s.default))).collect())
}
