//! The state of reading one JUnit file: the open elements, and what has been read so far.
//!
//! What a case means is decided elsewhere; here is only which element may hold which.

mod close;
mod open;

use annals_data::row::{Outcome, Status};
use quick_xml::events::BytesStart;

use super::super::notes::Notes;
use super::super::text::{Excerpt, Source, line};
use super::super::{Error, Limits, Report, cases, xml};
use super::FORMAT;
use super::account::Account;
use super::case::{Case, Finding, Verdict};
use super::repeat::{self, Entry};

/// An open element.
enum Frame {
    Root {
        declared_count: Option<usize>,
    },
    Suite(Suite),
    Case {
        case: Box<Case>,
        position: usize,
    },
    Finding {
        finding: Finding,
        position: usize,
    },
    /// What a test or a suite printed.
    Output {
        text: Excerpt,
        is_err: bool,
    },
    Properties,
    /// Markup within text: its own text belongs to the element around it.
    Inline,
    Ignored,
}

/// An open `<testsuite>`.
#[derive(Default)]
struct Suite {
    name: String,
    /// Its number among the suite elements of the file.
    element: usize,
    declared_count: Option<usize>,
    is_go: bool,
    out: Excerpt,
    /// How many entries and how many cases there were before it.
    entries_before: usize,
    cases_before: usize,
    position: usize,
}

/// A JUnit file that is being read.
pub(super) struct Reading<'r> {
    source: &'r Source<'r>,
    limits: &'r Limits,
    /// Where the current event begins in the text.
    pub(super) position: usize,
    frames: Vec<Frame>,
    entries: Vec<Entry>,
    /// The first entry of the current document.
    document_start: usize,
    is_pytest: bool,
    suite_count: usize,
    case_count: usize,
    unnamed_count: usize,
    declared_count: usize,
    notes: Notes<'r>,
    unknown_elements: Vec<String>,
    account: Account,
    tool: Option<String>,
    started_at: Option<i64>,
}

impl<'r> Reading<'r> {
    pub(super) fn new(source: &'r Source<'r>, limits: &'r Limits) -> Self {
        Self {
            source,
            limits,
            position: 0,
            frames: Vec::new(),
            entries: Vec::new(),
            document_start: 0,
            is_pytest: false,
            suite_count: 0,
            case_count: 0,
            unnamed_count: 0,
            declared_count: 0,
            notes: Notes::new(&source.text, limits.warnings),
            unknown_elements: Vec::new(),
            account: Account::default(),
            tool: None,
            started_at: None,
        }
    }

    /// Returns the refusal of the file at the current place, naming the last case that could be read.
    pub(super) fn refuse(&self, reason: impl std::fmt::Display) -> Error {
        let last = match self.entries.last().map(|entry| &entry.outcome) {
            Some(last) if last.suite.is_empty() => {
                format!("the last complete test case is `{}`", line(&last.name, 200))
            }
            Some(last) => {
                format!("the last complete test case is `{}` of `{}`", line(&last.name, 200), line(&last.suite, 200))
            }
            None => "no test case is complete".to_owned(),
        };
        self.source.error(self.position, format!("{reason}; {last}"))
    }

    /// Opens an element.
    pub(super) fn start(&mut self, element: &BytesStart) -> Result<(), Error> {
        if self.frames.len() >= self.limits.depth {
            return Err(self.refuse(format!("elements nest deeper than {}", self.limits.depth)));
        }
        let name = element.local_name();
        let name: &str = name.as_ref();
        let frame = match (self.frames.last(), name) {
            (None, "testsuites") => self.open_root(element)?,
            (None | Some(Frame::Root { .. } | Frame::Suite(_) | Frame::Case { .. }), "testsuite") => {
                self.open_suite(element)?
            }
            (Some(Frame::Root { .. } | Frame::Suite(_) | Frame::Case { .. }), "testcase") => self.open_case(element)?,
            (None, _) => {
                let found = line(name, 40);
                return Err(self.refuse(format!("a further document in the file has the root element `{found}`")));
            }
            (Some(Frame::Case { .. } | Frame::Suite(_)), "system-out" | "system-err") => {
                self.open_output(name == "system-err")
            }
            (Some(Frame::Case { .. }), _) if let Some(verdict) = Verdict::parse(name) => {
                self.open_finding(element, verdict)?
            }
            (Some(Frame::Suite(_)), "failure" | "error") if let Some(verdict) = Verdict::parse(name) => {
                self.open_finding(element, verdict)?
            }
            (Some(Frame::Suite(_)), "properties") => Frame::Properties,
            (Some(Frame::Properties), "property") => self.note_property(element)?,
            (Some(Frame::Finding { .. }), "system-out" | "system-err") => Frame::Ignored,
            (Some(Frame::Finding { .. } | Frame::Output { .. } | Frame::Inline), _) => Frame::Inline,
            (Some(Frame::Case { .. } | Frame::Suite(_)), _) => self.open_unknown(name),
            (Some(Frame::Root { .. } | Frame::Properties | Frame::Ignored), _) => Frame::Ignored,
        };
        self.frames.push(frame);
        Ok(())
    }

    /// Closes the innermost element.
    pub(super) fn end(&mut self) -> Result<(), Error> {
        match self.frames.pop() {
            Some(Frame::Case { case, position }) => self.close_case(*case, position)?,
            Some(Frame::Finding { finding, position }) => self.close_finding(finding, position)?,
            Some(Frame::Output { text, is_err }) => self.close_output(text, is_err),
            Some(Frame::Suite(suite)) => self.close_suite(suite),
            Some(Frame::Root { declared_count: Some(count) }) if self.suite_count == 0 && self.case_count == 0 => {
                self.check_count(count, 0, 0);
            }
            _ => {}
        }
        if self.frames.is_empty() {
            self.settle();
        }
        Ok(())
    }

    /// Adds text to the innermost element that wants any.
    pub(super) fn text(&mut self, text: &str) -> Result<(), Error> {
        let bound = self.limits.message;
        for frame in self.frames.iter_mut().rev() {
            match frame {
                Frame::Inline => {}
                Frame::Finding { finding, .. } => {
                    // Indentation of the first element inside is none of the text.
                    if !(finding.body.is_blank() && text.trim().is_empty()) {
                        finding.body.push(text, bound);
                    }
                    return Ok(());
                }
                Frame::Output { text: output, .. } => {
                    output.push(text, bound);
                    return Ok(());
                }
                _ => return Ok(()),
            }
        }
        let stray = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        if stray.is_empty() {
            return Ok(());
        }
        self.position += text.len() - stray.len();
        Err(self.refuse(format!("`{}` stands outside of any element", line(stray, 40))))
    }

    /// Adds the character that a reference stands for, or the reference as it is written.
    pub(super) fn reference(&mut self, reference: &str) -> Result<(), Error> {
        match xml::resolve(reference) {
            Some(c) => self.text(c.encode_utf8(&mut [0; 4])),
            None => self.text(&format!("&{reference};")),
        }
    }

    /// Settles what needs the whole document, at its end.
    fn settle(&mut self) {
        let entries = &mut self.entries[self.document_start..];
        let joined = repeat::settle_repeats(entries, self.is_pytest, self.limits.message);
        (0..joined)
            .for_each(|_| self.account.ignore("second cases of one run: a tear-down, a file that does not load"));
        if self.is_pytest {
            self.tool.get_or_insert_with(|| "pytest".to_owned());
            // pytest counts lines from zero.
            entries.iter_mut().for_each(|entry| entry.outcome.line = entry.outcome.line.map(|line| line + 1));
        }
        self.document_start = self.entries.len();
        self.is_pytest = false;
    }

    /// Returns the report.
    pub(super) fn finish(mut self) -> Result<Report, Error> {
        if !self.frames.is_empty() {
            let open = self.frames.len();
            return Err(self.refuse(format!("the report is truncated: it ends with {open} open elements")));
        }
        let is_failing = |status| !matches!(status, Status::Passed | Status::Skipped | Status::Xfailed);
        self.entries.iter().filter(|entry| !entry.is_dropped).for_each(|entry| self.account.count(entry));
        let mut cases: Vec<Outcome> =
            self.entries.into_iter().filter(|entry| !entry.is_dropped).map(|entry| entry.outcome).collect();
        cases::number(&mut cases);
        let is_failures_only = !cases.is_empty()
            && self.declared_count > self.case_count
            && cases.iter().all(|outcome| is_failing(outcome.status));
        let (words, ignored) = self.account.finish();
        let (tool, started_at, warnings) = (self.tool, self.started_at, self.notes.finish());
        Ok(Report { cases, is_failures_only, warnings, words, ignored, tool, started_at, ..Report::new(FORMAT.name) })
    }

    fn innermost(&mut self) -> Option<&mut Suite> {
        self.frames.iter_mut().rev().find_map(|frame| match frame {
            Frame::Suite(suite) => Some(suite),
            _ => None,
        })
    }
}
