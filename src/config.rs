//! The configuration: `annals.toml`, overruled by the environment and the command line.

mod sql;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use annals_collector::builder::{self, Builder};
use annals_collector::intake::{Bounds, Secrets};
use annals_collector::report::Limits;
use annals_data::setting::{SETTINGS, Setting};
use annals_data::store::{Location, Rule};
use anyhow::{Context, Result, bail};
use etcetera::{AppStrategy, AppStrategyArgs, choose_app_strategy};
use serde::Deserialize;

use crate::cli::{Cli, Command};
use sql::Sql;

/// Where `serve` listens unless told otherwise.
pub(crate) const LISTEN: &str = "127.0.0.1:8010";

/// All keys of `annals.toml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Folder of the store.
    pub store: Option<PathBuf>,
    /// Root of the fact tables: a folder or an object-store URL.
    pub facts: Option<String>,
    /// Folder of the site's own views.
    pub views: Option<PathBuf>,
    /// Folder of saved queries, one file `NAME.sql` each.
    pub queries: Option<PathBuf>,
    /// Where `serve` listens.
    pub listen: Option<String>,
    /// Where `serve` answers Postgres' clients.
    pub postgres: Option<String>,
    /// Where `serve` answers Arrow Flight SQL.
    pub flight: Option<String>,
    /// What queries from outside may use.
    pub sql: Sql,
    /// The certificate of the wires; one is made where none is given.
    pub tls: Option<Tls>,
    /// The project that `collect` builds.
    pub project: Option<String>,
    /// The builders of that project.
    pub builder: Vec<Builder>,
    /// Thresholds that differ from the defaults.
    pub setting: BTreeMap<String, f64>,
    /// The bounds of a single report.
    pub report: Limits,
    /// The bounds of uploads.
    pub intake: Bounds,
    /// The secrets of webhooks.
    pub hook: Secrets,
    /// How mail is sent; none is sent without it.
    pub mail: Option<Mail>,
    /// Bisection that nobody has to ask for; there is none without it.
    pub bisect: Option<Bisect>,
    /// How long what is kept; the first that fits a lane holds, and everything is kept where none does.
    pub retention: Vec<Retention>,
    /// How long files stay that newer ones have replaced: 24h unless said otherwise.
    pub vacuum: Option<String>,
}

/// A certificate as PEM files.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tls {
    /// The certificate, and those that lead from it to one that clients know.
    pub certificate: PathBuf,
    /// The key.
    pub key: PathBuf,
}

/// How long outcomes, failure texts and logs of some lanes are kept; for ever where nothing is said.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Retention {
    /// The project; `*` stands for anything, here and below.
    pub project: String,
    /// The branch.
    pub branch: String,
    /// The builder.
    pub builder: String,
    /// Outcomes: `90d`, `12w` or `36h`.
    pub outcomes: Option<String>,
    /// Failure texts.
    pub texts: Option<String>,
    /// Logs of steps.
    pub logs: Option<String>,
}

/// What keeps a store small, as configured.
#[derive(Clone, Debug)]
pub(crate) struct Upkeep {
    /// How long what is kept.
    pub rules: Vec<Rule>,
    /// How long replaced files stay.
    pub vacuum: Duration,
}

/// Replaced files stay a day: whoever reads an older version needs them.
const VACUUM: &str = "24h";

/// How mail is sent.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mail {
    /// `smtp://host:port`, `smtps://user:password@host` …
    pub smtp: String,
    /// The sender: `Annals <annals@example.org>`.
    pub from: String,
    /// Address of the pages, for links.
    pub base_url: Option<String>,
}

/// How `serve` and `collect` bisect open problems by themselves.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bisect {
    /// At most so many builds within a day.
    pub builds_per_day: u32,
    /// Builds at once.
    #[serde(default = "one")]
    pub jobs: usize,
    /// How sure a culprit has to be.
    #[serde(default = "sure")]
    pub confidence: f64,
}

fn one() -> usize {
    1
}

fn sure() -> f64 {
    0.999
}

impl Config {
    /// Reads the configuration that the command line names or implies; none at all is fine.
    pub(crate) fn read(cli: &Cli) -> Result<Self> {
        // An upload runs in other people's builds and needs none of this: a key that it does not know fails nobody's.
        if matches!(cli.command, Command::Upload(_)) {
            return Ok(Self::default());
        }
        let here = PathBuf::from("annals.toml");
        let path = match &cli.config {
            Some(path) => Some(path.clone()),
            None => [Some(here), folders().map(|f| f.config_dir().join("annals.toml")).ok()]
                .into_iter()
                .flatten()
                .find(|path| path.is_file()),
        };
        let Some(path) = path else { return Ok(Self::default()) };
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let config: Self = builder::parse(&path, &text)?;
        config.validate(&path)?;
        Ok(config)
    }

    fn validate(&self, path: &Path) -> Result<()> {
        builder::validate(path, &self.builder)?;
        if let Some(flaw) = self.intake.flaw().or(self.hook.flaw()) {
            bail!("{}: {flaw}", path.display());
        }
        self.upkeep().with_context(|| path.display().to_string())?;
        self.sql.bounds().with_context(|| path.display().to_string())?;
        if let Some(name) = self.setting.keys().find(|name| !SETTINGS.iter().any(|s| s.name == name.as_str())) {
            let known: Vec<_> = SETTINGS.iter().map(|s| s.name).collect();
            bail!("{}: there is no setting `{name}`; known are {}", path.display(), known.join(", "));
        }
        let wrong = |s: &&Setting| self.setting.get(s.name).is_some_and(|&value| !s.allows(value));
        if let Some(Setting { name, unit, .. }) = SETTINGS.iter().find(wrong) {
            bail!("{}: `{name}` cannot be {} ({unit})", path.display(), self.setting[*name]);
        }
        Ok(())
    }

    /// Returns what keeps the store small.
    pub(crate) fn upkeep(&self) -> Result<Upkeep> {
        let age = |text: &Option<String>| text.as_deref().map(length).transpose();
        let rule = |rule: &Retention| {
            Ok(Rule {
                project: rule.project.clone(),
                branch: rule.branch.clone(),
                builder: rule.builder.clone(),
                outcomes: age(&rule.outcomes)?,
                texts: age(&rule.texts)?,
                logs: age(&rule.logs)?,
            })
        };
        let rules = self.retention.iter().map(rule).collect::<Result<_>>()?;
        Ok(Upkeep { rules, vacuum: length(self.vacuum.as_deref().unwrap_or(VACUUM))? })
    }

    /// Returns where the store is.
    pub(crate) fn location(&self, cli: &Cli) -> Result<Location> {
        let root = match cli.store.clone().or_else(|| self.store.clone()) {
            Some(root) => root,
            None => folders()?.data_dir(),
        };
        Ok(Location { root, facts: self.facts.clone() })
    }
}

/// Reads a length of time: `90d`, `12w` or `36h`.
fn length(text: &str) -> Result<Duration> {
    let wrong = || format!("`{text}` is no length of time: say 90d, 12w or 36h");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let count: u32 = digits.parse().with_context(wrong)?;
    let hours = match &text[digits.len()..] {
        "h" => 1,
        "d" => 24,
        "w" => 24 * 7,
        _ => bail!(wrong()),
    };
    Ok(Duration::from_secs(u64::from(count) * hours * 3600))
}

/// Returns the folder of what can be made again; `None` where the user has no home.
pub(crate) fn cache_folder() -> Option<PathBuf> {
    Some(folders().ok()?.cache_dir())
}

fn folders() -> Result<impl AppStrategy> {
    let names = AppStrategyArgs { top_level_domain: "org".into(), author: "Annals".into(), app_name: "annals".into() };
    choose_app_strategy(names).context("there is no home folder; say `--store DIR`")
}
