//! Steps of a failure rate: where a series began to fail more or less often, and between which positions that was.
//!
//! Each stretch between two steps has an unknown failure rate with a beta prior; a step is there when two rates explain
//! the stretch so much better than one that the prior odds against a step are overcome. So a test that goes from 1% to
//! 20% has a step, and one that was always flaky has none. The rule and its constants are those of LUCI Analysis
//! (luci-go, `analysis/internal/changepoints/bayesian`); a flaky position counts there as a failure that was retried.
//! Steps are looked for between runs of equal verdicts only, as the best one always is there.

use super::gamma::ln_gamma;

/// Prior odds of a step, by LUCI.
pub(crate) const LIKELIHOOD: f64 = 0.0001;
/// Beta prior of the share of positions with a failure, by LUCI.
const FAILING: [f64; 2] = [0.3, 0.5];
/// Beta prior of the share of failures that a retry did not mend, by LUCI.
const LASTING: [f64; 2] = [0.5, 0.5];
/// What the interval of positions leaves out on either side: 99% stay inside.
const TAIL: f64 = 0.005;
/// Only so many of the newest runs are looked at, so that no history costs more than this allows.
pub(crate) const RUNS: usize = 1000;
/// Whether the step was there is asked at so many places at either end of a run, and at so many evenly apart between.
const PLACES: i64 = 32;

/// A run of positions with equal verdicts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Run {
    /// Positions that failed.
    pub(crate) failed: i64,
    /// Positions that failed and passed.
    pub(crate) flaky: i64,
    /// All positions.
    pub(crate) total: i64,
}

/// A step of the failure rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Step {
    /// The tested positions before the most likely place, counted from the first run on.
    pub(crate) at: i64,
    /// The least and the most of them that are likely.
    pub(crate) low: i64,
    pub(crate) high: i64,
    /// The share of positions with a failure before and behind, up to the next step.
    pub(crate) before: f64,
    pub(crate) behind: f64,
    /// The logarithm of the odds that there is a step.
    pub(crate) ln_odds: f64,
}

/// Sums over runs: total, with a failure, failing without a pass.
#[derive(Clone, Copy, Debug, Default)]
struct Sums([f64; 3]);

impl Sums {
    fn minus(self, other: Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at] - other.0[at]))
    }

    fn plus(self, run: &Run, share: f64) -> Self {
        let of = [run.total, run.failed + run.flaky, run.failed];
        Self(std::array::from_fn(|at| self.0[at] + share * of[at] as f64))
    }

    fn failing_share(self) -> f64 {
        self.0[1] / self.0[0].max(1.0)
    }
}

/// A series: its runs, and the sums before each of them.
struct Series<'a> {
    runs: &'a [Run],
    before: Vec<Sums>,
    /// Whether failures were ever seen to be retried.
    is_retried: bool,
}

/// Returns the steps of the newest [`RUNS`] of these runs, oldest first; `likelihood` is the prior odds of a step.
pub(crate) fn steps(runs: &[Run], likelihood: f64) -> Vec<Step> {
    let skipped: i64 = runs[..runs.len().saturating_sub(RUNS)].iter().map(|run| run.total).sum();
    let runs = &runs[runs.len().saturating_sub(RUNS)..];
    let mut before = vec![Sums::default()];
    for run in runs {
        before.push(before[before.len() - 1].plus(run, 1.0));
    }
    let series = Series { runs, before, is_retried: runs.iter().any(|run| run.flaky > 0) };
    let mut cuts = vec![];
    series.cut(0, runs.len(), likelihood.ln(), &mut cuts);
    cuts.sort_unstable_by_key(|(cut, _)| *cut);
    let ends: Vec<usize> =
        std::iter::once(0).chain(cuts.iter().map(|(cut, _)| *cut)).chain(std::iter::once(runs.len())).collect();
    let step = |(index, (cut, ln_odds)): (usize, &(usize, f64))| {
        let (from, to) = (ends[index], ends[index + 2]);
        let (low, high) = series.interval(from, to);
        let at = series.before[*cut].0[0] as i64;
        Step {
            at: skipped + at,
            low: skipped + low.min(at),
            high: skipped + high.max(at),
            before: series.between(from, *cut).failing_share(),
            behind: series.between(*cut, to).failing_share(),
            ln_odds: *ln_odds,
        }
    };
    cuts.iter().enumerate().map(step).collect()
}

impl Series<'_> {
    fn between(&self, from: usize, to: usize) -> Sums {
        self.before[to].minus(self.before[from])
    }

    /// Returns the logarithm of the likelihood of a stretch with one rate.
    fn likelihood(&self, sums: Sums) -> f64 {
        let [total, failing, failed] = sums.0;
        let retried = if self.is_retried { ln_marginal(failed, failing, LASTING) } else { 0.0 };
        ln_marginal(failing, total, FAILING) + retried
    }

    /// Cuts the runs from `from` up to `to` where two rates are likelier than one, and both parts again.
    fn cut(&self, from: usize, to: usize, prior: f64, cuts: &mut Vec<(usize, f64)>) {
        // On a list, as a stack: a series of a thousand runs may be cut at each of them.
        let mut waiting = vec![(from, to)];
        while let Some((from, to)) = waiting.pop() {
            let whole = self.likelihood(self.between(from, to));
            let gain = |cut: usize| {
                self.likelihood(self.between(from, cut)) + self.likelihood(self.between(cut, to)) - whole + prior
            };
            let best = (from + 1..to).map(|cut| (cut, gain(cut))).max_by(|left, right| left.1.total_cmp(&right.1));
            if let Some((cut, gain)) = best.filter(|(_, gain)| *gain > 0.0) {
                cuts.push((cut, gain));
                waiting.extend([(from, cut), (cut, to)]);
            }
        }
    }

    /// Returns between how many positions the step of the runs from `from` up to `to` likely is.
    fn interval(&self, from: usize, to: usize) -> (i64, i64) {
        let (begin, end) = (self.before[from], self.before[to]);
        let mut places: Vec<(i64, f64, f64)> = Vec::new();
        for index in from..to {
            let total = self.runs[index].total;
            let offsets = offsets(total);
            for (place, offset) in offsets.iter().enumerate() {
                let (offset, width) = (*offset, offsets.get(place + 1).unwrap_or(&total) - offset);
                let here = self.before[index].plus(&self.runs[index], offset as f64 / total.max(1) as f64);
                let ln = self.likelihood(here.minus(begin)) + self.likelihood(end.minus(here));
                // Places before which nothing is known of the series are no steps.
                if here.0[0] > begin.0[0] {
                    places.push((here.0[0] as i64, ln, width as f64));
                }
            }
        }
        let highest = places.iter().map(|(_, ln, _)| *ln).fold(f64::NEG_INFINITY, f64::max);
        let weight = |(_, ln, width): &(i64, f64, f64)| (ln - highest).exp() * width;
        let sum: f64 = places.iter().map(weight).sum();
        let quantile = |share: f64| {
            let mut passed = 0.0;
            let found = places.iter().find(|place| {
                passed += weight(place);
                passed >= share * sum
            });
            found.or(places.last()).map_or(0, |(at, ..)| *at)
        };
        (quantile(TAIL), quantile(1.0 - TAIL))
    }
}

/// Returns the places of a run at which it is asked whether the step was there.
fn offsets(total: i64) -> Vec<i64> {
    let stride = (total / PLACES).max(1);
    let middle = (PLACES..total - PLACES).step_by(stride as usize);
    (0..total.min(PLACES)).chain(middle).chain((total - PLACES).max(PLACES)..total).collect()
}

/// Returns the logarithm of the probability of `count` of `total` under a rate with a beta prior.
fn ln_marginal(count: f64, total: f64, [a, b]: [f64; 2]) -> f64 {
    ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + ln_gamma(count + a) + ln_gamma(total - count + b)
        - ln_gamma(total + a + b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(text: &str) -> Vec<Run> {
        let word = |word: &str| {
            let (kind, count) = word.split_at(1);
            let total = count.parse().unwrap();
            Run { failed: if kind == "F" { total } else { 0 }, flaky: if kind == "X" { total } else { 0 }, total }
        };
        text.split_whitespace().map(word).collect()
    }

    fn found(text: &str) -> Vec<(i64, i64, i64)> {
        steps(&runs(text), LIKELIHOOD).iter().map(|step| (step.at, step.low, step.high)).collect()
    }

    #[test]
    fn a_clean_break_is_where_it_is_give_or_take_a_position() {
        assert_eq!(found("P50 F20"), [(50, 49, 51)]);
        assert_eq!(found("P500 F20 P300"), [(500, 499, 500), (520, 520, 521)]);
    }

    #[test]
    fn one_failure_is_no_step_and_flakiness_that_was_always_there_is_none() {
        assert_eq!(found("P50 F1 P50"), []);
        assert_eq!(found("P4 F1 P6 F1 P3 F1 P8 F1 P5 F1 P6 F1 P3"), []);
        assert_eq!(found("P100"), []);
        assert_eq!(found(""), []);
    }

    #[test]
    fn a_test_that_goes_from_hardly_ever_to_a_fifth_has_one_step_with_an_interval() {
        let mut text = "P60 F1 P139".to_owned();
        (0..12).for_each(|_| text.push_str(" F1 P4"));
        let all = steps(&runs(&text), LIKELIHOOD);
        let [step] = all[..] else { panic!("{all:?}") };
        assert!((190..=202).contains(&step.at), "{step:?}");
        assert!(step.low < step.at && step.low > 150 && step.high >= step.at && step.high < 225, "{step:?}");
        assert!(step.before < 0.02 && (0.15..0.25).contains(&step.behind), "{step:?}");
    }

    #[test]
    fn a_flaky_test_that_fails_for_good_has_a_step() {
        let all = found("P10 X1 P5 X2 P7 X1 P9 X1 P12 X1 P10 F15");
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].0, 59);
    }

    #[test]
    fn long_histories_are_looked_at_from_their_newest_end() {
        let mut text = "F500 ".to_owned();
        (0..RUNS).for_each(|_| text.push_str("P9 F1 "));
        assert_eq!(found(&text), []);
    }
}
