//! Follows the lines of a summary: which script runs, what it says, and whether the numbers at the end agree.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use annals_data::outcomes::Outcomes;
use annals_data::row::{Outcome, SUITE, Status};

use super::super::cases::Cases;
use super::super::error_kind::{CRASHED, TIMED_OUT};
use super::super::text::{Excerpt, Source};
use super::super::{Error, Limits, Report};
use super::FORMAT;

/// The words for outcomes, with what the summary calls them.
const WORDS: [(&str, Status, &str); 9] = [
    ("PASS", Status::Passed, "expected passes"),
    ("FAIL", Status::Failed, "unexpected failures"),
    ("XPASS", Status::Xpassed, "unexpected successes"),
    ("XFAIL", Status::Xfailed, "expected failures"),
    ("KPASS", Status::Xpassed, "unknown successes"),
    ("KFAIL", Status::Xfailed, "known failures"),
    ("UNRESOLVED", Status::Errored, "unresolved testcases"),
    ("UNTESTED", Status::Skipped, "untested testcases"),
    ("UNSUPPORTED", Status::Skipped, "unsupported tests"),
];

/// How many outcomes each word had.
type Counts = BTreeMap<&'static str, u64>;

/// Which counts a summary is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Summary {
    Target,
    Run,
}

/// A summary or log that is being read.
pub(super) struct Reading<'r> {
    source: &'r Source<'r>,
    limits: &'r Limits,
    cases: Cases<'r>,
    /// Whether targets must be told apart.
    has_targets: bool,
    target: String,
    tool: String,
    script: String,
    /// How often a name came in a suite.
    seen: HashMap<(String, String), u64>,
    of_target: Counts,
    of_run: Counts,
    summary: Option<Summary>,
    /// The run ended with its summary.
    is_summed: bool,
    /// What came before the next outcome.
    before: Excerpt,
    has_timed_out: bool,
    /// The errors of the script, and where the first stands.
    errors: Option<(usize, Excerpt)>,
}

impl<'r> Reading<'r> {
    pub(super) fn new(source: &'r Source<'r>, limits: &'r Limits) -> Self {
        let targets: BTreeSet<&str> =
            source.text.lines().filter_map(|line| line.strip_prefix("Running target ")).take(10_000).collect();
        Self {
            source,
            limits,
            cases: Cases::new(source, limits),
            has_targets: targets.len() > 1,
            target: String::new(),
            tool: String::new(),
            script: String::new(),
            seen: HashMap::new(),
            of_target: Counts::new(),
            of_run: Counts::new(),
            summary: None,
            is_summed: false,
            before: Excerpt::default(),
            has_timed_out: false,
            errors: None,
        }
    }

    /// Takes the next line.
    pub(super) fn line(&mut self, position: usize, line: &str) -> Result<(), Error> {
        if let Some(tool) = heading(line, "tests") {
            self.begin(position, tool)?;
        } else if let Some(target) = line.strip_prefix("Running target ") {
            self.end_script()?;
            (self.target, self.of_target, self.summary) = (target.trim().to_owned(), Counts::new(), None);
            self.script.clear();
        } else if let Some(script) = line.strip_prefix("Running ").and_then(|rest| rest.strip_suffix(" ...")) {
            self.end_script()?;
            self.script = from_testsuite(script).to_owned();
            self.summary = None;
        } else if let Some(summary) = summary(line) {
            self.end_script()?;
            self.is_summed |= summary == Summary::Run;
            self.summary = Some(summary);
        } else if let Some(count) = line.strip_prefix("# of ").filter(|_| self.summary.is_some()) {
            self.compare(position, count);
        } else if line.starts_with("got a ") && line.ends_with(" signal, interrupted by user") {
            let mut outcome = Outcome::of_suite(self.suite(), "(interrupted)", Status::Errored);
            outcome.message = Some(line.to_owned());
            self.cases.push(position, "(interrupted)", outcome)?;
        } else {
            self.result(position, line)?;
        }
        Ok(())
    }

    /// Ends the report.
    pub(super) fn finish(mut self) -> Result<Report<Outcomes>, Error> {
        self.end_script()?;
        if !self.is_summed {
            let reason = "the report is truncated: it does not end with a summary";
            return Err(self.cases.refuse(self.source.text.len(), reason));
        }
        let mut report = self.cases.finish(&FORMAT)?;
        report.tool = Some("DejaGnu".to_owned());
        Ok(report)
    }

    /// Begins a run, of which one file may hold several.
    fn begin(&mut self, position: usize, tool: &str) -> Result<(), Error> {
        self.end_script()?;
        if !self.is_summed && !self.tool.is_empty() {
            self.cases.warn(position, "the run before does not end with a summary".to_owned());
        }
        self.tool = tool.to_owned();
        self.script.clear();
        self.target.clear();
        self.seen.clear();
        (self.of_target, self.of_run) = (Counts::new(), Counts::new());
        (self.summary, self.is_summed) = (None, false);
        Ok(())
    }

    fn suite(&self) -> String {
        let script = if self.script.is_empty() { &self.tool } else { &self.script };
        if self.has_targets && !self.target.is_empty() { format!("{} > {script}", self.target) } else { script.clone() }
    }

    /// Takes a line that may be an outcome.
    fn result(&mut self, position: usize, line: &str) -> Result<(), Error> {
        let bound = self.limits.message;
        let (word, rest) = line.split_once(": ").unwrap_or((line, ""));
        match word {
            "ERROR" => {
                let (_, errors) = self.errors.get_or_insert_with(|| (position, Excerpt::default()));
                errors.push(rest, bound);
                errors.push("\n", bound);
            }
            "PATH" | "DUPLICATE" | "NOTE" => self.cases.ignore(&format!("lines `{word}`")),
            _ => match WORDS.iter().find(|(known, ..)| *known == word) {
                Some(&(word, status, _)) if !rest.is_empty() => return self.outcome(position, word, status, rest),
                _ => {
                    self.has_timed_out |= line.starts_with("WARNING: program timed out");
                    self.before.push(line.strip_prefix("WARNING: ").unwrap_or(line), bound);
                    self.before.push("\n", bound);
                }
            },
        }
        Ok(())
    }

    fn outcome(&mut self, position: usize, word: &'static str, status: Status, text: &str) -> Result<(), Error> {
        *self.of_target.entry(word).or_default() += 1;
        *self.of_run.entry(word).or_default() += 1;
        let before = std::mem::take(&mut self.before);
        let has_timed_out = std::mem::take(&mut self.has_timed_out);
        let (name, reason, kind) = split(text);
        let is_failing = matches!(status, Status::Failed | Status::Errored);
        let kind = kind.or(has_timed_out.then_some(TIMED_OUT)).filter(|_| is_failing);
        let suite = self.suite();
        let key = (suite.clone(), super::super::text::name(name, self.limits.name));
        let count = self.seen.entry(key).or_default();
        *count += 1;
        let name = if *count > 1 { format!("{name} #{count}") } else { name.to_owned() };
        let mut outcome = Outcome::new(suite, name, if kind.is_some() { Status::Errored } else { status });
        outcome.error_kind = kind.map(str::to_owned);
        if status != Status::Passed {
            let mut message = Excerpt::default();
            message.push_paragraph(reason, self.limits.message);
            if is_failing {
                message.push_paragraph(&before.finish(self.limits.message), self.limits.message);
            }
            outcome.message = Some(message.finish(self.limits.message));
        }
        self.cases.push(position, word, outcome)
    }

    /// Tells the errors of the script.
    fn end_script(&mut self) -> Result<(), Error> {
        self.before = Excerpt::default();
        self.has_timed_out = false;
        let Some((position, errors)) = self.errors.take() else { return Ok(()) };
        let mut outcome = Outcome::of_suite(self.suite(), SUITE, Status::Errored);
        outcome.message = Some(errors.finish(self.limits.message));
        self.cases.push(position, "ERROR", outcome)
    }

    /// Compares a number of the summary, `expected passes\t\t2`, with what was listed.
    fn compare(&mut self, position: usize, line: &str) {
        let Some((what, declared)) = line.rsplit_once(char::is_whitespace) else { return };
        let counts = if self.summary == Some(Summary::Target) { &self.of_target } else { &self.of_run };
        let known = WORDS.iter().find(|(_, _, title)| *title == what.trim());
        if let (Some((word, ..)), Ok(declared)) = (known, declared.parse::<u64>()) {
            let listed = counts.get(word).copied().unwrap_or_default();
            if listed != declared {
                self.cases.warn(position, format!("declared are {declared} {}, listed are {listed}", what.trim()));
            }
        }
    }
}

/// Returns what stands before `word` in a heading `=== tool word ===`.
pub(super) fn heading<'l>(line: &'l str, word: &str) -> Option<&'l str> {
    line.trim().strip_prefix("=== ")?.strip_suffix(" ===")?.strip_suffix(word)?.strip_suffix(' ')
}

/// Returns what a summary that begins is about.
fn summary(line: &str) -> Option<Summary> {
    if heading(line, "Summary").is_some() {
        return Some(Summary::Run);
    }
    line.trim().strip_prefix("=== ")?.strip_suffix(" ===")?.contains(" Summary for ").then_some(Summary::Target)
}

/// Returns the part of a script's path that does not depend on where the sources are.
fn from_testsuite(path: &str) -> &str {
    let path = path.trim();
    match path.rfind("testsuite/") {
        Some(at) if at == 0 || path[..at].ends_with(['/', '.']) => &path[at + "testsuite/".len()..],
        _ if path.starts_with('/') => path.rsplit('/').next().unwrap_or(path),
        _ => path.trim_start_matches("./"),
    }
}

/// Returns a test's name, the words in brackets at its end that are none of it, and the kind of error that they name.
fn split(text: &str) -> (&str, &str, Option<&'static str>) {
    let text = text.trim();
    let Some((name, reason)) = text.strip_suffix(')').and_then(|text| text.rsplit_once(" (")) else {
        return (text, "", None);
    };
    let name = name.trim_end();
    match reason {
        _ if name.is_empty() => (text, "", None),
        "timeout" => (name, reason, Some(TIMED_OUT)),
        "eof" | "GDB internal error" => (name, reason, Some(CRASHED)),
        _ if reason.starts_with("PRMS") => (name, reason, None),
        _ => (text, "", None),
    }
}
