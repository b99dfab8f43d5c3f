//! Contents of files and the lines in which two of them differ.
//!
//! Contents are compared between their common beginning and end only, and the last ones read are kept: a change
//! mostly touches few lines of a file that the change before it touched too. That halves the time of a history.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use git2::{DiffLineType, DiffOptions, Error, ObjectType, Odb, Oid, Patch, Repository};

/// Files larger than this (bytes) count as binary: no line counts, no search for renames.
pub(super) const SIZE_LIMIT: usize = 4 << 20;
/// Contents are kept up to this sum of bytes.
const KEPT_LIMIT: usize = 16 << 20;
/// A file is binary when so many of its first bytes hold a NUL, as for git.
const BINARY_PROBE: usize = 8000;

/// The texts of a repository's files.
pub(super) struct Contents<'r> {
    odb: Odb<'r>,
    kept: RefCell<Kept>,
}

#[derive(Default)]
struct Kept {
    texts: HashMap<Oid, Option<Rc<[u8]>>>,
    size: usize,
}

/// Two texts without the lines that both begin and end with.
pub(super) struct Middle<'t> {
    old: &'t [u8],
    new: &'t [u8],
    /// How many lines were left out before it.
    before: usize,
}

/// One line in which two texts differ, or the beginning of some in a row.
pub(super) enum Line<'t> {
    /// Some in a row begin: how many lines of the new text stand above them.
    Begin(usize),
    /// Only the new text has it: its number there, from 1, and its content.
    Added(usize, &'t [u8]),
    /// Only the old text has it: its content.
    Removed(&'t [u8]),
}

impl<'r> Contents<'r> {
    pub(super) fn new(repository: &'r Repository) -> Result<Self, Error> {
        Ok(Self { odb: repository.odb()?, kept: RefCell::default() })
    }

    /// Returns the text of a file, empty for the null id; `None` when it is binary, too large or not there.
    pub(super) fn text(&self, id: Oid) -> Option<Rc<[u8]>> {
        if id.is_zero() {
            return Some(Rc::default());
        }
        if let Some(text) = self.kept.borrow().texts.get(&id) {
            return text.clone();
        }
        let text = self.read(id);
        self.kept.borrow_mut().add(id, text.clone());
        text
    }

    fn read(&self, id: Oid) -> Option<Rc<[u8]>> {
        let (size, kind) = self.odb.read_header(id).ok()?;
        if size > SIZE_LIMIT || kind != ObjectType::Blob {
            return None;
        }
        let object = self.odb.read(id).ok()?;
        let text = object.data();
        let is_binary = text[..text.len().min(BINARY_PROBE)].contains(&0);
        (!is_binary).then(|| text.into())
    }
}

impl Kept {
    fn add(&mut self, id: Oid, text: Option<Rc<[u8]>>) {
        self.size += text.as_ref().map_or(0, |text| text.len()) + size_of::<Oid>();
        if self.size > KEPT_LIMIT {
            *self = Self::default();
        }
        self.texts.insert(id, text);
    }
}

impl<'t> Middle<'t> {
    /// Returns what differs between two texts, in whole lines.
    pub(super) fn of(old: &'t [u8], new: &'t [u8]) -> Self {
        let same = common_length(old.chunks(4096).zip(new.chunks(4096)), |a, b| {
            a.iter().zip(b).take_while(|(a, b)| a == b).count()
        });
        let start = old[..same].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let before = count_lines(&old[..start]);
        let (old, new) = (&old[start..], &new[start..]);
        let same = common_length(old.rchunks(4096).zip(new.rchunks(4096)), |a, b| {
            a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count()
        });
        let tail = whole_lines(old, new, same);
        Self { old: &old[..old.len() - tail], new: &new[..new.len() - tail], before }
    }

    /// Calls `each` for every line in which the texts differ, in their order.
    pub(super) fn lines(&self, each: &mut dyn FnMut(Line<'_>)) -> Result<(), Error> {
        if self.old.is_empty() || self.new.is_empty() {
            each(Line::Begin(self.before));
            let lines = |text: &'t [u8]| text.split_inclusive(|byte| *byte == b'\n');
            lines(self.old).for_each(|content| each(Line::Removed(content)));
            lines(self.new).enumerate().for_each(|(at, content)| each(Line::Added(self.before + at + 1, content)));
            return Ok(());
        }
        let mut options = options();
        let patch = self.patch(&mut options)?;
        for at in 0..patch.num_hunks() {
            let (hunk, line_count) = patch.hunk(at)?;
            // Where nothing was added, git gives the line above.
            let above = hunk.new_start() - hunk.new_lines().min(1);
            each(Line::Begin(self.before + above as usize));
            for index in 0..line_count {
                let line = patch.line_in_hunk(at, index)?;
                match (line.origin_value(), line.new_lineno()) {
                    (DiffLineType::Addition, Some(number)) => {
                        each(Line::Added(self.before + number as usize, line.content()));
                    }
                    (DiffLineType::Deletion, _) => each(Line::Removed(line.content())),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn patch(&self, options: &mut DiffOptions) -> Result<Patch<'t>, Error> {
        Patch::from_buffers(self.old, None, self.new, None, Some(options))
    }
}

fn options() -> DiffOptions {
    let mut options = DiffOptions::new();
    options.context_lines(0).force_text(true);
    options
}

/// Returns how many bytes are equal, comparing whole chunks first.
fn common_length<'t>(
    pairs: impl Iterator<Item = (&'t [u8], &'t [u8])>,
    within: impl Fn(&[u8], &[u8]) -> usize,
) -> usize {
    let mut same = 0;
    for (old, new) in pairs {
        if old != new {
            return same + within(old, new);
        }
        same += old.len();
    }
    same
}

/// Shortens a common end of `same` bytes so that it begins with a line in both texts.
fn whole_lines(old: &[u8], new: &[u8], same: usize) -> usize {
    let begins = |text: &[u8]| text.len() == same || text[text.len() - same - 1] == b'\n';
    if begins(old) && begins(new) {
        return same;
    }
    let tail = &old[old.len() - same..];
    tail.iter().position(|byte| *byte == b'\n').map_or(0, |end| same - end - 1)
}

fn count_lines(text: &[u8]) -> usize {
    let ends = text.iter().filter(|byte| **byte == b'\n').count();
    ends + usize::from(text.last().is_some_and(|byte| *byte != b'\n'))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn middle(old: &str, new: &str) -> (String, String, usize) {
        let middle = Middle::of(old.as_bytes(), new.as_bytes());
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (text(middle.old), text(middle.new), middle.before)
    }

    #[test]
    fn a_middle_holds_whole_lines() {
        let expected = |old: &str, new: &str, before| (old.to_owned(), new.to_owned(), before);
        assert_eq!(middle("a\nb\nc\n", "a\nx\nc\n"), expected("b\n", "x\n", 1));
        assert_eq!(middle("a\nb1\nc\n", "a\nb2\nc\n"), expected("b1\n", "b2\n", 1));
        assert_eq!(middle("a\n1b\nc\n", "a\n2b\nc\n"), expected("1b\n", "2b\n", 1));
        assert_eq!(middle("a\na\n", "a\na\na\n"), expected("", "a\n", 2));
        assert_eq!(middle("a", "a\n"), expected("a", "a\n", 0));
        assert_eq!(middle("x\na", "a"), expected("x\n", "", 0));
        assert_eq!(middle("", "a\n"), expected("", "a\n", 0));
        assert_eq!(middle("same\n", "same\n"), expected("", "", 1));
    }

    fn count(middle: &Middle<'_>) -> (usize, usize) {
        let (mut added, mut removed) = (0, 0);
        let mut count = |line: Line<'_>| match line {
            Line::Begin(_) => {}
            Line::Added(..) => added += 1,
            Line::Removed(_) => removed += 1,
        };
        middle.lines(&mut count).unwrap();
        (added, removed)
    }

    #[test]
    fn counts_are_those_of_whole_texts() {
        let mut seed = 7_u32;
        let mut next = |bound: u32| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 16) % bound
        };
        for _ in 0..300 {
            let old: Vec<String> = (0..next(30)).map(|_| format!("{}\n", next(1000))).collect();
            let mut new = old.clone();
            for _ in 0..next(4) {
                let at = next(new.len() as u32 + 1) as usize;
                new.insert(at, format!("new {}\n", next(9)));
            }
            let (old, new) = (old.concat(), new.concat());
            let whole = Patch::from_buffers(old.as_bytes(), None, new.as_bytes(), None, Some(&mut options())).unwrap();
            let (_, added, removed) = whole.line_stats().unwrap();
            assert_eq!(count(&Middle::of(old.as_bytes(), new.as_bytes())), (added, removed), "{old:?} {new:?}");
        }
    }
}
