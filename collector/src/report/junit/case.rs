//! One `<testcase>` as it is read, and the attempts that it tells of.
//!
//! The table of statuses stands in the parent's documentation. Which test a case belongs to is not decided here.

use std::borrow::Cow;

use annals_data::row::Status;

use super::super::error_kind::error_kind;
use super::super::text::{Excerpt, clean, line};

/// What the file says of a case that passed without a word.
pub(super) const NO_CHILD: &str = "no child";

/// The attributes of a test case that mean something.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    pub(super) name: Option<String>,
    pub(super) classname: Option<String>,
    pub(super) class: Option<String>,
    pub(super) file: Option<String>,
    pub(super) line: Option<i64>,
    pub(super) status: Option<String>,
    pub(super) result: Option<String>,
    pub(super) failure: Option<String>,
    pub(super) duration_us: Option<i64>,
}

impl Attributes {
    /// Returns whether this is a case of CTest, which repeats the name as class and has words of its own for the status.
    pub(super) fn is_ctest(&self) -> bool {
        self.classname == self.name && matches!(self.status.as_deref(), Some("run" | "fail" | "notrun" | "disabled"))
    }
}

/// What an element inside a case reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Failure,
    Error,
    Skipped,
    /// PHPUnit's: the test passed, but something is to be said.
    Warning,
    /// A failed attempt before one that passed.
    FlakyFailure,
    FlakyError,
    /// A further failed attempt of a test that failed.
    RerunFailure,
    RerunError,
}

impl Verdict {
    /// Returns what an element's name stands for.
    pub(super) fn parse(element: &str) -> Option<Self> {
        Some(match element {
            "failure" => Self::Failure,
            "error" => Self::Error,
            "skipped" | "ignored" | "disabled" => Self::Skipped,
            "warning" => Self::Warning,
            "flakyFailure" => Self::FlakyFailure,
            "flakyError" => Self::FlakyError,
            "rerunFailure" => Self::RerunFailure,
            "rerunError" => Self::RerunError,
            _ => return None,
        })
    }

    /// Returns the name of its element; what some tools call `ignored` or `disabled` is `skipped`.
    fn element(self) -> &'static str {
        match self {
            Self::Failure => "failure",
            Self::Error => "error",
            Self::Skipped => "skipped",
            Self::Warning => "warning",
            Self::FlakyFailure => "flakyFailure",
            Self::FlakyError => "flakyError",
            Self::RerunFailure => "rerunFailure",
            Self::RerunError => "rerunError",
        }
    }

    fn is_failing(self) -> bool {
        matches!(self, Self::Failure | Self::Error)
    }

    fn is_flaky(self) -> bool {
        matches!(self, Self::FlakyFailure | Self::FlakyError)
    }

    fn is_rerun(self) -> bool {
        matches!(self, Self::RerunFailure | Self::RerunError)
    }
}

/// One such element.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) verdict: Verdict,
    pub(super) type_name: String,
    pub(super) message: String,
    pub(super) body: Excerpt,
    pub(super) duration_us: Option<i64>,
}

impl Finding {
    pub(super) fn new(verdict: Verdict) -> Self {
        Self { verdict, type_name: String::new(), message: String::new(), body: Excerpt::default(), duration_us: None }
    }

    /// Returns what it says of the status: its element, of a skip also the type.
    fn word(&self) -> Cow<'static, str> {
        match (self.verdict, line(&self.type_name, 40)) {
            (Verdict::Skipped, kind) if !kind.is_empty() => Cow::Owned(format!("skipped {kind}")),
            (verdict, _) => Cow::Borrowed(verdict.element()),
        }
    }

    /// Returns the text; the type stands in for a message only where it says what ended the test.
    fn text(self, bound: usize) -> String {
        let is_telling = self.message.trim().is_empty() && error_kind(&self.type_name, "").is_some();
        let message = if is_telling { &self.type_name } else { &self.message };
        combine(&clean(message), &self.body.finish(bound), bound)
    }

    /// Returns the kind of error where the runner names one, in the type, the message or the text.
    fn error_kind(&self) -> Option<&'static str> {
        error_kind(&self.type_name, if self.message.trim().is_empty() { self.body.head() } else { &self.message })
    }
}

/// A test case.
#[derive(Debug, Default)]
pub(super) struct Case {
    pub(super) attributes: Attributes,
    pub(super) findings: Vec<Finding>,
    pub(super) out: Excerpt,
    pub(super) err: Excerpt,
}

/// One run of a test, as a case tells it.
#[derive(Debug, PartialEq)]
pub(super) struct Attempt {
    /// What the file says of the status.
    pub(super) word: Cow<'static, str>,
    pub(super) status: Status,
    pub(super) error_kind: Option<&'static str>,
    pub(super) duration_us: Option<i64>,
    pub(super) message: Option<String>,
}

impl Case {
    /// Returns whether nothing in the case gives it a status.
    pub(super) fn is_bare(&self) -> bool {
        self.findings.is_empty() && self.attributes.failure.is_none()
    }

    /// Returns whether the case itself failed an assertion.
    pub(super) fn has_failure(&self) -> bool {
        self.findings.iter().any(|finding| finding.verdict == Verdict::Failure)
    }

    /// Returns whether the case tells what followed the call that the case before it tells of.
    pub(super) fn is_teardown(&self) -> bool {
        let is_late = |finding: &Finding| {
            finding.verdict == Verdict::Error
                && (finding.message.starts_with("failed on teardown") || finding.message == "test teardown failure")
        };
        !self.findings.is_empty() && self.findings.iter().all(is_late)
    }

    /// Returns whether a failing case has no text beyond one line of message.
    pub(super) fn is_unexplained(&self) -> bool {
        self.findings.iter().all(|finding| finding.body.is_blank()) && self.out.is_blank() && self.err.is_blank()
    }

    /// Returns the runs of the test in the order in which they ran; texts are bounded by `bound` bytes.
    pub(super) fn attempts(mut self, bound: usize) -> Vec<Attempt> {
        let (status, error_kind) = self.status();
        let word = self.word();
        let is_failing = matches!(status, Status::Failed | Status::Errored);
        if self.is_bare() && !is_failing {
            let duration_us = self.attributes.duration_us;
            return vec![Attempt { word, status, error_kind, duration_us, message: None }];
        }
        let (own, retries): (Vec<_>, Vec<_>) = std::mem::take(&mut self.findings)
            .into_iter()
            .partition(|finding| !finding.verdict.is_flaky() && !finding.verdict.is_rerun());
        let (later, earlier): (Vec<_>, Vec<_>) =
            retries.into_iter().partition(|finding| is_failing && finding.verdict.is_rerun());
        let mut attempts: Vec<Attempt> = earlier.into_iter().map(|finding| retry(finding, bound)).collect();
        let duration_us = self.attributes.duration_us;
        let message = self.message(own, is_failing, bound);
        attempts.push(Attempt { word, status, error_kind, duration_us, message });
        attempts.extend(later.into_iter().map(|finding| retry(finding, bound)));
        attempts
    }

    /// Returns the status of the case's own run, without retries.
    pub(super) fn status(&self) -> (Status, Option<&'static str>) {
        let has = |verdict| self.findings.iter().any(|finding| finding.verdict == verdict);
        let is_failing = has(Verdict::Failure) || has(Verdict::Error) || self.attributes.failure.is_some();
        let skipped = self.findings.iter().find(|finding| finding.verdict == Verdict::Skipped);
        if let Some(skipped) = skipped {
            let may_fail = skipped.message.contains("tagged with !mayfail");
            if may_fail || skipped.type_name == "pytest.xfail" || (skipped.type_name == "todo" && is_failing) {
                return (Status::Xfailed, None);
            }
            if !is_failing && is_not_startable(&skipped.message) {
                return (Status::Errored, None);
            }
        }
        let mut failing = self.findings.iter().filter(|finding| finding.verdict.is_failing());
        if failing.clone().any(|finding| finding.message.starts_with("[XPASS(strict)]")) {
            return (Status::Xpassed, None);
        }
        match failing.find_map(Finding::error_kind) {
            Some(kind) => (Status::Errored, Some(kind)),
            None if has(Verdict::Error) => (Status::Errored, None),
            None if is_failing => (Status::Failed, None),
            None if skipped.is_some() => (Status::Skipped, None),
            None if has(Verdict::Warning) => (Status::Passed, None),
            None => (self.status_by_word(), None),
        }
    }

    /// Returns what the file says of the status of the case's own run.
    fn word(&self) -> Cow<'static, str> {
        let own = self.findings.iter().filter(|finding| !finding.verdict.is_flaky() && !finding.verdict.is_rerun());
        let mut words: Vec<Cow<'static, str>> = own.map(Finding::word).collect();
        words.dedup();
        if words.len() > 1 {
            return Cow::Owned(words.join(" and "));
        }
        if let Some(word) = words.pop() {
            return word;
        }
        if self.attributes.failure.is_some() {
            return Cow::Borrowed("attribute failure");
        }
        match (&self.attributes.status, &self.attributes.result) {
            (None, None) => Cow::Borrowed(NO_CHILD),
            (Some(status), None) => Cow::Owned(format!("status {}", line(status, 40))),
            (None, Some(result)) => Cow::Owned(format!("result {}", line(result, 40))),
            (Some(status), Some(result)) => {
                Cow::Owned(format!("status {}, result {}", line(status, 40), line(result, 40)))
            }
        }
    }

    /// Returns the status of a case without children that tell it.
    fn status_by_word(&self) -> Status {
        let words = [&self.attributes.result, &self.attributes.status];
        let statuses = words.into_iter().flatten().map(|word| match word.to_ascii_lowercase().as_str() {
            "disabled" | "notrun" | "skipped" | "suppressed" | "ignored" | "pending" => Status::Skipped,
            word if word.starts_with("fail") => Status::Failed,
            word if word.starts_with("error") => Status::Errored,
            _ => Status::Passed,
        });
        statuses.into_iter().find(|&status| status != Status::Passed).unwrap_or(Status::Passed)
    }

    /// Returns the text of the case's own run; a failure without a body is explained by what the test printed.
    fn message(self, own: Vec<Finding>, is_failing: bool, bound: usize) -> Option<String> {
        let has_body = own.iter().any(|finding| !finding.body.is_blank());
        let mut texts = Excerpt::default();
        let mut types = Excerpt::default();
        for finding in own {
            types.push_paragraph(&finding.type_name, bound);
            texts.push_paragraph(&finding.text(bound), bound);
        }
        let mut text = texts.finish(bound);
        if text.is_empty() {
            text = self.attributes.failure.as_deref().map(clean).unwrap_or_default().into_owned();
        }
        if is_failing && !has_body {
            for printed in [self.out, self.err] {
                text = combine(&text, &printed.finish(bound), bound);
            }
        }
        if text.is_empty() {
            text = types.finish(bound);
        }
        (!text.is_empty()).then_some(text)
    }
}

/// Returns the attempt that a retry's element tells of.
fn retry(finding: Finding, bound: usize) -> Attempt {
    let error_kind = finding.error_kind();
    let is_error = matches!(finding.verdict, Verdict::FlakyError | Verdict::RerunError) || error_kind.is_some();
    let status = if is_error { Status::Errored } else { Status::Failed };
    let (duration_us, type_name) = (finding.duration_us, bounded(&[&finding.type_name], bound));
    let word = Cow::Borrowed(finding.verdict.element());
    let text = finding.text(bound);
    let message = [text, type_name].into_iter().find(|text| !text.is_empty());
    Attempt { word, status, error_kind, duration_us, message }
}

/// Returns whether CTest could not start the test; it says `skipped` of that, but counts it as failed.
fn is_not_startable(message: &str) -> bool {
    matches!(
        message,
        "Unable to find executable"
            | "Unable to find required file"
            | "Required Files Missing"
            | "Missing Configuration"
            | "Fixture dependency failed"
            | "Insufficient resources"
            | "Resource spec not found"
            | "Invalid resource spec"
    )
}

/// Returns message and body as one text without saying anything twice.
pub(super) fn combine(message: &str, body: &str, bound: usize) -> String {
    let message = message.trim();
    let first = |text: &str| text.trim_start().lines().next().unwrap_or_default().trim().to_owned();
    // go-junit-report and CTest say no more than that.
    let is_empty_word = message.is_empty() || message.eq_ignore_ascii_case("failed");
    if body.is_empty() || (!is_empty_word && message.contains(body.trim())) {
        bounded(&[message], bound)
    } else if is_empty_word || (first(body).contains(&first(message)) && body.contains(message)) {
        bounded(&[body], bound)
    } else {
        bounded(&[message, "\n", body], bound)
    }
}

fn bounded(parts: &[&str], bound: usize) -> String {
    let mut excerpt = Excerpt::default();
    for part in parts {
        excerpt.push(part, bound);
    }
    excerpt.finish(bound)
}

#[cfg(test)]
mod tests {
    use super::combine;

    #[test]
    fn nothing_is_said_twice() {
        let table = [
            ("", "", ""),
            ("boom", "", "boom"),
            ("", "  at a.rs:3", "  at a.rs:3"),
            ("x is 1", "org.E: x is 1\n at A.java", "org.E: x is 1\n at A.java"),
            ("x is 1", "def test():\nE  x is 1", "x is 1\ndef test():\nE  x is 1"),
            ("long\nmessage", "message", "long\nmessage"),
            ("Failed", "a.go:3: no", "a.go:3: no"),
            ("Failed", "", "Failed"),
        ];
        for (message, body, expected) in table {
            assert_eq!(combine(message, body, 1000), expected);
        }
    }
}
