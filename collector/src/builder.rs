//! What a build consists of: the sections `project` and `[[builder]]` of the configuration.
//!
//! The types are made to stand in a larger structure with the other sections; [`parse`] reads any such structure
//! and turns what cannot be understood into one line that names file, line and key.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::report::LogRules;

/// The least size of a log: below it, head and tail would say nothing.
const LEAST_LOG: u64 = 1024;

/// A project with its builders.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Project {
    /// Its name; the repository's own where none is given.
    pub project: Option<String>,
    /// Its builders.
    #[serde(default)]
    pub builder: Vec<Builder>,
}

/// One kind of build.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Builder {
    /// Its name, a column of the waterfall: `linux-unit`.
    pub name: String,
    /// Commands that make the worktree ready; each is a step `setup-1`, `setup-2`, …
    #[serde(default)]
    pub setup: Vec<String>,
    /// The steps, in order.
    #[serde(default)]
    pub step: Vec<Step>,
    /// Variables that all commands see.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// How long one command may take, in seconds.
    #[serde(default = "default_timeout")]
    pub timeout_s: u64,
    /// How large one command's log may become, in bytes: its head and its tail are kept.
    #[serde(default = "default_log_limit")]
    pub log_limit: u64,
}

/// One command of a builder, run by `sh -c` in the worktree.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// The command line.
    pub command: String,
    /// Patterns of the reports that it writes, relative to the worktree: `target/**/TEST-*.xml`.
    #[serde(default)]
    pub reports: Vec<String>,
    /// How its log is read, where the tool writes no report.
    pub log: Option<LogRules>,
    /// How long it may take, in seconds, where it differs from the builder's.
    pub timeout_s: Option<u64>,
    /// Whether the build goes on when it fails.
    #[serde(default, rename = "continue")]
    pub continues: bool,
}

fn default_timeout() -> u64 {
    3600
}

fn default_log_limit() -> u64 {
    1 << 20
}

impl Project {
    /// Reads a project from the text of the configuration file `path`.
    pub fn parse(path: &Path, text: &str) -> Result<Self> {
        let project: Self = parse(path, text)?;
        validate(path, &project.builder)?;
        Ok(project)
    }
}

/// Reads a configuration; an unknown key or a wrong value is an error of one line with file, line and key.
pub fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T> {
    toml::from_str(text).map_err(|error| Error::Configuration {
        path: path.to_owned(),
        line: error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1),
        reason: error.message().lines().collect::<Vec<_>>().join(" "),
    })
}

/// Checks what the types cannot say: names that are there and unique, patterns that stay in the worktree.
pub fn validate(path: &Path, builders: &[Builder]) -> Result<()> {
    let refused = |reason: String| Error::Configuration { path: path.to_owned(), line: None, reason };
    let mut names = HashSet::new();
    for builder in builders {
        if !names.insert(&builder.name) {
            return Err(refused(format!("two builders have the name `{}`", builder.name)));
        }
        builder.flaw().map_or(Ok(()), |flaw| Err(refused(format!("builder `{}`: {flaw}", builder.name))))?;
    }
    Ok(())
}

impl Builder {
    /// Returns the setup commands as steps.
    pub fn setup_steps(&self) -> Vec<Step> {
        let step = |(index, command): (usize, &String)| Step {
            name: format!("setup-{}", index + 1),
            command: command.clone(),
            reports: Vec::new(),
            log: None,
            timeout_s: None,
            continues: false,
        };
        self.setup.iter().enumerate().map(step).collect()
    }

    fn flaw(&self) -> Option<String> {
        if let Some(flaw) = name_flaw(&self.name) {
            return Some(flaw);
        }
        if self.step.is_empty() {
            return Some("it has no `step`".to_owned());
        }
        if self.timeout_s == 0 {
            return Some("`timeout_s` is 0".to_owned());
        }
        if self.log_limit < LEAST_LOG {
            return Some(format!("`log_limit` is below {LEAST_LOG} bytes"));
        }
        if let Some(name) = self.environment.iter().find_map(|(name, value)| variable_flaw(name, value)) {
            return Some(format!("`environment` cannot hold `{name}`"));
        }
        let mut names: HashSet<String> = self.setup_steps().into_iter().map(|step| step.name).collect();
        self.step.iter().find_map(|step| {
            let flaw = if names.insert(step.name.clone()) { step.flaw() } else { Some("the name is taken".to_owned()) };
            flaw.map(|flaw| format!("step `{}`: {flaw}", step.name))
        })
    }
}

impl Step {
    fn flaw(&self) -> Option<String> {
        if let Some(flaw) = name_flaw(&self.name) {
            return Some(flaw);
        }
        if self.command.trim().is_empty() || self.command.contains('\0') {
            return Some("`command` is empty".to_owned());
        }
        if self.timeout_s == Some(0) {
            return Some("`timeout_s` is 0".to_owned());
        }
        self.reports.iter().find_map(|pattern| match glob::Pattern::new(pattern) {
            Err(error) => Some(format!("`{pattern}` is no pattern: {}", error.msg)),
            Ok(_) if pattern.starts_with('/') || pattern.split('/').any(|part| part == "..") => {
                Some(format!("`{pattern}` leaves the worktree"))
            }
            Ok(_) => None,
        })
    }
}

/// Builders and branches meet in keys with `:` between them, so a name cannot hold one.
fn name_flaw(name: &str) -> Option<String> {
    if name.trim().is_empty() {
        return Some("a name is empty".to_owned());
    }
    let is_bad = |c: char| c == ':' || c.is_control();
    name.contains(is_bad).then(|| "a name holds `:` or a control character".to_owned())
}

fn variable_flaw<'a>(name: &'a str, value: &str) -> Option<&'a str> {
    (name.is_empty() || name.contains(['=', '\0']) || value.contains('\0')).then_some(name)
}
