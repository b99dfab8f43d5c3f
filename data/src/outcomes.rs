//! The outcomes of a build, however many: the last ones in memory, those before them in a file without a name.
//!
//! Both are the same bytes (`piece`), so that a report of any size costs the memory of one [`PIECE_ROWS`] or
//! [`PIECE_BYTES`]. The file lies in the folder for temporary files (`TMPDIR`) and vanishes with its owner; it is no
//! place for anything that must last. What outcomes mean is not known here.

mod list;
mod piece;
mod spill;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::io;
use std::sync::Arc;

use crate::row::Outcome;
use piece::Encoded;
pub use piece::{Piece, Stored};
use spill::{Place, Spill};

/// So many outcomes stay in memory at most.
pub const PIECE_ROWS: usize = 8192;
/// So many bytes of theirs, give or take one outcome.
pub const PIECE_BYTES: usize = 2 << 20;

/// Outcomes in their order.
#[derive(Clone, Default)]
pub struct Outcomes {
    spilled: Option<Arc<Spill>>,
    /// The pieces in the file, in order.
    places: Vec<Place>,
    /// What follows them, without the last, which may still be changed.
    recent: Encoded,
    last: Option<Outcome>,
    count: usize,
    /// The folder for temporary files took no more.
    is_kept: bool,
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
        self.last.as_ref()
    }

    /// Returns the last one, to be changed.
    pub fn last_mut(&mut self) -> Option<&mut Outcome> {
        self.last.as_mut()
    }

    /// Adds one at the end.
    pub fn push(&mut self, outcome: Outcome) {
        if let Some(last) = self.last.replace(outcome) {
            self.recent.add(&last);
            if self.recent.is_full() && !self.is_kept {
                self.spill();
            }
        }
        self.count += 1;
    }

    /// Returns them in pieces that fit into memory.
    ///
    /// # Errors
    ///
    /// A piece is an error where the system cannot read it back.
    pub fn pieces(&self) -> impl Iterator<Item = io::Result<Piece<'_>>> {
        let spilled = self.spilled.iter().flat_map(|file| self.places.iter().map(|place| file.read(*place)));
        let recent = self.last.is_some().then(|| Ok(self.recent()));
        spilled.map(|bytes| bytes.map(|bytes| Piece(Cow::Owned(bytes)))).chain(recent)
    }

    /// Returns one after the other.
    ///
    /// # Errors
    ///
    /// As [`Self::pieces`].
    pub fn iter(&self) -> impl Iterator<Item = io::Result<Outcome>> {
        self.pieces().flat_map(|piece| match piece {
            Ok(piece) => piece.rows().map(|row| row.map(Stored::into_outcome)).collect(),
            Err(error) => vec![Err(error)],
        })
    }

    /// Returns all of them at once: for those who know that they are few.
    ///
    /// # Errors
    ///
    /// As [`Self::pieces`].
    pub fn to_vec(&self) -> io::Result<Vec<Outcome>> {
        self.iter().collect()
    }

    /// Returns them with none in memory: in the file of `shelf`, which may hold those of many reports.
    ///
    /// # Errors
    ///
    /// When the folder for temporary files takes no more.
    pub fn shelved(self, shelf: &mut Self) -> io::Result<Self> {
        let file = shelf.file()?;
        let mut places = Vec::new();
        for piece in self.pieces() {
            places.push(file.write(&piece?.0)?);
        }
        Ok(Self { spilled: Some(file), places, count: self.count, ..Self::default() })
    }

    /// Returns what `change` makes of each, by its place; what it returns nothing for is left out.
    ///
    /// # Errors
    ///
    /// As [`Self::pieces`].
    pub fn rewritten(self, mut change: impl FnMut(usize, Outcome) -> Option<Outcome>) -> io::Result<Self> {
        let (mut changed, mut at) = (Self::default(), 0);
        for piece in self.pieces() {
            for row in piece?.rows() {
                changed.extend(change(at, row?.into_outcome()));
                at += 1;
            }
        }
        Ok(changed)
    }

    /// Returns what is in memory, with the last one.
    fn recent(&self) -> Piece<'_> {
        let mut recent = self.recent.clone();
        self.last.iter().for_each(|last| recent.add(last));
        Piece(Cow::Owned(recent.into_bytes()))
    }

    /// Writes all but the last to the file; a system that has no room there keeps them in memory.
    fn spill(&mut self) {
        match self.file().and_then(|file| file.write(self.recent.bytes())) {
            Ok(place) => {
                self.places.push(place);
                self.recent.clear();
            }
            Err(error) => {
                tracing::warn!(%error, "outcomes stay in memory: the folder for temporary files takes none");
                self.is_kept = true;
            }
        }
    }

    fn file(&mut self) -> io::Result<Arc<Spill>> {
        if let Some(file) = &self.spilled {
            return Ok(file.clone());
        }
        let file = Arc::new(Spill::new()?);
        self.spilled = Some(file.clone());
        Ok(file)
    }
}
