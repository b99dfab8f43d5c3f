//! Reads the exit status of one command: a file with nothing but a number, as `echo $? > status` writes it.
//!
//! The smallest report that there is, and all that simplebb ever kept of a build: its script passed or it did not.
//!
//! # Recognised by
//!
//! The whole file is one whole number from 0 to 255, or a negative one down to -64, or simplebb's 400 or 404; white space
//! around it does not matter.
//!
//! # Identity
//!
//! The name is `(exit status)`, the suite is empty.
//!
//! # Attempts
//!
//! One. Several such files of one build are attempts of the same case: let each command that is to be known for itself
//! be a step of the build, or write a report with names, such as TAP.
//!
//! # Status
//!
//! | number | meaning | status |
//! |---|---|---|
//! | 0 | success | `passed` |
//! | 124 | `timeout` ended the command | `errored`, `timed_out` |
//! | 126, 127 | the command cannot be run, or there is none: broken, not failed | `errored` |
//! | 129 to 159 | a shell's word for signal number minus 128 | as the signal |
//! | -2 to -64 | Python's word for a signal | as the signal |
//! | -1 | simplebb had no script for the project; signal 1 for Python | `errored` |
//! | 400, 404 | simplebb had no such version, or no script: nothing was run | left out |
//! | any other | failure | `failed` |
//!
//! Signals 14 (`SIGALRM`) and 24 (`SIGXCPU`) are `errored`, `timed_out`; 1, 2 and 15 (`SIGHUP`, `SIGINT`, `SIGTERM`)
//! come from outside and are `errored`; all others are `errored`, `crashed`.
//!
//! # Measures
//!
//! None.
//!
//! # Limits
//!
//! 77 is a failure: for Automake it means skipped, but for others that something is not permitted, and a failure that
//! is hidden is worse than one too many. The numbers of Windows beyond 255 are not recognised. The lines
//! `SUCCESS project revision builder` and `FAILED 1 project revision builder` of simplebb's own log are no report of one
//! build; rules for logs can read them.

use annals_data::outcomes::Outcomes;
use annals_data::row::{Outcome, Status};

use super::cases::Cases;
use super::error_kind::{CRASHED, TIMED_OUT};
use super::text::Source;
use super::{Error, Format, Limits, Report};

/// An exit status.
pub(super) const FORMAT: Format = Format { name: "exit_code", title: "exit status", is_streamed: false, is_like, read };

/// The names of the signals that end programs, by number.
const SIGNALS: [(i64, &str); 15] = [
    (1, "SIGHUP"),
    (2, "SIGINT"),
    (3, "SIGQUIT"),
    (4, "SIGILL"),
    (5, "SIGTRAP"),
    (6, "SIGABRT"),
    (7, "SIGBUS"),
    (8, "SIGFPE"),
    (9, "SIGKILL"),
    (11, "SIGSEGV"),
    (13, "SIGPIPE"),
    (14, "SIGALRM"),
    (15, "SIGTERM"),
    (24, "SIGXCPU"),
    (31, "SIGSYS"),
];

fn is_like(source: &Source) -> bool {
    number(source).is_some()
}

fn read(source: &Source, limits: &Limits) -> Result<Report<Outcomes>, Error> {
    let mut cases = Cases::new(source, limits);
    let code = number(source).ok_or_else(|| source.error(0, "not an exit status"))?;
    if let Some((status, kind, message)) = verdict(code) {
        let mut outcome = Outcome::new("", "(exit status)", status);
        outcome.error_kind = kind.map(str::to_owned);
        outcome.message = Some(message);
        cases.push(0, &code.to_string(), outcome)?;
    } else {
        cases.ignore("commands that simplebb did not find");
        cases.warn(0, format!("exit status {code}: simplebb had nothing to run"));
    }
    cases.finish(&FORMAT)
}

/// Returns the number that is the whole file.
fn number(source: &Source) -> Option<i64> {
    let text = source.text.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_number = (1..=3).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let code = text.parse().ok().filter(|_| is_number)?;
    matches!(code, -64..=255 | 400 | 404).then_some(code)
}

/// Returns what a number says, or nothing where it says that nothing was run.
fn verdict(code: i64) -> Option<(Status, Option<&'static str>, String)> {
    let status = format!("exit status {code}");
    Some(match code {
        0 => (Status::Passed, None, String::new()),
        124 => (Status::Errored, Some(TIMED_OUT), format!("{status}: timed out")),
        126 => (Status::Errored, None, format!("{status}: the command cannot be run")),
        127 => (Status::Errored, None, format!("{status}: there is no such command")),
        -1 => (Status::Errored, None, format!("{status}: there is no such command, or signal 1 ended it")),
        129..=159 => signal(code - 128, &status),
        -64..=-2 => signal(-code, &status),
        400 | 404 => return None,
        _ => (Status::Failed, None, status),
    })
}

/// Returns what a signal says.
fn signal(number: i64, status: &str) -> (Status, Option<&'static str>, String) {
    let kind = match number {
        1 | 2 | 15 => None,
        14 | 24 => Some(TIMED_OUT),
        _ => Some(CRASHED),
    };
    let name =
        SIGNALS.iter().find(|(known, _)| *known == number).map_or(String::new(), |(_, name)| format!(" ({name})"));
    (Status::Errored, kind, format!("{status}: ended by signal {number}{name}"))
}

#[cfg(test)]
mod tests {
    use annals_data::row::Status;

    use crate::report::read;

    #[test]
    fn numbers_follow_the_table() {
        let table = [
            ("0", Status::Passed, None, None),
            ("0\r\n", Status::Passed, None, None),
            ("\u{feff} 1 \n", Status::Failed, None, Some("exit status 1")),
            ("77\n", Status::Failed, None, Some("exit status 77")),
            ("255\n", Status::Failed, None, Some("exit status 255")),
            ("128\n", Status::Failed, None, Some("exit status 128")),
            ("124\n", Status::Errored, Some("timed_out"), Some("exit status 124: timed out")),
            ("127\n", Status::Errored, None, Some("exit status 127: there is no such command")),
            ("130\n", Status::Errored, None, Some("exit status 130: ended by signal 2 (SIGINT)")),
            ("137\n", Status::Errored, Some("crashed"), Some("exit status 137: ended by signal 9 (SIGKILL)")),
            ("-11\n", Status::Errored, Some("crashed"), Some("exit status -11: ended by signal 11 (SIGSEGV)")),
            ("-64", Status::Errored, Some("crashed"), Some("exit status -64: ended by signal 64")),
            ("142\n", Status::Errored, Some("timed_out"), Some("exit status 142: ended by signal 14 (SIGALRM)")),
            ("-1\n", Status::Errored, None, Some("exit status -1: there is no such command, or signal 1 ended it")),
        ];
        for (text, status, kind, message) in table {
            let report = read("status", text.as_bytes()).unwrap();
            assert_eq!((report.format, report.cases.len()), ("exit_code", 1), "{text}");
            let case = &report.cases[0];
            assert_eq!((case.suite.as_str(), case.name.as_str()), ("", "(exit status)"));
            let told = (case.status, case.error_kind.as_deref(), case.message.as_deref());
            assert_eq!(told, (status, kind, message), "{text}");
        }
    }

    #[test]
    fn what_was_not_run_has_no_verdict() {
        for text in ["404\n", "400"] {
            let report = read("status", text.as_bytes()).unwrap();
            assert!(report.cases.is_empty());
            assert!(report.warnings[0].text.ends_with("simplebb had nothing to run"));
        }
    }

    #[test]
    fn other_numbers_are_no_exit_status() {
        for text in ["256", "-65", "+1", "1.0", "0x0", "1 2", "0000", "--1", "-", "1\n2\n", "99999999999999999999"] {
            let error = read("status", text.as_bytes()).expect_err(text);
            assert!(error.reason.contains("known formats"), "{error}");
        }
    }
}
