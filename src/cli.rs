//! The command line: what can be said, and what it means. Doing it is in [`crate::command`].

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

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
    /// Compares two windows of time, branches or builders, test by test; exit status 1 with --strict and a regression
    Compare(Compare),
    /// Lists the tests that a change most likely breaks, in the order in which to run them
    Rerun(Rerun),
    /// Lists the thresholds of all rules, or tells what the whole history would look like under others
    Rules(Rules),
    /// Lists tests whose failures shall not count, in the words of a test runner
    Quarantine(Quarantine),
    /// Computes all knowledge anew from the facts
    Rebuild,
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

/// Options of `compare`.
#[derive(Debug, Args)]
pub(crate) struct Compare {
    /// The window to compare with, in words of project=, branch=, builder=, from=, to= (position, date or revision) and
    /// days= (7..37 before the newest) [default: the 30 days before the newest 7]
    #[arg(default_value = "", hide_default_value = true)]
    pub base: String,
    /// The window that is judged, in the same words [default: the newest 7 days]
    #[arg(default_value = "", hide_default_value = true)]
    pub sample: String,
    /// Also tests that are new or vanished
    #[arg(long)]
    pub all: bool,
    /// At most so many tests
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub limit: usize,
    /// Exit with 1 if a test regressed or a new one fails
    #[arg(long)]
    pub strict: bool,
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

/// Options of `demo`.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// End after telling what was found
    #[arg(long)]
    pub no_serve: bool,
    /// Address to serve on
    #[arg(long, value_name = "ADDR", default_value = crate::config::LISTEN)]
    pub listen: String,
}

/// Options of `collect`.
#[derive(Debug, Args)]
pub(crate) struct Collect {
    /// URL or path of the repository
    pub repository: String,
    /// Name of the project [default: as configured, else the repository's name]
    #[arg(long)]
    pub project: Option<String>,
    /// The branch [default: the repository's own]
    #[arg(long)]
    pub branch: Option<String>,
    /// Only the newest N revisions
    #[arg(long, value_name = "N")]
    pub last: Option<usize>,
    /// Only revisions in B and not in A
    #[arg(long, value_name = "A..B")]
    pub range: Option<String>,
    /// Only revisions whose position is a multiple of N, the newest, and the oldest of --range and --last
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub every: usize,
    /// Also the revisions that merges brought in, not just the first-parent line
    #[arg(long)]
    pub all_parents: bool,
    /// Builds at once [default: the number of cores]
    #[arg(long, short, value_name = "N")]
    pub jobs: Option<usize>,
    /// Only this builder; may be repeated
    #[arg(long, value_name = "NAME")]
    pub builder: Vec<String>,
    /// Afterwards, build what lies between different verdicts, until it is known which change each test follows
    #[arg(long)]
    pub refine: bool,
    /// With --refine, at most so many more builds
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub budget: usize,
}

/// Options of `ingest`.
#[derive(Debug, Args)]
pub(crate) struct Ingest {
    /// Report files, patterns, folders of which all reports are taken, or - for standard input; gzip and zstd are read
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Rules by which files are read that no format recognises: logs (see docs/formats.md, log_rules)
    #[arg(long, value_name = "FILE")]
    pub log_rules: Option<PathBuf>,
    /// The project [default: from the surrounding checkout]
    #[arg(long)]
    pub project: Option<String>,
    /// The branch [default: from the surrounding checkout]
    #[arg(long)]
    pub branch: Option<String>,
    /// The revision [default: from the surrounding checkout]
    #[arg(long)]
    pub revision: Option<String>,
    /// Place of the revision in its branch's first-parent line [default: counted in the surrounding checkout]
    #[arg(long, value_name = "N")]
    pub position: Option<i64>,
    /// The builder: one kind of build
    #[arg(long)]
    pub builder: Option<String>,
    /// Idempotency key: a second ingest of the same key changes nothing [default: made of origin and contents]
    #[arg(long)]
    pub key: Option<String>,
    /// The builder's own number for the build
    #[arg(long)]
    pub number: Option<i64>,
    /// Address of the build's own page
    #[arg(long)]
    pub url: Option<String>,
    /// The build is a try build of a patch by this person
    #[arg(long, value_name = "NAME <ADDRESS>")]
    pub patch_by: Option<String>,
}

/// Options of `upload`.
#[derive(Debug, Args)]
pub(crate) struct Upload {
    /// Report files, folders, patterns, or - for standard input [default: what is called like a report below here]
    pub files: Vec<String>,
    /// Address of the server
    #[arg(long, env = "ANNALS_SERVER", value_name = "URL")]
    pub server: Option<String>,
    /// Token of the server; better given by the environment
    #[arg(long, env = "ANNALS_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub token: Option<String>,
    /// Whose build it is
    #[command(flatten)]
    pub origin: Uploaded,
    /// What becomes of it
    #[command(flatten)]
    pub sending: Sending,
}

/// What `upload` is told of a build; each is else taken from the CI, then from the surrounding checkout.
#[derive(Debug, Args)]
pub(crate) struct Uploaded {
    /// The project
    #[arg(long)]
    pub project: Option<String>,
    /// The branch
    #[arg(long)]
    pub branch: Option<String>,
    /// The revision
    #[arg(long)]
    pub revision: Option<String>,
    /// Place of the revision in its branch's first-parent line
    #[arg(long, value_name = "N")]
    pub position: Option<i64>,
    /// The builder: one kind of build
    #[arg(long)]
    pub builder: Option<String>,
    /// Idempotency key: a second upload of the same key changes nothing
    #[arg(long)]
    pub key: Option<String>,
    /// The part of a build that comes in parts; auto: the CI's index of the job
    #[arg(long)]
    pub part: Option<String>,
    /// Close a build that came in parts
    #[arg(long = "final")]
    pub is_final: bool,
    /// The builder's own number for the build
    #[arg(long)]
    pub number: Option<i64>,
    /// Address of the build's own page
    #[arg(long)]
    pub url: Option<String>,
    /// The machine that ran it
    #[arg(long)]
    pub worker: Option<String>,
    /// The build is a try build of a patch by this person
    #[arg(long, value_name = "NAME <ADDRESS>")]
    pub patch_by: Option<String>,
}

/// How `upload` sends.
#[derive(Debug, Args)]
pub(crate) struct Sending {
    /// Exit with 1 if anything was not read, not sent or not accepted
    #[arg(long)]
    pub strict: bool,
    /// Only say what would be sent
    #[arg(long)]
    pub dry_run: bool,
    /// Pass standard input on to standard output
    #[arg(long)]
    pub tee: bool,
    /// Wait until the build can be seen
    #[arg(long)]
    pub wait: bool,
    /// Only send what could not be delivered before
    #[arg(long, conflicts_with_all = ["files", "dry_run", "tee"])]
    pub flush: bool,
    /// Seconds that the server is tried for
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub timeout: u64,
    /// Seconds that a shallow checkout's missing commits may be fetched for; 0 fetches none
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub fetch: u64,
    /// Folder of what could not be delivered yet [default: in the user's cache folder]
    #[arg(long, env = "ANNALS_QUEUE", value_name = "DIR")]
    pub queue: Option<PathBuf>,
}

/// Options of `import`.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The project
    #[arg(long)]
    pub project: String,
    /// The branch of builds that name none
    #[arg(long, default_value = "main")]
    pub branch: String,
    /// The builder of builds that name none
    #[arg(long, default_value = "import")]
    pub builder: String,
    /// SELECT of changes: revision, parents, author_name, author_email, authored_at, committed_at, subject, message, files
    #[arg(long, value_name = "SELECT")]
    pub changes: Option<String>,
    /// SELECT of builds: key, revision, position, branch, builder, number, result, started_at, finished_at, worker, url
    #[arg(long, value_name = "SELECT", required_unless_present = "select", requires = "outcomes")]
    pub builds: Option<String>,
    /// SELECT of outcomes: key (the build's), suite, name, outcome, attempt, duration_ms, message, file, line, error_kind
    #[arg(long, value_name = "SELECT", required_unless_present = "select", requires = "builds")]
    pub outcomes: Option<String>,
    /// One SELECT instead: outcomes with the columns of their build and change; a change's message is change_message
    #[arg(long, value_name = "SELECT", conflicts_with_all = ["builds", "outcomes"])]
    pub select: Option<String>,
    /// Only say what would come in
    #[arg(long)]
    pub dry_run: bool,
}

/// Options of `sql`.
#[derive(Debug, Args)]
pub(crate) struct Sql {
    /// The query
    pub query: String,
    /// table, csv, json, ndjson, parquet, arrow, markdown, html, xlsx
    #[arg(long, short, default_value = "table")]
    pub format: String,
}

/// Options of `views`.
#[derive(Debug, Args)]
pub(crate) struct Views {
    /// Whose words the views are printed in
    #[arg(long, value_enum, default_value_t = Dialect::Annals)]
    pub dialect: Dialect,
    /// For DuckDB: the folder that what is no open table is written to
    #[arg(long, value_name = "DIR")]
    pub tables: Option<PathBuf>,
    /// For DuckDB: name the files of the facts one by one, which needs no extension and shows one version only
    #[arg(long)]
    pub files: bool,
}

/// An engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Dialect {
    /// Annals itself
    Annals,
    /// DuckDB
    Duckdb,
}

/// Options of `query`.
#[derive(Debug, Args)]
pub(crate) struct Query {
    /// The query; without one all are listed
    pub name: Option<String>,
    /// The value of a parameter; may be given several times
    #[arg(long = "param", short, value_name = "NAME=VALUE")]
    pub parameters: Vec<String>,
    /// table, csv, json, ndjson, parquet, arrow, markdown, html, xlsx [default: by the file's ending]
    #[arg(long, short, default_value = "table")]
    pub format: String,
    /// Writes to a file
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Asks all that have a schedule now, and writes to whom it concerns what has changed
    #[arg(long, conflicts_with_all = ["name", "output"])]
    pub check: bool,
}

/// Which lanes are meant; all unless said otherwise.
#[derive(Debug, Args)]
pub(crate) struct Lane {
    /// Only this project
    #[arg(long)]
    pub project: Option<String>,
    /// Only this branch
    #[arg(long)]
    pub branch: Option<String>,
    /// Only this builder
    #[arg(long)]
    pub builder: Option<String>,
}

/// Options of `problems`.
#[derive(Debug, Args)]
pub(crate) struct Problems {
    /// open, resolved, vanished or all
    #[arg(long, default_value = "open")]
    pub state: String,
    /// Where to look
    #[command(flatten)]
    pub lane: Lane,
    /// Only problems of which this person is guilty
    #[arg(long)]
    pub person: Option<String>,
    /// Only problems of at least so many days
    #[arg(long, value_name = "DAYS")]
    pub age: Option<f64>,
    /// regression, or born_failing: failing since the test's first run
    #[arg(long)]
    pub origin: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub limit: usize,
    /// Longest first instead of newest first
    #[arg(long)]
    pub longest: bool,
}

/// A test by name.
#[derive(Debug, Args)]
pub(crate) struct Test {
    /// The test's name, or a part of suite and name
    pub test: String,
    /// Where to look
    #[command(flatten)]
    pub lane: Lane,
}

/// Options of `serve`.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Address to listen on [default: as configured, else 127.0.0.1:8010]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    /// Address to answer Postgres' clients on: 127.0.0.1:5432 [default: as configured, else none]
    #[arg(long, value_name = "ADDR")]
    pub postgres: Option<String>,
    /// Address to answer Arrow Flight SQL on: 127.0.0.1:32010 [default: as configured, else none]
    #[arg(long, value_name = "ADDR")]
    pub flight: Option<String>,
}

/// Options of `retain`.
#[derive(Debug, Args)]
pub(crate) struct Retain {
    /// Only say what would go, and how much it frees
    #[arg(long)]
    pub dry_run: bool,
}

/// What is done with tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Makes a token and prints it, once
    Create {
        /// The only project that it is for [default: all]
        #[arg(long)]
        project: Option<String>,
        /// From when on it is refused: a number of days (90d), weeks (12w) or hours (36h), or a date [default: never]
        #[arg(long, value_name = "WHEN")]
        expires: Option<String>,
        /// What people call it
        #[arg(long, default_value = "")]
        name: String,
    },
    /// Lists the tokens; their texts are nowhere
    List,
    /// Revokes a token
    Revoke {
        /// Its number, as `list` says it
        id: i64,
    },
}

/// What is done with readers.
#[derive(Debug, Subcommand)]
pub(crate) enum Reader {
    /// Lets a reader in and prints the token, once: bearer of HTTP and Flight, password of Postgres
    Create {
        /// The name, which is the user of Postgres
        name: String,
        /// Private columns (addresses) are for them, too
        #[arg(long)]
        private: bool,
        /// From when on they are refused: 90d, 12w, 36h, or a date [default: never]
        #[arg(long, value_name = "WHEN")]
        expires: Option<String>,
    },
    /// Lists the readers; their tokens are nowhere
    List,
    /// Shuts a reader out
    Revoke {
        /// The name
        name: String,
    },
}

/// Options of `doctor`.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Report files, patterns, folders of which all reports are taken, or - for standard input; gzip and zstd are read
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// One JSON object per file instead of text
    #[arg(long)]
    pub json: bool,
    /// Rules by which files are read that no format recognises: logs (see docs/formats.md, log_rules)
    #[arg(long, value_name = "FILE")]
    pub log_rules: Option<PathBuf>,
}

/// Options of `mail`.
#[derive(Debug, Args)]
pub(crate) struct Mail {
    /// Incidents that opened or were resolved since then: a date, or a number of days
    #[arg(long, value_name = "WHEN", default_value = "7")]
    pub since: String,
    /// Print the mails, send and record nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Options of `export`.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The view, as in `SELECT name FROM system.view`
    pub view: String,
    /// csv, xlsx, html, markdown, json, ndjson, parquet, arrow [default: by the file's name, else csv]
    #[arg(long, short)]
    pub format: Option<String>,
    /// The file [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Only rows where a column has a value: COLUMN=VALUE; may be repeated
    #[arg(long = "where", value_name = "COLUMN=VALUE")]
    pub filters: Vec<String>,
}
