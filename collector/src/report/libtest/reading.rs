//! The state of reading one stream of events: the suite at hand and the tests that have not ended.

use std::collections::{BTreeMap, HashMap};

use annals_data::row::{Measure, Outcome, Status};

use super::super::cases::Cases;
use super::super::error_kind::{CRASHED, TIMED_OUT};
use super::super::json::{self, Number};
use super::super::{Error, Limits};
use super::doc_test;
use super::{Event, Nextest};

/// The block of events of one binary.
#[derive(Default)]
struct Suite {
    /// Its number in the file, from 1.
    number: usize,
    /// The name that cargo printed before it.
    name: String,
    /// How many outcomes there were before it.
    first: usize,
    passed: usize,
    failed: usize,
    ignored: usize,
    measured: usize,
}

/// A stream that is being read.
pub(super) struct Reading<'r> {
    limits: &'r Limits,
    suite: Suite,
    /// What cargo printed of the binary that comes next.
    announced: Option<String>,
    /// The ids of nextest's binaries by what its test names begin with.
    binaries: HashMap<String, String>,
    is_nextest: bool,
    /// Where each test without an end began, by the name in the events.
    open: HashMap<String, usize>,
    /// The suites in which each test of libtest has come, by number.
    seen: HashMap<(String, String), BTreeMap<usize, usize>>,
}

impl<'r> Reading<'r> {
    pub(super) fn new(limits: &'r Limits) -> Self {
        Self {
            limits,
            suite: Suite::default(),
            announced: None,
            binaries: HashMap::new(),
            is_nextest: false,
            open: HashMap::new(),
            seen: HashMap::new(),
        }
    }

    /// Takes in a line that is no event; returns whether it says something.
    pub(super) fn line(&mut self, line: &str) -> bool {
        let binary = match (line.strip_prefix("Running "), line.strip_prefix("Doc-tests ")) {
            (Some(rest), _) => binary_name(rest).map(str::to_owned),
            (_, Some(package)) => Some(format!("{package} (doc)")),
            _ => None,
        };
        let is_told = binary.is_some();
        self.announced = binary.or(self.announced.take());
        is_told
    }

    /// Takes in an event; returns whether it is one of libtest's.
    pub(super) fn event(
        &mut self,
        event: &Event,
        binary: Option<Nextest>,
        position: usize,
        cases: &mut Cases,
    ) -> Result<bool, Error> {
        match (event.kind.get(), event.event.get()) {
            ("suite", "started") => self.start_suite(binary, cases)?,
            ("suite", "ok" | "failed") => self.end_suite(event, position, cases)?,
            ("test", "started") => {
                self.open.insert(event.name.get().to_owned(), position);
            }
            ("test", "timeout") => cases.ignore("warnings of slow tests"),
            ("test", _) | ("bench", _) if event.name.is_present() => self.end_test(event, position, cases)?,
            ("suite" | "test", "discovered" | "completed") | ("report", _) => {}
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn start_suite(&mut self, binary: Option<Nextest>, cases: &mut Cases) -> Result<(), Error> {
        if let Some(binary) = binary {
            self.is_nextest = true;
            let (package, name) = (binary.package.get(), binary.test_binary.get());
            self.binaries.insert(format!("{package}::{name}"), binary_id(package, name, binary.kind.get()));
        } else if !self.is_nextest {
            self.settle(cases)?;
        }
        doc_test::rename(&mut cases.outcomes()[self.suite.first..]);
        let first = cases.outcomes().len();
        let name = self.announced.take().unwrap_or_default();
        self.suite = Suite { number: self.suite.number + 1, name, first, ..Suite::default() };
        Ok(())
    }

    fn end_suite(&mut self, event: &Event, position: usize, cases: &mut Cases) -> Result<(), Error> {
        let counts = [
            ("passed", &event.passed, self.suite.passed),
            ("failed", &event.failed, self.suite.failed),
            ("ignored", &event.ignored, self.suite.ignored),
            ("measured", &event.measured, self.suite.measured),
        ];
        // nextest counts ignored tests again where a binary has a second block.
        let compared = if self.is_nextest { 2 } else { 4 };
        for (word, declared, listed) in &counts[..compared] {
            if let Some(declared) = declared.get().filter(|declared| *declared != *listed as f64) {
                cases.warn(position, format!("declared are {declared} tests that {word}, listed are {listed}"));
            }
        }
        if !self.is_nextest {
            self.settle(cases)?;
        }
        Ok(())
    }

    /// Adds the outcome that an event tells of.
    fn end_test(&mut self, event: &Event, position: usize, cases: &mut Cases) -> Result<(), Error> {
        let (name, attempt) = self.name_and_attempt(event.name.get());
        let word = if event.kind.get() == "bench" { "bench" } else { event.event.get() };
        self.open.remove(name);
        let Some((status, kind)) = status(word, event) else {
            cases.warn(position, format!("`{name}`: the event `{word}` is not known"));
            return Ok(());
        };
        match (word, status) {
            ("bench", _) => self.suite.measured += 1,
            (_, Status::Passed) => self.suite.passed += 1,
            (_, Status::Skipped) => self.suite.ignored += 1,
            (_, Status::Xfailed) => {}
            _ => self.suite.failed += 1,
        }
        let mut outcome = self.outcome(name, status);
        outcome.error_kind = kind.map(str::to_owned);
        outcome.duration_us = json::duration(&event.exec_time, "s", position, cases);
        outcome.message = json::paragraphs(&[event.message.get(), event.stdout.get(), event.reason.get()], self.limits)
            .filter(|_| status != Status::Passed);
        if word == "bench" {
            outcome.measures = measures(event);
        }
        json::push_hidden(cases, position, &Number::from(attempt - 1.0), &outcome)?;
        cases.push(position, word, outcome)
    }

    /// Returns the name as it was when the test began, and the number of the attempt that nextest adds at its end.
    fn name_and_attempt<'t>(&self, name: &'t str) -> (&'t str, f64) {
        let attempt = name.rsplit_once('#').filter(|(plain, number)| {
            plain.contains('$') && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        });
        match attempt.and_then(|(plain, number)| Some((plain, number.parse::<f64>().ok()?))) {
            Some((plain, number)) if number >= 1.0 && !self.open.contains_key(name) => (plain, number),
            _ => (name, 1.0),
        }
    }

    /// Returns an outcome with its identity.
    fn outcome(&mut self, name: &str, status: Status) -> Outcome {
        if let Some((binary, test)) = name.split_once('$') {
            let same = || binary.split_once("::").filter(|(package, name)| package == name).map_or(binary, |(p, _)| p);
            let suite = self.binaries.get(binary).map_or_else(same, String::as_str);
            return Outcome::new(suite, test, status);
        }
        let key = (self.suite.name.clone(), name.to_owned());
        let suites = self.seen.entry(key).or_default();
        let before = suites.len();
        let number = *suites.entry(self.suite.number).or_insert(before + 1);
        let suite = match (self.suite.name.as_str(), number) {
            (suite, 1) => suite.to_owned(),
            ("", number) => format!("({number})"),
            (suite, number) => format!("{suite} ({number})"),
        };
        Outcome::new(suite, name, status)
    }

    /// Adds the tests that began and did not end: their binary did.
    fn settle(&mut self, cases: &mut Cases) -> Result<(), Error> {
        let mut open: Vec<(String, usize)> = self.open.drain().collect();
        open.sort_by_key(|(_, position)| *position);
        for (name, position) in open {
            cases.warn(position, format!("`{name}` has no end: its binary ended while it was running"));
            let mut outcome = self.outcome(&name, Status::Errored);
            outcome.error_kind = Some(CRASHED.to_owned());
            outcome.message = Some("the binary ended while the test was running".to_owned());
            cases.push(position, "started", outcome)?;
        }
        Ok(())
    }

    /// Settles what has no end, and returns whether nextest wrote the stream.
    pub(super) fn finish(mut self, cases: &mut Cases) -> Result<bool, Error> {
        self.settle(cases)?;
        doc_test::rename(&mut cases.outcomes()[self.suite.first..]);
        let is_told = self.is_nextest || cases.outcomes().iter().any(|outcome| outcome.suite.contains("::"));
        Ok(is_told)
    }
}

/// Returns what a word stands for.
fn status(word: &str, event: &Event) -> Option<(Status, Option<&'static str>)> {
    Some(match word {
        "ok" | "bench" => (Status::Passed, None),
        "ignored" => (Status::Skipped, None),
        "allowed_failure" => (Status::Xfailed, None),
        "failed" if event.reason.get() == "time limit exceeded" => (Status::Errored, Some(TIMED_OUT)),
        "failed" if event.stdout.get().starts_with("Test executable failed (signal: ") => {
            (Status::Errored, Some(CRASHED))
        }
        "failed" => (Status::Failed, None),
        _ => return None,
    })
}

fn measures(event: &Event) -> Vec<Measure> {
    let told = [
        ("median", &event.median, "ns"),
        ("deviation", &event.deviation, "ns"),
        ("mib_per_second", &event.mib_per_second, "MiB/s"),
    ];
    let measure = |(metric, number, unit): (&str, &Number, &str)| {
        Some(Measure { metric: metric.to_owned(), value: number.get()?, unit: Some(unit.to_owned()) })
    };
    told.into_iter().filter_map(measure).collect()
}

/// Returns the id that nextest gives to a binary.
fn binary_id(package: &str, name: &str, kind: &str) -> String {
    match kind {
        "lib" | "proc-macro" => package.to_owned(),
        "test" => format!("{package}::{name}"),
        kind => format!("{package}::{kind}/{name}"),
    }
}

/// Returns the name of the binary in `unittests src/lib.rs (target/debug/deps/shop-1a2b3c4d5e6f7a8b)`.
fn binary_name(text: &str) -> Option<&str> {
    let (_, path) = text.strip_suffix(')')?.rsplit_once('(')?;
    let file = path.rsplit(['/', '\\']).next()?;
    let (name, hash) = file.strip_suffix(".exe").unwrap_or(file).rsplit_once('-')?;
    hash.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(name)
}
