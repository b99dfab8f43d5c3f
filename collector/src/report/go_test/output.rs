//! What a test binary prints: its own lines, which say no more than the events, and those that tell how it ended.

use annals_data::row::Status;

use super::super::error_kind::{CRASHED, TIMED_OUT};

/// Returns whether a line is of the test binary itself and says nothing that an event does not say.
pub(super) fn is_frame(text: &str) -> bool {
    let line = text.trim_start();
    if matches!(line.trim_end(), "PASS" | "FAIL" | "testing: warning: no tests to run") {
        return true;
    }
    let is_summary = || line.starts_with("FAIL\t") && line.trim_end().ends_with(['s', ')']);
    let begins = |starts: &[&str]| starts.iter().any(|start| line.starts_with(start));
    begins(&["=== RUN ", "=== PAUSE ", "=== CONT ", "=== NAME ", "=== ATTR "])
        || begins(&["--- PASS: ", "--- FAIL: ", "--- SKIP: ", "--- BENCH: "])
        || is_summary()
}

/// Returns whether a line begins what the runtime prints before it ends the process.
pub(super) fn is_fatal(text: &str) -> bool {
    ["panic: ", "fatal error: ", "SIGQUIT: ", "signal: "].iter().any(|start| text.starts_with(start))
}

/// Returns how the process ended, if the text of a failed test tells it: the runtime lists its goroutines.
pub(super) fn kind_of(text: &str) -> Option<&'static str> {
    if text.lines().any(|line| line.starts_with("panic: test timed out after ")) {
        return Some(TIMED_OUT);
    }
    let has_goroutines = || text.lines().any(|line| line.starts_with("goroutine "));
    (text.lines().any(is_fatal) && has_goroutines()).then_some(CRASHED)
}

/// Returns the result that stands behind what a test printed without a newline; Go before 1.20 lost such ends.
pub(super) fn hidden_end(text: &str, name: &str) -> Option<Status> {
    let (_, result) = text.split_once("--- ")?;
    let (word, rest) = result.split_once(": ")?;
    if !rest.strip_prefix(name).is_some_and(|rest| rest.starts_with(" (")) {
        return None;
    }
    match word {
        "PASS" => Some(Status::Passed),
        "FAIL" => Some(Status::Failed),
        "SKIP" => Some(Status::Skipped),
        _ => None,
    }
}
