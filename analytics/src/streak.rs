//! Streaks: what is said of a series at each position, folded into maximal runs of equal verdicts.
//!
//! Pure functions over one series. Where observations come from and where streaks are kept is not here.

/// The verdict of a series at one position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    pub revision: String,
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
    /// Returns the tally of one outcome; an unknown word counts as skipped, so that it decides nothing.
    pub(crate) fn of(outcome: &str, message_id: Option<i64>) -> Self {
        match outcome {
            "passed" | "xfailed" => Self { passed: 1, ..Self::default() },
            "failed" | "errored" | "xpassed" => Self { failed: 1, message_id, ..Self::default() },
            _ => Self { skipped: 1, ..Self::default() },
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
/// one verdict.
pub(crate) fn extend(streaks: &mut Vec<Streak>, observations: &[(Place, Tally)]) {
    for position in observations.chunk_by(|(a, _), (b, _)| a.position == b.position) {
        let mut tally = Tally::default();
        position.iter().for_each(|(_, part)| tally.add(part));
        let (first, last) = (&position[0].0, &position[position.len() - 1].0);
        match streaks.last_mut().filter(|streak| streak.verdict == tally.verdict()) {
            Some(streak) => {
                streak.last = last.clone();
                streak.position_count += 1;
                streak.tally.add(&tally);
            }
            None => streaks.push(Streak {
                verdict: tally.verdict(),
                first: first.clone(),
                last: last.clone(),
                position_count: 1,
                tally,
            }),
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
        if matches!(streak.verdict, Verdict::Pass | Verdict::Fail) {
            standing = Some(streak);
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observations(story: &str) -> Vec<(Place, Tally)> {
        let place = |position| Place { position, at: None, build_id: position, revision: format!("r{position}") };
        let tally = |word: char| match word {
            'P' => Tally::of("passed", None),
            'F' => Tally::of("failed", Some(1)),
            _ => Tally::of("skipped", None),
        };
        (0..).zip(story.split(' ')).flat_map(|(p, at)| at.chars().map(move |w| (place(p), tally(w)))).collect()
    }

    fn told(story: &str) -> String {
        let mut streaks = Vec::new();
        extend(&mut streaks, &observations(story));
        streaks.iter().map(|s| format!("{}×{}", s.verdict.as_str(), s.position_count)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn equal_verdicts_are_one_streak() {
        assert_eq!(told("P P F F F P S PF P"), "pass×2 fail×3 pass×1 skip×1 flaky×1 pass×1");
    }

    #[test]
    fn extending_in_parts_is_extending_at_once() {
        let all = observations("P P F FP F F S F P P");
        let mut at_once = Vec::new();
        extend(&mut at_once, &all);
        let mut in_parts = Vec::new();
        all.chunk_by(|(a, _), (b, _)| a.position == b.position).for_each(|part| extend(&mut in_parts, part));
        assert_eq!(in_parts, at_once);
    }

    #[test]
    fn a_range_reaches_back_to_the_last_pass() {
        let mut streaks = Vec::new();
        extend(&mut streaks, &observations("F P P S FP F F S F P F"));
        let found: Vec<_> = ranges(&streaks).iter().map(|r| (r.good.position, r.bad.position)).collect();
        assert_eq!(found, [(2, 5), (9, 10)]);
    }
}
