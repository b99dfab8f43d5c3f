//! The words that histories use for outcomes and results, and what they stand for.
//!
//! A word that is not here is an error, never a guess: a statement translates it by `CASE`.

use annals_data::row::{BuildResult, Status};

/// Words of outcomes: what it did, its error kind, and the words for it; case and surrounding blanks do not matter.
pub const OUTCOME_WORDS: &[(Status, Option<&str>, &[&str])] = &[
    (Status::Passed, None, &["passed", "pass", "p", "ok", "o", "success", "succeeded"]),
    (Status::Failed, None, &["failed", "fail", "f", "failure", "not ok"]),
    (Status::Errored, None, &["errored", "error", "e", "broken"]),
    (Status::Errored, Some("crashed"), &["crashed", "crash", "panicked", "panic", "aborted", "abort"]),
    (Status::Errored, Some("timed_out"), &["timed_out", "timed out", "timeout", "t"]),
    (Status::Skipped, None, &["skipped", "skip", "s", "ignored", "ignore", "i", "disabled", "not run"]),
    (Status::Xfailed, None, &["xfailed", "xfail", "expected failure"]),
    (Status::Xpassed, None, &["xpassed", "xpass", "unexpected success"]),
];

/// Words of build results and the words for each.
pub const RESULT_WORDS: &[(BuildResult, &[&str])] = &[
    (BuildResult::Success, &["success", "succeeded", "passed", "pass", "ok"]),
    (BuildResult::Warnings, &["warnings", "warning", "unstable"]),
    (BuildResult::Failure, &["failure", "failed", "fail"]),
    (BuildResult::Exception, &["exception", "error", "errored"]),
    (BuildResult::Retry, &["retry"]),
    (BuildResult::Cancelled, &["cancelled", "canceled", "aborted"]),
    (BuildResult::Skipped, &["skipped", "not_built"]),
];

/// Returns what a word of an outcome stands for.
pub(super) fn outcome(word: &str) -> Option<(Status, Option<&'static str>)> {
    let word = word.trim();
    let is_it = |words: &[&str]| words.iter().any(|known| known.eq_ignore_ascii_case(word));
    OUTCOME_WORDS.iter().find(|(_, _, words)| is_it(words)).map(|(status, kind, _)| (*status, *kind))
}

/// Returns what a word of a build's result stands for.
pub(super) fn result(word: &str) -> Option<BuildResult> {
    let word = word.trim();
    let is_it = |words: &[&str]| words.iter().any(|known| known.eq_ignore_ascii_case(word));
    RESULT_WORDS.iter().find(|(_, words)| is_it(words)).map(|(result, _)| *result)
}
