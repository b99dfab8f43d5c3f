//! Opening elements: which attributes mean something.

use quick_xml::events::BytesStart;

use super::super::super::text::{Excerpt, line, name};
use super::super::super::{Error, clock, duration, xml};
use super::super::case::{Attributes, Case, Finding, Verdict};
use super::super::tool;
use super::{Frame, Reading, Suite};

impl Reading<'_> {
    pub(super) fn open_root(&mut self, element: &BytesStart) -> Result<Frame, Error> {
        let mut declared_count = None;
        let (mut is_pytest, mut tool, mut started_at) = (false, None, None);
        self.attributes(element, |name, value| {
            tool = tool.or(tool::of_suite(name, value));
            match name {
                "tests" => declared_count = value.trim().parse().ok(),
                "name" => is_pytest = value == "pytest tests",
                "timestamp" => started_at = clock::microseconds(value),
                _ => {}
            }
        })?;
        self.is_pytest |= is_pytest;
        self.note_origin(tool, started_at);
        Ok(Frame::Root { declared_count })
    }

    pub(super) fn open_suite(&mut self, element: &BytesStart) -> Result<Frame, Error> {
        let mut suite = Suite {
            element: self.suite_count,
            outcomes_before: self.kept.len(),
            cases_before: self.case_count,
            position: self.position,
            ..Suite::default()
        };
        let bound = self.limits.name;
        let (mut tool, mut started_at) = (None, None);
        self.attributes(element, |attribute, value| {
            tool = tool.or(tool::of_suite(attribute, value));
            match attribute {
                "tests" => suite.declared_count = value.trim().parse().ok(),
                "name" => suite.name = name(value, bound),
                "timestamp" => started_at = clock::microseconds(value),
                _ => {}
            }
        })?;
        self.note_origin(tool, started_at);
        self.suite_count += 1;
        self.is_pytest |= suite.name == "pytest";
        Ok(Frame::Suite(suite))
    }

    /// Keeps the first tool that the file shows, and the earliest time.
    fn note_origin(&mut self, tool: Option<&'static str>, started_at: Option<i64>) {
        if self.tool.is_none() {
            self.tool = tool.map(str::to_owned);
        }
        self.started_at = [self.started_at, started_at].into_iter().flatten().min();
    }

    pub(super) fn open_case(&mut self, element: &BytesStart) -> Result<Frame, Error> {
        self.case_count += 1;
        let bound = self.limits.name;
        let mut case = Attributes::default();
        let (mut time, mut duration) = (None, None);
        self.attributes(element, |attribute, value| {
            let field = match attribute {
                "name" => &mut case.name,
                "classname" => &mut case.classname,
                "class" => &mut case.class,
                "file" => &mut case.file,
                "status" => &mut case.status,
                "result" => &mut case.result,
                "failure" => return case.failure = Some(clip(value)),
                "line" => return case.line = value.trim().parse().ok(),
                "time" => return time = Some(length(value)),
                "duration" => return duration = Some(length(value)),
                _ => return,
            };
            if field.is_none() {
                *field = Some(name(value, bound));
            }
        })?;
        case.duration_us = self.duration(time.or(duration));
        let case = Box::new(Case { attributes: case, ..Case::default() });
        Ok(Frame::Case { case, position: self.position })
    }

    pub(super) fn open_finding(&mut self, element: &BytesStart, verdict: Verdict) -> Result<Frame, Error> {
        let mut finding = Finding::new(verdict);
        let mut time = None;
        self.attributes(element, |name, value| match name {
            "type" => finding.type_name = clip(value),
            "message" => finding.message = clip(value),
            "time" => time = Some(length(value)),
            _ => {}
        })?;
        finding.duration_us = self.duration(time);
        self.is_pytest |= finding.type_name == "pytest.skip" || finding.type_name == "pytest.xfail";
        Ok(Frame::Finding { finding, position: self.position })
    }

    /// Goes on with what the same element printed before; pytest writes one element per phase.
    pub(super) fn open_output(&mut self, is_err: bool) -> Frame {
        let text = match self.frames.last_mut() {
            Some(Frame::Case { case, .. }) if is_err => std::mem::take(&mut case.err),
            Some(Frame::Case { case, .. }) => std::mem::take(&mut case.out),
            Some(Frame::Suite(suite)) if !is_err => std::mem::take(&mut suite.out),
            _ => Excerpt::default(),
        };
        Frame::Output { text, is_err }
    }

    /// Marks the suite where a property says what wrote it.
    pub(super) fn note_property(&mut self, element: &BytesStart) -> Result<Frame, Error> {
        let (mut is_go, mut value) = (false, String::new());
        self.attributes(element, |name, text| match name {
            "name" => is_go = text == "go.version",
            "value" => value = line(text, 40),
            _ => {}
        })?;
        if is_go && let Some(suite) = self.innermost() {
            suite.is_go = true;
            self.tool.get_or_insert_with(|| tool::of_go(&value));
        }
        Ok(Frame::Ignored)
    }

    pub(super) fn open_unknown(&mut self, element: &str) -> Frame {
        let is_known = matches!(element, "properties" | "system-out" | "system-err" | "attachments");
        if !is_known {
            self.kept.account.ignore(&format!("elements `{}`", line(element, 40)));
        }
        if !is_known && self.unknown_elements.len() < 20 && !self.unknown_elements.iter().any(|seen| seen == element) {
            self.unknown_elements.push(element.to_owned());
            self.notes.push(self.position, format!("the element `{}` is not known and ignored", line(element, 40)));
        }
        Frame::Ignored
    }

    fn attributes(&self, element: &BytesStart, mut visit: impl FnMut(&str, &str)) -> Result<(), Error> {
        xml::attributes(element, |name, value| visit(name, &value)).map_err(|reason| self.refuse(reason))
    }

    /// Returns a length of time, and tells where an attribute is none.
    fn duration(&mut self, length: Option<Length>) -> Option<i64> {
        match length? {
            Ok(duration) => duration,
            Err(text) => {
                self.notes.push(self.position, format!("`{text}` is no length of time"));
                None
            }
        }
    }
}

/// Microseconds, or the text that is no time; an empty text is neither.
type Length = Result<Option<i64>, String>;

fn length(text: &str) -> Length {
    match duration::microseconds(text) {
        None if !text.trim().is_empty() => Err(line(text, 40)),
        duration => Ok(duration),
    }
}

/// Returns an attribute's text, cut where nothing could show it whole.
fn clip(value: &str) -> String {
    value[..value.floor_char_boundary(1 << 20)].to_owned()
}
