//! The workers: each has a slot, takes the next build, and hands over what came of it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, SyncSender};
use std::thread;

use annals_data::store::BuildFacts;

use super::{Event, Plan, Task};
use crate::cancellation::CancellationFlag;
use crate::checkout::Slot;
use crate::error::{Error, Result};
use crate::run::{self, Job};

/// What a worker reports: the task's number, and what happened to it.
enum Report {
    Started(usize),
    Finished(usize, Box<BuildFacts>),
    Broken(Error),
}

/// Runs all tasks and emits their builds; returns how many there were.
pub(super) fn run<E: From<Error>>(
    plan: &Plan<'_>,
    tasks: &[Task<'_>],
    cancellation: &CancellationFlag,
    emit: &mut dyn FnMut(Event) -> Result<(), E>,
) -> Result<usize, E> {
    let jobs = plan.jobs.clamp(1, tasks.len().max(1));
    let next = AtomicUsize::new(0);
    // Bounded, so that a slow store slows the builds and not the memory.
    let (sender, receiver) = mpsc::sync_channel(2 * jobs);
    thread::scope(|scope| {
        for _ in 0..jobs.min(tasks.len()) {
            let worker = Worker { plan, tasks, next: &next, cancellation, sender: sender.clone() };
            scope.spawn(move || worker.work());
        }
        drop(sender);
        let mut handover = Handover { window: 2 * jobs, ..Handover::default() };
        let mut outcome = Ok(());
        for report in receiver {
            // After an error the workers are only waited for.
            if outcome.is_ok() {
                outcome = handover.take(report, tasks, emit);
            }
            if outcome.is_err() {
                cancellation.cancel();
            }
        }
        outcome.and_then(|()| handover.rest(emit))?;
        Ok(handover.count)
    })
}

struct Worker<'a> {
    plan: &'a Plan<'a>,
    tasks: &'a [Task<'a>],
    next: &'a AtomicUsize,
    cancellation: &'a CancellationFlag,
    sender: SyncSender<Report>,
}

impl Worker<'_> {
    fn work(&self) {
        if let Err(error) = self.work_until_done() {
            self.cancellation.cancel();
            self.send(Report::Broken(error));
        }
    }

    fn work_until_done(&self) -> Result<()> {
        let slot = Slot::claim(self.plan.work, self.plan.history)?;
        while !self.cancellation.is_cancelled() {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(task) = self.tasks.get(index) else { break };
            self.send(Report::Started(index));
            if let Some(facts) = self.build(task, &slot)? {
                self.send(Report::Finished(index, Box::new(facts)));
            }
        }
        Ok(())
    }

    fn build(&self, task: &Task<'_>, slot: &Slot) -> Result<Option<BuildFacts>> {
        let job = Job {
            project: self.plan.project,
            branch: &self.plan.picked.branch,
            revision: task.revision,
            builder: task.builder,
            worktree: slot.dir(),
            logs: self.plan.logs,
            limits: self.plan.limits,
            repeat: task.repeat,
        };
        match slot.prepare(&task.revision.id) {
            Ok(()) => run::run(&job, self.cancellation),
            Err(error) => run::exception(&job, &format!("no checkout: {error}")).map(Some),
        }
    }

    fn send(&self, report: Report) {
        // The receiver lives until all workers have ended.
        let _ = self.sender.send(report);
    }
}

/// Puts finished builds back into the order of their tasks.
#[derive(Default)]
struct Handover {
    waiting: BTreeMap<usize, Box<BuildFacts>>,
    /// The task whose build is to be handed over next.
    next: usize,
    /// How many builds may wait for an earlier one: they would be lost if the machine stopped.
    window: usize,
    count: usize,
}

impl Handover {
    fn take<E: From<Error>>(
        &mut self,
        report: Report,
        tasks: &[Task<'_>],
        emit: &mut dyn FnMut(Event) -> Result<(), E>,
    ) -> Result<(), E> {
        match report {
            Report::Broken(error) => return Err(error.into()),
            Report::Started(index) => {
                let Task { revision, builder, .. } = &tasks[index];
                let (builder, revision) = (builder.name.clone(), (*revision).clone());
                return emit(Event::Started { builder, revision });
            }
            Report::Finished(index, facts) => self.waiting.insert(index, facts),
        };
        while let Some(entry) = self.waiting.first_entry() {
            if *entry.key() > self.next && self.waiting.len() <= self.window {
                break;
            }
            self.first(emit)?;
        }
        Ok(())
    }

    fn rest<E>(&mut self, emit: &mut dyn FnMut(Event) -> Result<(), E>) -> Result<(), E> {
        while !self.waiting.is_empty() {
            self.first(emit)?;
        }
        Ok(())
    }

    fn first<E>(&mut self, emit: &mut dyn FnMut(Event) -> Result<(), E>) -> Result<(), E> {
        let Some((index, facts)) = self.waiting.pop_first() else { return Ok(()) };
        self.next = self.next.max(index + 1);
        self.count += 1;
        emit(Event::Finished(facts))
    }
}
