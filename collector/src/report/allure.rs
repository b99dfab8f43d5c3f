//! Reads Allure 2 results: one `*-result.json` per attempt of a test, one `*-container.json` per group of fixtures.
//!
//! # Recognised by
//!
//! An object with a `name` and one of `historyId`, `testCaseId`, `fullName`, `uuid`, `statusDetails`, or with `name`,
//! `status`, `start` and `stop`. A container has two of `uuid`, `children`, and `befores` or `afters`.
//!
//! # Identity
//!
//! The suite is the labels `parentSuite`, `suite` and `subSuite`, joined by ` > `; without them the label `testClass`,
//! `class` or `package`, else `fullName` without the name. The name is `name`, with those parameters that it does not
//! show: `adds [a=1, b=2]`. Parameters that are excluded, hidden, masked or addresses of memory are left out.
//!
//! # Attempts
//!
//! A retry is a further file. Attempts of one test in the files of a build are put in the order of `start`.
//!
//! # Status
//!
//! | what the file says | status |
//! |---|---|
//! | `passed` | `passed`; `xpassed` if pytest says `XPASS` |
//! | `failed` | `failed`; `xpassed` for `[XPASS(strict)]`; `errored` if a runner says timeout or crash |
//! | `broken` | `errored`, with the kind if a runner says timeout or crash |
//! | `skipped` | `skipped`; `xfailed` if pytest says `XFAIL` |
//! | no status, stage `running` | `errored`, `crashed`, with a warning |
//! | `unknown`, or no status | left out: it says nothing |
//! | any other word | left out with a warning |
//! | a fixture of a container that `failed` or is `broken` | `errored`, as `(setup) name` or `(teardown) name` |
//! | any other fixture | left out |
//!
//! # Limits
//!
//! `historyId` and `uuid` are no part of the identity, because no person can read them: two tests of one name in suites
//! of one name are one. A failed fixture is told beside the tests that it broke. `flaky`, `muted` and `known` are
//! judgements, not outcomes; steps and attachments are not read.

mod container;
#[cfg(test)]
mod tests;

use annals_data::outcomes::Outcomes;
use annals_data::row::{Outcome, Status};
use serde::Deserialize;

use super::cases::Cases;
use super::error_kind::{CRASHED, error_kind};
use super::json::{self, Json, Number, Text};
use super::path::last_part;
use super::text::{Source, line};
use super::{Error, Format, Limits, Report};

/// Allure 2.
pub(super) const FORMAT: Format =
    Format { name: "allure", title: "Allure 2 results", is_streamed: false, is_like, read };

/// Members of the lists of a result that are read.
const MEMBERS: usize = 1000;

/// A result, with what matters of it.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Test {
    name: Text,
    full_name: Text,
    status: Text,
    stage: Text,
    status_details: Option<Details>,
    start: Number,
    stop: Number,
}

/// Why a test or a fixture has its status.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Details {
    message: Text,
    trace: Text,
}

/// A label or a parameter.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Pair {
    name: Text,
    value: Text,
    mode: Text,
    excluded: Option<bool>,
}

fn is_like(source: &Source) -> bool {
    let has = |keys: &[&str]| json::has_keys(&source.text, keys);
    let marks = ["historyId", "testCaseId", "fullName", "uuid", "statusDetails"];
    container::is_like(&source.text)
        || has(&["name", "status", "start", "stop"])
        || (has(&["name"]) && marks.iter().any(|mark| has(&[mark])))
}

fn read(source: &Source, limits: &Limits) -> Result<Report<Outcomes>, Error> {
    let json = Json::new(source);
    let mut cases = Cases::new(source, limits);
    let document = json.document(&cases)?;
    if container::is_like(document) {
        let started_at = container::read(&json, document, &mut cases, limits)?;
        return Ok(Report { tool: Some("Allure".to_owned()), started_at, ..cases.finish(&FORMAT)? });
    }
    let test: Test = json.parse(document, &cases)?;
    let labels = pairs(&json, document, "labels", &cases)?;
    let parameters = pairs(&json, document, "parameters", &cases)?;
    let framework = label(&labels, "framework").unwrap_or_default();
    if let Some((status, kind)) = status(&test, framework == "pytest", &mut cases) {
        let mut outcome = Outcome::new(suite(&test, &labels), name(&test, &parameters), status);
        outcome.error_kind = kind.map(str::to_owned);
        outcome.duration_us = duration(&test.start, &test.stop, 0, &mut cases);
        outcome.message = message(&test.status_details, limits).filter(|_| status != Status::Passed);
        cases.push(0, test.status.some().unwrap_or(test.stage.get()), outcome)?;
    }
    let tool = if framework.is_empty() { "Allure".to_owned() } else { line(framework, 80) };
    Ok(Report { tool: Some(tool), started_at: json::instant_of_ms(&test.start), ..cases.finish(&FORMAT)? })
}

/// Returns the labels or parameters of a result.
fn pairs(json: &Json, document: &str, key: &str, cases: &Cases) -> Result<Vec<Pair>, Error> {
    json::items(document, key).take(MEMBERS).map(|piece| json.parse(piece, cases)).collect()
}

fn label<'l>(labels: &'l [Pair], name: &str) -> Option<&'l str> {
    labels.iter().find(|label| label.name.get() == name).and_then(|label| label.value.some())
}

/// Returns the length of time between two moments in milliseconds.
fn duration(start: &Number, stop: &Number, position: usize, cases: &mut Cases) -> Option<i64> {
    let length = Number::from(stop.get()? - start.get()?);
    json::duration(&length, "ms", position, cases)
}

fn message(details: &Option<Details>, limits: &Limits) -> Option<String> {
    let details = details.as_ref()?;
    json::paragraphs(&[details.message.get(), details.trace.get()], limits)
}

/// Returns the suite of a test.
fn suite(test: &Test, labels: &[Pair]) -> String {
    let levels: Vec<&str> = ["parentSuite", "suite", "subSuite"]
        .iter()
        .filter_map(|level| label(labels, level))
        .map(|name| last_part(name.trim()))
        .collect();
    if !levels.is_empty() {
        return levels.join(" > ");
    }
    if let Some(class) = ["testClass", "class", "package"].iter().find_map(|name| label(labels, name)) {
        return last_part(class).to_owned();
    }
    let (whole, name) = (test.full_name.get().trim(), test.name.get().trim());
    let before = whole.strip_suffix(name).map_or(whole, |before| before.trim_end_matches(['.', '#', ':', ' ', '/']));
    last_part(before).to_owned()
}

/// Returns the name of a test with the parameters that it does not show.
fn name(test: &Test, parameters: &[Pair]) -> String {
    let name = test.name.some().unwrap_or(test.full_name.get());
    let is_identity = |parameter: &&Pair| {
        let value = parameter.value.get();
        let is_shown = matches!(parameter.mode.get(), "" | "default") && parameter.excluded != Some(true);
        is_shown && !value.contains(" at 0x") && !name.contains(value.trim_matches(['\'', '"']))
    };
    let told: Vec<String> = parameters
        .iter()
        .filter(is_identity)
        .map(|parameter| format!("{}={}", parameter.name.get(), parameter.value.get()))
        .collect();
    if told.is_empty() { name.to_owned() } else { format!("{name} [{}]", told.join(", ")) }
}

/// Returns the status of a test, or nothing where the file says nothing.
fn status(test: &Test, is_pytest: bool, cases: &mut Cases) -> Option<(Status, Option<&'static str>)> {
    let details = test.status_details.as_ref();
    let message = details.map_or("", |details| details.message.some().unwrap_or(details.trace.get()));
    let word = test.status.get().to_ascii_lowercase();
    Some(match word.as_str() {
        "passed" if is_pytest && message.starts_with("XPASS") => (Status::Xpassed, None),
        "passed" => (Status::Passed, None),
        "failed" if message.starts_with("[XPASS(strict)]") => (Status::Xpassed, None),
        "failed" => match error_kind("", message) {
            Some(kind) => (Status::Errored, Some(kind)),
            None => (Status::Failed, None),
        },
        "broken" => (Status::Errored, error_kind("", message)),
        "skipped" if is_pytest && message.starts_with("XFAIL") => (Status::Xfailed, None),
        "skipped" => (Status::Skipped, None),
        "" if test.stage.get() == "running" => {
            cases.warn(0, "the test began and has no end".to_owned());
            (Status::Errored, Some(CRASHED))
        }
        "" | "unknown" => {
            cases.ignore("tests without a status");
            return None;
        }
        _ => {
            cases.warn(0, format!("the status `{}` is not known", line(test.status.get(), 40)));
            return None;
        }
    })
}
