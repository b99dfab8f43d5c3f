//! Fisher's exact test of two shares.

use super::gamma::ln_gamma;

/// Returns how likely at least `failed` failures are in the first of two groups if both fail alike: the right tail of
/// the hypergeometric distribution (Fisher, 1922). `None` where a count is negative or there is nothing to compare.
pub(crate) fn right_tail(failed: f64, passed: f64, other_failed: f64, other_passed: f64) -> Option<f64> {
    let counts = [failed, passed, other_failed, other_passed];
    if counts.iter().any(|count| !(0.0..=1e15).contains(count) || count.fract() != 0.0) {
        return None;
    }
    let (size, failures, all) = (failed + passed, failed + other_failed, counts.iter().sum::<f64>());
    if size == 0.0 || size == all {
        return None;
    }
    let next = |k: f64| (failures - k) * (size - k) / ((k + 1.0) * (all - failures - size + k + 1.0));
    let mode = ((size + 1.0) * (failures + 1.0) / (all + 2.0)).floor();
    let probability =
        |k: f64| (ln_choose(failures, k) + ln_choose(all - failures, size - k) - ln_choose(all, size)).exp();
    if failed > mode {
        let (mut term, mut sum, mut k) = (probability(failed), 0.0, failed);
        while term > 1e-18 * sum {
            sum += term;
            term *= next(k);
            k += 1.0;
        }
        return Some(sum.min(1.0));
    }
    let least = (failures + size - all).max(0.0);
    let (mut k, mut below) = (failed - 1.0, 0.0);
    let mut term = if k >= least { probability(k) } else { 0.0 };
    while k >= least && term > 1e-18 * below {
        below += term;
        k -= 1.0;
        term /= next(k);
    }
    Some((1.0 - below).clamp(0.0, 1.0))
}

fn ln_choose(n: f64, k: f64) -> f64 {
    ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0)
}

#[cfg(test)]
mod tests {
    use super::right_tail;

    #[test]
    fn known_tails() {
        // Fisher's tea (The Design of Experiments, 1935): 17/70 for three of four, 1/70 for all.
        for (counts, tail) in [
            ([3.0, 1.0, 1.0, 3.0], 17.0 / 70.0),
            ([4.0, 0.0, 0.0, 4.0], 1.0 / 70.0),
            ([0.0, 4.0, 4.0, 0.0], 1.0),
            ([1.0, 3.0, 3.0, 1.0], 69.0 / 70.0),
        ] {
            let [a, b, c, d] = counts;
            assert!((right_tail(a, b, c, d).unwrap() - tail).abs() < 1e-11, "{counts:?}");
        }
    }

    #[test]
    fn sums_of_all_tables_are_one_and_large_ones_are_quick() {
        // P(X >= k) + P(X <= k - 1) = 1, the left tail by the groups' exchange.
        for k in 1..=20 {
            let k = f64::from(k);
            let right = right_tail(k, 30.0 - k, 20.0 - k, 50.0 + k).unwrap();
            let left = right_tail(20.0 - k + 1.0, 50.0 + k - 1.0, k - 1.0, 30.0 - k + 1.0).unwrap();
            assert!((right + left - 1.0).abs() < 1e-10, "{k}");
        }
        assert!(right_tail(6_000.0, 994_000.0, 5_000.0, 995_000.0).unwrap() < 1e-20);
        assert!((right_tail(5_000.0, 995_000.0, 5_000.0, 995_000.0).unwrap() - 0.5).abs() < 0.01);
    }

    #[test]
    fn what_cannot_be_compared_has_no_tail() {
        assert_eq!(right_tail(0.0, 0.0, 1.0, 1.0), None);
        assert_eq!(right_tail(1.0, 1.0, 0.0, 0.0), None);
        assert_eq!(right_tail(-1.0, 1.0, 0.0, 3.0), None);
        assert_eq!(right_tail(f64::NAN, 1.0, 0.0, 3.0), None);
        assert_eq!(right_tail(0.5, 1.0, 0.0, 3.0), None);
    }
}
