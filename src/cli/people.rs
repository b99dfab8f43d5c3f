//! What is said of people.

use clap::Subcommand;

/// What is said of a person: somebody's name, or one of their addresses where several have the name.
#[derive(Debug, Subcommand)]
pub(crate) enum Person {
    /// Lists people with their teams and identities
    List {
        /// Only those whose name or address has this in it
        text: Option<String>,
    },
    /// Says which team somebody is in
    Team {
        /// Name or address
        person: String,
        /// The team [default: none]
        team: Option<String>,
    },
    /// Makes one person of two: the other's changes, notes, suites and mail are this one's from now on
    Join {
        /// Name or address of the one who stays
        person: String,
        /// Address, or name, of the one who becomes the same
        other: String,
    },
    /// Makes a person of its own of an identity that was joined
    Part {
        /// The address
        address: String,
    },
    /// Says that somebody is a robot: its changes are suspects, but it is never guilty
    Robot {
        /// Name or address
        person: String,
        /// It is none
        #[arg(long)]
        not: bool,
    },
}

/// What is done with those who own suites, or follow them.
#[derive(Debug, Subcommand)]
pub(crate) enum Tie {
    /// Lists them
    List,
    /// Adds one
    Add(Suites),
    /// Takes one away
    Remove(Suites),
}

/// A person and suites.
#[derive(Debug, clap::Args)]
pub(crate) struct Suites {
    /// The project
    pub project: String,
    /// What the names of the suites are like, as SQL's LIKE has it: `core.%`
    pub pattern: String,
    /// Name or address; an address that nobody has becomes somebody
    pub person: String,
}
