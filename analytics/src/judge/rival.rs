//! The published rules that the model is compared with, each on what the store has.
//!
//! Rules that only rank give probabilities in proportion to their scores, so that they have a log loss at all.

use super::change::Change;
use super::evidence::{Figures, place};
use super::thin::Event;

/// A problem to be judged.
pub(crate) struct Scene<'a> {
    pub(crate) event: &'a Event,
    pub(crate) changes: &'a [&'a Change],
    pub(crate) figures: &'a [Figures],
}

/// Returns the probabilities by all rivals.
pub(crate) fn all(scene: &Scene<'_>) -> Vec<(&'static str, Vec<f64>)> {
    vec![
        ("chance", shares(scene.changes.iter().map(|_| 0.0).collect())),
        ("most files", shares(scene.changes.iter().map(|change| change.told.files.len() as f64).collect())),
        ("token overlap", shares(overlap(scene))),
        ("TeamCity's order", shares(team_city(scene))),
        ("Google 2017, folder distance", shares(distance(scene))),
        ("annals, rule 1", shares(first_rule(scene))),
    ]
}

fn shares(scores: Vec<f64>) -> Vec<f64> {
    let least = 0.01 * scores.iter().copied().fold(1e-6, f64::max);
    let sum: f64 = scores.iter().map(|score| score + least).sum();
    scores.iter().map(|score| (score + least) / sum).collect()
}

/// Share of the test's words in paths plus share in the subject, rare words count more.
fn overlap(scene: &Scene<'_>) -> Vec<f64> {
    let (paths, subject) = (place("path_words"), place("subject_words"));
    scene.figures.iter().map(|figures| figures[paths] + figures[subject]).collect()
}

/// The only committer, else the only committer of a file that the failure text names; its third rule, who was
/// responsible before, needs people's answers, which a bare history has not.
fn team_city(scene: &Scene<'_>) -> Vec<f64> {
    let named = |change: &&&Change| {
        let text = scene.event.text.to_lowercase();
        change.names.iter().any(|name| name.len() > 4 && text.contains(name.as_str()))
    };
    let mut authors: Vec<&str> = scene.changes.iter().filter(named).map(|change| change.told.author.as_str()).collect();
    authors.sort_unstable();
    authors.dedup();
    match authors[..] {
        [author] => scene.changes.iter().map(|change| f64::from(u8::from(change.told.author == author))).collect(),
        _ => vec![0.0; scene.changes.len()],
    }
}

/// Suspiciousness of Ziftci and Reardon (2017): the sum over the files of 11 / sqrt(40 π) · exp(-(d - 1)² / 40). Their d
/// is a distance in the graph of build targets, which no store has; here it is the steps between the folders.
fn distance(scene: &Scene<'_>) -> Vec<f64> {
    let test: Vec<String> =
        scene.event.suite.split(['/', '.', ':']).filter(|part| !part.is_empty()).map(str::to_lowercase).collect();
    let near = |path: &str| {
        let parts: Vec<String> = path.split(['/', '.']).map(str::to_lowercase).collect();
        let common = parts.iter().filter(|part| test.contains(part)).count();
        let steps = (parts.len() + test.len()).saturating_sub(2 * common).max(1) as f64;
        11.0 / (40.0 * std::f64::consts::PI).sqrt() * (-(steps - 1.0).powi(2) / 40.0).exp()
    };
    scene.changes.iter().map(|change| change.code.iter().map(|code| near(&code.path)).sum()).collect()
}

/// The rule before this one: a product of round factors.
fn first_rule(scene: &Scene<'_>) -> Vec<f64> {
    let factor = |is: bool, factor: f64| if is { factor } else { 1.0 };
    let weight = |(change, figures): (&&Change, &Figures)| {
        factor(figures[place("file_in_message")] > 0.5, 12.0)
            * factor(figures[place("file_like_test")] >= 0.5, 8.0)
            * factor(change.told.file_count >= 10, 1.5)
            * factor(figures[place("no_code")] > 0.0, 0.05)
            * factor(figures[place("no_file")] > 0.0, 0.05)
            * factor(change.told.is_bot, 0.0)
    };
    scene.changes.iter().zip(scene.figures).map(weight).collect()
}
