//! What is said to commands that ask.

use std::path::PathBuf;

use clap::Args;

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
    #[arg(long, default_value = "open", value_parser = ["open", "resolved", "vanished", "all"], hide_possible_values = true)]
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
    #[arg(long, value_parser = ["regression", "born_failing"], hide_possible_values = true)]
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
