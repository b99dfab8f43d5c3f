//! Whole ingests: what one build brought (the writer itself is being written).

use crate::row::{Build, Outcome, Step};

/// One build with everything that it brought; `build.key` is the idempotency key.
#[derive(Clone, Debug, PartialEq)]
pub struct BuildFacts {
    /// The build.
    pub build: Build,
    /// Its steps.
    pub steps: Vec<Step>,
    /// The outcomes of its tests and steps.
    pub outcomes: Vec<Outcome>,
}
