//! The commit graph of one project, and blamelists as set differences over it.
//!
//! Commits are numbered as they come; each has a generation (one more than its parents' highest), which bounds how far
//! a question looks: a blamelist costs by the commits between its two ends, not by the history.

use std::collections::{BinaryHeap, HashMap};

/// A commit's number in its graph.
type Node = u32;

const BAD: u8 = 1;
const GOOD: u8 = 2;

/// The changes of a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Blamelist {
    /// Revisions, newest first: children always before their parents.
    pub revisions: Vec<String>,
    /// Whether both ends, all parents of the listed changes and all that was walked from the good end are known.
    pub is_complete: bool,
}

/// The commit graph of one project.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    nodes: HashMap<String, Node>,
    revisions: Vec<String>,
    parents: Vec<Vec<Node>>,
    generations: Vec<u32>,
    is_known: Vec<bool>,
}

impl Graph {
    /// Adds changes with their parents, in any order; what is known already is left as it is.
    pub(crate) fn extend<'a>(&mut self, changes: impl IntoIterator<Item = (&'a str, Vec<&'a str>)>) {
        let mut fresh = Vec::new();
        let mut is_late = false;
        for (revision, parents) in changes {
            // A revision that was somebody's parent before it came itself: generations above it are wrong now.
            is_late |= self.nodes.contains_key(revision);
            let node = self.node(revision);
            if !self.is_known[node as usize] {
                self.is_known[node as usize] = true;
                self.parents[node as usize] = parents.into_iter().map(|p| self.node(p)).collect();
                fresh.push(node);
            }
        }
        if is_late {
            fresh = (0..self.revisions.len() as Node).collect();
            self.generations.fill(0);
        }
        fresh.into_iter().for_each(|node| self.number(node));
    }

    /// Returns whether the revision is somebody's parent and has not come itself.
    pub(crate) fn lacks(&self, revision: &str) -> bool {
        self.nodes.get(revision).is_some_and(|&node| !self.is_known[node as usize])
    }

    /// Returns ancestors(bad) minus ancestors(good), both ends' own commits counted as their ancestors.
    pub(crate) fn blamelist(&self, good: &str, bad: &str) -> Blamelist {
        let known = |revision: &str| self.nodes.get(revision).copied().filter(|&n| self.is_known[n as usize]);
        let Some(bad) = known(bad) else { return Blamelist { revisions: Vec::new(), is_complete: false } };
        let good = known(good);
        let mut walk = Walk { graph: self, colors: HashMap::new(), queue: BinaryHeap::new(), bad_count: 0 };
        walk.paint(bad, BAD);
        if let Some(good) = good {
            walk.paint(good, GOOD);
        }
        let listed = walk.run();
        let has_parents = |node: &Node| self.parents[*node as usize].iter().all(|&p| self.is_known[p as usize]);
        // Whatever is listed may be an ancestor of one that is not known.
        let is_good_known = walk.colors.iter().all(|(&node, color)| color & GOOD == 0 || self.is_known[node as usize]);
        Blamelist {
            is_complete: good.is_some() && is_good_known && listed.iter().all(has_parents),
            revisions: listed.iter().map(|&node| self.revisions[node as usize].clone()).collect(),
        }
    }

    fn node(&mut self, revision: &str) -> Node {
        if let Some(&node) = self.nodes.get(revision) {
            return node;
        }
        let node = self.revisions.len() as Node;
        self.nodes.insert(revision.to_owned(), node);
        self.revisions.push(revision.to_owned());
        self.parents.push(Vec::new());
        self.generations.push(0);
        self.is_known.push(false);
        node
    }

    /// Gives generations to a node and to the ancestors that have none; a loop instead of recursion, because
    /// histories are deep.
    fn number(&mut self, node: Node) {
        let mut stack = vec![node];
        while let Some(&top) = stack.last() {
            if !matches!(self.generations[top as usize], 0 | VISITING) {
                stack.pop();
                continue;
            }
            self.generations[top as usize] = VISITING;
            let parents = &self.parents[top as usize];
            if let Some(&parent) = parents.iter().find(|&&p| self.generations[p as usize] == 0) {
                stack.push(parent);
                continue;
            }
            // A parent that is still being visited is its own ancestor: no repository has it, hostile input may.
            let generations = parents.iter().map(|&p| self.generations[p as usize]);
            self.generations[top as usize] = 1 + generations.filter(|&g| g != VISITING).max().unwrap_or(0);
            stack.pop();
        }
    }
}

/// Marks a commit whose generation is being computed.
const VISITING: u32 = u32::MAX;

/// A walk from both ends towards the roots, highest generation first, until nothing queued is bad alone.
struct Walk<'a> {
    graph: &'a Graph,
    colors: HashMap<Node, u8>,
    queue: BinaryHeap<(u32, Node)>,
    /// How many queued commits are ancestors of the bad end only.
    bad_count: usize,
}

impl Walk<'_> {
    fn paint(&mut self, node: Node, color: u8) {
        let old = self.colors.get(&node).copied();
        let new = old.unwrap_or(0) | color;
        if old == Some(new) {
            return;
        }
        self.colors.insert(node, new);
        if old.is_none() {
            self.queue.push((self.graph.generations[node as usize], node));
        }
        self.bad_count += usize::from(new == BAD);
        self.bad_count -= usize::from(old == Some(BAD));
    }

    fn run(&mut self) -> Vec<Node> {
        let mut listed = Vec::new();
        while self.bad_count > 0 {
            let Some((_, node)) = self.queue.pop() else { break };
            let color = self.colors[&node];
            if color == BAD {
                self.bad_count -= 1;
                if self.graph.is_known[node as usize] {
                    listed.push(node);
                }
            }
            for &parent in &self.graph.parents[node as usize] {
                self.paint(parent, color);
            }
        }
        listed
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn graph(edges: &[(&str, &[&str])]) -> Graph {
        let mut graph = Graph::default();
        graph.extend(edges.iter().map(|(revision, parents)| (*revision, parents.to_vec())));
        graph
    }

    #[test]
    fn a_merge_brings_in_its_side_branch() {
        let graph = graph(&[("a", &[]), ("b", &["a"]), ("s", &["a"]), ("t", &["s"]), ("m", &["b", "t"])]);
        assert_eq!(graph.blamelist("b", "m").revisions, ["m", "t", "s"]);
        assert_eq!(graph.blamelist("t", "m").revisions, ["m", "b"]);
        assert_eq!(graph.blamelist("m", "a").revisions, [""; 0]);
    }

    #[test]
    fn criss_cross_merges_are_set_differences() {
        let edges: &[(&str, &[&str])] = &[
            ("r", &[]),
            ("a", &["r"]),
            ("b", &["r"]),
            ("x", &["a", "b"]),
            ("y", &["b", "a"]),
            ("c", &["x"]),
            ("d", &["y"]),
            ("z", &["c", "d"]),
        ];
        assert_eq!(graph(edges).blamelist("c", "z").revisions, ["z", "d", "y"]);
    }

    #[test]
    fn unknown_ends_and_parents_are_said() {
        let graph = graph(&[("b", &["a"]), ("c", &["b"])]);
        assert!(!graph.blamelist("nowhere", "c").is_complete);
        assert!(!graph.blamelist("b", "nowhere").is_complete);
        assert!(graph.blamelist("b", "c").is_complete);
    }

    #[test]
    fn what_lies_behind_an_unknown_parent_of_the_good_end_is_said() {
        // Nobody knows x, a child of a that would make it an ancestor of the good end, too.
        let graph = graph(&[("r", &[]), ("a", &["r"]), ("b", &["a"]), ("g", &["x"])]);
        let found = graph.blamelist("g", "b");
        assert_eq!((found.revisions.len(), found.is_complete), (3, false));
    }

    #[test]
    fn a_commit_that_is_its_own_ancestor_ends_the_walk() {
        let graph = graph(&[("a", &["b"]), ("b", &["a"]), ("c", &["b"])]);
        assert_eq!(graph.blamelist("x", "c").revisions.len(), 3);
    }

    #[test]
    fn a_long_history_needs_no_deep_stack() {
        let names: Vec<String> = (0..100_000).map(|n| n.to_string()).collect();
        let mut graph = Graph::default();
        let change = |n: usize| (names[n].as_str(), if n == 0 { vec![] } else { vec![names[n - 1].as_str()] });
        graph.extend((0..names.len()).rev().map(change));
        assert_eq!(graph.blamelist("99989", "99999").revisions.len(), 10);
    }

    fn ancestors(edges: &[Vec<usize>], of: usize) -> HashSet<usize> {
        let (mut found, mut waiting) = (HashSet::new(), vec![of]);
        while let Some(node) = waiting.pop() {
            if found.insert(node) {
                waiting.extend(&edges[node]);
            }
        }
        found
    }

    proptest! {
        /// The walk equals the definition on random graphs, whatever the order in which the changes came.
        #[test]
        fn walk_equals_definition(
            parents in prop::collection::vec(prop::collection::vec(0..1000usize, 0..3), 1..40),
            order in any::<prop::sample::Index>(), good in any::<prop::sample::Index>(),
            bad in any::<prop::sample::Index>(),
        ) {
            let edges: Vec<Vec<usize>> = parents.iter().enumerate()
                .map(|(n, p)| if n == 0 { vec![] } else { p.iter().map(|p| p % n).collect() }).collect();
            let names: Vec<String> = (0..edges.len()).map(|n| n.to_string()).collect();
            let start = order.index(edges.len());
            let mut graph = Graph::default();
            for n in (start..edges.len()).chain(0..start) {
                graph.extend([(names[n].as_str(), edges[n].iter().map(|&p| names[p].as_str()).collect())]);
            }
            let (good, bad) = (good.index(edges.len()), bad.index(edges.len()));
            let listed = graph.blamelist(&names[good], &names[bad]).revisions;
            let expected: HashSet<String> =
                ancestors(&edges, bad).difference(&ancestors(&edges, good)).map(|&n| names[n].clone()).collect();
            prop_assert_eq!(listed.len(), expected.len());
            prop_assert_eq!(listed.into_iter().collect::<HashSet<_>>(), expected);
        }
    }
}
