//! Outcomes counted by suite and day, when they come in: what windows, branches and builders are compared by.
//!
//! A tally says of one batch what its outcomes add to a day of a suite on a lane. It is never changed, only added to
//! others of the same day when files are merged, and it stays when its outcomes are let go. The day is the code's, as
//! everywhere: that on which the revision was committed, or the build's own where the change is not known yet.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use serde::Serialize;

use crate::outcomes::Stored;
use crate::row::{Build, Kind, Status};
use crate::schema::TALLY;
use crate::{Result, batch, duration, id};

/// A day in microseconds.
const DAY: i64 = 86_400_000_000;

/// A row of `tally`.
#[derive(Serialize)]
struct Tally<'a> {
    batch: i64,
    suite_id: i64,
    lane_id: i64,
    day: i64,
    project: &'a str,
    branch: &'a str,
    builder: &'a str,
    suite: &'a str,
    #[serde(flatten)]
    sums: &'a Sums,
}

#[derive(Default, Serialize)]
struct Sums {
    build_count: i64,
    outcome_count: i64,
    passed_count: i64,
    failed_count: i64,
    skipped_count: i64,
    timed_count: i64,
    duration_us: i64,
}

impl Sums {
    fn add(&mut self, outcome: &Stored<'_>) {
        self.outcome_count += 1;
        match outcome.status {
            Status::Passed | Status::Xfailed => self.passed_count += 1,
            Status::Failed | Status::Errored | Status::Xpassed => self.failed_count += 1,
            Status::Skipped => self.skipped_count += 1,
        }
        if let Some(micros) = outcome.duration_us.filter(|_| outcome.status != Status::Skipped) {
            self.timed_count += 1;
            self.duration_us = self.duration_us.saturating_add(duration::kept(micros));
        }
    }
}

/// What the outcomes of one build add to each suite.
#[derive(Default)]
pub(crate) struct Suites(BTreeMap<String, Sums>);

impl Suites {
    /// Counts an outcome; those of steps count nowhere.
    pub(crate) fn add(&mut self, outcome: &Stored<'_>) {
        if outcome.kind == Kind::Step {
            return;
        }
        match self.0.get_mut(outcome.suite) {
            Some(sums) => sums.add(outcome),
            None => self.0.entry(outcome.suite.to_owned()).or_default().add(outcome),
        }
    }
}

type Lane<'a> = (&'a str, &'a str, &'a str);

/// What a batch adds, by lane, day and suite.
#[derive(Default)]
pub(crate) struct Tallies<'a>(BTreeMap<(Lane<'a>, i64, String), Sums>);

impl<'a> Tallies<'a> {
    /// Adds a build whose revision was committed then.
    pub(crate) fn add(&mut self, build: &'a Build, committed_at: i64, suites: Suites) {
        let lane = (build.project.as_str(), build.branch.as_str(), build.builder.as_str());
        let day = committed_at.div_euclid(DAY) * DAY;
        for (suite, sums) in suites.0 {
            self.0.entry((lane, day, suite)).or_default().merge(&sums);
        }
    }

    /// Returns the rows of `tally`.
    pub(crate) fn rows(&self, batch: i64) -> Result<RecordBatch> {
        let rows = self.0.iter().map(|(((project, branch, builder), day, suite), sums)| {
            let (suite_id, lane_id) = (id::suite_id(project, suite), id::lane_id(project, branch, builder));
            Tally { batch, suite_id, lane_id, day: *day, project, branch, builder, suite, sums }
        });
        let rows: Vec<_> = rows.collect();
        batch::decode(&TALLY, &rows)
    }
}

impl Sums {
    /// Adds those of one build.
    fn merge(&mut self, other: &Self) {
        self.build_count += 1;
        self.outcome_count += other.outcome_count;
        self.passed_count += other.passed_count;
        self.failed_count += other.failed_count;
        self.skipped_count += other.skipped_count;
        self.timed_count += other.timed_count;
        self.duration_us = self.duration_us.saturating_add(other.duration_us);
    }
}
