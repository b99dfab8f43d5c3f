//! The command line: what can be said, and what it means. Doing it is in [`crate::command`].

use std::path::PathBuf;

use clap::{Parser, Subcommand};

mod ask;
mod intake;
mod judge;
mod people;
mod site;

pub(crate) use ask::*;
pub(crate) use intake::*;
pub(crate) use judge::*;
pub(crate) use people::*;
pub(crate) use site::*;

/// A results warehouse for continuous integration: which test broke when, through whose change, and who should act.
///
/// Data goes to standard output, talk to standard error. Exit status: 0 done; 1 it could not be done; 2 the command
/// line or the configuration is wrong; 3 `check` found differences; 130 interrupted, what was finished is kept.
#[derive(Debug, Parser)]
#[command(name = "annals", version, propagate_version = true, max_term_width = 110)]
pub(crate) struct Cli {
    /// Folder of the store [default: the user's data folder]
    #[arg(long, global = true, env = "ANNALS_STORE", value_name = "DIR")]
    pub store: Option<PathBuf>,
    /// Configuration file [default: annals.toml here, else in the user's configuration folder]
    #[arg(long, global = true, env = "ANNALS_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Builds a small real repository, collects it, tells what it found and serves it
    Demo(Demo),
    /// Runs builds over a repository's history
    Collect(Collect),
    /// Takes in reports of a build that ran elsewhere
    Ingest(Ingest),
    /// Sends reports of a build to a server, from any CI; never fails the build unless asked to
    Upload(Box<Upload>),
    /// Takes in a history from files by SELECT statements
    Import(Import),
    /// Asks by SQL
    Sql(Sql),
    /// Asks a saved query by its name, or lists them
    Query(Query),
    /// Lists problems: what broke, since when, through whom
    Problems(Problems),
    /// Tells who broke a test
    Blame(Test),
    /// Tells what a test did over the revisions of its branch
    History(Test),
    /// Serves pages, charts and the SQL endpoint
    Serve(Serve),
    /// Lets an assistant ask, by the Model Context Protocol on standard input and output
    Mcp,
    /// Makes, lists and revokes the tokens of those who upload reports
    #[command(subcommand)]
    Token(Token),
    /// Lets in, lists and shuts out those who ask by SQL
    #[command(subcommand)]
    Reader(Reader),
    /// Explains how report files are read; exit status 1 if one cannot be
    Doctor(Doctor),
    /// Sends e-mails about incidents that opened or were resolved
    Mail(Mail),
    /// Writes a view as a file
    Export(Export),
    /// Prints the view files, as this engine or DuckDB runs them
    Views(Views),
    /// Learns from each project's own history what evidence against a change is worth
    Train(Train),
    /// Measures how often suspicion is right, on histories whose culprits are known, beside published rules
    Evaluate(Evaluate),
    /// Builds the revisions of blamelists that tell most, until culprits are verified
    Bisect(Bisect),
    /// Says something of a problem: who broke or mended it, what it belongs to, whether it is to be heard of
    Note(Note),
    /// Says who is who: teams, robots, and identities of one person that `.mailmap` does not join
    #[command(subcommand)]
    Person(Person),
    /// Makes, lists and takes away owners of suites, who are responsible for their problems
    #[command(subcommand)]
    Owner(Tie),
    /// Makes, lists and takes away subscriptions: who wants to hear of problems of which suites
    #[command(subcommand)]
    Subscription(Tie),
    /// Compares two windows of time, branches or builders, test by test; exit status 1 with --strict and a regression
    Compare(Compare),
    /// Lists the tests that a change most likely breaks, in the order in which to run them
    Rerun(Rerun),
    /// Lists the thresholds of all rules, or tells what the whole history would look like under others
    Rules(Rules),
    /// Lists tests whose failures shall not count, in the words of a test runner
    Quarantine(Quarantine),
    /// Computes all knowledge anew from the facts
    Rebuild(Rebuild),
    /// Merges small files of the fact tables, and deletes those that nobody reads any more
    Compact,
    /// Lets go outcomes, failure texts and logs that are older than the configuration keeps them
    Retain(Retain),
    /// Checks that what is maintained equals what is recomputed; exit status 3 if not
    Check,
    /// Prints the completion script of a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

impl Command {
    /// Returns whether the command begins a store where there is none; the others would ask an empty one, and be told that
    /// all is well.
    pub(crate) fn makes_a_store(&self) -> bool {
        use Command::{Collect, Demo, Import, Ingest, Owner, Person, Reader, Serve, Subscription, Token};
        match self {
            Demo(_) | Collect(_) | Ingest(_) | Import(_) | Serve(_) => true,
            // A server's users and people may be made ready before its first build.
            Token(_) | Reader(_) | Person(_) | Owner(_) | Subscription(_) => true,
            _ => false,
        }
    }
}
