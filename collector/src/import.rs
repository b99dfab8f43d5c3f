//! Histories from files: SELECT statements, three or one, give changes, builds and outcomes as rows.
//!
//! The statements run in a session of the person's own, which may read any file that the person may read: it is never
//! served. Outcomes are read for a group of builds at a time, so that memory is bounded by the group whatever the
//! length of the history. What is here only reads; the caller commits the groups.

mod build;
mod change;
mod column;
mod file;
mod outcome;
mod preview;
mod select;
mod word;

use std::collections::HashMap;

use annals_data::outcomes::Outcomes;
use annals_data::row::{Build, BuildResult, Change, Outcome};
use annals_data::store::BuildFacts;
use datafusion::prelude::SessionContext;
use futures::StreamExt;

use crate::cancellation::CancellationFlag;
use crate::error::{Error, Result};
use crate::run;
use column::CHANGE_MESSAGE;
use select::Select;

pub use column::{BUILDS, CHANGES, Column, OUTCOMES, ROWS, Table};
pub use preview::Preview;
pub use word::{OUTCOME_WORDS, RESULT_WORDS};

/// Builds of the first group: nothing is known yet of how many outcomes a build has.
const FIRST_GROUP: usize = 25;
/// Builds of the largest group; it bounds the length of the condition that picks them.
const LARGEST_GROUP: usize = 2_000;
/// Outcomes that a group should have: some 200 MB of rows, and a commit that is worth its files.
const OUTCOMES_PER_GROUP: usize = 500_000;
/// Outcomes at which a group is given up and read in smaller ones.
const OUTCOMES_AT_MOST: usize = 4 * OUTCOMES_PER_GROUP;

/// What is to be imported: the statements, and what holds for rows that do not say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The project.
    pub project: String,
    /// The branch of builds that name none.
    pub branch: String,
    /// The builder of builds that name none.
    pub builder: String,
    /// The statements.
    pub statements: Statements,
}

/// The texts of the statements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statements {
    /// Builds, and changes where no statement gives them, are the distinct rows of one statement.
    One {
        /// Gives the columns of [`CHANGES`].
        changes: Option<String>,
        /// Gives the columns of [`ROWS`].
        rows: String,
    },
    /// One for each kind.
    Three {
        /// Gives the columns of [`CHANGES`].
        changes: Option<String>,
        /// Gives the columns of [`BUILDS`].
        builds: String,
        /// Gives the columns of [`OUTCOMES`].
        outcomes: String,
    },
}

/// The statements, planned and with their columns checked.
#[derive(Debug)]
pub struct Import {
    plan: Plan,
    given: Vec<Select>,
    changes: Option<Select>,
    builds: Select,
    outcomes: Select,
}

/// A build before its outcomes are read.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    build: Build,
    result: Option<BuildResult>,
}

impl Import {
    /// Plans the statements.
    ///
    /// # Errors
    /// [`Error::Import`] for a statement that is no query, reads what is not there, or gives a column that is unknown,
    /// stands twice or is missing although it must be there.
    pub async fn plan(plan: Plan) -> Result<Self> {
        let context = file::session();
        match &plan.statements {
            Statements::One { changes, rows } => {
                let changes = Self::plan_changes(&context, changes.as_deref()).await?;
                let one = Select::plan(&context, &ROWS, rows).await?;
                Self::of_one(plan, changes, one)
            }
            Statements::Three { changes, builds, outcomes } => {
                let changes = Self::plan_changes(&context, changes.as_deref()).await?;
                let builds = Select::plan(&context, &BUILDS, builds).await?;
                let outcomes = Select::plan(&context, &OUTCOMES, outcomes).await?;
                let given = changes.iter().chain([&builds, &outcomes]).cloned().collect();
                Ok(Self { plan, given, changes, builds, outcomes })
            }
        }
    }

    async fn plan_changes(context: &SessionContext, text: Option<&str>) -> Result<Option<Select>> {
        match text {
            Some(text) => Ok(Some(Select::plan(context, &CHANGES, text).await?)),
            None => Ok(None),
        }
    }

    /// A revision of which nothing else is said is no change: the store may know it, or learn it later.
    fn of_one(plan: Plan, changes: Option<Select>, one: Select) -> Result<Self> {
        let of_change = |name| if name == "message" { CHANGE_MESSAGE.name } else { name };
        let has_changes = CHANGES.columns.iter().skip(1).any(|column| one.has(of_change(column.name)));
        let given = changes.iter().chain([&one]).cloned().collect();
        let changes = match changes {
            None if has_changes => Some(one.distinct(&CHANGES, of_change)?),
            given => given,
        };
        let builds = one.distinct(&BUILDS, |name| name)?;
        // A build without outcomes has a row all the same, as outer joins give it.
        let outcomes = one.rows(&OUTCOMES, &["name", "outcome"])?;
        Ok(Self { plan, given, changes, builds, outcomes })
    }

    /// Reads all changes, in the order of the statement.
    pub async fn changes(&self) -> Result<Vec<Change>> {
        let Some(select) = &self.changes else { return Ok(Vec::new()) };
        let mut changes = Vec::new();
        let mut batches = select.stream().await?;
        while let Some(batch) = batches.next().await {
            changes.extend(change::read(&self.plan.project, &select.batch(batch)?)?);
        }
        Ok(changes)
    }

    /// Reads all builds, ordered by position, so that each series grows at its end.
    pub async fn builds(&self) -> Result<Vec<Planned>> {
        let mut builds = Vec::new();
        let mut batches = self.builds.stream().await?;
        while let Some(batch) = batches.next().await {
            builds.extend(build::read(&self.plan, &self.builds.batch(batch)?)?);
        }
        build::sort(self.builds.name(), builds)
    }

    /// Reads the outcomes of a group of builds; `None` where they are too many to be read at once.
    ///
    /// # Errors
    /// [`Error::Cancelled`] when the flag is raised meanwhile; nothing of the group is handed over then.
    pub async fn facts(&self, group: &[Planned], flag: &CancellationFlag) -> Result<Option<Vec<BuildFacts>>> {
        let mut outcomes: HashMap<&str, Vec<Outcome>> = group.iter().map(|planned| (planned.key(), vec![])).collect();
        let keys: Vec<&str> = group.iter().map(Planned::key).collect();
        let mut batches = self.outcomes.stream_of(&keys).await?;
        let mut count = 0;
        while let Some(batch) = batches.next().await {
            if flag.is_cancelled() {
                return Err(Error::Cancelled);
            }
            let batch = self.outcomes.batch(batch)?;
            count += batch.row_count();
            if count > OUTCOMES_AT_MOST && group.len() > 1 {
                return Ok(None);
            }
            outcome::read(&batch, &mut outcomes)?;
        }
        let mut facts = Vec::with_capacity(group.len());
        for planned in group {
            facts.push(planned.finish(outcomes.remove(planned.key()).unwrap_or_default())?);
        }
        Ok(Some(facts))
    }

    /// Counts what would come in and looks for what does not fit together; `known` tells changes that are there.
    pub async fn preview(&self, known: &dyn Fn(&str) -> bool) -> Result<Preview> {
        preview::look(self, known).await
    }
}

impl Planned {
    /// Returns the build's idempotency key.
    pub fn key(&self) -> &str {
        &self.build.key
    }

    /// Returns the revision that was built.
    pub fn revision(&self) -> &str {
        &self.build.revision
    }

    /// A result that nobody states follows from the outcomes.
    fn finish(&self, outcomes: Vec<Outcome>) -> Result<BuildFacts> {
        let outcomes = Outcomes::from(outcome::number(outcomes));
        let (judged, reason) = run::judge(&[], &outcomes)?;
        let result = self.result.unwrap_or(judged);
        let reason = reason.filter(|_| result != BuildResult::Success);
        Ok(BuildFacts { build: Build { result, reason, ..self.build.clone() }, steps: Vec::new(), outcomes })
    }
}

/// How many builds the next group has: learnt from the groups before it.
#[derive(Clone, Copy, Debug)]
pub struct GroupSize(usize);

impl Default for GroupSize {
    fn default() -> Self {
        Self(FIRST_GROUP)
    }
}

impl GroupSize {
    /// Returns the number of builds to read next.
    pub fn get(self) -> usize {
        self.0
    }

    /// Learns that a group of `builds` had so many outcomes: every group costs one pass over the source, so groups
    /// grow as far as memory allows.
    pub fn learn(&mut self, builds: usize, outcomes: usize) {
        let fitting = builds.saturating_mul(OUTCOMES_PER_GROUP) / outcomes.max(1);
        self.0 = fitting.clamp(1, self.0.saturating_mul(4).min(LARGEST_GROUP));
    }

    /// Learns that a group was too large.
    pub fn halve(&mut self, builds: usize) {
        self.0 = (builds / 2).max(1);
    }
}
