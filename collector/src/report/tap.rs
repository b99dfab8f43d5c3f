//! Reads TAP, the Test Anything Protocol: version 12 as Perl writes it, 13, 14, and KTAP of the Linux kernel.
//!
//! # Recognised by
//!
//! A line `TAP version 13` (any number, also `KTAP version 1`) among the first lines, or else the first line that is
//! neither blank nor a comment: a plan (`1..6`), a numbered test point (`ok 1`, `not ok 1 - name`) or `Bail out!`.
//!
//! # Identity
//!
//! The name is the description, without its number, its ` - `, its directive and its duration; `\#` and `\\` lose their
//! backslash. The suite is the names of the subtests around it, outermost first, joined by ` > `; at the top it is
//! empty. More is known of some writers:
//!
//! * pytest-tap's `tests/test_a.py::TestC.test_b` is the test `TestC.test_b` of the suite `tests/test_a.py`.
//! * tape writes assertions, not tests, and before them a comment with the test's name: that is the suite.
//! * The outermost subtests of vitest and node are files. Of an absolute path only the last part counts.
//!
//! A point without a description is `(unnamed 5)` after its number. TAP knows no retries, so a name that comes again
//! within one document and suite is another test: `works #2`.
//!
//! # Attempts
//!
//! Several documents in one file (each with its version line, or each with its complete plan) are runs after each
//! other: a test that is in more than one of them has as many attempts. Retries of mocha, vitest and bats do not show.
//!
//! # Status
//!
//! | what the report says | status |
//! |---|---|
//! | `ok` | `passed` |
//! | `not ok` | `failed` |
//! | `ok # SKIP why`, `not ok # SKIP why`, `# TODO & SKIP why` (Perl's `todo_skip`) | `skipped` |
//! | `not ok # TODO why`; `ok # XFAIL` (KTAP) | `xfailed` |
//! | `not ok` within a subtest that is `not ok # TODO` | `xfailed` |
//! | `ok # TODO why` | `xpassed` |
//! | `ok # TODO` in a report that gives times: JavaScript's runners say so of a test that has no body yet | `skipped` |
//! | `not ok # unexpected success: [XPASS(strict)]` (pytest-tap) | `xpassed` |
//! | `not ok # timeout after 1s`, `failed due to timeout` (bats); `testTimeoutFailure` (node); `# TIMEOUT` (KTAP) | `errored`, `timed_out` |
//! | `not ok` with `signal: 'SIGSEGV'` or another signal (node) | `errored`, `crashed` |
//! | `not ok` with a message that its runner writes of a timeout or a crash | `errored` with that kind |
//! | `not ok` with node's `hookFailed`, `cancelledByParent`, `testAborted`, `parentAlreadyFinished`, `uncaughtException`, `unhandledRejection`; mocha's `"before all" hook` and its like; `# ERROR` (KTAP) | `errored` |
//! | `Bail out! why` | `errored`, as the case `(bail out)` |
//! | a plan that is missing, or that differs from what is listed in number or in numbers, in a report that did not bail out | `errored`, as the case `(plan)` |
//! | `1..0 # SKIP why` for the whole document | `skipped`, as the case `(suite)` |
//!
//! A subtest is told by its tests. Only if it is `not ok` while none of them failed, it is itself a case, `(suite)`; a
//! test that was cancelled with its parent does not count as a reason. A subtest that is `ok` although a test in it
//! failed is told as a warning.
//!
//! # Measures
//!
//! None. Durations are read from `# time=12ms`, from `duration_ms` in a YAML block, and from bats' ` in 12ms`, the
//! latter only if each point at the top has it.
//!
//! # Limits
//!
//! The failure text is the YAML block, or the indented lines or comments after a point that is `not ok`. A report that
//! ends within a YAML block or a `{` is truncated and refused; one that ends between two lines is read, and its plan
//! tells that tests are missing, though not which. Tests that have no description are known by their number, so a new
//! one in between shifts them. `# TODO` counts only after the first `#` that no
//! backslash escapes, `# SKIP` after any of them, because bats escapes none. vitest's `test.fails` and failures of pytest's teardown look like a pass. In a report
//! with a `# fail 2` at its end (node, mocha, tape) the number is compared and a difference is told.

mod found;
mod identity;
mod line;
mod outcome;
mod point;
mod reading;
#[cfg(test)]
mod tests;
mod tree;
mod yaml;

use annals_data::outcomes::Outcomes;

use self::line::{Line, classify};
use self::reading::Reading;
use super::text::{PREAMBLE_LINES, Source};
use super::{Error, Format, Limits, Report};

/// TAP.
pub(super) const FORMAT: Format = Format { name: "tap", title: "TAP", is_streamed: false, is_like, read };

fn is_like(source: &Source) -> bool {
    let Some(text) = source.preamble() else { return false };
    let mut lines = text.lines().take(PREAMBLE_LINES).map(|line| classify(line).1).peekable();
    while lines.next_if(|line| matches!(line, Line::Blank | Line::Comment(_) | Line::Pragma)).is_some() {}
    match lines.peek() {
        Some(Line::Plan { .. } | Line::BailOut(_)) => true,
        Some(Line::Point(point)) if point.number.is_some() => true,
        _ => lines.any(|line| matches!(line, Line::Version { .. })),
    }
}

fn read(source: &Source, limits: &Limits) -> Result<Report<Outcomes>, Error> {
    let mut reading = Reading::new(source, limits);
    let mut position = 0;
    for line in source.text.split_inclusive('\n') {
        reading.line(position, line.trim_end_matches(['\n', '\r']))?;
        position += line.len();
    }
    reading.finish()
}
