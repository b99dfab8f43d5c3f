//! Steps of a length of time: where a test became slower or faster for good.
//!
//! Lengths have no bell's shape, and some runs meet a busy machine. So only their order counts: Pettitt's test (1979)
//! says where a series is cut into two parts of which one is longer, and how likely chance would do as well. It is asked
//! of the whole and of ever shorter parts that overlap (seeded binary segmentation; Kovács and others, 2020), as a test
//! that was slow for a while is no slower in the end; where the surest cut is, both parts are cut again. How much a step
//! matters is the ratio of the medians, which is what a logarithmic scale compares.

/// Only so many of the newest lengths are looked at.
pub(crate) const LENGTHS: usize = 500;
/// Fewer on either side of a step say nothing.
const LEAST: usize = 5;

/// A step of a length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pace {
    /// How many lengths lie before it.
    pub(crate) at: usize,
    /// The medians before and behind, up to the next step.
    pub(crate) before: f64,
    pub(crate) behind: f64,
    /// How likely chance would do as well.
    pub(crate) p_value: f64,
}

/// Returns the steps of the newest [`LENGTHS`] lengths, oldest first: those that chance would make with less than
/// `p_value`, and whose medians differ by the factor `ratio` at least.
pub(crate) fn steps(lengths: &[f64], p_value: f64, ratio: f64) -> Vec<Pace> {
    let skipped = lengths.len().saturating_sub(LENGTHS);
    let lengths = &lengths[skipped..];
    let (mut cuts, mut waiting) = (Vec::new(), vec![(0, lengths.len())]);
    while let Some((from, to)) = waiting.pop() {
        let Some((at, p)) = surest(&lengths[from..to], p_value, ratio) else { continue };
        let at = from + at;
        cuts.push((at, p));
        waiting.extend([(from, at), (at, to)]);
    }
    cuts.sort_unstable_by_key(|(at, _)| *at);
    let ends: Vec<usize> = [0].into_iter().chain(cuts.iter().map(|(at, _)| *at)).chain([lengths.len()]).collect();
    let step = |(index, (at, p_value)): (usize, &(usize, f64))| {
        let (before, behind) = (median(&lengths[ends[index]..*at]), median(&lengths[*at..ends[index + 2]]));
        Pace { at: skipped + at, before, behind, p_value: *p_value }
    };
    let all = cuts.iter().enumerate().map(step);
    all.filter(|pace| is_apart(pace.before, pace.behind, ratio)).collect()
}

fn is_apart(left: f64, right: f64, ratio: f64) -> bool {
    left.max(right) >= ratio * left.min(right) && left != right
}

/// Returns the surest cut that matters, and its probability by chance times the number of tries: less than `p_value`.
fn surest(lengths: &[f64], p_value: f64, ratio: f64) -> Option<(usize, f64)> {
    let (mut windows, mut width) = (vec![], lengths.len());
    while width >= 2 * LEAST {
        let last = lengths.len() - width;
        windows.extend((0..last).step_by((width / 2).max(1)).chain([last]).map(|from| from..from + width));
        width = width * 2 / 3;
    }
    let tries = windows.len() as f64;
    let of_window = |window: std::ops::Range<usize>| {
        let own = &lengths[window.clone()];
        let (at, p) = cut(own).map(|(at, p)| (at, (p * tries).min(1.0))).filter(|(_, p)| *p < p_value)?;
        is_apart(median(&own[..at]), median(&own[at..]), ratio).then_some((window.start + at, p))
    };
    windows.into_iter().filter_map(of_window).min_by(|left, right| left.1.total_cmp(&right.1))
}

/// Returns where the lengths are best cut in two, and the probability of as good a cut by chance:
/// K = max |Uₜ|, Uₜ = 2 Σ ranks up to t − t (n + 1), p ≈ 2 exp(−6 K² / (n³ + n²)).
fn cut(lengths: &[f64]) -> Option<(usize, f64)> {
    let n = lengths.len();
    if n < 2 * LEAST {
        return None;
    }
    let (ranks, mut sum, mut best) = (ranks(lengths), 0.0, (0, 0.0_f64));
    for (index, rank) in ranks.iter().enumerate() {
        sum += rank;
        let at = index + 1;
        let u = (2.0 * sum - (at * (n + 1)) as f64).abs();
        if (LEAST..=n - LEAST).contains(&at) && u > best.1 {
            best = (at, u);
        }
    }
    let size = n as f64;
    (best.0 > 0).then(|| (best.0, (2.0 * (-6.0 * best.1 * best.1 / (size.powi(3) + size.powi(2))).exp()).min(1.0)))
}

/// Returns the rank of each length from 1; equals share the mean of theirs.
fn ranks(lengths: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.sort_unstable_by(|left, right| lengths[*left].total_cmp(&lengths[*right]));
    let (mut ranks, mut from) = (vec![0.0; lengths.len()], 0);
    while from < order.len() {
        let same = order[from..].iter().take_while(|index| lengths[**index] == lengths[order[from]]).count();
        let rank = from as f64 + (same + 1) as f64 / 2.0;
        order[from..from + same].iter().for_each(|index| ranks[*index] = rank);
        from += same.max(1);
    }
    ranks
}

fn median(lengths: &[f64]) -> f64 {
    let mut sorted = lengths.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => sorted[middle],
        _ => (sorted[middle - 1] + sorted[middle]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lengths around `base`, some a little and every ninth a lot longer.
    fn around(base: f64, count: usize) -> Vec<f64> {
        (0..count).map(|n| base * (1.0 + 0.02 * ((n * 7) % 5) as f64 + if n % 9 == 4 { 3.0 } else { 0.0 })).collect()
    }

    #[test]
    fn a_test_that_becomes_slower_and_fast_again_has_two_steps() {
        let all: Vec<f64> = [around(100.0, 40), around(150.0, 30), around(100.0, 40)].concat();
        let found = steps(&all, 0.001, 1.2);
        assert_eq!(found.iter().map(|pace| pace.at).collect::<Vec<_>>(), [40, 70]);
        assert!(found[0].before < 110.0 && found[0].behind > 145.0, "{found:?}");
    }

    #[test]
    fn busy_machines_and_small_differences_are_no_step() {
        assert_eq!(steps(&around(100.0, 200), 0.001, 1.2), []);
        assert_eq!(steps(&[around(100.0, 50), around(110.0, 50)].concat(), 0.001, 1.2), []);
        assert_eq!(steps(&[1.0, 9.0, 9.0], 0.001, 1.2), []);
        assert_eq!(steps(&[0.0; 100], 0.001, 1.2), []);
        assert_eq!(steps(&[], 0.001, 1.2), []);
    }

    #[test]
    fn equal_lengths_share_their_ranks() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0]), [3.5, 1.0, 3.5, 2.0]);
    }
}
