//! Finding a culprit by builds: which revision to build next, and when enough is known.
//!
//! Flake-aware culprit finding (Henderson and others, Flake Aware Culprit Finding, ICST 2023): every suspect, and that
//! nobody is to blame, has a probability, which each build's verdict changes (`belief`). The next build is where the sum of
//! probabilities, oldest suspect first, passes one half, and the revision before it first, so that a pass before the
//! culprit is seen. Where one suspect is nearly sure it is verified: it has to fail, and its parent to pass, so often that
//! chance is ruled out. Suspicion is what the probabilities begin with. Running builds is the caller's.

mod belief;

use std::collections::BTreeSet;

use belief::Seen;

/// No test is thought to be less flaky than this when a culprit is verified, as in the paper.
const LEAST_FLAKY: f64 = 0.1;
/// No test is thought to be flakier than this: then no build would say anything.
const MOST_FLAKY: f64 = 0.9;
/// From here on a suspect is verified.
const NEARLY_SURE: f64 = 0.9;
/// A build that is expected to tell less than this is not worth its time.
const LEAST_NEWS: f64 = 1e-4;
/// A hunt ends without a finding after so many times the builds of a plain bisection that is verified.
const PATIENCE: u32 = 3;
/// The share of the beginning probabilities that all suspects have alike, so that no suspicion makes one impossible.
const EVEN: f64 = 0.1;

/// A test and the revisions among which its culprit is.
#[derive(Clone, Debug)]
pub struct Hunt {
    /// The position before the first suspect, which passed.
    good: i64,
    /// The suspects' positions, oldest first; the test was seen to fail at the last.
    line: Vec<i64>,
    /// The probability of each suspect, and that of nobody: at first, and by what was seen.
    prior: Vec<f64>,
    chances: Vec<f64>,
    /// The flake rate at first, and by what was seen.
    prior_rate: f64,
    flake_rate: f64,
    confidence: f64,
    seen: Seen,
    /// Positions whose builds say nothing.
    mute: BTreeSet<i64>,
}

/// What a hunt came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Finding {
    /// This position broke it: it failed there, and passed at the position before, so often.
    Culprit {
        /// The position.
        position: i64,
        /// Failures there.
        failed: u32,
        /// Passes before it.
        passed: u32,
    },
    /// It fails by chance, or for a reason that no change explains: it passed where it had failed.
    Nobody,
}

impl Hunt {
    /// Returns a hunt over the suspects at `line`, oldest first; `suspicion` has a probability for each, and what is
    /// left is nobody's. `flake_rate` is the share of runs in which the test fails by chance.
    pub fn new(good: i64, line: Vec<i64>, suspicion: &[f64], flake_rate: f64, confidence: f64) -> Self {
        let given: f64 = suspicion.iter().copied().filter(|share| *share > 0.0).sum();
        let somebody = given.clamp(0.05, 0.999);
        let of = |index: usize| {
            let share = suspicion.get(index).copied().unwrap_or_default().max(0.0) / given.max(f64::MIN_POSITIVE);
            EVEN / line.len() as f64 + (1.0 - EVEN) * share
        };
        let mut chances: Vec<f64> = (0..line.len()).map(of).collect();
        let sum: f64 = chances.iter().sum();
        chances.iter_mut().for_each(|chance| *chance *= somebody / sum);
        chances.push(1.0 - somebody);
        let flake_rate = flake_rate.clamp(0.0, MOST_FLAKY);
        Self {
            good,
            line,
            prior: chances.clone(),
            chances,
            prior_rate: flake_rate,
            flake_rate,
            confidence: confidence.clamp(0.5, 1.0 - 1e-9),
            seen: Seen::new(),
            mute: BTreeSet::new(),
        }
    }

    /// Returns how often a suspect has to fail and its parent to pass: x = ⌈ln(1 − confidence) / ln(flake rate)⌉.
    pub fn verification_count(&self) -> u32 {
        ((1.0 - self.confidence).ln() / self.flake_rate.max(LEAST_FLAKY).ln()).ceil() as u32
    }

    /// Returns the probability of each suspect's position, oldest first.
    pub fn chances(&self) -> impl Iterator<Item = (i64, f64)> {
        self.line.iter().copied().zip(self.chances.iter().copied())
    }

    /// Returns the probability that nobody is to blame.
    pub fn nobody(&self) -> f64 {
        self.chances[self.line.len()]
    }

    /// Takes in what a build at a position said of the test.
    pub fn observe(&mut self, position: i64, failed: bool) {
        self.seen.entry(position).or_default()[usize::from(failed)] += 1;
        self.flake_rate = belief::rate(&self.seen, self.prior_rate).min(MOST_FLAKY);
        self.chances = belief::posterior(&self.prior, &self.line, &self.seen, self.prior_rate);
    }

    /// Takes in that builds at a position say nothing of the test.
    pub fn mute(&mut self, position: i64) {
        self.mute.insert(position);
    }

    /// Returns what is found out, once it is.
    pub fn finding(&self) -> Option<Finding> {
        let (best, chance) = self.best();
        if chance < self.confidence {
            return None;
        }
        let Some(position) = self.line.get(best).copied() else { return Some(Finding::Nobody) };
        let (failed, passed) = (self.count(position)[1], self.count(self.parent(best))[0]);
        let need = self.verification_count();
        (failed >= need && passed >= need).then_some(Finding::Culprit { position, failed, passed })
    }

    /// Returns up to `count` positions to be built next, at once; none when all is found out, or nothing can be.
    pub fn next(&self, count: usize) -> Vec<i64> {
        if self.finding().is_some() || self.is_spent() {
            return Vec::new();
        }
        let (best, chance) = self.best();
        if chance >= NEARLY_SURE && best < self.line.len() {
            let wanted = self.verification(best, count);
            if !wanted.is_empty() {
                return wanted;
            }
        }
        let mut wanted: Vec<i64> = Vec::new();
        for part in 1..=count {
            let position = self.at(part as f64 / (count + 1) as f64);
            wanted.extend(position.filter(|position| !wanted.contains(position)));
        }
        wanted
    }

    /// Returns how much a build at a position is expected to tell, in nats: the entropy of its verdict, less what of it
    /// is chance.
    pub fn information(&self, position: i64) -> f64 {
        let before = self.line.iter().filter(|suspect| **suspect <= position).count();
        let good: f64 = self.chances[before..].iter().sum();
        let entropy = |p: f64| if p <= 0.0 || p >= 1.0 { 0.0 } else { -p * p.ln() - (1.0 - p) * (1.0 - p).ln() };
        entropy(good * (1.0 - self.flake_rate)) - good * entropy(self.flake_rate)
    }

    /// Returns whether a position is among those that this hunt asks about.
    pub fn reaches(&self, position: i64) -> bool {
        position >= self.good && self.line.last().is_some_and(|last| position <= *last)
    }

    /// Returns whether more was built than a culprit that can be found takes.
    fn is_spent(&self) -> bool {
        let built: u32 = self.seen.values().flatten().sum();
        built >= PATIENCE * (plain_cost(self.line.len()) + 2 * self.verification_count())
    }

    fn best(&self) -> (usize, f64) {
        let all = self.chances.iter().copied().enumerate();
        all.max_by(|left, right| left.1.total_cmp(&right.1)).unwrap_or((0, 0.0))
    }

    fn parent(&self, index: usize) -> i64 {
        if index == 0 { self.good } else { self.line[index - 1] }
    }

    fn count(&self, position: i64) -> [u32; 2] {
        self.seen.get(&position).copied().unwrap_or_default()
    }

    /// Returns what is still to be built to verify a suspect.
    fn verification(&self, index: usize, count: usize) -> Vec<i64> {
        let (suspect, parent, need) = (self.line[index], self.parent(index), self.verification_count());
        let failing = need.saturating_sub(self.count(suspect)[1]) as usize;
        let passing = need.saturating_sub(self.count(parent)[0]) as usize;
        // One of each in turn: either may show that it is not so.
        let turns = (0..failing.max(passing)).flat_map(|turn| {
            [(parent, turn < passing), (suspect, turn < failing)].into_iter().filter(|(_, is_due)| *is_due)
        });
        turns.map(|(position, _)| position).filter(|position| !self.mute.contains(position)).take(count).collect()
    }

    /// Returns the position to be built where the sum of the chances passes `threshold`: the one before it, if that was
    /// not built and may be the last good one.
    fn at(&self, threshold: f64) -> Option<i64> {
        let (mut sum, mut index) = (0.0, self.line.len());
        for (at, chance) in self.chances.iter().enumerate() {
            sum += chance;
            if sum >= threshold {
                index = at;
                break;
            }
        }
        let index = index.min(self.line.len().checked_sub(1)?);
        let before: f64 = self.chances[..index].iter().sum();
        let first =
            if index > 0 && before > 0.0 && !self.seen.contains_key(&self.line[index - 1]) { index - 1 } else { index };
        self.audible(first)
    }

    /// Returns the position nearest to a suspect whose builds say something.
    fn audible(&self, index: usize) -> Option<i64> {
        let tells = |position: &i64| !self.mute.contains(position) && self.information(*position) > LEAST_NEWS;
        let place = |at: usize| self.line.get(at).copied().filter(tells);
        (0..self.line.len()).find_map(|away| place(index + away).or_else(|| index.checked_sub(away).and_then(place)))
    }
}

/// Returns up to `count` positions to be built next for all hunts together: of those that any hunt asks for, the ones
/// that are expected to tell all of them most; `weights` say how much each hunt matters.
pub fn next_of_all(hunts: &[Hunt], weights: &[f64], count: usize) -> Vec<i64> {
    let wanted: BTreeSet<i64> = hunts.iter().flat_map(|hunt| hunt.next(count)).collect();
    let worth = |position: i64| -> f64 {
        let open = hunts.iter().zip(weights).filter(|(hunt, _)| hunt.reaches(position) && hunt.finding().is_none());
        // What only verifies tells little, and is wanted all the same.
        open.map(|(hunt, weight)| weight * (hunt.information(position) + 0.001)).sum()
    };
    if let [hunt] = hunts {
        return hunt.next(count);
    }
    let mut ranked: Vec<(f64, i64)> = wanted.into_iter().map(|position| (worth(position), position)).collect();
    ranked.sort_by(|left, right| right.0.total_cmp(&left.0).then(left.1.cmp(&right.1)));
    ranked.into_iter().take(count).map(|(_, position)| position).collect()
}

/// Returns how many builds a plain bisection of so many suspects needs: one per halving, none of them checked.
pub fn plain_cost(suspects: usize) -> u32 {
    (suspects.max(1) as f64).log2().ceil() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a hunt to its end; `verdict` says whether the test fails at a position in its n-th build there.
    fn run(mut hunt: Hunt, verdict: impl Fn(i64, u32) -> bool) -> (Option<Finding>, u32) {
        for cost in 0..500 {
            let [position] = hunt.next(1)[..] else { return (hunt.finding(), cost) };
            let count = hunt.count(position).iter().sum();
            hunt.observe(position, verdict(position, count));
        }
        (hunt.finding(), 500)
    }

    fn even(n: usize) -> (Vec<i64>, Vec<f64>) {
        ((1..=n as i64).collect(), vec![0.98 / n as f64; n])
    }

    #[test]
    fn a_steady_break_is_found_and_verified_wherever_it_is() {
        for culprit in 1..=32 {
            let (line, suspicion) = even(32);
            let (finding, cost) = run(Hunt::new(0, line, &suspicion, 0.001, 0.999), |position, _| position >= culprit);
            let Some(Finding::Culprit { position, failed: 2.., passed: 2.. }) = finding else { panic!("{finding:?}") };
            assert_eq!(position, culprit);
            // The oldest suspect takes most: only builds of what was good before can acquit chance.
            assert!(cost <= 33, "{culprit}: {cost}");
        }
    }

    #[test]
    fn a_good_suspicion_saves_builds() {
        let (line, mut suspicion) = even(64);
        let blind = run(Hunt::new(0, line.clone(), &suspicion, 0.01, 0.999), |position, _| position >= 40).1;
        suspicion[39] += 2.0;
        suspicion.iter_mut().for_each(|share| *share /= 3.0);
        let (finding, cost) = run(Hunt::new(0, line, &suspicion, 0.01, 0.999), |position, _| position >= 40);
        assert!(matches!(finding, Some(Finding::Culprit { position: 40, .. })));
        assert!(cost + 2 <= blind, "{cost} against {blind}");
    }

    #[test]
    fn a_test_that_passes_where_it_failed_has_no_culprit() {
        let (line, suspicion) = even(16);
        let (finding, cost) = run(Hunt::new(0, line, &suspicion, 0.2, 0.999), |_, _| false);
        assert_eq!(finding, Some(Finding::Nobody));
        assert!(cost <= 16, "{cost}");
    }

    #[test]
    fn a_wrong_suspicion_is_overcome() {
        let (line, mut suspicion) = even(16);
        suspicion.fill(0.0);
        suspicion[2] = 0.97;
        let (finding, _) = run(Hunt::new(0, line, &suspicion, 0.01, 0.999), |position, _| position >= 12);
        assert!(matches!(finding, Some(Finding::Culprit { position: 12, .. })), "{finding:?}");
    }

    #[test]
    fn flaky_failures_before_the_culprit_are_seen_through() {
        let (line, suspicion) = even(20);
        // Every third build fails by chance.
        let verdict = |position: i64, count: u32| position >= 15 || (position + i64::from(count)) % 3 == 0;
        let (finding, _) = run(Hunt::new(0, line, &suspicion, 0.33, 0.999), verdict);
        assert!(matches!(finding, Some(Finding::Culprit { position: 15, .. })), "{finding:?}");
    }

    #[test]
    fn where_builds_say_nothing_the_hunt_goes_around_and_ends() {
        let (line, suspicion) = even(8);
        let mut hunt = Hunt::new(0, line, &suspicion, 0.01, 0.999);
        (4..=5).for_each(|position| hunt.mute(position));
        let (finding, cost) = run(hunt, |position, _| position >= 5);
        assert_eq!(finding, None);
        assert!(cost <= 27, "{cost}");
    }

    #[test]
    fn hunts_share_builds() {
        let (line, suspicion) = even(32);
        let hunts: Vec<Hunt> = (0..2).map(|_| Hunt::new(0, line.clone(), &suspicion, 0.01, 0.999)).collect();
        assert_eq!(next_of_all(&hunts, &[1.0, 1.0], 1).len(), 1);
        assert!(hunts[0].information(16) > hunts[0].information(2));
    }
}
