//! Outcomes from rows.

use std::collections::HashMap;

use annals_data::row::{Outcome, Status};

use super::select::Batch;
use super::word;
use crate::error::Result;

/// The attempt of rows that name none, until [`number`] has seen all rows of the build.
const UNNUMBERED: i64 = 0;

/// Adds the outcomes of a batch to those of their builds; rows of other builds are left out.
pub(super) fn read(batch: &Batch, builds: &mut HashMap<&str, Vec<Outcome>>) -> Result<()> {
    let (key, suite, name) = (batch.texts("key")?, batch.texts("suite")?, batch.texts("name")?);
    let (outcome, error_kind) = (batch.texts("outcome")?, batch.texts("error_kind")?);
    let (attempt, duration_ms) = (batch.integers("attempt")?, batch.numbers("duration_ms")?);
    let (message, file, line) = (batch.texts("message")?, batch.texts("file")?, batch.integers("line")?);
    for row in 0..batch.row_count() {
        let Some(of_build) = key.get(row).and_then(|key| builds.get_mut(key)) else { continue };
        let build = key.get(row).unwrap_or_default();
        let Some(name) = name.own(row) else {
            return Err(batch.error(format!("a test of the build `{build}` has no name")));
        };
        let word = outcome.get(row).unwrap_or_default();
        let Some((status, kind_of_word)) = word::outcome(word) else {
            return Err(
                batch.error(format!("the test `{name}` of the build `{build}` has the unknown outcome `{word}`"))
            );
        };
        let kind = error_kind.get(row).or(kind_of_word).filter(|_| status == Status::Errored);
        of_build.push(Outcome {
            attempt: attempt.get(row).filter(|attempt| *attempt > 0).unwrap_or(UNNUMBERED),
            error_kind: kind.map(str::to_owned),
            duration_us: duration_ms.get(row).filter(|ms| ms.is_finite() && *ms >= 0.0).map(|ms| (ms * 1e3) as i64),
            message: message.own(row),
            file: file.own(row),
            line: line.get(row),
            ..Outcome::new(suite.own(row).unwrap_or_default(), name, status)
        });
    }
    Ok(())
}

/// Numbers the attempts of one build that have no number, in the order of the rows.
pub(super) fn number(mut outcomes: Vec<Outcome>) -> Vec<Outcome> {
    if outcomes.iter().all(|outcome| outcome.attempt != UNNUMBERED) {
        return outcomes;
    }
    let mut order: Vec<usize> = (0..outcomes.len()).collect();
    // Stable, so that rows of one test stay in their order; sorting places costs less memory than a map of names.
    let test = |outcome: &Outcome, other: &Outcome| {
        (outcome.name.as_str(), outcome.suite.as_str()).cmp(&(other.name.as_str(), other.suite.as_str()))
    };
    order.sort_by(|a, b| test(&outcomes[*a], &outcomes[*b]));
    let mut before: Option<usize> = None;
    for place in order {
        let attempts = before.filter(|before| test(&outcomes[*before], &outcomes[place]).is_eq());
        if outcomes[place].attempt == UNNUMBERED {
            outcomes[place].attempt = 1 + attempts.map_or(0, |before| outcomes[before].attempt);
        }
        before = Some(place);
    }
    outcomes
}
