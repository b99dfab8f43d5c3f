//! Streaks: what is said of a series at each position, folded into maximal runs of equal verdicts.
//!
//! Pure functions over one series. Where observations come from and where streaks are kept is not here.

use std::sync::Arc;

/// The verdict of a series at one position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// Every decisive outcome passed.
    Pass,
    /// Every decisive outcome failed.
    Fail,
    /// Some passed, some failed.
    Flaky,
    /// None was decisive.
    Skip,
}

impl Verdict {
    /// Returns the word of the tables.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Flaky => "flaky",
            Self::Skip => "skip",
        }
    }

    /// Returns what one outcome says by itself; an unknown word counts as skipped, so that it decides nothing.
    pub(crate) fn of(outcome: &str) -> Self {
        match outcome {
            "passed" | "xfailed" => Self::Pass,
            "failed" | "errored" | "xpassed" => Self::Fail,
            _ => Self::Skip,
        }
    }

    /// Returns whether it says how the series stands.
    pub(crate) fn is_decisive(self) -> bool {
        matches!(self, Self::Pass | Self::Fail)
    }

    /// Returns the verdict that a word of the tables stands for.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        [Self::Pass, Self::Fail, Self::Flaky, Self::Skip].into_iter().find(|verdict| verdict.as_str() == word)
    }
}

/// One build on a lane, as far as streaks need it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// The place of its revision in the branch.
    pub position: i64,
    /// When it began, else when it ended, else when it came in; in microseconds. Unknown counts as last of its
    /// position.
    pub at: Option<i64>,
    /// The build.
    pub build_id: i64,
    /// The revision.
    pub revision: Arc<str>,
}

impl Place {
    /// Returns what builds are ordered by: position, then time, then id.
    pub(crate) fn key(&self) -> (i64, i64, i64) {
        (self.position, self.at.unwrap_or(i64::MAX), self.build_id)
    }
}

/// How often a test passed, failed and was skipped: in one build, or in all builds of a position or streak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Outcomes passed or xfailed.
    pub passed: i64,
    /// Outcomes failed, errored or xpassed.
    pub failed: i64,
    /// Outcomes skipped.
    pub skipped: i64,
    /// The text of the first failing outcome that has one.
    pub message_id: Option<i64>,
}

impl Tally {
    /// Returns the tally of one outcome, by what it says alone.
    pub(crate) fn of(verdict: Verdict, message_id: Option<i64>) -> Self {
        match verdict {
            Verdict::Pass => Self { passed: 1, ..Self::default() },
            Verdict::Fail => Self { failed: 1, message_id, ..Self::default() },
            Verdict::Skip | Verdict::Flaky => Self { skipped: 1, ..Self::default() },
        }
    }

    /// Adds what came later.
    pub(crate) fn add(&mut self, later: &Self) {
        self.passed += later.passed;
        self.failed += later.failed;
        self.skipped += later.skipped;
        self.message_id = self.message_id.or(later.message_id);
    }

    /// Returns the verdict.
    pub(crate) fn verdict(&self) -> Verdict {
        match (self.passed > 0, self.failed > 0) {
            (true, true) => Verdict::Flaky,
            (true, false) => Verdict::Pass,
            (false, true) => Verdict::Fail,
            (false, false) => Verdict::Skip,
        }
    }
}

/// A maximal run of equal verdicts over the tested positions of one series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Streak {
    /// The verdict.
    pub verdict: Verdict,
    /// The first build of the first position.
    pub first: Place,
    /// The last build of the last position.
    pub last: Place,
    /// Positions in it.
    pub position_count: i64,
    /// Outcomes in it.
    pub tally: Tally,
}

/// Folds the observations of one series, in the order of [`Place::key`], into `streaks`.
///
/// The first observation must lie behind the last position of `streaks`; several observations at one position are
/// one verdict. Costs nothing but arithmetic for an observation that says what the one before it said.
pub(crate) fn extend<'a>(streaks: &mut Vec<Streak>, observations: impl IntoIterator<Item = (&'a Place, Tally)>) {
    let mut observations = observations.into_iter().peekable();
    let mut open: Option<Open<'a>> = None;
    while let Some((first, tally)) = observations.next() {
        let mut position = Open { first, last: first, position_count: 1, tally };
        while let Some((last, tally)) = observations.next_if(|(place, _)| place.position == first.position) {
            position.last = last;
            position.tally.add(&tally);
        }
        match &mut open {
            Some(open) if open.tally.verdict() == position.tally.verdict() => open.add(&position),
            _ => open.replace(position).into_iter().for_each(|ended| ended.end(streaks)),
        }
    }
    open.into_iter().for_each(|ended| ended.end(streaks));
}

/// A streak of which the end is not known yet, or the verdict at one position. Equal verdicts added are that verdict.
struct Open<'a> {
    first: &'a Place,
    last: &'a Place,
    position_count: i64,
    tally: Tally,
}

impl<'a> Open<'a> {
    fn add(&mut self, later: &Open<'a>) {
        self.last = later.last;
        self.position_count += later.position_count;
        self.tally.add(&later.tally);
    }

    fn end(self, streaks: &mut Vec<Streak>) {
        let verdict = self.tally.verdict();
        let last = self.last.clone();
        match streaks.last_mut().filter(|streak| streak.verdict == verdict) {
            Some(streak) => {
                streak.last = last;
                streak.position_count += self.position_count;
                streak.tally.add(&self.tally);
            }
            None => {
                let (first, position_count, tally) = (self.first.clone(), self.position_count, self.tally);
                streaks.push(Streak { verdict, first, last, position_count, tally });
            }
        }
    }
}

/// The range of a problem: the last tested good place, and the first bad one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    /// The last place of the nearest pass before.
    pub good: Place,
    /// The first place of the first fail after it.
    pub bad: Place,
}

/// Returns the ranges of a series: one for each failing streak whose nearest decisive streak before is a pass.
pub(crate) fn ranges(streaks: &[Streak]) -> Vec<Range> {
    let mut standing: Option<&Streak> = None;
    let mut ranges = Vec::new();
    for streak in streaks {
        match (streak.verdict, standing) {
            (Verdict::Fail, Some(good)) if good.verdict == Verdict::Pass => {
                ranges.push(Range { good: good.last.clone(), bad: streak.first.clone() });
            }
            _ => {}
        }
        if streak.verdict.is_decisive() {
            standing = Some(streak);
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observations(story: &str) -> Vec<(Place, Tally)> {
        let place =
            |position| Place { position, at: None, build_id: position, revision: format!("r{position}").into() };
        let tally = |word: char| match word {
            'P' => Tally::of(Verdict::Pass, None),
            'F' => Tally::of(Verdict::Fail, Some(1)),
            _ => Tally::of(Verdict::Skip, None),
        };
        (0..).zip(story.split(' ')).flat_map(|(p, at)| at.chars().map(move |w| (place(p), tally(w)))).collect()
    }

    fn folded(parts: &[&[(Place, Tally)]]) -> Vec<Streak> {
        let mut streaks = Vec::new();
        parts.iter().for_each(|part| extend(&mut streaks, part.iter().map(|(place, tally)| (place, *tally))));
        streaks
    }

    fn told(story: &str) -> String {
        let streaks = folded(&[&observations(story)]);
        streaks.iter().map(|s| format!("{}×{}", s.verdict.as_str(), s.position_count)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn equal_verdicts_are_one_streak() {
        assert_eq!(told("P P F F F P S PF P"), "pass×2 fail×3 pass×1 skip×1 flaky×1 pass×1");
    }

    #[test]
    fn extending_in_parts_is_extending_at_once() {
        let all = observations("P P F FP F F S F P P");
        let parts: Vec<_> = all.chunk_by(|(a, _), (b, _)| a.position == b.position).collect();
        let (at_once, in_parts) = (folded(&[&all]), folded(&parts));
        assert_eq!(in_parts, at_once);
    }

    #[test]
    fn a_range_reaches_back_to_the_last_pass() {
        let streaks = folded(&[&observations("F P P S FP F F S F P F")]);
        let found: Vec<_> = ranges(&streaks).iter().map(|r| (r.good.position, r.bad.position)).collect();
        assert_eq!(found, [(2, 5), (9, 10)]);
    }
}
