//! Reads the summary (`.sum`) of DejaGnu, and its log, which holds the same lines among what the tools printed.
//!
//! # Recognised by
//!
//! A first line `Test run by … on …`, or a line `=== tool tests ===` among the first lines.
//!
//! # Identity
//!
//! The suite is the script of the last line `Running …/testsuite/gdb.base/break.exp ...`, from what follows
//! `testsuite/`: `gdb.base/break.exp`. Of another absolute path only the last part counts. Before any script it is the
//! tool. If the file holds the results of several targets (`Running target unix/-m32`), the target stands before the
//! script: `unix/-m32 > gdb.base/break.exp`; with only one it does not, because that belongs to the builder.
//!
//! The name is what follows the status, without the words in brackets that only some outcomes have: `(PRMS: bug)`, and
//! gdb's `(timeout)`, `(eof)` and `(GDB internal error)`. A name that comes again in its suite is another test:
//! `compiles #2`. All lines `ERROR: …` of a script are its case `(suite)`.
//!
//! # Attempts
//!
//! Only several runs in one file, each with its heading, give several attempts; DejaGnu itself repeats nothing.
//!
//! # Status
//!
//! | what the report says | status |
//! |---|---|
//! | `PASS` | `passed` |
//! | `FAIL` | `failed` |
//! | `XFAIL`, `KFAIL` | `xfailed` |
//! | `XPASS`, `KPASS` | `xpassed` |
//! | `UNSUPPORTED`, `UNTESTED` | `skipped` |
//! | `UNRESOLVED` | `errored` |
//! | `FAIL` or `UNRESOLVED` after `WARNING: program timed out`, or with `(timeout)` | `errored`, `timed_out` |
//! | the same with `(eof)` or `(GDB internal error)` | `errored`, `crashed` |
//! | `ERROR` | `errored`, as the case `(suite)` |
//! | `got a INT signal, interrupted by user` | `errored`, as the case `(interrupted)` |
//! | `WARNING`, `NOTE`, `PATH`, `DUPLICATE` | left out; a warning becomes part of the next failure's text |
//!
//! # Measures
//!
//! None; there are no durations either.
//!
//! # Limits
//!
//! The failure text is what the log has before the line of a failure; the summary has none. Give one of the two files,
//! not both, or else each test has two attempts. The time of the heading has no zone and is not used. The numbers of
//! the summary are compared and a difference is told. A report without a summary at its end is truncated and refused.

mod reading;
#[cfg(test)]
mod tests;

use annals_data::outcomes::Outcomes;

use self::reading::Reading;
use super::text::{PREAMBLE_LINES, Source};
use super::{Error, Format, Limits, Report};

/// DejaGnu's summary or log.
pub(super) const FORMAT: Format = Format { name: "dejagnu", title: "DejaGnu", is_streamed: false, is_like, read };

fn is_like(source: &Source) -> bool {
    let Some(text) = source.preamble() else { return false };
    let first = text.trim_start().lines().next().unwrap_or_default();
    (first.starts_with("Test run by ") && first.contains(" on "))
        || text.lines().take(PREAMBLE_LINES).any(|line| reading::heading(line, "tests").is_some())
}

fn read(source: &Source, limits: &Limits) -> Result<Report<Outcomes>, Error> {
    let mut reading = Reading::new(source, limits);
    let mut position = 0;
    for line in source.text.split_inclusive('\n') {
        reading.line(position, line.trim_end())?;
        position += line.len();
    }
    reading.finish()
}
