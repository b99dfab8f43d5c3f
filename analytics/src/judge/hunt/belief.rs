//! What builds say of suspects, by Bayes' rule, where nobody knows how flaky the test is.
//!
//! A revision without the culprit passes but for the test's flake rate, one with it always fails. The rate is not known,
//! so it is summed over: of the builds that a suspect makes good, p passes and q failures have the probability
//! B(a + q, b + p) / B(a, b) under a beta prior. A single estimate would take three failures in a row of a test that is
//! flakier than it seemed for proof.

use std::collections::BTreeMap;

use crate::judge::gamma::ln_gamma;

/// So many runs is the flake rate worth that a hunt begins with: builds of revisions that are known to be good tell more.
const RATE_WORTH: f64 = 3.0;
/// The chance that what was known of the flake rate says nothing: then any rate is as likely as any other.
const SURPRISE: f64 = 0.1;
/// No rate is thought to be less, or more than one less this: then no build would change it.
const EXTREME: f64 = 0.002;

/// How often a test passed and failed in builds of a hunt, by position.
pub(super) type Seen = BTreeMap<i64, [u32; 2]>;

/// Returns the probability of each suspect, oldest first, and of nobody, by what was seen; `prior` has them in the same
/// order, `line` the suspects' positions.
pub(super) fn posterior(prior: &[f64], line: &[i64], seen: &Seen, rate: f64) -> Vec<f64> {
    let logarithm = |(index, prior): (usize, &f64)| {
        let from = line.get(index).copied().unwrap_or(i64::MAX);
        // What has the culprit never passes.
        let is_possible = seen.range(from..).all(|(_, [passed, _])| *passed == 0);
        if is_possible { prior.ln() + likelihood(sum(seen.range(..from)), rate) } else { f64::NEG_INFINITY }
    };
    let logarithms: Vec<f64> = prior.iter().enumerate().map(logarithm).collect();
    let highest = logarithms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logarithms.iter().map(|logarithm| (logarithm - highest).exp()).sum();
    logarithms.iter().map(|logarithm| (logarithm - highest).exp() / sum).collect()
}

/// Returns the flake rate by what was seen: up to the newest pass all revisions are good, and what failed there failed by
/// chance.
pub(super) fn rate(seen: &Seen, prior: f64) -> f64 {
    let newest = seen.iter().rev().find(|(_, [passed, _])| *passed > 0).map(|(position, _)| *position);
    let [passed, failed] = newest.map_or([0.0; 2], |newest| sum(seen.range(..=newest)));
    (failed + RATE_WORTH * prior) / (passed + failed + RATE_WORTH)
}

fn sum<'a>(seen: impl Iterator<Item = (&'a i64, &'a [u32; 2])>) -> [f64; 2] {
    seen.fold([0.0, 0.0], |sum, (_, [passed, failed])| [sum[0] + f64::from(*passed), sum[1] + f64::from(*failed)])
}

/// Returns the logarithm of the probability of so many passes and failures of a sound revision, in one certain order.
fn likelihood([passed, failed]: [f64; 2], rate: f64) -> f64 {
    let rate = rate.clamp(EXTREME, 1.0 - EXTREME);
    let beta = |a: f64, b: f64| ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b);
    let under = |a: f64, b: f64| (beta(a + failed, b + passed) - beta(a, b)).exp();
    let known = under(RATE_WORTH * rate, RATE_WORTH * (1.0 - rate));
    ((1.0 - SURPRISE) * known + SURPRISE * under(1.0, 1.0)).max(f64::MIN_POSITIVE).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_acquits_what_came_before_it() {
        let seen = Seen::from([(2, [1, 0]), (3, [0, 2])]);
        let all = posterior(&[0.25; 4], &[1, 2, 3], &seen, 0.01);
        assert_eq!(all[..2], [0.0, 0.0]);
        assert!(all[2] > 0.9 && (all.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{all:?}");
    }

    #[test]
    fn failures_among_passes_make_chance_likelier() {
        let steady = posterior(&[0.5; 2], &[5], &Seen::from([(4, [6, 0]), (5, [0, 3])]), 0.05);
        let flaky = posterior(&[0.5; 2], &[5], &Seen::from([(4, [3, 3]), (5, [0, 3])]), 0.05);
        assert!(steady[1] < 0.01 && flaky[1] > 0.1, "{steady:?} {flaky:?}");
        assert!(rate(&Seen::from([(4, [3, 3])]), 0.05) > 0.3);
    }
}
