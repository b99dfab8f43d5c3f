//! What was asked lately, by whom, and what became of it: in memory, and only so much.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::Utc;

use super::{Asker, Error};

/// Entries that are kept.
const KEPT: usize = 1000;
/// Characters of a query that are kept.
const TEXT: usize = 2000;

/// One question.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Its number since the start.
    pub number: u64,
    /// When it was asked, in microseconds since 1970.
    pub asked_at: i64,
    /// Who asked.
    pub asker: String,
    /// The protocol.
    pub wire: &'static str,
    /// Its beginning.
    pub text: String,
    /// How long it took, waiting included; nothing while it runs.
    pub elapsed: Option<Duration>,
    /// Rows that were handed out.
    pub row_count: u64,
    /// Bytes of memory that they had.
    pub byte_count: u64,
    /// What became of it: `running`, `answered`, `cancelled`, `refused` for want of room or time, or `failed`.
    pub outcome: &'static str,
    /// Why it failed.
    pub error: Option<String>,
}

/// The newest questions.
#[derive(Debug, Default)]
pub struct Log {
    entries: Mutex<(u64, VecDeque<Asked>)>,
}

/// A question under way.
pub(super) struct Entry {
    log: Arc<Log>,
    number: u64,
    started: Instant,
    is_ended: bool,
}

impl Log {
    /// Returns the entries, oldest first.
    pub fn entries(&self) -> Vec<Asked> {
        self.lock().1.iter().cloned().collect()
    }

    pub(super) fn begin(self: &Arc<Self>, asker: &Asker, text: &str) -> Entry {
        let mut entries = self.lock();
        entries.0 += 1;
        let number = entries.0;
        if entries.1.len() >= KEPT {
            entries.1.pop_front();
        }
        entries.1.push_back(Asked {
            number,
            asked_at: Utc::now().timestamp_micros(),
            asker: asker.name.clone(),
            wire: asker.wire,
            text: text.chars().take(TEXT).collect(),
            elapsed: None,
            row_count: 0,
            byte_count: 0,
            outcome: "running",
            error: None,
        });
        Entry { log: Arc::clone(self), number, started: Instant::now(), is_ended: false }
    }

    fn lock(&self) -> MutexGuard<'_, (u64, VecDeque<Asked>)> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    /// Notes the end.
    pub(super) fn end(mut self, row_count: u64, byte_count: u64, error: Option<&Error>) {
        self.note(row_count, byte_count, error);
    }

    fn note(&mut self, row_count: u64, byte_count: u64, error: Option<&Error>) {
        self.is_ended = true;
        let mut entries = self.log.lock();
        // Numbers are without gaps, so the place follows from the newest; an entry may be gone already.
        let Some(place) = (entries.1.len() as u64).checked_sub(1 + entries.0 - self.number) else { return };
        if let Some(entry) = entries.1.get_mut(place as usize) {
            (entry.elapsed, entry.row_count, entry.byte_count) = (Some(self.started.elapsed()), row_count, byte_count);
            (entry.outcome, entry.error) = (outcome(error), error.map(ToString::to_string));
        }
    }
}

/// Says in a word how a question ended.
fn outcome(error: Option<&Error>) -> &'static str {
    match error {
        None => "answered",
        Some(Error::Cancelled) => "cancelled",
        Some(Error::Timeout(_) | Error::TooLarge(_) | Error::Busy | Error::Refused(_)) => "refused",
        Some(Error::Query { .. } | Error::Internal(_)) => "failed",
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if !self.is_ended {
            self.note(0, 0, Some(&Error::Cancelled));
        }
    }
}
