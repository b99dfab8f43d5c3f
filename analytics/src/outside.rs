//! Questions from outside: read-only, and bounded in time, memory, rows, bytes and number.
//!
//! Whatever protocol a question comes by (HTTP, Postgres, Flight, MCP), it goes over one [`Desk`]:
//!
//! - `allow`, `question_mark`: what may be said, and how parameters are written; the plan is verified besides.
//! - `weight`, `expanded`: what planning would cost.
//! - `sealed`, `store`: tables that cannot be written, files that cannot be reached.
//! - `information`, `kind`, `system`: tables that tell of the others; `path`: where a name without a schema is looked for.
//! - `bounds`, `portion`: what one who asks may use; `queue`: who may ask now, turn by turn.
//! - `guard`, `grown`, `gathered`: a query ends at its time wherever it is, no function makes more than there is room
//!   for, and what a list of texts holds is counted.
//! - [`Rows`]: the answer as it is computed, held back while nobody takes it.
//!
//! Who somebody is, and how an answer is written, is left to the protocols.

mod allow;
mod bounds;
mod desk;
mod error;
mod expanded;
mod gathered;
mod grown;
mod guard;
mod information;
mod kind;
mod log;
mod path;
mod portion;
mod question_mark;
mod queue;
mod rows;
mod sealed;
mod store;
mod system;
mod weight;
mod width;

use annals_data::state::reader::Reader;
use datafusion::common::ParamValues;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionContext;

pub use bounds::{Bounds, Share};
pub use desk::Desk;
pub use error::{Error, Result};
pub use kind::type_name;
pub use log::{Asked, Log};
pub use path::PATH;
pub use rows::{Answer, Rows};
pub use weight::check_nesting;

/// What somebody may see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Everything but private columns.
    #[default]
    Public,
    /// Private columns of the raw tables, too.
    Private,
}

/// Who asks, and how.
#[derive(Clone, Debug)]
pub struct Asker {
    /// The name that turns go by.
    pub name: String,
    /// What they may see.
    pub role: Role,
    /// The protocol.
    pub wire: &'static str,
    /// They have proved to be the reader of that name.
    pub is_reader: bool,
}

impl Asker {
    /// Returns somebody who has proved nothing.
    pub fn anybody(name: impl Into<String>, wire: &'static str) -> Self {
        Self { name: name.into(), role: Role::Public, wire, is_reader: false }
    }

    /// Returns a reader who has proved who they are.
    pub fn reader(reader: Reader, wire: &'static str) -> Self {
        let role = if reader.is_private { Role::Private } else { Role::Public };
        Self { name: reader.name, role, wire, is_reader: true }
    }
}

/// A planned question.
#[derive(Clone)]
pub struct Question {
    /// What it means.
    pub plan: LogicalPlan,
    /// The tables that it was planned on.
    pub context: SessionContext,
    /// The version of the data.
    pub version: i64,
    /// As it was asked, for the log.
    pub text: String,
}

impl Question {
    /// Returns the question with `$1`, `$2`… or `$name` bound to values.
    ///
    /// # Errors
    /// [`Error::Query`] for a value that is missing or does not fit.
    pub fn bind(mut self, values: impl Into<ParamValues>) -> Result<Self> {
        let values = values.into();
        self.plan = self.plan.replace_params_with_values(&values).map_err(|e| Error::of(&e))?;
        Ok(self)
    }

    /// Returns what the answer depends on besides the data.
    pub fn clock(&self) -> Clock {
        rows::clock(&self.plan)
    }
}

/// What an answer depends on besides the version of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Clock {
    /// Nothing.
    None,
    /// The time of asking.
    Time,
    /// Chance, or what changes without the version: the log of questions, the files of the store.
    Chance,
}
