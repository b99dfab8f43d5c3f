//! The commands: one file each; what they share is here.

use std::path::Path;
use std::process::ExitCode;

use annals_analytics::{Session, Warehouse, view};
use annals_collector::builder;
use annals_collector::report::LogRules;
use annals_data::state::people::Tie;
use anyhow::{Context, Result, bail};
use arrow::array::{Array, RecordBatch};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use clap::CommandFactory;
use datafusion::common::ScalarValue;

use crate::cli::{Cli, Command};
use crate::config::Config;

mod bisect;
mod blame;
mod collect;
mod compare;
mod demo;
mod desk;
mod doctor;
mod evaluate;
mod export;
mod history;
mod import;
mod ingest;
mod mail;
mod maintain;
mod mcp;
mod note;
mod people;
mod problems;
mod quarantine;
mod query;
mod reader;
mod rerun;
mod rules;
mod serve;
mod sql;
mod test_name;
mod token;
mod train;
mod upkeep;
mod upload;
mod views;
mod watch;
mod wires;

pub(crate) use note::NoteKind;
pub(crate) use quarantine::Format;

/// Runs the command that the command line names.
pub(crate) async fn run(cli: Cli, config: Config) -> Result<ExitCode> {
    let done = ExitCode::SUCCESS;
    match &cli.command {
        Command::Demo(options) => return demo::run(options, &cli, &config).await,
        Command::Collect(options) => return collect::run(options, &open(&cli, &config).await?, &config).await,
        Command::Ingest(options) => ingest::run(options, &open(&cli, &config).await?, &config.report).await?,
        Command::Upload(options) => return upload::run(options, config.report),
        Command::Import(options) => return import::run(options, &open(&cli, &config).await?).await,
        Command::Sql(options) => sql::run(options, &open(&cli, &config).await?).await?,
        Command::Query(options) => query::run(options, open(&cli, &config).await?, &config).await?,
        Command::Problems(options) => problems::run(options, &open(&cli, &config).await?).await?,
        Command::Blame(options) => blame::run(options, &open(&cli, &config).await?).await?,
        Command::History(options) => history::run(options, &open(&cli, &config).await?).await?,
        Command::Serve(options) => serve::run(options, &cli, &config).await?,
        Command::Mcp => mcp::run(open(&cli, &config).await?, &config).await?,
        Command::Token(what) => token::run(what, &open(&cli, &config).await?)?,
        Command::Doctor(options) => return doctor::run(options, &config.report),
        Command::Reader(what) => reader::run(what, &open(&cli, &config).await?)?,
        Command::Mail(options) => mail::run(options, &open(&cli, &config).await?, &config).await?,
        Command::Export(options) => export::run(options, &open(&cli, &config).await?).await?,
        Command::Views(options) => views::run(options, &open(&cli, &config).await?, &config).await?,
        Command::Train(options) => train::run(options, &open(&cli, &config).await?).await?,
        Command::Evaluate(options) => evaluate::run(options, &open(&cli, &config).await?).await?,
        Command::Quarantine(options) => quarantine::run(options, &open(&cli, &config).await?).await?,
        Command::Rerun(options) => rerun::run(options, &open(&cli, &config).await?).await?,
        Command::Rules(options) => rules::run(options, &open(&cli, &config).await?).await?,
        Command::Bisect(options) => return bisect::run(options, &open(&cli, &config).await?, &config).await,
        Command::Note(options) => note::run(options, &open(&cli, &config).await?).await?,
        Command::Person(what) => people::run(what, &open(&cli, &config).await?)?,
        Command::Owner(what) => people::tie(Tie::Owner, what, &open(&cli, &config).await?)?,
        Command::Subscription(what) => people::tie(Tie::Subscription, what, &open(&cli, &config).await?)?,
        Command::Compare(options) => return compare::run(options, &open(&cli, &config).await?).await,
        Command::Rebuild(options) => maintain::rebuild(options, &cli, &config).await?,
        Command::Compact => maintain::compact(&open(&cli, &config).await?, &config).await?,
        Command::Retain(options) => maintain::retain(options, &open(&cli, &config).await?, &config).await?,
        Command::Check => return maintain::check(&open(&cli, &config).await?).await,
        Command::Completions { shell } => {
            clap_complete::generate(*shell, &mut Cli::command(), "annals", &mut std::io::stdout());
        }
    }
    Ok(done)
}

/// Opens the store that the command line and the configuration name.
pub(crate) async fn open(cli: &Cli, config: &Config) -> Result<Warehouse> {
    let location = config.location(cli)?;
    if !cli.command.makes_a_store() && !location.root.exists() {
        let root = location.root.display();
        bail!("there is no store at {root}: `annals collect`, `ingest`, `import` and `serve` make one");
    }
    let views = config.views.as_deref().map(view::folder).transpose()?.unwrap_or_default();
    let root = location.root.display().to_string();
    let warehouse = Warehouse::open(&location, views).await.with_context(|| format!("store {root}"))?;
    apply_settings(&warehouse, config)?;
    Ok(warehouse)
}

/// Brings the thresholds of the configuration into the state, if they differ from what is there.
fn apply_settings(warehouse: &Warehouse, config: &Config) -> Result<()> {
    let state = warehouse.store().state();
    let known: std::collections::BTreeMap<String, f64> = state.read(|c| {
        let mut query = c.prepare("SELECT name, value FROM setting")?;
        query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    })?;
    if known == config.setting {
        return Ok(());
    }
    state.write(|t| {
        t.execute("DELETE FROM setting", [])?;
        let mut insert = t.prepare("INSERT INTO setting VALUES (?1, ?2)")?;
        config.setting.iter().try_for_each(|row| insert.execute(row).map(drop))
    })?;
    Ok(())
}

/// The answer to a query, as texts for the terminal; null is empty.
pub(crate) struct Rows {
    batches: Vec<RecordBatch>,
}

impl Rows {
    /// Asks `sql` with `$1`, `$2`, … bound to `parameters`.
    pub(crate) async fn ask(session: &Session, sql: &str, parameters: &[ScalarValue]) -> Result<Self> {
        Ok(Self { batches: session.query_with(sql, parameters).await?.collect().await? })
    }

    /// Returns the rows as texts, in the order of the query.
    pub(crate) fn texts(&self) -> Result<Vec<Vec<String>>> {
        let options = FormatOptions::default().with_timestamp_tz_format(Some("%Y-%m-%d %H:%M"));
        let options = options.with_timestamp_format(Some("%Y-%m-%d %H:%M"));
        let mut rows = Vec::new();
        for batch in &self.batches {
            let columns: Vec<_> =
                batch.columns().iter().map(|c| ArrayFormatter::try_new(c, &options)).collect::<Result<_, _>>()?;
            let text = |row: usize, column: usize| match batch.column(column).is_null(row) {
                true => String::new(),
                false => columns[column].value(row).to_string(),
            };
            rows.extend((0..batch.num_rows()).map(|row| (0..columns.len()).map(|c| text(row, c)).collect()));
        }
        Ok(rows)
    }
}

/// Reads the rules by which logs are read, where a file of them is given.
pub(crate) fn log_rules(path: Option<&Path>) -> Result<Option<LogRules>> {
    let Some(path) = path else { return Ok(None) };
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    Ok(Some(builder::parse(path, &text)?))
}

/// Returns a text as a parameter; `None` is null.
pub(crate) fn parameter(text: Option<&str>) -> ScalarValue {
    ScalarValue::Utf8(text.map(str::to_owned))
}

/// Returns the part of a revision that people read.
pub(crate) fn short(revision: &str) -> &str {
    revision.get(..10).unwrap_or(revision)
}

/// Returns the text without control characters, so that nothing from a report reaches the terminal as a command.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}
