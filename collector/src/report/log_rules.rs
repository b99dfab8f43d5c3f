//! Reads logs by regular expressions that a site writes: for tools that have no report of their own.
//!
//! A compiler, a linter or an old test script says in its log what went wrong. Rules tell which lines mean something;
//! all lines about one test become one outcome, as bad as the worst of them.
//!
//! ```toml
//! name = "rest"                      # the test of lines that name none
//! use_file_stem = true               # the suite of lines that name a file only
//!
//! [[rule]]                           # a heading: later lines belong to this suite
//! pattern = '^Running module (?<suite>\w+)'
//! persist = true
//! ignore = true
//!
//! [[rule]]
//! pattern = '^(?<outcome>PASS|FAIL|FLAKY): (?<name>.+?)(?: \((?<duration>[\d.]+m?s)\))?$'
//! outcomes = { FLAKY = "warning" }
//!
//! [[rule]]
//! pattern = '^(?<file>[^:]+):(?<line>\d+): warning: (?<message>.*)'
//! severity = "warning"
//! fields = { name = "compiler" }
//!
//! [[module]]                         # which suite a file belongs to
//! pattern = '^addons/(?<suite>\w+)/'
//! ```
//!
//! A rule's `fields` (`suite`, `name`, `file`, `message`) say what its lines do not say by groups. For all rules there are
//! `tool` (what writes the log), `suite`, `name` and `use_file_stem`.
//!
//! # Recognised by
//!
//! Nothing: any text may be a log. The caller says that a file is one, and gives the rules.
//!
//! # Identity
//!
//! Each line is told by the first rule that matches it, others are passed over. The name is the group `name`, else the
//! rule's field `name`, else the rules' `name`, which is `rest` unless it is set. The suite is, in this order: the group
//! `suite`; the rule's field `suite`; the first `module` whose pattern matches the file (its group `suite`, else its
//! `suite`); with `use_file_stem` the file's name without folders and without what follows its first dot; the suite of
//! the last line whose rule has `persist`; the rules' `suite`, which is empty unless it is set.
//!
//! # Attempts
//!
//! One per test: a log does not tell a repetition from a further line.
//!
//! # Status
//!
//! A line's severity is, in this order: what `outcomes` says of the group `outcome`; what the word of the group commonly
//! means; the rule's `severity` or `status`; `error`. The severity of a test is the worst of its lines.
//!
//! | severity, from best to worst | status | common words, in any case |
//! |---|---|---|
//! | `success`, `passed` | `passed` | `ok`, `pass`, `passed`, `success`, `successful`, `done` |
//! | `notice` | `passed` | `info`, `note`, `notice` |
//! | `skipped` | `skipped` | `skip`, `skipped`, `ignored`, `disabled` |
//! | `xfailed` | `xfailed` | `xfail`, `xfailed` |
//! | `warning` | `passed`, with the text of the warning | `warn`, `warning` |
//! | `xpassed` | `xpassed` | `xpass`, `xpassed` |
//! | `error`, `failed` | `failed` | `fail`, `failed`, `failure`, `not ok` |
//! | `exception`, `errored` | `errored` | `error`, `errored`, `exception` |
//! | `critical` | `errored` | `critical`, `fatal` |
//! | `blocking` | `errored` | |
//!
//! A rule's `error_kind` (`timed_out` or `crashed`) says so of the test when the rule gives its worst line.
//!
//! # Measures
//!
//! None. The duration is the last group `duration` of the test: `1.5`, `20ms`, `00:01:02`.
//!
//! # Limits
//!
//! The failure text is the group `message`, else the whole line, of each line of the worst severity; equal texts stand
//! once. File and line are those of the first of them. Of a line the first 16 KiB count, without terminal colours.
//! There are at most 200 rules; a pattern has at most 4 KiB and 1 MiB when compiled, and matches in linear time.

mod rule;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use annals_data::outcomes::Outcomes;
use annals_data::row::{Outcome, Status};

use self::rule::{Match, Severity};
use super::cases::Cases;
use super::duration::microseconds;
use super::text::{Excerpt, Source, clean};
use super::{Error, Format, Limits, Report};

pub use self::rule::LogRules;

/// A log. It stands in no list, because nothing in a log says that it is one.
const FORMAT: Format = Format {
    name: "log",
    title: "log",
    is_streamed: false,
    is_like: |_| false,
    read: |source, _| Err(source.error(0, "a log is read by rules only")),
};

/// Bytes of a line that are looked at.
const LINE_BYTES: usize = 16 << 10;
/// Texts of one test that are told apart.
const TEXTS: usize = 1000;

/// Reads a log by `rules` within `limits`; `label` names the file in errors.
///
/// A log in which no rule matches has no outcomes, and a warning says so.
///
/// # Errors
///
/// Returns file, line and reason when the log is larger than the bounds.
pub fn read_log(label: &str, bytes: &[u8], rules: &LogRules, limits: &Limits) -> Result<Report<Outcomes>, Error> {
    if bytes.len() > limits.bytes {
        return Err(super::unreadable(label, &super::too_large(limits.bytes as u64)));
    }
    let source = Source::new(label, bytes);
    let mut log = Log {
        rules,
        limits,
        cases: Cases::new(&source, limits),
        tests: Vec::new(),
        places: HashMap::new(),
        persistent: None,
    };
    let mut position = 0;
    for line in source.text.split_inclusive('\n') {
        log.line(position, line)?;
        position += line.len();
    }
    let mut report = log.finish()?;
    report.tool = rules.tool().map(str::to_owned);
    report.warnings.splice(0..0, source.into_warnings());
    Ok(report)
}

/// What the lines about one test say so far.
struct Test {
    position: usize,
    suite: String,
    name: String,
    severity: Severity,
    word: String,
    error_kind: Option<&'static str>,
    text: Excerpt,
    /// The texts in it.
    texts: HashSet<String>,
    file: Option<String>,
    line: Option<i64>,
    duration_us: Option<i64>,
}

/// A log that is being read.
struct Log<'r> {
    rules: &'r LogRules,
    limits: &'r Limits,
    cases: Cases<'r>,
    tests: Vec<Test>,
    /// The place of each test, by suite and name.
    places: HashMap<(String, String), usize>,
    /// The suite of the last line whose rule persists.
    persistent: Option<String>,
}

impl Log<'_> {
    fn line(&mut self, position: usize, line: &str) -> Result<(), Error> {
        let line = line.trim_end();
        let line = clean(&line[..line.floor_char_boundary(LINE_BYTES)]);
        let Some(found) = self.rules.find(&line) else { return Ok(()) };
        if found.word_is_unknown {
            let word = super::text::line(&found.word, 80);
            self.cases.warn(position, format!("the outcome `{word}` is not known"));
        }
        let suite = found.suite.clone().or_else(|| self.persistent.clone());
        if found.persists && found.suite.is_some() {
            self.persistent.clone_from(&found.suite);
        }
        if found.is_ignored {
            self.cases.ignore("lines that rules ignore");
            return Ok(());
        }
        let bound = self.limits.name;
        let suite = super::text::name(&suite.unwrap_or_else(|| self.rules.suite().to_owned()), bound);
        let name = super::text::name(found.name.as_deref().unwrap_or(self.rules.name()), bound);
        let at = self.place(position, suite, name, &found)?;
        self.tests[at].add(&found, &line, self.limits);
        Ok(())
    }

    /// Returns the place of a test, which may be new.
    fn place(&mut self, position: usize, suite: String, name: String, found: &Match) -> Result<usize, Error> {
        let key = (suite, name);
        if let Some(&at) = self.places.get(&key) {
            return Ok(at);
        }
        if self.tests.len() >= self.limits.cases {
            let reason = format!("the log tells of more than {} tests", self.limits.cases);
            return Err(self.cases.refuse(position, reason));
        }
        let (suite, name) = key.clone();
        self.places.insert(key, self.tests.len());
        self.tests.push(Test {
            position,
            suite,
            name,
            severity: found.severity,
            word: String::new(),
            error_kind: None,
            text: Excerpt::default(),
            texts: HashSet::new(),
            file: None,
            line: None,
            duration_us: None,
        });
        Ok(self.tests.len() - 1)
    }

    fn finish(mut self) -> Result<Report<Outcomes>, Error> {
        if self.tests.is_empty() {
            self.cases.warn(0, "no rule found a test in the log".to_owned());
        }
        for test in self.tests {
            let mut outcome = Outcome::new(test.suite, test.name, test.severity.status());
            let is_telling = test.severity.status() != Status::Passed || test.severity == Severity::Warning;
            outcome.message = Some(test.text.finish(self.limits.message)).filter(|_| is_telling);
            outcome.error_kind = test.error_kind.map(str::to_owned);
            outcome.duration_us = test.duration_us;
            (outcome.file, outcome.line) = (test.file, test.line);
            self.cases.push(test.position, &test.word, outcome)?;
        }
        self.cases.finish(&FORMAT)
    }
}

impl Test {
    /// Adds what a line says; a worse one than all before replaces their texts.
    fn add(&mut self, found: &Match, line: &str, limits: &Limits) {
        if let Some(time) = found.duration.as_deref().and_then(microseconds) {
            self.duration_us = Some(time);
        }
        if found.severity < self.severity {
            return;
        }
        if found.severity > self.severity || self.word.is_empty() {
            self.severity = found.severity;
            self.word.clone_from(&found.word);
            self.error_kind = found.error_kind.filter(|_| found.severity.status() == Status::Errored);
            (self.text, self.texts) = (Excerpt::default(), HashSet::new());
            (self.file, self.line) = (found.file.clone(), found.line);
        }
        let text = found.message.as_deref().unwrap_or(line).trim_end();
        if self.texts.contains(text) {
            return;
        }
        if self.texts.len() < TEXTS {
            self.texts.insert(text.to_owned());
        }
        self.text.push(text, limits.message);
        self.text.push("\n", limits.message);
    }
}
