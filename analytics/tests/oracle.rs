//! What is known about a world, computed the slow and obvious way: the reference for the maintained tables.
//!
//! Every rule is written straight from its definition, over whole histories and without anything incremental.

use std::collections::{BTreeMap, BTreeSet};

use annals_data::id;
use annals_data::row::{Kind, Outcome, Status};

use crate::world::{BuildFacts, World, is_failure};

/// A maximal run of equal verdicts over consecutive tested positions of a series.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Streak {
    pub(crate) series: Series,
    pub(crate) verdict: &'static str,
    pub(crate) first: Place,
    pub(crate) last: Place,
    pub(crate) position_count: i64,
    pub(crate) outcome_count: i64,
    pub(crate) failed_count: i64,
    pub(crate) message: Option<String>,
    pub(crate) is_head: bool,
}

/// One test on one builder of one branch.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Series {
    pub(crate) project: String,
    pub(crate) branch: String,
    pub(crate) builder: String,
    pub(crate) kind: &'static str,
    pub(crate) suite: String,
    pub(crate) name: String,
}

/// An end of a streak: the first build of its first position, or the last build of its last.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    pub(crate) position: i64,
    pub(crate) revision: String,
    pub(crate) build_id: i64,
    pub(crate) at: Option<i64>,
}

/// A range of a failing streak that has an earlier pass.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Range {
    pub(crate) series_id: i64,
    pub(crate) good_position: i64,
    pub(crate) bad_position: i64,
    pub(crate) good_revision: String,
    pub(crate) bad_revision: String,
}

impl Place {
    /// Returns what orders the builds at one position.
    fn order(&self) -> (i64, i64) {
        (self.at.unwrap_or(i64::MAX), self.build_id)
    }
}

impl Series {
    /// Returns the test's id.
    pub(crate) fn test_id(&self) -> i64 {
        id::test_id(&self.project, self.kind, &self.suite, &self.name)
    }

    /// Returns the series' id.
    pub(crate) fn series_id(&self) -> i64 {
        id::series_id(self.test_id(), &self.branch, &self.builder)
    }
}

/// Returns the rule that excludes a build, with what the rule saw.
pub(crate) fn exclusion(world: &World, facts: &BuildFacts) -> Option<(&'static str, String)> {
    let word = facts.build.result.as_str();
    if facts.build.is_patch {
        return Some(("patch", format!("by {}", facts.build.patch_author_name.as_deref().unwrap_or("nobody"))));
    }
    if let Some(rule) = ["exception", "retry", "cancelled", "skipped"].into_iter().find(|rule| *rule == word) {
        return Some((rule, "the build's result".into()));
    }
    let (decisive, failed) = test_counts(facts);
    let is_mass = failed as f64 > world.settings["mass_failure_ratio"] * decisive as f64
        && failed as f64 >= world.settings["mass_failure_count"];
    is_mass.then(|| ("mass_failure", format!("{failed} of {decisive} tests fail")))
}

/// Returns how many tests passed or failed in a build, and how many failed.
pub(crate) fn test_counts(facts: &BuildFacts) -> (usize, usize) {
    let tests = by_test(facts.outcomes.iter().filter(|o| o.kind != Kind::Step));
    let decisive = tests.values().filter(|outcomes| verdict(outcomes) != "skip").count();
    (decisive, tests.values().filter(|outcomes| verdict(outcomes) == "fail").count())
}

fn by_test<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> BTreeMap<(&'a str, &'a str), Vec<&'a Outcome>> {
    let mut tests: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for outcome in outcomes {
        tests.entry((outcome.suite.as_str(), outcome.name.as_str())).or_default().push(outcome);
    }
    tests
}

/// Returns the verdict of all outcomes of a series at one position.
fn verdict(outcomes: &[&Outcome]) -> &'static str {
    let passed = outcomes.iter().any(|o| matches!(o.status, Status::Passed | Status::Xfailed));
    match (passed, outcomes.iter().any(|o| is_failure(o.status))) {
        (true, true) => "flaky",
        (true, false) => "pass",
        (false, true) => "fail",
        (false, false) => "skip",
    }
}

/// Returns all streaks, by series and position.
pub(crate) fn streaks(world: &World) -> Vec<Streak> {
    let mut streaks: Vec<Streak> = Vec::new();
    for (series, positions) in histories(world) {
        let from = streaks.len();
        for mut outcomes in positions.into_values() {
            outcomes.sort_by_key(|(facts, outcome)| (place(facts).order(), outcome.attempt));
            let only: Vec<&Outcome> = outcomes.iter().map(|(_, outcome)| outcome).collect();
            let (verdict, failed) = (verdict(&only), only.iter().filter(|o| is_failure(o.status)).count() as i64);
            let message = only.iter().filter(|o| is_failure(o.status)).find_map(|o| o.message.clone());
            let (first, last) = (place(outcomes[0].0), place(outcomes[outcomes.len() - 1].0));
            match streaks[from..].last_mut().filter(|streak| streak.verdict == verdict) {
                Some(streak) => {
                    streak.last = last;
                    streak.position_count += 1;
                    streak.outcome_count += only.len() as i64;
                    streak.failed_count += failed;
                    streak.message = streak.message.take().or(message);
                }
                None => streaks.push(Streak {
                    series: series.clone(),
                    verdict,
                    first,
                    last,
                    position_count: 1,
                    outcome_count: only.len() as i64,
                    failed_count: failed,
                    message,
                    is_head: false,
                }),
            }
        }
        if let Some(head) = streaks[from..].last_mut() {
            head.is_head = true;
        }
    }
    streaks
}

type History<'a> = BTreeMap<i64, Vec<(&'a BuildFacts, Outcome)>>;

/// Returns the outcomes of every series by position, without those of excluded builds.
fn histories(world: &World) -> BTreeMap<Series, History<'_>> {
    let mut histories: BTreeMap<Series, History<'_>> = BTreeMap::new();
    for facts in &world.builds {
        let rule = exclusion(world, facts).map(|(rule, _)| rule);
        let mut outcomes = Vec::new();
        if rule.is_none() {
            outcomes.extend(facts.outcomes.iter().map(|outcome| (outcome.kind.as_str(), outcome.clone())));
        }
        if rule.is_none() || rule == Some("mass_failure") {
            outcomes.push(("build", build_outcome(rule.is_some())));
        }
        for (kind, outcome) in outcomes {
            let series = Series {
                project: facts.build.project.clone(),
                branch: facts.build.branch.clone(),
                builder: facts.build.builder.clone(),
                kind,
                suite: outcome.suite.clone(),
                name: outcome.name.clone(),
            };
            let positions = histories.entry(series).or_default();
            positions.entry(facts.build.position).or_default().push((facts, outcome));
        }
    }
    add_suites(world, &mut histories);
    histories
}

/// Adds that suites passed where tests ran and no build of the position told of the suite.
fn add_suites<'w>(world: &'w World, histories: &mut BTreeMap<Series, History<'w>>) {
    for (series, told) in histories.iter_mut().filter(|(series, _)| series.kind == "suite") {
        let mut tested: BTreeMap<i64, Vec<&'w BuildFacts>> = BTreeMap::new();
        for facts in &world.builds {
            let build = &facts.build;
            let is_of_lane =
                (&build.project, &build.branch, &build.builder) == (&series.project, &series.branch, &series.builder);
            if is_of_lane && exclusion(world, facts).is_none() && test_counts(facts).0 > 0 {
                tested.entry(build.position).or_default().push(facts);
            }
        }
        for (position, builds) in tested {
            let first = builds.into_iter().min_by_key(|facts| place(facts).order());
            let passed = Outcome::of_suite(&series.suite, &series.name, Status::Passed);
            told.entry(position).or_insert_with(|| first.map(|facts| (facts, passed)).into_iter().collect());
        }
    }
}

/// Returns the outcome of the build as such: whether it is a mass failure.
fn build_outcome(is_mass_failure: bool) -> Outcome {
    let status = if is_mass_failure { Status::Failed } else { Status::Passed };
    Outcome { kind: Kind::Step, ..Outcome::new("", "(build)", status) }
}

fn place(facts: &BuildFacts) -> Place {
    let build = &facts.build;
    Place {
        position: build.position,
        revision: build.revision.clone(),
        build_id: id::build_id(&build.project, &build.key),
        at: build.started_at.or(build.finished_at),
    }
}

/// Returns the range of every problem that began after a pass.
pub(crate) fn ranges(streaks: &[Streak]) -> BTreeSet<Range> {
    let mut ranges = BTreeSet::new();
    for (index, bad) in streaks.iter().enumerate().filter(|(_, streak)| streak.verdict == "fail") {
        let mut before = streaks[..index].iter().rev().take_while(|streak| streak.series == bad.series);
        let decisive = before.find(|streak| matches!(streak.verdict, "pass" | "fail"));
        if let Some(good) = decisive.filter(|streak| streak.verdict == "pass") {
            ranges.insert(Range {
                series_id: bad.series.series_id(),
                good_position: good.last.position,
                bad_position: bad.first.position,
                good_revision: good.last.revision.clone(),
                bad_revision: bad.first.revision.clone(),
            });
        }
    }
    ranges
}

/// Returns the ancestors of `bad` that are no ancestors of `good`, newest first.
pub(crate) fn blamelist(world: &World, good: &str, bad: &str) -> Vec<String> {
    let (known, wanted) = (ancestors(world, good), ancestors(world, bad));
    let newest_first = world.changes.iter().rev().map(|change| &change.revision);
    newest_first.filter(|revision| wanted.contains(*revision) && !known.contains(*revision)).cloned().collect()
}

fn ancestors(world: &World, revision: &str) -> BTreeSet<String> {
    let (mut found, mut waiting) = (BTreeSet::new(), vec![revision.to_string()]);
    while let Some(revision) = waiting.pop() {
        if let Some(change) = world.find(&revision).filter(|_| found.insert(revision.clone())) {
            waiting.extend(change.parents.iter().cloned());
        }
    }
    found
}
