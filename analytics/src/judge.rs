//! Who broke it: evidence for and against each change of a blamelist, without running anything again.
//!
//! - [`evidence`]: the kinds of evidence, each with its meaning and its shipped weight.
//! - `words`: what names, paths and texts have in common.
//! - `change`: what a change says by its files and its message.
//! - `counts`: what the changes so far have shown: how common words are, what changes together, what broke what.
//! - `incident`: problems of one range and the figures of the evidence against each of its changes.
//! - `model`: suspicion as a conditional logit, and how its weights are learnt.
//! - `order`: which tests to run first for a change; [`foresight`]: how soon they find what it breaks.
//! - `rival`: the published rules that it is compared with; `thin`: histories with a hidden answer.
//! - `read`: rows of a session as the above.
//! - `clue`: the figures as the table `judge.clue`, on which the view `clue` stands.
//! - [`train`]: weights learnt from a project's own ranges.
//! - `cluster`: failure texts that say nearly the same.
//! - [`hunt`]: which revision to build next to find a culprit, and when one is verified.
//! - [`injected`]: how often innocents are named, and what hunts cost, on made-up histories.
//! - `changepoint`, `pace`, `fisher`, `gamma`: the statistics of steps and of differences, behind SQL functions.
//! - `mark`: how one judgement fared, and which threshold would have kept innocents from being named.
//! - [`evaluate`]: how often the model is right, on histories whose culprits are known.
//!
//! The product of weights and figures, the share of each change and who is guilty are views (`step/judgement.sql`,
//! `mart/suspect.sql`, `step/accused.sql`).

pub mod evaluate;
pub mod evidence;
pub mod foresight;
pub mod hunt;
pub mod injected;
pub mod train;

pub(crate) mod change;
pub(crate) mod changepoint;
pub(crate) mod clue;
pub(crate) mod cluster;
pub(crate) mod counts;
pub(crate) mod fisher;
pub(crate) mod order;
pub(crate) mod pace;
pub(crate) mod read;
pub(crate) mod words;

mod gamma;
mod incident;
mod mark;
mod model;
mod revert;
mod rival;
mod thin;
