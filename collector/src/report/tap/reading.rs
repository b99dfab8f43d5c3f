//! Follows the lines of a report: which point stands in which subtest, and which text belongs to which point.

mod text;

use annals_data::outcomes::Outcomes;

use super::super::cases::Cases;
use super::super::text::{Excerpt, Source, line};
use super::super::{Error, Limits, Report};
use super::found::{Event, EventKind, Found, Point, named};
use super::line::{Line, PointLine, classify};
use super::outcome::tell;
use super::point::describe;
use super::tree::{INDENT, Tree};
use super::yaml;

/// A YAML block that is open.
struct Block {
    indent: usize,
    position: usize,
    /// Where its first line begins.
    begin: usize,
}

/// The report that is being read.
pub(super) struct Reading<'r> {
    source: &'r Source<'r>,
    limits: &'r Limits,
    cases: Cases<'r>,
    tree: Tree,
    points: Vec<Point>,
    events: Vec<Event>,
    /// Whether the line before belongs to the last point, so that text after it does.
    is_near: bool,
    block: Option<Block>,
    is_kernel: bool,
    /// The report is tape's, which names its tests in comments.
    is_tape: bool,
    /// The test of tape that the points belong to.
    group: Option<usize>,
    /// The indentation and the name of a subtest that a comment announces.
    announced: Option<(usize, String)>,
    /// Where the report counts its failures, and their number.
    declared: Option<(usize, u64)>,
    has_bailed_out: bool,
}

impl<'r> Reading<'r> {
    pub(super) fn new(source: &'r Source<'r>, limits: &'r Limits) -> Self {
        Self {
            source,
            limits,
            cases: Cases::new(source, limits),
            tree: Tree::new(),
            points: Vec::new(),
            events: Vec::new(),
            is_near: false,
            block: None,
            is_kernel: false,
            // tape alone pads the numbers at its end to one width.
            is_tape: source.text.contains("\n# tests ") && source.text.contains("\n# pass  "),
            group: None,
            announced: None,
            declared: None,
            has_bailed_out: false,
        }
    }

    /// Takes the next line.
    pub(super) fn line(&mut self, position: usize, text: &str) -> Result<(), Error> {
        let (indent, line) = classify(text);
        if self.block.is_some() && !self.ends_block(position, indent, text) {
            return Ok(());
        }
        let is_level = indent.is_multiple_of(if self.is_kernel { INDENT / 2 } else { INDENT });
        match line {
            Line::Blank | Line::Pragma => {}
            Line::YamlStart if self.is_near && indent > self.tree.top().indent => {
                self.block = Some(Block { indent, position, begin: position + text.len() });
            }
            Line::Comment(comment) => self.comment(position, indent, comment),
            Line::Version { is_kernel } if is_level => self.version(position, indent, is_kernel),
            Line::Plan { count, reason } if is_level => self.plan(position, indent, count, reason)?,
            Line::Point(point) if is_level && self.is_credible(indent, &point) => {
                self.point(position, indent, &point)?
            }
            Line::BailOut(reason) if is_level => self.bail_out(position, reason),
            Line::Open if self.is_near && indent == self.tree.top().indent => self.open(position)?,
            Line::Close if self.tree.close(indent) => self.is_near = false,
            _ => self.other(indent, text),
        }
        Ok(())
    }

    /// Ends the report.
    pub(super) fn finish(mut self) -> Result<Report<Outcomes>, Error> {
        let end = self.source.text.len();
        if let Some(block) = &self.block {
            return Err(self.refuse(block.position, "the report is truncated: the YAML block never ends"));
        }
        if let Some(node) = self.tree.open() {
            let name = line(node.name.as_deref().unwrap_or_default(), 200);
            return Err(self.refuse(end, &format!("the report is truncated: the subtest `{name}` never ends")));
        }
        self.end_document(end);
        let found = Found { points: self.points, events: self.events, nodes: self.tree.nodes, declared: self.declared };
        tell(found, self.cases, self.limits)
    }

    fn refuse(&self, position: usize, reason: &str) -> Error {
        match self.points.last() {
            Some(last) => {
                let name = line(&named(&last.description.name, last.number), 200);
                self.source.error(position, format!("{reason}; the last complete test is `{name}`"))
            }
            None => self.cases.refuse(position, reason),
        }
    }

    /// Returns whether an indented point is one; a program may well print `ok` somewhere.
    fn is_credible(&self, indent: usize, point: &PointLine) -> bool {
        point.number.is_some() || self.tree.has(indent)
    }

    /// Turns to an indentation.
    fn turn_to(&mut self, position: usize, indent: usize) -> Result<(), Error> {
        for (position, text) in self.tree.turn_to(indent, self.is_kernel, self.limits.depth) {
            self.cases.warn(position, text);
        }
        if self.tree.depth() > self.limits.depth {
            return Err(self.refuse(position, &format!("subtests are nested deeper than {}", self.limits.depth)));
        }
        Ok(())
    }

    fn version(&mut self, position: usize, indent: usize, is_kernel: bool) {
        self.is_near = false;
        if indent == 0 {
            if self.tree.is_used() {
                self.next_document(position);
            }
            self.is_kernel = is_kernel;
        }
    }

    fn plan(&mut self, position: usize, indent: usize, count: u64, reason: &str) -> Result<(), Error> {
        self.turn_to(position, indent)?;
        self.is_near = false;
        if indent == 0 && self.tree.is_complete() {
            self.next_document(position);
        }
        let node = self.tree.top().node;
        let listed = self.tree.nodes[node].count;
        let level = self.tree.top_mut();
        if level.plan.is_some() {
            self.cases.warn(position, "a second plan is ignored".to_owned());
            return Ok(());
        }
        level.plan = Some((position, count));
        level.is_ended = listed > 0;
        if count == 0 && listed == 0 {
            let text = describe(&format!("# {reason}"), false);
            let text = if text.directive.is_some() { text.reason } else { reason.to_owned() };
            if indent == 0 {
                self.events.push(Event { position, kind: EventKind::Skip, node, text });
            } else if !reason.is_empty() {
                self.tree.nodes[node].skip = Some(text);
            }
        }
        Ok(())
    }

    fn point(&mut self, position: usize, indent: usize, point: &PointLine) -> Result<(), Error> {
        self.turn_to(position, indent)?;
        if indent == 0 && point.number == Some(1) && self.tree.is_ended() {
            self.next_document(position);
        }
        if self.points.len() >= self.limits.cases {
            return Err(self.refuse(position, &format!("the report holds more than {} outcomes", self.limits.cases)));
        }
        let opening = point.rest.strip_suffix('{').filter(|rest| rest.is_empty() || rest.ends_with(' '));
        let opening = opening.filter(|_| self.is_followed_by_more(position, indent));
        let mut description = describe(opening.unwrap_or(point.rest).trim_end(), self.is_kernel);
        let node = self.tree.top().node;
        self.tree.nodes[node].count += 1;
        let number = point.number.unwrap_or(self.tree.nodes[node].count);
        self.tree.nodes[node].highest = number.max(self.tree.nodes[node].highest);
        let child = self.tree.top_mut().pending.take();
        let announced = self.announced.take_if(|(depth, _)| *depth >= indent).filter(|(depth, _)| *depth == indent);
        if let Some(child) = child {
            // Perl writes no description for a subtest that is skipped.
            if let Some((_, name)) = announced.filter(|_| description.name.is_empty()) {
                description.name = name;
            }
            self.tree.nodes[child].name = Some(named(&description.name, number));
        }
        self.points.push(Point {
            position,
            node: self.group.filter(|_| indent == 0).unwrap_or(node),
            is_ok: point.is_ok,
            number,
            description,
            child,
            yaml: yaml::Diagnostics::default(),
            diagnostics: Excerpt::default(),
        });
        self.is_near = true;
        if opening.is_some() { self.open(position) } else { Ok(()) }
    }

    /// Returns whether the line after a point is deeper, or closes what the point opens.
    fn is_followed_by_more(&self, position: usize, indent: usize) -> bool {
        let next = self.source.text[position..].split('\n').nth(1).map(classify);
        next.is_some_and(|(depth, line)| depth > indent || (depth == indent && line == Line::Close))
    }

    /// Opens the subtest of the last point.
    fn open(&mut self, position: usize) -> Result<(), Error> {
        if let Some(point) = self.points.last_mut() {
            let (parent, name) = (Some(point.node), Some(named(&point.description.name, point.number)));
            let indent = self.tree.top().indent + INDENT;
            point.child = Some(self.tree.push(indent, parent, name, true));
            self.is_near = false;
        }
        self.turn_to(position, self.tree.top().indent)
    }

    fn bail_out(&mut self, position: usize, reason: &str) {
        if !self.has_bailed_out {
            let text = reason.replace("\\#", "#").replace("\\\\", "\\");
            self.events.push(Event { position, kind: EventKind::BailOut, node: self.tree.root(), text });
        }
        self.has_bailed_out = true;
        self.is_near = false;
    }

    fn next_document(&mut self, position: usize) {
        self.end_document(position);
        self.tree.begin_document();
        self.group = None;
        self.has_bailed_out = false;
    }

    /// Compares the plan of the document with what it lists.
    fn end_document(&mut self, position: usize) {
        for (position, text) in self.tree.turn_to(0, self.is_kernel, self.limits.depth) {
            self.cases.warn(position, text);
        }
        let node = self.tree.root();
        let (listed, highest) = (self.tree.nodes[node].count, self.tree.nodes[node].highest);
        let (position, text) = match self.tree.top().plan {
            Some((_, planned)) if planned == listed && highest <= planned => return,
            Some((at, planned)) if planned == listed => {
                (at, format!("planned are {planned} tests, one is number {highest}"))
            }
            Some((at, planned)) => (at, format!("planned are {planned} tests, listed are {listed}")),
            None => (position, format!("there is no plan; listed are {listed} tests")),
        };
        if !self.has_bailed_out {
            self.cases.warn(position, text.clone());
            self.events.push(Event { position, kind: EventKind::Plan, node, text });
        }
    }
}
