//! How judgements fared: ranks of the culprit, how often somebody was named, and which threshold would have spared innocents.
//!
//! A break is judged many times, once per test and way of thinning; it counts once, by its mean.

use std::collections::BTreeMap;

/// So many of the judgements may name an innocent.
const BLAME: f64 = 0.01;
/// The thresholds among which the older breaks choose.
const THRESHOLDS: [f64; 12] = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99];
/// Fewer breaks than this choose nothing.
const LEAST_BREAKS: usize = 6;

/// How one judgement fared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    /// Rank 1, rank 3, reciprocal rank and log loss of the culprit; ties are averaged.
    ranks: [f64; 4],
    /// The probability of the first, and whether it was an innocent.
    highest: f64,
    is_wrong: bool,
}

/// The judgements of each break, by its position.
pub(super) type Breaks = BTreeMap<i64, Vec<Mark>>;

/// The threshold that the older half of the breaks chose, and how it fared on the newer half.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// The lowest at which at most one judgement of a hundred names an innocent; `None` where none does.
    pub threshold: Option<f64>,
    /// How many newer breaks there are.
    pub break_count: usize,
    /// How often somebody was named on the newer breaks.
    pub named: f64,
    /// How often that was an innocent, of all judgements.
    pub false_blame: f64,
}

impl Mark {
    pub(super) fn new(probabilities: &[f64], culprit: usize) -> Self {
        const SAME: f64 = 1e-12;
        let own = probabilities[culprit];
        let above = probabilities.iter().filter(|other| **other > own + SAME).count();
        let tied = probabilities.iter().filter(|other| (**other - own).abs() <= SAME).count();
        let ranks = above + 1..=above + tied;
        let share = |of: &dyn Fn(usize) -> f64| ranks.clone().map(of).sum::<f64>() / tied as f64;
        let highest = probabilities.iter().copied().fold(0.0, f64::max);
        let up_to = |last: usize| share(&|rank| f64::from(u8::from(rank <= last)));
        Self {
            ranks: [up_to(1), up_to(3), share(&|rank| 1.0 / rank as f64), -own.max(1e-9).ln()],
            highest,
            is_wrong: own < highest,
        }
    }
}

/// Returns the mean rank 1, rank 3, reciprocal rank and log loss.
pub(super) fn ranks(breaks: &Breaks) -> [f64; 4] {
    std::array::from_fn(|at| mean(breaks.values(), |mark| mark.ranks[at]))
}

/// Returns how often somebody is named from a threshold on, and how often it is an innocent.
pub(super) fn blame<'a>(breaks: impl Iterator<Item = &'a Vec<Mark>> + Clone, threshold: f64) -> (f64, f64) {
    let named = |mark: &Mark| mark.highest > threshold;
    let share = |is: bool| f64::from(u8::from(is));
    (mean(breaks.clone(), |mark| share(named(mark))), mean(breaks, |mark| share(named(mark) && mark.is_wrong)))
}

/// Returns what the older half of the breaks would choose.
pub(super) fn choose(breaks: &Breaks) -> Option<Choice> {
    let older = breaks.len() / 2;
    if breaks.len() < LEAST_BREAKS {
        return None;
    }
    let threshold = THRESHOLDS.into_iter().find(|at| blame(breaks.values().take(older), *at).1 <= BLAME);
    // Nobody is named where no threshold is good enough.
    let (named, false_blame) = threshold.map_or((0.0, 0.0), |at| blame(breaks.values().skip(older), at));
    Some(Choice { threshold, break_count: breaks.len() - older, named, false_blame })
}

fn mean<'a>(breaks: impl Iterator<Item = &'a Vec<Mark>>, of: impl Fn(&Mark) -> f64) -> f64 {
    let one = |marks: &Vec<Mark>| marks.iter().map(&of).sum::<f64>() / marks.len() as f64;
    let (sum, count) = breaks.fold((0.0, 0), |(sum, count), marks| (sum + one(marks), count + 1));
    sum / f64::from(count.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_share_their_ranks() {
        let tied = Mark::new(&[0.25; 4], 2);
        assert_eq!(tied.ranks[..2], [0.25, 0.75]);
        assert!((tied.ranks[2] - (1.0 + 0.5 + 1.0 / 3.0 + 0.25) / 4.0).abs() < 1e-12);
        assert!((tied.ranks[3] - 4.0_f64.ln()).abs() < 1e-12);
        let wrong = [vec![Mark::new(&[0.9, 0.1], 1)]];
        assert_eq!(blame(wrong.iter(), 0.5), (1.0, 1.0));
        assert_eq!(blame(wrong.iter(), 0.95), (0.0, 0.0));
    }

    #[test]
    fn the_older_breaks_choose_for_the_newer_ones() {
        let right = |highest: f64| Mark::new(&[highest, 1.0 - highest], 0);
        let wrong = |highest: f64| Mark::new(&[highest, 1.0 - highest], 1);
        let mut breaks: Breaks = (0..8).map(|at| (at, vec![right(0.9)])).collect();
        breaks.insert(1, vec![wrong(0.7)]);
        breaks.insert(6, vec![wrong(0.8)]);
        let choice = choose(&breaks).expect("eight breaks are enough");
        assert_eq!((choice.threshold, choice.break_count), (Some(0.7), 4));
        assert_eq!((choice.named, choice.false_blame), (1.0, 0.25));
        breaks.insert(2, vec![wrong(0.999)]);
        assert_eq!(choose(&breaks).and_then(|choice| choice.threshold), None);
        assert!(choose(&breaks.into_iter().take(5).collect()).is_none());
    }
}
