//! Reads JUnit XML in the dialects of the tools that write it. No schema binds them, so these rules do.
//!
//! # Recognised by
//!
//! The root element `testsuites` or `testsuite`.
//!
//! # Structure
//!
//! The root is `<testsuites>` or `<testsuite>`; suites nest; test cases stand in suites or directly under
//! `<testsuites>` (node:test). One file may hold several documents after each other (libtest). Counters in attributes
//! are never believed: where they differ from what is listed, a warning says so. A damaged or truncated document is
//! refused. Entities are not expanded. Repaired with a warning: undeclared encodings, attributes that are no time.
//!
//! # Identity
//!
//! The name is `name`. The suite is, in this order:
//!
//! 1. `classname`, else PHPUnit's `class`: Surefire, Gradle, pytest, gtest, nextest, vitest, libtest, Catch2, Robot.
//!    If the innermost suite's name only qualifies it further (`example.org/a/util` for `util`), that name is taken
//!    (go-junit-report). It does not count where it says nothing: equal to the name (jest-junit, CTest) or the end of
//!    it (mocha-junit-reporter), or node:test's constant `test`.
//! 2. The names of the enclosing `<testsuite>`s, outermost first, joined by ` > `; the empty, jest's `undefined`, and
//!    repetitions are left out. CTest names its only suite by the machine, so it counts as none.
//! 3. `file`.
//! 4. Nothing: the suite is empty.
//!
//! Of an absolute path only the last part counts, for builds run in folders of any name. A case without a name is
//! `(unnamed 1)` and so on.
//!
//! # Suites as a whole
//!
//! What breaks or skips a whole suite is its case `(suite)`, which is no test: it is told only where something went
//! wrong. Its suite is that of the tests that did not come to run. It is one of these, and a case of the same name that
//! passed is a test:
//!
//! | what the file says | its suite |
//! |---|---|
//! | `<failure>` or `<error>` directly in a `<testsuite>` | the names of the suites around it |
//! | pytest's `collection failure`, `collection skipped` | the class and the name with a dot between them: `tests.test_cart` |
//! | a case without a name, but with a class (Surefire); one that Surefire names like its class and its suite | the class |
//! | `initializationError` (JUnit), `executionError`, `classMethod` (Gradle) of a class | the class |
//! | `[build failed]`, `[setup failed]`, and, where it can only be go-junit-report's, `Failure` | the package |
//! | in a Go suite, `TestMain` of no package (gotestsum) | the package |
//! | a case without name and class of GoogleTest | the names of the suites around it |
//! | a case of jest-junit's class `Test suite failed to run` | the name, which is the file |
//! | jest-junit's `Test execution failure: …` | as for a test |
//! | a hook that mocha names: `"before all" hook for "adds"`; it keeps its name | as for a test |
//!
//! # Attempts
//!
//! Cases with equal suite and name are attempts of one test, numbered in order. Surefire's and nextest's `flaky…`
//! elements are attempts before the case's own; their `rerun…` elements are attempts after it. Two exceptions:
//! pytest writes a failed call and a failed teardown as two cases, and jest-junit a file that does not load: one attempt
//! with both texts. Of pytest's cases with one suite and name within one suite element, all but the last are failed runs
//! that pytest-rerunfailures repeated, although they look passed. In a Go suite a parent that fails along with one of
//! its subtests is left out with a warning: it is no second failure.
//!
//! # Status
//!
//! | what the case says | status |
//! |---|---|
//! | `<skipped type="todo">` or Catch2's `!mayfail`, with a failure or without text of one | `xfailed` |
//! | `<failure message="[XPASS(strict)]…">` | `xpassed` |
//! | a failure or error that its runner calls a timeout or a crash | `errored` with that kind |
//! | `<error>`, alone or beside failures | `errored` |
//! | `<failure>`, also beside `<skipped>`; node's attribute `failure` | `failed` |
//! | `<skipped type="pytest.xfail">` | `xfailed` |
//! | `<skipped>` with CTest's reasons for a test that could not be started | `errored` |
//! | `<skipped>`, `<ignored>`, `<disabled>` | `skipped` |
//! | no such child: `status` or `result` of `disabled`, `notrun`, `skipped`, `suppressed`, `ignored`, `pending` | `skipped` |
//! | no such child: `status` or `result` of `fail…`; of `error…` | `failed`; `errored` |
//! | anything else, also PHPUnit's `<warning>` | `passed` |
//!
//! # Limits
//!
//! jest's `test.todo` and vitest's `test.fails` cannot be told from a pass, nor can retries that a tool hides.
//! Which tool wrote the file is seen by words that no other tool writes (pytest, jest, Vitest, Mocha, nextest, libtest,
//! GoogleTest, Catch2, CTest, PHPUnit, Surefire, Go) and is not known for the rest. The tests began at the earliest
//! `timestamp` of a suite; without a zone it is taken as UTC.

mod account;
mod case;
mod identity;
mod reading;
mod repeat;
#[cfg(test)]
mod tests;
mod tool;
mod whole;

use annals_data::outcomes::Outcomes;
use quick_xml::events::BytesStart;

use self::reading::Reading;
use super::text::Source;
use super::xml::scan::{Scanner, Token};
use super::{Error, Format, Limits, Report};

/// JUnit XML.
pub(super) const FORMAT: Format = Format { name: "junit", title: "JUnit XML", is_streamed: true, is_like, read };

fn is_like(source: &Source) -> bool {
    matches!(source.root(), Some("testsuites" | "testsuite"))
}

fn read(source: &Source, limits: &Limits) -> Result<Report<Outcomes>, Error> {
    let mut scanner = Scanner::new(source, limits);
    let mut reading = Reading::new(source, limits);
    loop {
        // Elements and errors are named by the line where they begin.
        let (position, token) = scanner.next().map_err(|flaw| {
            reading.position = flaw.line;
            reading.refuse(flaw.reason)
        })?;
        reading.position = position;
        match token {
            Token::Open { content, name, is_empty } => {
                reading.start(&BytesStart::from_content(content, name))?;
                if is_empty {
                    reading.end()?;
                }
            }
            Token::Close => reading.end()?,
            Token::Text(text) => reading.text(text)?,
            Token::Reference(reference) => reading.reference(reference)?,
            Token::End => return reading.finish(),
        }
    }
}
