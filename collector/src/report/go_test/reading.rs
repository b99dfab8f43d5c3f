//! The state of reading one stream of events: the packages that have not ended, and what the compiler said.

use std::collections::{BTreeMap, HashMap};

use annals_data::row::{Outcome, SUITE, Status};

use super::super::cases::Cases;
use super::super::clock;
use super::super::json;
use super::super::text::Excerpt;
use super::super::{Error, Limits};
use super::Event;
use super::package::{End, Package};

/// What the compiler said of one package.
#[derive(Default)]
struct Build {
    out: Excerpt,
    /// Where it failed, until a package has told of it.
    failed_at: Option<usize>,
}

/// A stream that is being read.
pub(super) struct Reading<'r> {
    limits: &'r Limits,
    packages: HashMap<String, Package<'r>>,
    builds: BTreeMap<String, Build>,
    /// What the compiler's lines between the events are about.
    build: Option<String>,
    started_at: Option<i64>,
}

impl<'r> Reading<'r> {
    pub(super) fn new(limits: &'r Limits) -> Self {
        Self { limits, packages: HashMap::new(), builds: BTreeMap::new(), build: None, started_at: None }
    }

    /// Takes in one event.
    pub(super) fn event(&mut self, event: &Event, position: usize, cases: &mut Cases) -> Result<(), Error> {
        self.build = None;
        if self.started_at.is_none() {
            self.started_at = clock::microseconds(event.time.get());
        }
        let action = event.action.get();
        match action {
            "build-output" => {
                let build = self.builds.entry(event.import_path.get().to_owned()).or_default();
                build.out.push(event.output.get(), self.limits.message);
                return Ok(());
            }
            "build-fail" => {
                let build = self.builds.entry(event.import_path.get().to_owned()).or_default();
                build.failed_at = Some(position);
                return Ok(());
            }
            _ => {}
        }
        let name = event.package.get();
        if !self.packages.contains_key(name) {
            self.packages.insert(name.to_owned(), Package::new(name, position, self.limits));
        }
        let end = match (action, event.test.some()) {
            ("pass" | "skip", None) => End::Passed,
            ("fail", None) => End::Failed,
            _ => {
                let package = self.packages.get_mut(name).expect("it has just been added");
                return package.event(event, position, cases);
            }
        };
        let package = self.packages.remove(name).expect("it has just been added");
        if action == "skip" {
            cases.ignore("packages without tests");
        }
        package.end(end, position, self.build_text(event.failed_build.get()), cases)
    }

    /// Takes in a line between the events, where Go before 1.24 tells of builds that failed; returns whether it does.
    pub(super) fn line(&mut self, line: &str, position: usize, cases: &mut Cases) -> Result<bool, Error> {
        if let Some(path) = line.strip_prefix("# ") {
            self.build = Some(path.to_owned());
        }
        if let Some((package, reason)) = line.strip_prefix("FAIL\t").and_then(|rest| rest.split_once(" ["))
            && matches!(reason, "build failed]" | "setup failed]")
        {
            let test = format!("{package} [{package}.test]");
            let said = [self.build_text(package), self.build_text(&test), line.to_owned()];
            let mut outcome = Outcome::of_suite(package, SUITE, Status::Errored);
            outcome.message = json::paragraphs(&said.each_ref().map(String::as_str), self.limits);
            cases.push(position, "FAIL", outcome)?;
            self.build = None;
            return Ok(true);
        }
        let Some(path) = &self.build else { return Ok(false) };
        let build = self.builds.entry(path.clone()).or_default();
        build.out.push(line, self.limits.message);
        build.out.push("\n", self.limits.message);
        Ok(true)
    }

    /// Returns what the compiler said of a package that did not build; a package has told of it now.
    fn build_text(&mut self, path: &str) -> String {
        let Some(build) = self.builds.get_mut(path) else { return String::new() };
        build.failed_at = None;
        build.out.clone().finish(self.limits.message)
    }

    /// Settles what has no end, and returns when the tests began.
    pub(super) fn finish(self, cases: &mut Cases) -> Result<Option<i64>, Error> {
        let mut packages: Vec<Package> = self.packages.into_values().collect();
        packages.sort_by_key(Package::position);
        for package in packages {
            let position = package.position();
            package.end(End::Missing, position, String::new(), cases)?;
        }
        for (path, build) in self.builds {
            let Some(position) = build.failed_at else { continue };
            // `a [a.test]` is the package `a` as its test needs it.
            let package = path.split(" [").next().unwrap_or_default();
            let mut outcome = Outcome::of_suite(package, SUITE, Status::Errored);
            outcome.message = Some(build.out.finish(self.limits.message));
            cases.push(position, "build-fail", outcome)?;
        }
        Ok(self.started_at)
    }
}
