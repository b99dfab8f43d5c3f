//! What follows from outcomes, gathered until it is a piece of their tables: outcomes, their measures, new messages.

use std::collections::HashSet;

use serde::Serialize;

use super::outcome::{OutcomeColumns, OutcomeRow};
use super::{CHUNK_ROWS, decode};
use crate::Result;
use crate::row::Measure;
use crate::schema::{MEASURE, MESSAGE, OUTCOME};
use crate::signature::signature;
use crate::store::fresh::Fresh;

/// Bytes of the messages of a piece at most, give or take one.
const MESSAGE_BYTES: usize = 4 << 20;

/// A failure text that the store does not hold yet.
#[derive(Serialize)]
struct Message {
    batch: i64,
    message_id: i64,
    signature: String,
    text: String,
}

#[derive(Serialize)]
struct MeasureRow {
    batch: i64,
    series_id: i64,
    position: i64,
    test_id: i64,
    build_id: i64,
    attempt: i64,
    #[serde(flatten)]
    measure: Measure,
}

/// The pieces that are being gathered.
pub(super) struct Pieces<F> {
    batch: i64,
    is_known: F,
    outcomes: OutcomeColumns,
    measures: Vec<MeasureRow>,
    messages: Vec<Message>,
    message_bytes: usize,
    /// The messages of this batch, and those of them that are new.
    seen: HashSet<i64>,
    new: Vec<i64>,
}

impl<F: Fn(i64) -> Result<bool>> Pieces<F> {
    /// Returns the pieces of a batch, without any row yet; `is_known` tells the messages that the store has.
    pub(super) fn new(batch: i64, is_known: F) -> Self {
        Self {
            batch,
            is_known,
            outcomes: OutcomeColumns::default(),
            measures: Vec::new(),
            messages: Vec::new(),
            message_bytes: 0,
            seen: HashSet::new(),
            new: Vec::new(),
        }
    }

    /// Adds an outcome and what follows from it.
    pub(super) fn add(&mut self, row: &OutcomeRow<'_>) -> Result<()> {
        self.outcomes.append(self.batch, row);
        self.measure(row);
        self.tell(row)
    }

    /// Returns whether they are to go to their tables before more is added.
    pub(super) fn are_full(&self) -> bool {
        self.outcomes.is_full() || self.measures.len() >= CHUNK_ROWS || self.message_bytes >= MESSAGE_BYTES
    }

    /// Hands them to their tables.
    pub(super) async fn flush(&mut self, fresh: &mut Fresh<'_>) -> Result<()> {
        self.message_bytes = 0;
        fresh.append(&OUTCOME, &std::mem::take(&mut self.outcomes).finish()?).await?;
        fresh.append(&MEASURE, &decode(&MEASURE, &std::mem::take(&mut self.measures))?).await?;
        fresh.append(&MESSAGE, &decode(&MESSAGE, &std::mem::take(&mut self.messages))?).await
    }

    /// Returns the ids of the new messages.
    pub(super) fn into_messages(self) -> Vec<i64> {
        self.new
    }

    fn measure(&mut self, row: &OutcomeRow<'_>) {
        for measure in row.outcome.measures.iter().filter(|measure| measure.value.is_finite()) {
            self.measures.push(MeasureRow {
                batch: self.batch,
                series_id: row.series_id,
                position: row.build.position,
                test_id: row.test_id,
                build_id: row.build_id,
                attempt: row.outcome.attempt,
                measure: measure.clone(),
            });
        }
    }

    fn tell(&mut self, row: &OutcomeRow<'_>) -> Result<()> {
        let (Some(message_id), Some(text)) = (row.message_id, row.outcome.message) else { return Ok(()) };
        if self.seen.insert(message_id) && !(self.is_known)(message_id)? {
            self.message_bytes += text.len();
            self.new.push(message_id);
            let (signature, text) = (signature(text), text.to_owned());
            self.messages.push(Message { batch: self.batch, message_id, signature, text });
        }
        Ok(())
    }
}
