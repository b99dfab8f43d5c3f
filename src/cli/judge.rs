//! What is said to commands that judge, and to those that find out.

use std::path::PathBuf;

use clap::Args;

use super::Lane;

/// Options of `train`.
#[derive(Debug, Args)]
pub(crate) struct Train {
    /// Only this project
    #[arg(long)]
    pub project: Option<String>,
    /// Only show what would be learnt
    #[arg(long)]
    pub dry_run: bool,
    /// Go back to the shipped weights
    #[arg(long, conflicts_with = "dry_run")]
    pub forget: bool,
}

/// Options of `rerun`.
#[derive(Debug, Args)]
pub(crate) struct Rerun {
    /// The change, or the beginning of its id [default: the newest change of each project]
    #[arg(default_value = "", hide_default_value = true)]
    pub revision: String,
    /// Only this project
    #[arg(long)]
    pub project: Option<String>,
    /// At most so many tests
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub limit: usize,
}

/// Options of `rules`.
#[derive(Debug, Args)]
pub(crate) struct Rules {
    /// Judge the whole history as if a threshold were so, and tell what would change; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    pub dry_run: Vec<String>,
    /// Of each kind of change, at most so many examples
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub examples: usize,
}

/// Options of `bisect`.
#[derive(Debug, Args)]
pub(crate) struct Bisect {
    /// Problems, as `annals problems` lists them in brackets
    pub problem: Vec<String>,
    /// All open problems with several changes against them, those that most tests share first
    #[arg(long, conflicts_with = "problem")]
    pub all: bool,
    /// Only this project
    #[arg(long)]
    pub project: Option<String>,
    /// URL or path of the repository [default: the mirror that `collect` made]
    #[arg(long)]
    pub repository: Option<String>,
    /// At most so many builds
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub budget: u32,
    /// With --all, at most so many problems
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: usize,
    /// How sure a culprit has to be: the flakier its test, the more builds verify it
    #[arg(long, value_name = "P", default_value_t = 0.999)]
    pub confidence: f64,
    /// Builds at once [default: the number of cores]
    #[arg(long, short, value_name = "N")]
    pub jobs: Option<usize>,
    /// Do not write down what was found; the builds are kept all the same
    #[arg(long)]
    pub dry_run: bool,
}

/// Options of `note`.
#[derive(Debug, Args)]
pub(crate) struct Note {
    /// The problem, as `annals problems` lists it in brackets
    pub problem: String,
    /// What is said
    pub kind: crate::command::NoteKind,
    /// More about it: the revision of `broken-by` and `fixed-by` (or `nobody`), the problem or incident of `joins` and
    /// `leaves`, the cluster of `same-as`, the older series of `renamed-from`; else a reason in any words
    #[arg(default_value = "", hide_default_value = true)]
    pub text: String,
    /// Who says so, or who is assigned: a person's name
    #[arg(long, value_name = "NAME")]
    pub person: Option<String>,
    /// For so many days [default: for ever]
    #[arg(long, value_name = "N")]
    pub days: Option<f64>,
}

/// Options of `quarantine`.
#[derive(Debug, Args)]
pub(crate) struct Quarantine {
    /// The words of which runner
    #[arg(long, value_enum, default_value_t = crate::command::Format::Plain)]
    pub format: crate::command::Format,
    /// Only what people quarantined by a note
    #[arg(long)]
    pub notes_only: bool,
    /// Where to look
    #[command(flatten)]
    pub lane: Lane,
}

/// Options of `evaluate`.
#[derive(Debug, Args)]
pub(crate) struct Evaluate {
    /// Only this project
    #[arg(long)]
    pub project: Option<String>,
    /// Keep every K-th position and hide the rest; may be repeated
    #[arg(long = "every", value_name = "K", value_parser = clap::value_parser!(i64).range(2..=1000),
        default_values_t = [5, 10, 20])]
    pub every: Vec<i64>,
    /// Hide files whose path begins so, as those of a frozen suite; may be repeated
    #[arg(long, value_name = "PREFIX")]
    pub hide: Vec<String>,
    /// Count only breaks at this position and behind; those before still teach
    #[arg(long, value_name = "POSITION", default_value_t = 0)]
    pub from: i64,
    /// Judge which change mended a test, not which one broke it
    #[arg(long)]
    pub fixes: bool,
    /// Judge changes that were taken back because something failed, by the reason that the revert gives
    #[arg(long, conflicts_with_all = ["fixes", "culprits", "order"])]
    pub reverts: bool,
    /// The probability from which on somebody is named
    #[arg(long, value_name = "P", default_value_t = 0.5)]
    pub threshold: f64,
    /// Count only breaks by the revisions in this file, one in a line
    #[arg(long, value_name = "FILE")]
    pub culprits: Option<PathBuf>,
    /// Print JSON instead of a table
    #[arg(long)]
    pub json: bool,
    /// Measure how soon breaks are found when tests run in the order of `rerun`
    #[arg(long)]
    pub order: bool,
    /// Instead of the store, judge so many made-up histories: innocents that are named, and what bisection costs
    #[arg(long, value_name = "N")]
    pub injected: Option<u64>,
}
