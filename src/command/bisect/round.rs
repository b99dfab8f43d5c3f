//! The builds of one lane's hunts: each round builds what tells most, and all hunts hear what came of it.

use std::collections::{BTreeMap, BTreeSet};

use annals_analytics::Warehouse;
use annals_analytics::judge::hunt::{Hunt, next_of_all};
use annals_collector::builder::Builder;
use annals_collector::collect::{self, Event, Plan, Task};
use annals_collector::history::{History, Picked, Revision, Selection};
use annals_collector::report::Limits;
use annals_collector::{CancellationFlag, run as build_run};
use annals_data::row::{BuildResult, Kind, Status};
use annals_data::store::{BuildFacts, Ingest};
use anyhow::{Context, Result};
use tokio::runtime::Handle;

use super::quarry::{Lane, Quarry};
use crate::cli;
use crate::command::collect::{cores, mirror, new_changes};
use crate::config::Config;

/// So many builds of a revision may say nothing of a test before no more are asked for.
const SILENT: u32 = 2;

/// The hunts of one lane.
pub(super) struct Round<'a> {
    warehouse: &'a Warehouse,
    handle: &'a Handle,
    history: History,
    builder: &'a Builder,
    limits: Limits,
    jobs: usize,
    pub lane: Lane,
    /// The revisions of the branch that are asked about, by position.
    revisions: BTreeMap<i64, Revision>,
    /// How often each was built by this process or before.
    repeats: BTreeMap<i64, u32>,
    silent: BTreeMap<i64, u32>,
    /// Builds that were run.
    pub spent: u32,
}

impl<'a> Round<'a> {
    /// Finds the revisions of the problems, and begins their hunts.
    pub(super) fn open(
        warehouse: &'a Warehouse,
        options: &cli::Bisect,
        config: &Config,
        builder: &'a Builder,
        lane: Lane,
        handle: &'a Handle,
    ) -> Result<Self> {
        let history = mirror(warehouse, &lane.project, options.repository.as_deref())?;
        let mut round = Self {
            warehouse,
            handle,
            history,
            builder,
            limits: config.report,
            jobs: options.jobs.unwrap_or_else(cores).max(1),
            lane,
            revisions: BTreeMap::new(),
            repeats: BTreeMap::new(),
            silent: BTreeMap::new(),
            spent: 0,
        };
        for index in 0..round.lane.quarries.len() {
            round.begin(index, options.confidence)?;
        }
        Ok(round)
    }

    fn begin(&mut self, index: usize, confidence: f64) -> Result<()> {
        let quarry = &self.lane.quarries[index];
        let range = format!("{}..{}", quarry.good_revision, quarry.opened_revision);
        let selection =
            Selection { branch: Some(self.lane.branch.clone()), range: Some(range), ..Selection::default() };
        let Ok(picked) = self.history.select(&selection) else { return Ok(()) };
        let (Some(first), Ok(good)) = (picked.revisions.first(), self.history.position(&quarry.good_revision)) else {
            return Ok(());
        };
        // What a merge brought in is built, and blamed, as the merge.
        let mut suspicion: Vec<f64> = Vec::with_capacity(picked.revisions.len());
        let mut before = quarry.good_revision.clone();
        for revision in &picked.revisions {
            suspicion.push(self.brought(quarry, &before, revision));
            before.clone_from(&revision.id);
        }
        let line = picked.revisions.iter().map(|revision| revision.position).collect();
        let hunt = Hunt::new(good.min(first.position - 1), line, &suspicion, quarry.flake_rate, confidence);
        self.revisions.insert(good, Revision { id: quarry.good_revision.clone(), position: good });
        self.revisions.extend(picked.revisions.into_iter().map(|revision| (revision.position, revision)));
        self.lane.quarries[index].hunt = Some(hunt);
        Ok(())
    }

    /// Returns the suspicion of a revision of the branch and of what it merged.
    fn brought(&self, quarry: &Quarry, before: &str, revision: &Revision) -> f64 {
        let own = quarry.suspicion.get(&revision.id).copied().unwrap_or_default();
        let selection = Selection {
            branch: Some(self.lane.branch.clone()),
            range: Some(format!("{before}..{}", revision.id)),
            all_parents: true,
            ..Selection::default()
        };
        let merged = self.history.select(&selection).map(|picked| picked.revisions).unwrap_or_default();
        let others = merged.iter().filter(|merged| merged.id != revision.id);
        own + others.filter_map(|merged| quarry.suspicion.get(&merged.id)).sum::<f64>()
    }

    /// Builds until all is found out, or the budget is spent.
    pub(super) fn run(&mut self, budget: u32, flag: &CancellationFlag) -> Result<()> {
        self.changes()?;
        while self.spent < budget && !flag.is_cancelled() {
            let hunts: Vec<Hunt> = self.lane.quarries.iter().filter_map(|quarry| quarry.hunt.clone()).collect();
            let hunted = self.lane.quarries.iter().filter(|quarry| quarry.hunt.is_some());
            let weights: Vec<f64> = hunted.map(|quarry| quarry.weight).collect();
            let count = self.jobs.min((budget - self.spent) as usize);
            let wanted = next_of_all(&hunts, &weights, count);
            if wanted.is_empty() {
                break;
            }
            self.build(&wanted, flag)?;
        }
        Ok(())
    }

    /// Takes in the changes that the store does not know.
    fn changes(&self) -> Result<()> {
        let Some((_, newest)) = self.revisions.last_key_value() else { return Ok(()) };
        let changes = new_changes(self.warehouse, &self.history, &self.lane.project, &newest.id)?;
        if !changes.is_empty() {
            self.handle.block_on(self.warehouse.commit(vec![Ingest { changes, ..Ingest::default() }]))?;
        }
        Ok(())
    }

    fn build(&mut self, wanted: &[i64], flag: &CancellationFlag) -> Result<()> {
        let mut planned: Vec<(Revision, u32)> = Vec::with_capacity(wanted.len());
        for position in wanted {
            let revision = self.revisions.get(position).context("a hunt asks about revisions that it was given")?;
            let repeat = self.repeat(revision)?;
            self.repeats.insert(*position, repeat + 1);
            planned.push((revision.clone(), repeat));
        }
        let root = self.warehouse.store().root();
        let picked = Picked { branch: self.lane.branch.clone(), revisions: Vec::new() };
        let plan = Plan {
            project: &self.lane.project,
            history: &self.history,
            picked: &picked,
            builders: &[],
            jobs: self.jobs,
            work: &root.join("work"),
            logs: &self.warehouse.store().log_folder(),
            limits: self.limits,
        };
        let tasks: Vec<Task<'_>> = planned
            .iter()
            .map(|(revision, repeat)| Task { revision, builder: self.builder, repeat: *repeat })
            .collect();
        let mut builds: Vec<BuildFacts> = Vec::new();
        collect::build(&plan, &tasks, flag, &mut |event| -> Result<()> {
            if let Event::Finished(facts) = event {
                builds.push(*facts);
            }
            Ok(())
        })?;
        for facts in &builds {
            self.hear(facts)?;
        }
        if !builds.is_empty() {
            self.handle.block_on(self.warehouse.commit(vec![Ingest { builds, ..Ingest::default() }]))?;
        }
        Ok(())
    }

    /// Returns how often a revision was built, so that its next build has a key of its own.
    fn repeat(&self, revision: &Revision) -> Result<u32> {
        if let Some(repeat) = self.repeats.get(&revision.position) {
            return Ok(*repeat);
        }
        let key = build_run::key(&self.lane.branch, &self.builder.name, &revision.id);
        let keys: Vec<String> = (0..1000).map(|repeat| build_run::repeat_key(&key, repeat)).collect();
        let known = self.warehouse.store().known_builds(&self.lane.project, &keys)?;
        Ok(keys.iter().position(|key| !known.contains(key)).unwrap_or(keys.len()) as u32)
    }

    /// Tells all hunts what a build said of their tests.
    fn hear(&mut self, facts: &BuildFacts) -> Result<()> {
        self.spent += 1;
        let position = facts.build.position;
        let mut verdicts = vec![None; self.lane.quarries.len()];
        // What broke off is silent on what it does not tell.
        let is_whole =
            matches!(facts.build.result, BuildResult::Success | BuildResult::Warnings | BuildResult::Failure);
        let mut ran_tests = false;
        for outcome in facts.outcomes.iter() {
            let outcome = outcome?;
            ran_tests |= is_whole && outcome.kind != Kind::Step && outcome.status != Status::Skipped;
            for (quarry, verdict) in self.lane.quarries.iter().zip(&mut verdicts) {
                let is_it = outcome.kind.as_str() == quarry.kind
                    && outcome.suite == quarry.suite
                    && outcome.name == quarry.name;
                match outcome.status {
                    _ if !is_it => {}
                    // What passed once is not broken.
                    Status::Passed | Status::Xfailed => *verdict = Some(false),
                    Status::Failed | Status::Errored | Status::Xpassed => {
                        *verdict = verdict.or(Some(true));
                    }
                    Status::Skipped => {}
                }
            }
        }
        let mut silent = BTreeSet::new();
        for (quarry, told) in self.lane.quarries.iter_mut().zip(verdicts) {
            // Of a suite as a whole it is told only where it went wrong.
            let was_well = quarry.kind == Kind::Suite.as_str() && ran_tests;
            let verdict = told.or(was_well.then_some(false));
            let Some(hunt) = quarry.hunt.as_mut().filter(|hunt| hunt.reaches(position)) else { continue };
            match verdict {
                Some(failed) => {
                    hunt.observe(position, failed);
                    quarry.spent += 1;
                }
                None => drop(silent.insert(position)),
            }
        }
        for position in silent {
            let count = self.silent.entry(position).or_default();
            *count += 1;
            if *count >= SILENT {
                self.lane
                    .quarries
                    .iter_mut()
                    .filter_map(|quarry| quarry.hunt.as_mut())
                    .for_each(|hunt| hunt.mute(position));
            }
        }
        Ok(())
    }

    /// Returns the revision at a position that was asked about.
    pub(super) fn revision(&self, position: i64) -> &str {
        self.revisions.get(&position).map_or("", |revision| &revision.id)
    }
}
