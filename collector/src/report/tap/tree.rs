//! Documents and subtests: which of them are open, and how their plans compare with what they list.

/// How deep TAP indents a subtest.
pub(super) const INDENT: usize = 4;

/// A document, a subtest, or a test of tape.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) parent: Option<usize>,
    /// The name; a document has none, nor has a subtest without its own point.
    pub(super) name: Option<String>,
    /// The document that it belongs to.
    pub(super) document: usize,
    /// The points directly in it.
    pub(super) count: u64,
    /// The highest number of a point in it.
    pub(super) highest: u64,
    /// Why its plan says that nothing is run.
    pub(super) skip: Option<String>,
}

/// An indentation that is open.
#[derive(Debug)]
pub(super) struct Level {
    pub(super) indent: usize,
    pub(super) node: usize,
    /// Where the plan stands, and its number.
    pub(super) plan: Option<(usize, u64)>,
    /// The plan came after the points.
    pub(super) is_ended: bool,
    /// A closed subtest that waits for its own point.
    pub(super) pending: Option<usize>,
    /// Opened by `{`: its own point came before it.
    pub(super) is_buffered: bool,
}

/// The documents and subtests of a report.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    /// The open levels; the first is the document and always there.
    levels: Vec<Level>,
    documents: usize,
}

impl Tree {
    /// Returns one empty document.
    pub(super) fn new() -> Self {
        let mut tree = Self { nodes: Vec::new(), levels: Vec::new(), documents: 0 };
        tree.begin_document();
        tree
    }

    /// Begins a document; what was open is left.
    pub(super) fn begin_document(&mut self) {
        self.documents += 1;
        self.levels.clear();
        self.push(0, None, None, false);
    }

    /// Returns the node of the document.
    pub(super) fn root(&self) -> usize {
        self.levels[0].node
    }

    pub(super) fn top(&self) -> &Level {
        self.levels.last().expect("the level of the document stays")
    }

    pub(super) fn top_mut(&mut self) -> &mut Level {
        self.levels.last_mut().expect("the level of the document stays")
    }

    pub(super) fn depth(&self) -> usize {
        self.levels.len()
    }

    /// Adds a node.
    pub(super) fn add(&mut self, parent: Option<usize>, name: Option<String>) -> usize {
        self.nodes.push(Node { parent, name, document: self.documents, ..Node::default() });
        self.nodes.len() - 1
    }

    /// Opens a level.
    pub(super) fn push(
        &mut self,
        indent: usize,
        parent: Option<usize>,
        name: Option<String>,
        is_buffered: bool,
    ) -> usize {
        let node = self.add(parent, name);
        self.levels.push(Level { indent, node, plan: None, is_ended: false, pending: None, is_buffered });
        node
    }

    /// Opens and closes levels until the innermost has this indentation; returns the plans that do not fit.
    ///
    /// At most `limit` levels are opened; the caller refuses more.
    pub(super) fn turn_to(&mut self, indent: usize, is_kernel: bool, limit: usize) -> Vec<(usize, String)> {
        let mut misfits = Vec::new();
        while self.levels.len() > 1 && self.top().indent > indent {
            misfits.extend(self.pop());
        }
        while self.top().indent < indent && self.levels.len() <= limit {
            let next = if is_kernel { indent } else { self.top().indent + INDENT };
            let parent = self.top().node;
            self.push(next, Some(parent), None, false);
        }
        misfits
    }

    /// Closes the innermost buffered level deeper than `indent`, and what is open in it; false if there is none.
    pub(super) fn close(&mut self, indent: usize) -> bool {
        let Some(at) = self.levels.iter().rposition(|level| level.is_buffered && level.indent > indent) else {
            return false;
        };
        while self.levels.len() > at {
            self.pop();
        }
        true
    }

    /// Returns the innermost subtest that `{` opened and nothing closed.
    pub(super) fn open(&self) -> Option<&Node> {
        self.levels.iter().rev().find(|level| level.is_buffered).map(|level| &self.nodes[level.node])
    }

    /// Returns whether an indentation is open.
    pub(super) fn has(&self, indent: usize) -> bool {
        self.levels.iter().any(|level| level.indent == indent)
    }

    /// Returns whether anything of the document was seen.
    pub(super) fn is_used(&self) -> bool {
        self.levels.len() > 1 || self.levels[0].plan.is_some() || self.nodes[self.root()].count > 0
    }

    /// Returns whether the document lists all that its plan says.
    pub(super) fn is_complete(&self) -> bool {
        self.levels[0].plan.is_some_and(|(_, count)| self.nodes[self.root()].count >= count)
    }

    /// Returns whether the document is complete, with its plan at the end.
    pub(super) fn is_ended(&self) -> bool {
        self.levels[0].is_ended && self.is_complete()
    }

    fn pop(&mut self) -> Option<(usize, String)> {
        let level = self.levels.pop()?;
        let node = &self.nodes[level.node];
        let is_seen = node.count > 0 || level.plan.is_some() || level.pending.is_some();
        let (count, name) = (node.count, node.name.clone());
        if !level.is_buffered && is_seen {
            self.top_mut().pending = Some(level.node);
        }
        let (position, planned) = level.plan.filter(|(_, planned)| *planned != count)?;
        let of = name.map_or_else(|| "a subtest".to_owned(), |name| format!("the subtest `{name}`"));
        Some((position, format!("planned are {planned} tests of {of}, listed are {count}")))
    }
}
