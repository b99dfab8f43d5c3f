//! The state of reading one JUnit file: the open elements, and what has been read so far.
//!
//! What a case means is decided elsewhere; here is only which element may hold which.

mod close;
mod open;

use annals_data::outcomes::Outcomes;
use quick_xml::events::BytesStart;

use super::super::notes::Notes;
use super::super::text::{Excerpt, Source, line, newlines};
use super::super::{Error, Limits, Report, xml};
use super::FORMAT;
use super::case::{Case, Finding, Verdict};
use super::repeat::{Failing, Kept};

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
    /// How many outcomes and how many cases there were before it.
    outcomes_before: usize,
    cases_before: usize,
    /// What failed in it, for the rule of Go; too much of it is a case for no rule.
    failing: Vec<Failing>,
    position: usize,
}

/// A JUnit file that is being read.
pub(super) struct Reading<'r> {
    source: &'r Source<'r>,
    limits: &'r Limits,
    /// The line where the current piece begins.
    pub(super) position: usize,
    frames: Vec<Frame>,
    kept: Kept,
    /// The last outcome has no text beyond a line.
    is_unexplained: bool,
    is_pytest: bool,
    suite_count: usize,
    case_count: usize,
    unnamed_count: usize,
    declared_count: usize,
    notes: Notes<'r>,
    unknown_elements: Vec<String>,
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
            kept: Kept::default(),
            is_unexplained: false,
            is_pytest: false,
            suite_count: 0,
            case_count: 0,
            unnamed_count: 0,
            declared_count: 0,
            notes: Notes::new(source, limits.warnings),
            unknown_elements: Vec::new(),
            tool: None,
            started_at: None,
        }
    }

    /// Returns the refusal of the file at the current place, naming the last case that could be read.
    pub(super) fn refuse(&self, reason: impl std::fmt::Display) -> Error {
        let last = match self.kept.last() {
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
        // Places are lines.
        self.position += newlines(&text.as_bytes()[..text.len() - stray.len()]) as usize;
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
        let joined = self.kept.end_document(self.is_pytest);
        let halves = "second cases of one run: a tear-down, a file that does not load";
        (0..joined).for_each(|_| self.kept.account.ignore(halves));
        if self.is_pytest {
            self.tool.get_or_insert_with(|| "pytest".to_owned());
        }
        self.is_pytest = false;
    }

    /// Returns the report.
    pub(super) fn finish(self) -> Result<Report<Outcomes>, Error> {
        if !self.frames.is_empty() {
            let open = self.frames.len();
            return Err(self.refuse(format!("the report is truncated: it ends with {open} open elements")));
        }
        let finished = self.kept.finish(self.limits.message);
        let (cases, account) = finished.map_err(|error| self.source.error(self.position, error.to_string()))?;
        let is_failures_only = !cases.is_empty() && self.declared_count > self.case_count && account.is_failing_only();
        let (words, ignored) = account.finish();
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
