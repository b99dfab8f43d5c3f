//! All builds of the picked revisions, several at once, handed over in the order of the branch.
//!
//! The store is the caller's: it takes the events as they come and commits what they carry.

mod queue;

use annals_data::row::Change;
use annals_data::store::BuildFacts;
use std::path::Path;

use crate::builder::Builder;
use crate::cancellation::CancellationFlag;
use crate::error::Error;
use crate::history::{Batch, History, Picked, Revision};
use crate::report::Limits;
use crate::run;

/// What is to be collected, and where.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'a> {
    /// The project.
    pub project: &'a str,
    /// The repository, usually a mirror's.
    pub history: &'a History,
    /// The revisions.
    pub picked: &'a Picked,
    /// All of these build each revision.
    pub builders: &'a [Builder],
    /// How many builds run at once.
    pub jobs: usize,
    /// The folder for working directories.
    pub work: &'a Path,
    /// The store's log folder.
    pub logs: &'a Path,
    /// The bounds of a single report.
    pub limits: Limits,
}

/// What happens while collecting, in this order: changes, the plan, then builds.
#[derive(Debug)]
pub enum Event {
    /// Changes that were not known, parents before children.
    Changes {
        /// The changes.
        changes: Vec<Change>,
        /// How many have been handed over, these included.
        done: usize,
        /// How many there are.
        total: usize,
    },
    /// What is going to be built.
    Planned {
        /// Builds to run.
        total: usize,
        /// Builds that are there already.
        skipped: usize,
    },
    /// A build begins.
    Started {
        /// Its builder.
        builder: String,
        /// Its revision.
        revision: Revision,
    },
    /// A build has ended; in order of position, unless one takes so long that the others would wait too long for it.
    Finished(Box<BuildFacts>),
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Changes handed over.
    pub changes: usize,
    /// Builds handed over.
    pub built: usize,
    /// Builds that were there already.
    pub skipped: usize,
    /// Whether it was ended by the flag.
    pub is_cancelled: bool,
}

/// One build to run.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a> {
    /// What is built.
    pub revision: &'a Revision,
    /// How.
    pub builder: &'a Builder,
    /// How often it was built before.
    pub repeat: u32,
}

/// Runs these builds, whatever was built before; as [`collect`] otherwise. Returns how many were handed over.
pub fn build<E: From<Error>>(
    plan: &Plan<'_>,
    tasks: &[Task<'_>],
    cancellation: &CancellationFlag,
    emit: &mut dyn FnMut(Event) -> Result<(), E>,
) -> Result<usize, E> {
    queue::run(plan, tasks, cancellation, emit)
}

/// Reads the changes that are not `known` and runs the builds whose keys are not `done`, oldest revision first.
///
/// `emit` is called on this thread while the builds go on; its error ends the collection, raises the flag and is
/// returned. A raised flag ends running builds, which are not handed over, and is no error.
pub fn collect<E: From<Error>>(
    plan: &Plan<'_>,
    known: &dyn Fn(&str) -> bool,
    done: &dyn Fn(&str) -> bool,
    cancellation: &CancellationFlag,
    emit: &mut dyn FnMut(Event) -> Result<(), E>,
) -> Result<Summary, E> {
    let mut summary = Summary { changes: changes(plan, known, cancellation, emit)?, ..Summary::default() };
    let tasks = tasks(plan, done);
    summary.skipped = plan.picked.revisions.len() * plan.builders.len() - tasks.len();
    emit(Event::Planned { total: tasks.len(), skipped: summary.skipped })?;
    summary.built = queue::run(plan, &tasks, cancellation, emit)?;
    summary.is_cancelled = cancellation.is_cancelled();
    Ok(summary)
}

fn changes<E: From<Error>>(
    plan: &Plan<'_>,
    known: &dyn Fn(&str) -> bool,
    cancellation: &CancellationFlag,
    emit: &mut dyn FnMut(Event) -> Result<(), E>,
) -> Result<usize, E> {
    // The newest first: its `.mailmap` holds for all.
    let tips: Vec<String> = plan.picked.revisions.iter().rev().map(|revision| revision.id.clone()).collect();
    let mut count = 0;
    // `None` stands for the wish to stop, which is no error of the caller's kind.
    let mut each = |batch: Batch| {
        if cancellation.is_cancelled() {
            return Err(None);
        }
        let Batch { changes, done, total } = batch;
        count = done;
        emit(Event::Changes { changes, done, total }).map_err(Some)
    };
    let read = plan.history.changes(plan.project, &tips, known, &mut |batch| each(batch).map_err(Stop));
    match read {
        Ok(_) | Err(Stop(None)) => Ok(count),
        Err(Stop(Some(error))) => Err(error),
    }
}

/// Why the reading of changes ended early: an error, or the flag.
struct Stop<E>(Option<E>);

impl<E: From<Error>> From<Error> for Stop<E> {
    fn from(error: Error) -> Self {
        Self(Some(error.into()))
    }
}

fn tasks<'a>(plan: &Plan<'a>, done: &dyn Fn(&str) -> bool) -> Vec<Task<'a>> {
    let all = plan
        .picked
        .revisions
        .iter()
        .flat_map(|revision| plan.builders.iter().map(move |builder| Task { revision, builder, repeat: 0 }));
    all.filter(|task| !done(&run::key(&plan.picked.branch, &task.builder.name, &task.revision.id))).collect()
}
