//! Weights learnt from a project's own ranges, with shrinkage to the shipped ones.
//!
//! Every range of a problem teaches, though nobody has said which of its changes it was: the culprit is in the range and
//! not among the changes just before it. So does the range in which a test was mended, as a change that mends a test is
//! like one that breaks it. A change that was reverted later, with "This reverts commit", teaches by name.

use std::collections::{BTreeMap, HashSet};

use super::counts::Counts;
use super::evidence::{Figures, shipped};
use super::incident::{self, Failure};
use super::model::{Lesson, SHRINKAGE, learn};
use super::read::{self, Histories, History, LONGEST, Problem, Turn};
use super::words::Words;
use crate::{Result, Session};

/// So many changes before a range are what its changes are compared with.
pub(crate) const CONTEXT: usize = 20;
/// Tests of one range that are looked at, evenly chosen.
const TESTS: usize = 24;

/// What a project has taught.
#[derive(Clone, Debug)]
pub struct Learnt {
    /// The project.
    pub project: String,
    /// How many ranges taught.
    pub lesson_count: usize,
    /// How many of them by a change that was reverted later.
    pub confirmed_count: usize,
    /// The weights, in the order of [`super::evidence::EVIDENCE`].
    pub weights: Figures,
}

/// Learns the weights of each project of a session.
///
/// # Errors
///
/// [`crate::Error::Query`] when a table cannot be read.
pub async fn train(session: &Session) -> Result<Vec<Learnt>> {
    let mut answers = Vec::new();
    for sql in [read::CHANGES, read::FILES, read::PROBLEMS, read::FIXES, read::LISTED] {
        answers.push(session.query(sql).await?.collect().await?);
    }
    let mut words = Words::default();
    let histories = read::histories(&answers[0], &answers[1], &[], &mut words)?;
    let (problems, mut fixes) = (read::problems(&answers[2])?, read::problems(&answers[3])?);
    // What a test said when it failed tells of the change that broke it, not of the one that mended it.
    fixes.iter_mut().for_each(|fix| fix.text.clear());
    let listed = read::listed(&answers[4])?;
    let mut ranges = ranges(Turn::Break, &histories, &problems, |history, problem| {
        let revisions = listed.get(&problem.range_id)?;
        Some(revisions.iter().filter_map(|revision| history.find(revision)).collect())
    });
    for (project, fixed) in ranges_of_fixes(&histories, &fixes) {
        ranges.entry(project).or_default().extend(fixed);
    }
    Ok(ranges.into_iter().map(|(project, ranges)| learnt(project, &histories[project], ranges, &mut words)).collect())
}

/// A range: the places of its changes and the problems that began or ended there.
struct Taught<'a> {
    turn: Turn,
    good: usize,
    bad: usize,
    places: Vec<usize>,
    problems: Vec<&'a Problem>,
}

type Ranges<'a> = BTreeMap<&'a str, Vec<Taught<'a>>>;

fn ranges<'a>(
    turn: Turn,
    histories: &Histories,
    problems: &'a [Problem],
    places: impl Fn(&History, &Problem) -> Option<Vec<usize>>,
) -> Ranges<'a> {
    let mut found: BTreeMap<(&str, usize, usize), Vec<&Problem>> = BTreeMap::new();
    for problem in problems {
        let Some(history) = histories.get(&problem.project) else { continue };
        let ends = history.find(&problem.good_revision).zip(history.find(&problem.bad_revision));
        let Some((good, bad)) = ends else { continue };
        found.entry((&problem.project, bad, good)).or_default().push(problem);
    }
    let mut ranges = Ranges::new();
    for ((project, bad, good), problems) in found {
        let Some(places) = places(&histories[project], problems[0]) else { continue };
        if (1..=LONGEST).contains(&places.len()) {
            ranges.entry(project).or_default().push(Taught { turn, good, bad, places, problems });
        }
    }
    ranges
}

fn ranges_of_fixes<'a>(histories: &Histories, fixes: &'a [Problem]) -> Ranges<'a> {
    ranges(Turn::Fix, histories, fixes, History::mended)
}

fn learnt(project: &str, history: &History, mut ranges: Vec<Taught<'_>>, words: &mut Words) -> Learnt {
    ranges.sort_by_key(|range| range.bad);
    let reverted = reverted(history);
    let (mut counts, mut counted) = (Counts::default(), 0);
    let (mut lessons, mut confirmed_count) = (Vec::new(), 0);
    for range in &ranges {
        let until = counted.max(range.bad + 1);
        history.changes[counted..until].iter().for_each(|change| counts.add(change));
        counted = until;
        let context = context(history, range.good);
        if context.is_empty() {
            continue;
        }
        let places: Vec<usize> = context.iter().chain(&range.places).copied().collect();
        let failures: Vec<Failure> =
            evenly(&range.problems, TESTS).map(|problem| Failure::new(&problem.test, &problem.text, words)).collect();
        counts.reach(range.good);
        let figures = mean(history, &places, &failures, &counts);
        if range.turn == Turn::Break {
            let changes: Vec<_> = range.places.iter().map(|place| &history.changes[*place]).collect();
            counts.add_break(range.bad, &failures, &changes);
        }
        let culprits: Vec<usize> = (context.len()..places.len()).filter(|at| reverted.contains(&places[*at])).collect();
        match culprits[..] {
            [culprit] => {
                confirmed_count += 1;
                lessons.push(Lesson { figures, culprits: culprit..culprit + 1 });
            }
            _ => lessons.push(Lesson { figures, culprits: context.len()..places.len() }),
        }
    }
    let weights = learn(&shipped(), &lessons, SHRINKAGE);
    Learnt { project: project.to_owned(), lesson_count: lessons.len(), confirmed_count, weights }
}

/// Returns the changes that a later message reverts.
fn reverted(history: &History) -> HashSet<usize> {
    history.changes.iter().filter_map(|change| history.find(change.takes_back()?)).collect()
}

/// Returns the changes of the first-parent line up to `good`, newest first.
pub(crate) fn context(history: &History, good: usize) -> Vec<usize> {
    std::iter::successors(Some(good), |place| history.parent(*place)).take(CONTEXT).collect()
}

/// Returns the mean figures of the failures for the changes at `places`.
pub(crate) fn mean(history: &History, places: &[usize], failures: &[Failure], counts: &Counts) -> Vec<Figures> {
    let changes: Vec<_> = places.iter().map(|place| &history.changes[*place]).collect();
    incident::figures(failures, &changes, counts).1
}

/// Returns at most `count` of all, evenly chosen.
pub(crate) fn evenly<T>(all: &[T], count: usize) -> impl Iterator<Item = &T> {
    all.iter().step_by(all.len().div_ceil(count).max(1))
}
