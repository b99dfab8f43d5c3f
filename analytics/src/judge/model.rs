//! Suspicion as a conditional logit, and how its weights are learnt.
//!
//! Each change scores the sum of weight times figure; its probability among others is its share of exp(score) (McFadden,
//! 1974). A lesson is a list of changes of which some are known to hold the culprit. Mostly that is all a history
//! knows: the culprit stands in the range, not among the changes just before it, so the probability of the range among
//! both is what is made likely. Where the culprit itself is known, the lesson is the range with one change in it.
//! Weights are kept near those they begin with by a normal prior, so that few lessons change little.

use std::ops::Range;

use super::evidence::{COUNT, Figures};

/// The precision of the prior around the weights that learning begins with.
pub(crate) const SHRINKAGE: f64 = 2.0;
const ROUNDS: usize = 200;

/// What one incident teaches.
#[derive(Clone, Debug)]
pub(crate) struct Lesson {
    /// The figures of all changes.
    pub(crate) figures: Vec<Figures>,
    /// Those among which the culprit is.
    pub(crate) culprits: Range<usize>,
}

/// Returns the probability of each change by its figures; they sum to one.
pub(crate) fn probabilities(figures: &[Figures], weights: &Figures) -> Vec<f64> {
    let scores: Vec<f64> = figures.iter().map(|figures| score(figures, weights)).collect();
    let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = scores.iter().map(|score| (score - highest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|power| power / sum).collect()
}

/// Returns the sum of weight times figure.
pub(crate) fn score(figures: &Figures, weights: &Figures) -> f64 {
    figures.iter().zip(weights).map(|(figure, weight)| figure * weight).sum()
}

/// Returns the weights that make the lessons likely and are not far from `prior`: steepest descent with the step
/// lengths of Barzilai and Borwein (1988), halved until the loss falls.
pub(crate) fn learn(prior: &Figures, lessons: &[Lesson], shrinkage: f64) -> Figures {
    let mut weights = *prior;
    let (mut loss, mut slope) = fall(&weights, prior, lessons, shrinkage);
    let mut step = 0.1 / (1.0 + norm(&slope));
    for _ in 0..ROUNDS {
        let Some((next, next_loss, next_slope)) =
            descend(&weights, loss, &slope, step, |weights| fall(weights, prior, lessons, shrinkage))
        else {
            break;
        };
        let (moved, turned) = (difference(&next, &weights), difference(&next_slope, &slope));
        let curvature: f64 = dot(&moved, &turned);
        step = if curvature > 0.0 { dot(&moved, &moved) / curvature } else { step * 2.0 };
        let gain = loss - next_loss;
        (weights, loss, slope) = (next, next_loss, next_slope);
        if gain < 1e-7 * (1.0 + loss.abs()) {
            break;
        }
    }
    weights
}

type Point = (Figures, f64, Figures);

fn descend(
    weights: &Figures,
    loss: f64,
    slope: &Figures,
    mut step: f64,
    at: impl Fn(&Figures) -> (f64, Figures),
) -> Option<Point> {
    for _ in 0..40 {
        let next: Figures = std::array::from_fn(|place| weights[place] - step * slope[place]);
        let (next_loss, next_slope) = at(&next);
        if next_loss <= loss - 1e-4 * step * dot(slope, slope) {
            return Some((next, next_loss, next_slope));
        }
        step /= 2.0;
    }
    None
}

/// Returns the negative logarithm of the likelihood of lessons and prior, and its slope.
fn fall(weights: &Figures, prior: &Figures, lessons: &[Lesson], shrinkage: f64) -> (f64, Figures) {
    let away = difference(weights, prior);
    let mut loss = shrinkage / 2.0 * dot(&away, &away);
    let mut slope: Figures = away.map(|away| shrinkage * away);
    for lesson in lessons {
        let all = probabilities(&lesson.figures, weights);
        let inside: f64 = all[lesson.culprits.clone()].iter().sum::<f64>().max(f64::MIN_POSITIVE);
        loss -= inside.ln();
        for (index, (figures, probability)) in lesson.figures.iter().zip(&all).enumerate() {
            let share = if lesson.culprits.contains(&index) { probability / inside } else { 0.0 };
            (0..COUNT).for_each(|place| slope[place] += (probability - share) * figures[place]);
        }
    }
    (loss, slope)
}

fn dot(left: &Figures, right: &Figures) -> f64 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

fn norm(of: &Figures) -> f64 {
    dot(of, of).sqrt()
}

fn difference(left: &Figures, right: &Figures) -> Figures {
    std::array::from_fn(|place| left[place] - right[place])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(place: usize, figure: f64) -> Figures {
        let mut figures = [0.0; COUNT];
        figures[place] = figure;
        figures
    }

    #[test]
    fn what_ranges_have_and_their_neighbours_have_not_gains_weight() {
        let lesson = Lesson { figures: vec![with(1, 1.0), with(1, 1.0), with(0, 1.0), [0.0; COUNT]], culprits: 2..4 };
        let weights = learn(&[0.0; COUNT], &vec![lesson; 20], SHRINKAGE);
        assert!(weights[0] > 0.5 && weights[1] < -0.5, "{weights:?}");
        assert!(weights[2..].iter().all(|weight| *weight == 0.0));
    }

    #[test]
    fn few_lessons_change_little_and_none_nothing() {
        let prior = with(3, 1.5);
        assert_eq!(learn(&prior, &[], SHRINKAGE), prior);
        let lesson = Lesson { figures: vec![with(0, 1.0), [0.0; COUNT]], culprits: 0..1 };
        let weights = learn(&prior, &[lesson], SHRINKAGE);
        assert!(weights[0] > 0.1 && weights[0] < 0.3, "{weights:?}");
    }

    #[test]
    fn probabilities_sum_to_one_however_far_apart_the_scores_are() {
        let all = probabilities(&[with(0, 5000.0), with(0, -5000.0)], &with(0, 1.0));
        assert_eq!(all, [1.0, 0.0]);
    }
}
