//! Dense histories thinned: where nearly every change was tested, the culprit of a break is known; hide all but every
//! k-th position, and the same break has a blamelist of k changes with a known answer in it.
//!
//! Positions are those of the branch's first-parent line; each of the k ways to choose every k-th position is tried.
//! A series that passes at the last kept position before and fails at the first kept one behind is a problem of the
//! thinned history; one that failed only in between was never seen by it, and is left out.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use arrow::array::RecordBatch;
use datafusion::common::Result;

use super::read::{History, Turn, ints, texts};

/// The streaks of all series that ever failed, with their texts.
pub(crate) const STREAKS: &str = "SELECT s.project, s.branch, s.builder, s.series_id, s.suite, s.name, s.verdict, \
    s.first_position, s.last_position, left(m.text, 4000) AS text \
    FROM raw.streak AS s \
    JOIN (SELECT DISTINCT series_id FROM raw.streak WHERE verdict = 'fail' AND kind = 'test') AS f \
        ON f.series_id = s.series_id \
    LEFT JOIN raw.message AS m ON m.message_id = s.message_id \
    WHERE s.verdict IN ('pass', 'fail') ORDER BY s.series_id, s.first_position";
/// The newest tested revision of each branch.
pub(crate) const TIPS: &str = "SELECT project, branch, max(position) AS position, \
    last_value(revision ORDER BY position) AS revision \
    FROM raw.build WHERE NOT is_patch GROUP BY project, branch ORDER BY project, branch";

/// A turn of one series in the dense history.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) turn: Turn,
    /// First and last position before, first and last position behind.
    pub(crate) before: (i64, i64),
    pub(crate) behind: (i64, i64),
    pub(crate) suite: String,
    pub(crate) name: String,
    pub(crate) text: String,
}

/// The turns of all series by project and branch.
pub(crate) type Events = BTreeMap<(String, String), Vec<Event>>;

/// Reads the answer to [`STREAKS`].
pub(crate) fn events(batches: &[RecordBatch]) -> Result<Events> {
    let mut events = Events::new();
    let mut last: Option<(i64, String, (i64, i64))> = None;
    for batch in batches {
        let [project, branch, suite, name, verdict, text] = texts(batch, [0, 1, 4, 5, 6, 9])?;
        let [series, first, until] = [ints(batch, 3)?, ints(batch, 7)?, ints(batch, 8)?];
        for row in 0..batch.num_rows() {
            let at = (first[row].unwrap_or_default(), until[row].unwrap_or_default());
            let (series, verdict) = (series[row].unwrap_or_default(), verdict.value(row));
            match last.take() {
                Some((known, before, place)) if known == series && before != verdict => {
                    let key = (project.value(row).to_owned(), branch.value(row).to_owned());
                    events.entry(key).or_default().push(Event {
                        turn: if verdict == "fail" { Turn::Break } else { Turn::Fix },
                        before: place,
                        behind: at,
                        suite: suite.value(row).to_owned(),
                        name: name.value(row).to_owned(),
                        text: if verdict == "fail" { text.value(row).to_owned() } else { String::new() },
                    });
                }
                _ => {}
            }
            last = Some((series, verdict.to_owned(), at));
        }
    }
    Ok(events)
}

/// The first-parent line of a branch: the place of the change at each position.
pub(crate) struct Line {
    first: i64,
    places: Vec<usize>,
}

impl Line {
    /// Follows first parents down from the newest tested revision.
    pub(crate) fn new(history: &History, tip: &str, position: i64) -> Option<Self> {
        let mut places: Vec<usize> =
            std::iter::successors(Some(history.find(tip)?), |place| history.parent(*place)).collect();
        places.reverse();
        Some(Self { first: position - places.len() as i64 + 1, places })
    }

    /// Returns the changes at the positions after `good` up to `bad`, oldest first; `None` where one is not known.
    pub(crate) fn between(&self, good: i64, bad: i64) -> Option<&[usize]> {
        let index = |position: i64| usize::try_from(position - self.first).ok();
        self.places.get(index(good + 1)?..index(bad + 1)?)
    }

    /// Returns for each change the position at which it is on the line or came to it by a merge.
    pub(crate) fn positions(&self, history: &History) -> HashMap<usize, i64> {
        let mut positions = HashMap::new();
        for (position, place) in (self.first..).zip(&self.places) {
            let mut waiting = vec![*place];
            while let Some(place) = waiting.pop() {
                let Entry::Vacant(new) = positions.entry(place) else { continue };
                new.insert(position);
                waiting.extend(history.changes[place].told.parents.iter().filter_map(|parent| history.find(parent)));
            }
        }
        positions
    }

    /// Returns up to `count` changes at `good` and before, oldest first.
    pub(crate) fn before(&self, good: i64, count: usize) -> &[usize] {
        let to = usize::try_from(good + 1 - self.first).unwrap_or(0).min(self.places.len());
        &self.places[to.saturating_sub(count)..to]
    }
}

/// Problems of a thinned history with one range.
pub(crate) struct Incident<'a> {
    /// The last kept position before and the first kept one behind.
    pub(crate) good: i64,
    pub(crate) bad: i64,
    pub(crate) turn: Turn,
    pub(crate) events: Vec<&'a Event>,
}

/// Returns the incidents of the history of which every `k`-th position is kept, `phase` the first; oldest first.
pub(crate) fn thin<'a>(events: &'a [Event], k: i64, phase: i64) -> Vec<Incident<'a>> {
    let down = |position: i64| (position - phase).div_euclid(k) * k + phase;
    let mut ranges: HashMap<(i64, i64, Turn), Vec<&Event>> = HashMap::new();
    for event in events {
        let (good, bad) = (down(event.before.1), down(event.behind.0 + k - 1));
        if good >= event.before.0 && bad <= event.behind.1 {
            ranges.entry((bad, good, event.turn)).or_default().push(event);
        }
    }
    let mut incidents: Vec<_> =
        ranges.into_iter().map(|((bad, good, turn), events)| Incident { good, bad, turn, events }).collect();
    incidents.sort_by_key(|incident| (incident.bad, incident.good, incident.turn));
    incidents
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(before: (i64, i64), behind: (i64, i64)) -> Event {
        let [suite, name, text] = ["", "t", ""].map(String::from);
        Event { turn: Turn::Break, before, behind, suite, name, text }
    }

    #[test]
    fn kept_positions_enclose_the_break() {
        let events = [event((1, 12), (13, 40))];
        let ranges = |k, phase| thin(&events, k, phase).iter().map(|i| (i.good, i.bad)).collect::<Vec<_>>();
        assert_eq!(ranges(10, 0), [(10, 20)]);
        assert_eq!(ranges(10, 3), [(3, 13)]);
        assert_eq!(ranges(10, 2), [(12, 22)]);
        assert_eq!(ranges(1, 0), [(12, 13)]);
    }

    #[test]
    fn what_no_kept_position_saw_did_not_happen() {
        let events = [event((11, 12), (13, 14))];
        assert_eq!(thin(&events, 10, 0).len(), 0);
        assert_eq!(thin(&events, 2, 0).len(), 1);
    }
}
