//! What hunts leave behind: a note where a culprit was verified, and a row of what each hunt cost.

use annals_analytics::Warehouse;
use annals_analytics::judge::hunt::{Finding, plain_cost};
use anyhow::Result;

use super::quarry::Quarry;
use super::round::Round;
use crate::command::short;

const NOTE: &str =
    "INSERT INTO note (series_id, first_position, kind, text, noted_at) VALUES (?1, ?2, 'broken_by', ?3, ?4)";
const HUNT: &str = "INSERT INTO bisection (series_id, opened_position, good_revision, is_automatic, finding, revision, \
    suspect_count, build_count, plain_build_count, round_build_count, begun_at, ended_at) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";

/// Writes down what was found out, and what it cost; `is_cut` where the budget ended it.
pub(super) fn write(warehouse: &Warehouse, round: &Round<'_>, is_automatic: bool, is_cut: bool) -> Result<()> {
    let now = chrono::Utc::now().timestamp_micros();
    warehouse.store().state().write(|t| {
        let (mut note, mut hunt) = (t.prepare(NOTE)?, t.prepare(HUNT)?);
        for quarry in &round.lane.quarries {
            let Some(hunted) = &quarry.hunt else { continue };
            let finding = hunted.finding();
            if let Some(text) = finding.map(|finding| text(round, quarry, finding)) {
                note.execute((quarry.series_id, quarry.opened_position, text, now))?;
            }
            let (word, revision) = match finding {
                Some(Finding::Culprit { position, .. }) => ("culprit", Some(round.revision(position))),
                Some(Finding::Nobody) => ("nobody", None),
                None if is_cut => ("interrupted", None),
                None => ("undecided", None),
            };
            let count = hunted.chances().count();
            hunt.execute((
                quarry.series_id,
                quarry.opened_position,
                &quarry.good_revision,
                is_automatic,
                word,
                revision,
                count as i64,
                quarry.spent,
                plain_cost(count),
                round.spent,
                quarry.begun_at,
                now,
            ))?;
        }
        Ok(())
    })?;
    Ok(())
}

/// Returns the note that decides suspicion.
fn text(round: &Round<'_>, quarry: &Quarry, finding: Finding) -> String {
    let (spent, opened) = (quarry.spent, short(&quarry.opened_revision));
    match finding {
        Finding::Culprit { position, failed, passed } => format!(
            "{} by bisection in {spent} builds: failed {failed} of {failed} times there, passed {passed} before it",
            round.revision(position)
        ),
        Finding::Nobody => {
            format!("nobody by bisection in {spent} builds: it passed at {opened}, where it had failed")
        }
    }
}
