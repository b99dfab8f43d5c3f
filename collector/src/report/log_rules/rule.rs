//! What a site's rules are, how they are checked, and what one line says by them.

use std::collections::BTreeMap;

use annals_data::row::Status;
use regex::{Captures, Regex, RegexBuilder};
use serde::Deserialize;

use super::super::error_kind::{CRASHED, TIMED_OUT};

/// Groups that mean something.
const GROUPS: [&str; 7] = ["suite", "name", "outcome", "message", "file", "line", "duration"];
/// Rules, and modules.
const RULES: usize = 200;
/// Bytes of a pattern.
const PATTERN_BYTES: usize = 4 << 10;
/// Bytes of a compiled pattern, and of what is kept while it is searched for.
const COMPILED_BYTES: usize = 1 << 20;

/// How bad a line is, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Severity {
    #[serde(alias = "passed")]
    Success,
    Notice,
    Skipped,
    Xfailed,
    Warning,
    Xpassed,
    #[serde(alias = "failed")]
    Error,
    #[serde(alias = "errored")]
    Exception,
    Critical,
    Blocking,
}

impl Severity {
    /// Returns the status of a test whose worst line is this bad.
    pub(super) fn status(self) -> Status {
        match self {
            Self::Success | Self::Notice | Self::Warning => Status::Passed,
            Self::Skipped => Status::Skipped,
            Self::Xfailed => Status::Xfailed,
            Self::Xpassed => Status::Xpassed,
            Self::Error => Status::Failed,
            Self::Exception | Self::Critical | Self::Blocking => Status::Errored,
        }
    }

    /// Returns what a word of a log commonly means.
    fn of_word(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "ok" | "pass" | "passed" | "success" | "successful" | "done" => Self::Success,
            "info" | "note" | "notice" => Self::Notice,
            "skip" | "skipped" | "ignored" | "disabled" => Self::Skipped,
            "xfail" | "xfailed" => Self::Xfailed,
            "warn" | "warning" => Self::Warning,
            "xpass" | "xpassed" => Self::Xpassed,
            "fail" | "failed" | "failure" | "not ok" => Self::Error,
            "error" | "errored" | "exception" => Self::Exception,
            "critical" | "fatal" => Self::Critical,
            _ => return None,
        })
    }
}

/// A rule as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    pattern: String,
    severity: Option<Severity>,
    status: Option<Severity>,
    #[serde(default)]
    outcomes: BTreeMap<String, Severity>,
    #[serde(default)]
    fields: Fields,
    error_kind: Option<String>,
    #[serde(default)]
    persist: bool,
    #[serde(default)]
    ignore: bool,
}

/// What a rule says of its lines where they do not say it themselves.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    suite: Option<String>,
    name: Option<String>,
    file: Option<String>,
    message: Option<String>,
}

/// A module as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawModule {
    pattern: String,
    suite: Option<String>,
}

/// Rules as they are written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRules {
    tool: Option<String>,
    #[serde(default)]
    suite: String,
    name: Option<String>,
    #[serde(default)]
    use_file_stem: bool,
    rule: Vec<RawRule>,
    #[serde(default)]
    module: Vec<RawModule>,
}

/// Rules that tell what the lines of a log mean; checked when they are read, so that they cannot fail later.
///
/// The fields and their meaning stand in the documentation of the module.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "RawRules")]
pub struct LogRules {
    tool: Option<String>,
    suite: String,
    name: String,
    use_file_stem: bool,
    rules: Vec<Rule>,
    modules: Vec<(Regex, Option<String>)>,
}

#[derive(Clone, Debug)]
struct Rule {
    pattern: Regex,
    severity: Severity,
    outcomes: BTreeMap<String, Severity>,
    fields: Fields,
    error_kind: Option<&'static str>,
    persist: bool,
    ignore: bool,
}

/// What a line says.
#[derive(Debug)]
pub(super) struct Match {
    pub(super) severity: Severity,
    /// The outcome as the line words it, else the severity.
    pub(super) word: String,
    pub(super) word_is_unknown: bool,
    pub(super) error_kind: Option<&'static str>,
    pub(super) suite: Option<String>,
    pub(super) name: Option<String>,
    pub(super) message: Option<String>,
    pub(super) file: Option<String>,
    pub(super) line: Option<i64>,
    pub(super) duration: Option<String>,
    pub(super) persists: bool,
    pub(super) is_ignored: bool,
}

impl TryFrom<RawRules> for LogRules {
    type Error = String;

    fn try_from(raw: RawRules) -> Result<Self, String> {
        if raw.rule.is_empty() {
            return Err("there is no rule".to_owned());
        }
        if raw.rule.len() > RULES || raw.module.len() > RULES {
            return Err(format!("there are more than {RULES} rules or modules"));
        }
        let name = raw.name.unwrap_or_else(|| "rest".to_owned());
        if name.trim().is_empty() {
            return Err("`name` is empty".to_owned());
        }
        let numbered = |what: &str, at: usize, reason: String| format!("{what} {}: {reason}", at + 1);
        let mut rules = Vec::new();
        for (at, rule) in raw.rule.into_iter().enumerate() {
            rules.push(Rule::checked(rule).map_err(|reason| numbered("rule", at, reason))?);
        }
        let mut modules = Vec::new();
        for (at, module) in raw.module.into_iter().enumerate() {
            let pattern = compile(&module.pattern, &["suite"]).map_err(|reason| numbered("module", at, reason))?;
            if module.suite.is_none() && !has_group(&pattern, "suite") {
                return Err(numbered("module", at, "it has neither a group `suite` nor a `suite`".to_owned()));
            }
            modules.push((pattern, module.suite));
        }
        Ok(Self { tool: raw.tool, suite: raw.suite, name, use_file_stem: raw.use_file_stem, rules, modules })
    }
}

impl LogRules {
    /// Returns what writes the log, where the rules say it.
    pub(super) fn tool(&self) -> Option<&str> {
        self.tool.as_deref()
    }

    /// Returns the suite of lines that name none.
    pub(super) fn suite(&self) -> &str {
        &self.suite
    }

    /// Returns the test of lines that name none.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Returns what a line says by the first rule that matches it.
    pub(super) fn find(&self, line: &str) -> Option<Match> {
        let (rule, captures) = self.rules.iter().find_map(|rule| Some((rule, rule.pattern.captures(line)?)))?;
        let mut found = rule.apply(&captures);
        if found.suite.is_none() {
            found.suite = found.file.as_deref().and_then(|file| self.suite_of_file(file));
        }
        Some(found)
    }

    fn suite_of_file(&self, file: &str) -> Option<String> {
        for (pattern, suite) in &self.modules {
            if let Some(captures) = pattern.captures(file) {
                return group(&captures, "suite").or_else(|| suite.clone());
            }
        }
        let base = file.rsplit(['/', '\\']).next().unwrap_or(file);
        let stem = base.split('.').find(|part| !part.is_empty())?;
        self.use_file_stem.then(|| stem.to_owned())
    }
}

impl Rule {
    fn checked(raw: RawRule) -> Result<Self, String> {
        let pattern = compile(&raw.pattern, &GROUPS)?;
        if raw.severity.is_some() && raw.status.is_some() {
            return Err("it has both a `severity` and a `status`".to_owned());
        }
        if !raw.outcomes.is_empty() && !has_group(&pattern, "outcome") {
            return Err("it has `outcomes`, but its pattern has no group `outcome`".to_owned());
        }
        if raw.persist && raw.fields.suite.is_none() && !has_group(&pattern, "suite") && !has_group(&pattern, "file") {
            return Err("it has `persist`, but neither a group `suite` or `file` nor a field `suite`".to_owned());
        }
        let error_kind = match raw.error_kind.as_deref() {
            None => None,
            Some(TIMED_OUT) => Some(TIMED_OUT),
            Some(CRASHED) => Some(CRASHED),
            Some(other) => return Err(format!("the error kind `{other}` is not known (`{TIMED_OUT}`, `{CRASHED}`)")),
        };
        // Who says how a test ended means that it broke, not that an assertion failed.
        let default = if error_kind.is_some() { Severity::Exception } else { Severity::Error };
        let severity = raw.severity.or(raw.status).unwrap_or(default);
        if error_kind.is_some() && severity.status() != Status::Errored {
            return Err("it has an `error_kind`, but its severity is less than `exception`".to_owned());
        }
        let (persist, ignore) = (raw.persist, raw.ignore);
        Ok(Self { pattern, severity, outcomes: raw.outcomes, fields: raw.fields, error_kind, persist, ignore })
    }

    fn apply(&self, captures: &Captures) -> Match {
        let word = group(captures, "outcome");
        let known =
            word.as_deref().and_then(|word| self.outcomes.get(word).copied().or_else(|| Severity::of_word(word)));
        let severity = known.unwrap_or(self.severity);
        let fields = &self.fields;
        Match {
            severity,
            word_is_unknown: word.is_some() && known.is_none(),
            word: word.unwrap_or_else(|| format!("{severity:?}").to_lowercase()),
            error_kind: self.error_kind,
            suite: group(captures, "suite").or_else(|| fields.suite.clone()),
            name: group(captures, "name").or_else(|| fields.name.clone()),
            message: group(captures, "message").or_else(|| fields.message.clone()),
            file: group(captures, "file").or_else(|| fields.file.clone()),
            line: group(captures, "line")
                .and_then(|line| line.parse::<u32>().ok())
                .filter(|&line| line > 0)
                .map(i64::from),
            duration: group(captures, "duration"),
            persists: self.persist,
            is_ignored: self.ignore,
        }
    }
}

/// Returns a group's text, unless it is blank.
fn group(captures: &Captures, name: &str) -> Option<String> {
    captures.name(name).map(|found| found.as_str().trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn has_group(pattern: &Regex, name: &str) -> bool {
    pattern.capture_names().flatten().any(|known| known == name)
}

/// Compiles a pattern that may have some groups.
fn compile(pattern: &str, groups: &[&str]) -> Result<Regex, String> {
    if pattern.is_empty() || pattern.len() > PATTERN_BYTES {
        return Err(format!(
            "the pattern has {} bytes; it needs at least 1 and at most {PATTERN_BYTES}",
            pattern.len()
        ));
    }
    let compiled = RegexBuilder::new(pattern).size_limit(COMPILED_BYTES).dfa_size_limit(COMPILED_BYTES).build();
    let compiled = compiled.map_err(|error| {
        let text = error.to_string();
        // A syntax error draws the place over several lines and says the reason in the last one.
        let reason = text.lines().last().unwrap_or_default().trim().trim_start_matches("error: ").to_owned();
        format!("the pattern `{pattern}` cannot be used: {reason}")
    })?;
    match compiled.capture_names().flatten().find(|name| !groups.contains(name)) {
        Some(name) => Err(format!("the group `{name}` is not known (known groups: {})", groups.join(", "))),
        None => Ok(compiled),
    }
}
