//! Folding: new facts become streaks, excluded builds and ranges.
//!
//! One fold takes the batches behind the watermark. Outcomes are grouped by series; builds that give no verdicts are
//! excluded by rule; a series whose new positions lie behind its head is extended from its head alone, so that the
//! cost follows the new rows. A series that got something late is folded again from all its outcomes. A rebuild is
//! the same fold from nothing.

use std::collections::{BTreeSet, HashMap, HashSet};

use annals_data::{id, setting};
use datafusion::prelude::SessionContext;
use rusqlite::Transaction;

use crate::Result;
use crate::graph::Graph;
use crate::knowledge::{self, Knowledge, Lane, Series};
use crate::streak::{self, Place, Streak, Tally, Verdict};

mod read;

use read::{Builds, History, NewChanges, Observed, Only, Slice};

/// What a fold reads: the fact tables at one publication, and the thresholds in force.
pub(crate) struct Facts {
    /// `change`, `build` and `outcome` as tables, with all columns.
    pub context: SessionContext,
    /// The newest batch in them.
    pub batch: i64,
    /// Thresholds by name.
    pub settings: HashMap<&'static str, f64>,
}

/// The commit graphs of all projects, as far as they have been read.
#[derive(Default)]
pub(crate) struct Graphs {
    projects: HashMap<String, Graph>,
    batch: i64,
}

/// Folds what is behind the watermark; with `from_nothing` everything is forgotten first.
pub(crate) async fn fold(knowledge: &Knowledge, facts: &Facts, graphs: &mut Graphs, from_nothing: bool) -> Result<()> {
    let from = if from_nothing { 0 } else { knowledge.watermark()? };
    if from >= facts.batch && !from_nothing {
        return Ok(());
    }
    let new_changes = read::graphs(facts, graphs, from).await?;
    let slice = Slice { after: from, up_to: facts.batch };
    let mut builds = read::builds(facts, &slice).await?;
    let mut history = read::history(facts, &builds, &slice, None).await?;
    let exclusions = exclusions(&builds, &history, &facts.settings);
    add_build_series(&builds, &exclusions, &mut history);
    let late = if from_nothing { BTreeSet::new() } else { late(knowledge, &builds, &history, &exclusions)? };
    if !late.is_empty() {
        (builds, history) = read_again(knowledge, facts, builds, history, &exclusions, &late).await?;
    }
    let fold = Fold { builds: &builds, exclusions: &exclusions, late: &late, from_nothing };
    knowledge.write(facts.batch, |t| {
        if from_nothing {
            knowledge::clear(t)?;
        }
        fold.write(t, &history, graphs)?;
        look_again(t, graphs, new_changes)
    })
}

/// Why a build gives no verdicts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exclusion {
    rule: &'static str,
    detail: String,
}

type Exclusions = HashMap<i64, Exclusion>;

const MASS_FAILURE: &str = "mass_failure";

/// Decides which builds give no verdicts: patch builds, builds that broke by themselves, and mass failures.
fn exclusions(builds: &Builds, history: &History, settings: &HashMap<&'static str, f64>) -> Exclusions {
    let counts = test_counts(builds, history);
    let mut exclusions = Exclusions::new();
    for (index, build) in builds.list.iter().enumerate() {
        let exclude = |rule, detail: &str| Some(Exclusion { rule, detail: detail.to_owned() });
        let (decisive, failed) = counts[index];
        let exclusion = if build.is_patch {
            exclude("patch", &format!("by {}", build.patch_author.as_deref().unwrap_or("nobody")))
        } else if let Some(rule) = BROKEN.into_iter().find(|rule| *rule == build.result) {
            exclude(rule, "the build's result")
        } else if f64::from(failed) > settings["mass_failure_ratio"] * f64::from(decisive)
            && f64::from(failed) >= settings["mass_failure_count"]
        {
            exclude(MASS_FAILURE, &format!("{failed} of {decisive} tests fail"))
        } else {
            None
        };
        exclusions.extend(exclusion.map(|exclusion| (build.place.build_id, exclusion)));
    }
    exclusions
}

/// Results of builds that say nothing about their tests.
const BROKEN: [&str; 4] = ["exception", "retry", "cancelled", "skipped"];

/// Returns, per build, how many tests have a decisive verdict and how many of these fail.
fn test_counts(builds: &Builds, history: &History) -> Vec<(u32, u32)> {
    let mut counts = vec![(0, 0); builds.list.len()];
    for (_, observed) in history.values().filter(|(series, _)| series.kind == "test") {
        for same_build in observed.chunk_by(|a, b| a.build == b.build) {
            let count = &mut counts[same_build[0].build as usize];
            match tally(same_build).verdict() {
                Verdict::Skip => {}
                Verdict::Fail => *count = (count.0 + 1, count.1 + 1),
                Verdict::Pass | Verdict::Flaky => count.0 += 1,
            }
        }
    }
    counts
}

/// Adds the series of the builders themselves: a mass failure is one problem of the builder.
fn add_build_series(builds: &Builds, exclusions: &Exclusions, history: &mut History) {
    for (index, build) in (0..).zip(&builds.list) {
        let rule = exclusions.get(&build.place.build_id).map(|exclusion| exclusion.rule);
        if rule.is_some_and(|rule| rule != MASS_FAILURE) {
            continue;
        }
        let test_id = id::test_id(&build.lane.project, "build", "", "(build)");
        let series_id = id::series_id(test_id, &build.lane.branch, &build.lane.builder);
        let series = || Series {
            series_id,
            test_id,
            kind: "build".to_owned(),
            suite: String::new(),
            name: "(build)".to_owned(),
        };
        let outcome = if rule.is_some() { "failed" } else { "passed" };
        let observed = Observed::new(index, 1, outcome, None);
        history.entry(series_id).or_insert_with(|| (series(), Vec::new())).1.push(observed);
    }
}

/// Returns the series that got something at or before their heads.
fn late(knowledge: &Knowledge, builds: &Builds, history: &History, exclusions: &Exclusions) -> Result<BTreeSet<i64>> {
    knowledge.read(|c| {
        let mut late = BTreeSet::new();
        for (&series_id, (series, observed)) in history {
            let first = places(builds, series, observed, exclusions).into_iter().next();
            let head = knowledge::streaks(c, series_id, true)?.pop();
            if let (Some((first, _)), Some(head)) = (first, head)
                && first.position <= head.last.position
            {
                late.insert(series_id);
            }
        }
        Ok(late)
    })
}

/// Reads the whole history of the late series, and the builds that it refers to.
async fn read_again(
    knowledge: &Knowledge,
    facts: &Facts,
    builds: Builds,
    mut history: History,
    exclusions: &Exclusions,
    late: &BTreeSet<i64>,
) -> Result<(Builds, History)> {
    let everything = Slice { after: 0, up_to: facts.batch };
    let all_builds = read::builds(facts, &everything).await?;
    let mut known: Exclusions = knowledge.read(read::exclusions)?;
    known.extend(exclusions.clone());
    let tests = late.iter().filter_map(|series_id| history.get(series_id)).map(|(series, _)| series.test_id).collect();
    let only = Only { series: late, tests: &tests };
    let mut again = read::history(facts, &all_builds, &everything, Some(only)).await?;
    let mut of_builds = History::new();
    add_build_series(&all_builds, &known, &mut of_builds);
    again.extend(of_builds.into_iter().filter(|(series_id, _)| late.contains(series_id)));
    // Old exclusions are needed for old builds only while the late series are folded: drop their outcomes here.
    for (series, observed) in again.values_mut() {
        observed.retain(|o| {
            let build_id = all_builds.list[o.build as usize].place.build_id;
            gives_verdicts(series, known.get(&build_id))
        });
    }
    for (series_id, entry) in &mut history {
        if !late.contains(series_id) {
            entry.1.iter_mut().for_each(|o| o.build = all_builds.index[&builds.list[o.build as usize].place.build_id]);
        }
    }
    history.extend(again);
    Ok((all_builds, history))
}

fn gives_verdicts(series: &Series, exclusion: Option<&Exclusion>) -> bool {
    match exclusion {
        None => true,
        Some(exclusion) => exclusion.rule == MASS_FAILURE && series.kind == "build",
    }
}

/// Returns what was observed of a series, in order, without excluded builds.
fn places(builds: &Builds, series: &Series, observed: &[Observed], exclusions: &Exclusions) -> Vec<(Place, Tally)> {
    let by_build = observed.chunk_by(|a, b| a.build == b.build);
    by_build
        .map(|same_build| (&builds.list[same_build[0].build as usize].place, same_build))
        .filter(|(place, _)| gives_verdicts(series, exclusions.get(&place.build_id)))
        .map(|(place, same_build)| (place.clone(), tally(same_build)))
        .collect()
}

fn tally(observed: &[Observed]) -> Tally {
    let mut tally = Tally::default();
    observed.iter().for_each(|o| tally.add(&o.tally()));
    tally
}

/// One fold, when everything has been read.
struct Fold<'a> {
    builds: &'a Builds,
    exclusions: &'a Exclusions,
    late: &'a BTreeSet<i64>,
    from_nothing: bool,
}

impl Fold<'_> {
    fn write(&self, t: &Transaction<'_>, history: &History, graphs: &Graphs) -> rusqlite::Result<()> {
        for (build_id, exclusion) in self.exclusions {
            knowledge::put_exclusion(t, *build_id, exclusion.rule, &exclusion.detail)?;
        }
        let lane_of = |observed: &[Observed]| Some(&*self.builds.list[observed.first()?.build as usize].lane);
        let lanes: HashSet<&Lane> = history.values().filter_map(|(_, observed)| lane_of(observed)).collect();
        lanes.into_iter().try_for_each(|lane| knowledge::touch_lane(t, lane))?;
        for (series, observed) in history.values() {
            if let Some(lane) = lane_of(observed) {
                self.write_series(t, lane, series, observed, graphs)?;
            }
        }
        Ok(())
    }

    fn write_series(
        &self,
        t: &Transaction<'_>,
        lane: &Lane,
        series: &Series,
        observed: &[Observed],
        graphs: &Graphs,
    ) -> rusqlite::Result<()> {
        let places = places(self.builds, series, observed, self.exclusions);
        if places.is_empty() {
            return Ok(());
        }
        knowledge::put_series(t, lane, series)?;
        let is_late = self.late.contains(&series.series_id);
        if is_late {
            knowledge::remove_streaks(t, series.series_id)?;
        }
        let is_new = self.from_nothing || is_late;
        let mut streaks = if is_new { Vec::new() } else { knowledge::streaks(t, series.series_id, true)? };
        let old_count = streaks.len();
        streak::extend(&mut streaks, &places);
        let has_new_failure = streaks[old_count.min(streaks.len())..].iter().any(|s| s.verdict == Verdict::Fail);
        knowledge::put_streaks(t, series.series_id, &streaks)?;
        if has_new_failure {
            let all = if old_count > 0 { knowledge::streaks(t, series.series_id, false)? } else { streaks };
            self.write_ranges(t, lane, series, &all, graphs)?;
        }
        Ok(())
    }

    fn write_ranges(
        &self,
        t: &Transaction<'_>,
        lane: &Lane,
        series: &Series,
        streaks: &[Streak],
        graphs: &Graphs,
    ) -> rusqlite::Result<()> {
        let now = chrono::Utc::now().timestamp_micros();
        for range in streak::ranges(streaks) {
            let ends = (range.good.revision.as_str(), range.bad.revision.as_str());
            knowledge::put_range(t, &lane.project, ends, || graphs.blamelist(&lane.project, ends))?;
            knowledge::put_history(t, series.series_id, &range, now)?;
        }
        Ok(())
    }
}

impl Graphs {
    fn blamelist(&self, project: &str, (good, bad): (&str, &str)) -> crate::graph::Blamelist {
        match self.projects.get(project) {
            Some(graph) => graph.blamelist(good, bad),
            None => crate::graph::Blamelist { revisions: Vec::new(), is_complete: false },
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
