//! The outcomes of a build, however many: the last ones in memory, those before them in a file without a name.
//!
//! A report of any size costs the memory of one [`CHUNK_ROWS`] or [`CHUNK_BYTES`]. The file lies in the folder for
//! temporary files (`TMPDIR`) and vanishes with its owner; it is no place for anything that must last. What outcomes
//! mean is not known here.

mod chunk;

use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::de::{SeqAccess, Visitor};
use serde::ser::{Error as _, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::row::{Kind, Outcome, Status};

/// So many outcomes stay in memory at most.
pub const CHUNK_ROWS: usize = 8192;
/// So many bytes of theirs, give or take one outcome.
pub const CHUNK_BYTES: usize = 4 << 20;

/// Outcomes in their order.
#[derive(Clone, Default)]
pub struct Outcomes {
    spilled: Option<Arc<Spill>>,
    /// The chunks in the file, in order.
    chunks: Vec<Chunk>,
    recent: Vec<Outcome>,
    recent_bytes: usize,
    count: usize,
}

/// A file that clones share: each appends chunks of its own.
struct Spill {
    file: File,
    end: AtomicU64,
}

#[derive(Clone, Copy)]
struct Chunk {
    at: u64,
    bytes: usize,
}

impl Outcomes {
    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Returns the last one.
    pub fn last(&self) -> Option<&Outcome> {
        self.recent.last()
    }

    /// Returns the last one, to be changed.
    pub fn last_mut(&mut self) -> Option<&mut Outcome> {
        self.recent.last_mut()
    }

    /// Adds one at the end.
    pub fn push(&mut self, outcome: Outcome) {
        // The last one stays at hand.
        if self.recent.len() >= CHUNK_ROWS || self.recent_bytes >= CHUNK_BYTES {
            self.spill();
        }
        self.recent_bytes += chunk::size(&outcome);
        self.recent.push(outcome);
        self.count += 1;
    }

    /// Returns them in pieces that fit into memory.
    ///
    /// # Errors
    ///
    /// A piece is an error where the system cannot read it back.
    pub fn chunks(&self) -> impl Iterator<Item = io::Result<Cow<'_, [Outcome]>>> {
        let spilled = self.chunks.iter().map(|chunk| self.read(chunk).map(Cow::Owned));
        let recent = (!self.recent.is_empty()).then_some(Ok(Cow::Borrowed(self.recent.as_slice())));
        spilled.chain(recent)
    }

    /// Returns one after the other.
    ///
    /// # Errors
    ///
    /// As [`Self::chunks`].
    pub fn iter(&self) -> impl Iterator<Item = io::Result<Outcome>> {
        self.chunks().flat_map(|chunk| {
            let (rows, error) = match chunk {
                Ok(rows) => (rows.into_owned(), None),
                Err(error) => (Vec::new(), Some(Err(error))),
            };
            rows.into_iter().map(Ok).chain(error)
        })
    }

    /// Returns all of them at once: for those who know that they are few.
    ///
    /// # Errors
    ///
    /// As [`Self::chunks`].
    pub fn to_vec(&self) -> io::Result<Vec<Outcome>> {
        self.iter().collect()
    }

    /// Shows of each what it is of and what it did, which costs much less than all of it.
    ///
    /// # Errors
    ///
    /// As [`Self::chunks`].
    pub fn each(&self, mut see: impl FnMut(Kind, &str, &str, Status)) -> io::Result<()> {
        for chunk in &self.chunks {
            let bytes = self.bytes(chunk)?;
            let seen = chunk::each(&bytes, |stored| see(stored.kind, stored.suite, stored.name, stored.status));
            seen.ok_or_else(changed)?;
        }
        self.recent.iter().for_each(|outcome| see(outcome.kind, &outcome.suite, &outcome.name, outcome.status));
        Ok(())
    }

    /// Returns them with none in memory: in the file of `shelf`, which may hold those of many reports.
    ///
    /// # Errors
    ///
    /// When the folder for temporary files takes no more.
    pub fn shelved(self, shelf: &mut Self) -> io::Result<Self> {
        let mut shelved = Self { spilled: Some(shelf.spill_file()?), count: self.count, ..Self::default() };
        for chunk in &self.chunks {
            shelved.chunks.push(shelved.write(&self.bytes(chunk)?)?);
        }
        if !self.recent.is_empty() {
            shelved.chunks.push(shelved.write(&chunk::encode(&self.recent))?);
        }
        Ok(shelved)
    }

    /// Returns what `change` makes of each, by its place; what it returns nothing for is left out.
    ///
    /// # Errors
    ///
    /// As [`Self::chunks`].
    pub fn rewritten(self, mut change: impl FnMut(usize, Outcome) -> Option<Outcome>) -> io::Result<Self> {
        let (mut changed, mut at) = (Self::default(), 0);
        let mut add = |outcome| {
            if let Some(outcome) = change(at, outcome) {
                changed.push(outcome);
            }
            at += 1;
        };
        for chunk in &self.chunks {
            self.read(chunk)?.into_iter().for_each(&mut add);
        }
        self.recent.into_iter().for_each(add);
        Ok(changed)
    }

    /// Writes all but the last to the file; a system that has no room there keeps them in memory.
    fn spill(&mut self) {
        let Some(last) = self.recent.pop() else { return };
        match self.append() {
            Ok(chunk) => {
                self.chunks.push(chunk);
                self.recent.clear();
                self.recent_bytes = chunk::size(&last);
            }
            Err(error) => {
                tracing::warn!(%error, "outcomes stay in memory: the folder for temporary files takes none");
                // Not tried again with every further one.
                self.recent_bytes = 0;
            }
        }
        self.recent.push(last);
    }

    fn append(&mut self) -> io::Result<Chunk> {
        if self.recent.is_empty() {
            return Err(io::Error::other("one outcome is larger than a chunk"));
        }
        self.spill_file()?;
        self.write(&chunk::encode(&self.recent))
    }

    fn spill_file(&mut self) -> io::Result<Arc<Spill>> {
        if let Some(spill) = &self.spilled {
            return Ok(spill.clone());
        }
        let spill = Arc::new(Spill { file: tempfile::tempfile()?, end: AtomicU64::new(0) });
        self.spilled = Some(spill.clone());
        Ok(spill)
    }

    fn write(&self, bytes: &[u8]) -> io::Result<Chunk> {
        let spill = self.spilled.as_ref().expect("whoever writes has a file");
        let at = spill.end.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        spill.file.write_all_at(bytes, at)?;
        Ok(Chunk { at, bytes: bytes.len() })
    }

    fn bytes(&self, chunk: &Chunk) -> io::Result<Vec<u8>> {
        let spill = self.spilled.as_ref().expect("a chunk is in a file");
        let mut bytes = vec![0; chunk.bytes];
        spill.file.read_exact_at(&mut bytes, chunk.at)?;
        Ok(bytes)
    }

    fn read(&self, chunk: &Chunk) -> io::Result<Vec<Outcome>> {
        chunk::decode(&self.bytes(chunk)?).ok_or_else(changed)
    }
}

fn changed() -> io::Error {
    io::Error::other("a temporary file was changed by somebody else")
}

impl Extend<Outcome> for Outcomes {
    fn extend<T: IntoIterator<Item = Outcome>>(&mut self, outcomes: T) {
        outcomes.into_iter().for_each(|outcome| self.push(outcome));
    }
}

impl FromIterator<Outcome> for Outcomes {
    fn from_iter<T: IntoIterator<Item = Outcome>>(outcomes: T) -> Self {
        let mut all = Self::default();
        all.extend(outcomes);
        all
    }
}

impl From<Vec<Outcome>> for Outcomes {
    fn from(outcomes: Vec<Outcome>) -> Self {
        outcomes.into_iter().collect()
    }
}

impl fmt::Debug for Outcomes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} outcomes, the last of them ", self.count)?;
        f.debug_list().entries(&self.recent).finish()
    }
}

impl PartialEq for Outcomes {
    fn eq(&self, other: &Self) -> bool {
        let is_same = |(a, b): (io::Result<Outcome>, io::Result<Outcome>)| matches!((a, b), (Ok(a), Ok(b)) if a == b);
        self.count == other.count && self.iter().zip(other.iter()).all(is_same)
    }
}

impl Serialize for Outcomes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut sequence = serializer.serialize_seq(Some(self.count))?;
        for chunk in self.chunks() {
            for outcome in chunk.map_err(S::Error::custom)?.iter() {
                sequence.serialize_element(outcome)?;
            }
        }
        sequence.end()
    }
}

impl<'de> Deserialize<'de> for Outcomes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements;
        impl<'de> Visitor<'de> for Elements {
            type Value = Outcomes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of outcomes")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Outcomes, A::Error> {
                let mut outcomes = Outcomes::default();
                while let Some(outcome) = elements.next_element()? {
                    outcomes.push(outcome);
                }
                Ok(outcomes)
            }
        }
        deserializer.deserialize_seq(Elements)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::Measure;

    fn outcome(number: usize) -> Outcome {
        Outcome {
            error_kind: number.is_multiple_of(3).then(|| "crashed".to_owned()),
            duration_us: number.is_multiple_of(2).then_some(number as i64),
            message: number.is_multiple_of(5).then(|| format!("boom {number}\n").repeat(number % 7)),
            file: number.is_multiple_of(7).then(|| "a.rs".to_owned()),
            line: number.is_multiple_of(7).then_some(-1),
            measures: vec![Measure { metric: "peak".into(), value: 0.5, unit: None }; number % 3],
            ..Outcome::new(format!("suite {}", number / 100), format!("test {number}"), Status::Failed)
        }
    }

    #[test]
    fn many_are_what_was_pushed_in_its_order() {
        let count = 2 * CHUNK_ROWS + 7;
        let mut all: Outcomes = (0..count).map(outcome).collect();
        assert!(all.chunks.len() >= 2 && all.recent.len() <= CHUNK_ROWS, "{}", all.recent.len());
        let mut clone = all.clone();
        // Both go on by themselves.
        all.extend((0..CHUNK_ROWS).map(|number| outcome(number + 1)));
        clone.extend((0..2 * CHUNK_ROWS).map(|number| outcome(number + 2)));
        let expected = |more: usize, by: usize| (0..count).chain((0..more).map(move |number| number + by)).map(outcome);
        assert!(all.iter().map(Result::unwrap).eq(expected(CHUNK_ROWS, 1)));
        assert!(clone.iter().map(Result::unwrap).eq(expected(2 * CHUNK_ROWS, 2)));
        assert!(all != clone && all.len() == count + CHUNK_ROWS);
        let json = serde_json::to_string(&all).unwrap();
        assert!(serde_json::from_str::<Outcomes>(&json).unwrap() == all);
        let (mut shelf, mut names) = (Outcomes::default(), Vec::new());
        let shelved = all.clone().shelved(&mut shelf).unwrap();
        assert!(shelved == all && shelved.recent.is_empty());
        shelved.each(|_, _, name, _| names.push(name.to_owned())).unwrap();
        assert!(names == all.iter().map(|outcome| outcome.unwrap().name).collect::<Vec<_>>());
        let odd = all.rewritten(|at, outcome| (at % 2 == 1).then_some(outcome)).unwrap();
        assert!(odd.iter().map(Result::unwrap).eq(expected(CHUNK_ROWS, 1).skip(1).step_by(2)));
    }

    #[test]
    fn long_texts_are_not_kept_in_memory() {
        let long = |number: usize| Outcome { message: Some("x".repeat(1 << 20)), ..outcome(number) };
        let all: Outcomes = (0..40).map(long).collect();
        assert!(all.recent.len() <= 5 && all.last() == Some(&long(39)), "{}", all.recent.len());
        assert_eq!(all.to_vec().unwrap().len(), 40);
    }
}
