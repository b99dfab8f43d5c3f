//! How often the model is right: thinned histories, the model and its rivals, and what is counted.
//!
//! The model is judged as it would have been used: at each incident it knows the shipped weights and what the thinned
//! history taught before, never anything later, and never a culprit. docs/judgement.md has the protocol in words.

use std::collections::{BTreeMap, HashSet};

use super::counts::Counts;
use super::evidence::{Figures, shipped};
use super::incident::{self, Failure};
pub use super::mark::Choice;
use super::mark::{self, Breaks, Mark};
use super::model::{Lesson, SHRINKAGE, learn, probabilities};
use super::read::{self, History, Turn};
use super::revert;
use super::rival::{self, Scene};
use super::thin::{self, Event, Incident, Line};
use super::train::{CONTEXT, evenly};
use super::words::Words;
use crate::{Result, Session};

/// Tests of one break that are judged, evenly chosen.
const TESTS: usize = 12;

/// What is evaluated.
#[derive(Clone, Debug, Default)]
pub struct Protocol {
    /// One project only.
    pub project: Option<String>,
    /// Judge which change mended a test, not which one broke it.
    pub fixes: bool,
    /// Judge changes that were taken back because something failed, by the reason that is given, and not the breaks of
    /// tests.
    pub reverts: bool,
    /// From this probability on somebody is named, be it right or wrong.
    pub threshold: f64,
    /// Each of these: every k-th position is kept.
    pub thinning: Vec<i64>,
    /// Files whose path begins with one of these are hidden: where a frozen suite ran, the culprit's own edits of the
    /// suite would give it away.
    pub hidden: Vec<String>,
    /// Only breaks at this position and behind are counted; those before still teach.
    pub from_position: i64,
    /// Only breaks by one of these revisions are counted, unless there is none: a change of the suite itself can look
    /// like a break, and only who keeps the history knows. One of them is the culprit, too, of a break with several
    /// changes between the tested positions.
    pub culprits: HashSet<String>,
}

/// How a method fared on a project.
#[derive(Clone, Debug)]
pub struct Score {
    /// The project.
    pub project: String,
    /// Every how many positions were kept.
    pub k: i64,
    /// The method's name.
    pub method: &'static str,
    /// Breaks whose culprit is known.
    pub break_count: usize,
    /// How often the culprit had the first rank, of ties their share.
    pub rank1: f64,
    /// How often it was among the first three.
    pub rank3: f64,
    /// The mean of one by its rank.
    pub reciprocal_rank: f64,
    /// The mean of the negative logarithm of its probability.
    pub log_loss: f64,
    /// How often the first had a probability above the threshold, so that it was named.
    pub named: f64,
    /// How often it was named and wrong.
    pub false_blame: f64,
    /// The threshold that the older breaks would have chosen, and how it fared on the newer ones; not there for few breaks.
    pub choice: Option<Choice>,
}

/// Evaluates all methods on all projects of a session.
///
/// # Errors
///
/// [`crate::Error::Query`] when a table cannot be read.
pub async fn evaluate(session: &Session, protocol: &Protocol) -> Result<Vec<Score>> {
    let mut answers = Vec::new();
    for sql in [read::CHANGES, read::FILES, thin::STREAKS, thin::TIPS] {
        answers.push(session.query(sql).await?.collect().await?);
    }
    let mut words = Words::default();
    let histories = read::histories(&answers[0], &answers[1], &protocol.hidden, &mut words)?;
    let events = thin::events(&answers[2])?;
    let mut scores = Vec::new();
    for batch in &answers[3] {
        let ([project, branch, tip], position) = (read::texts(batch, [0, 1, 3])?, read::ints(batch, 2)?);
        for (row, position) in position.into_iter().enumerate() {
            let key = (project.value(row).to_owned(), branch.value(row).to_owned());
            let Some(history) = histories.get(&key.0) else { continue };
            let wanted = protocol.project.as_ref().is_none_or(|wanted| *wanted == key.0);
            let line = Line::new(history, tip.value(row), position.unwrap_or_default());
            let Some(line) = line.filter(|_| wanted) else { continue };
            let taken_back;
            let events: &[Event] = if protocol.reverts {
                taken_back = revert::events(history, &line);
                &taken_back
            } else {
                events.get(&key).map_or(&[], Vec::as_slice)
            };
            let mut branch = Branch { history, line, events, protocol, words: &mut words };
            for k in &protocol.thinning {
                scores.extend(branch.evaluate(&key.0, *k));
            }
        }
    }
    Ok(scores)
}

/// One branch whose breaks are judged.
struct Branch<'a> {
    history: &'a History,
    line: Line,
    events: &'a [Event],
    protocol: &'a Protocol,
    words: &'a mut Words,
}

/// The marks of all methods.
type Marks = BTreeMap<&'static str, Breaks>;

impl Branch<'_> {
    fn evaluate(&mut self, project: &str, k: i64) -> Vec<Score> {
        let mut marks = Marks::new();
        for phase in 0..k {
            self.phase(k, phase, &mut marks);
        }
        let score = |(method, breaks): (&'static str, Breaks)| {
            let [rank1, rank3, reciprocal_rank, log_loss] = mark::ranks(&breaks);
            let (named, false_blame) = mark::blame(breaks.values(), self.protocol.threshold);
            let (project, break_count, choice) = (project.to_owned(), breaks.len(), mark::choose(&breaks));
            Score {
                project,
                k,
                method,
                break_count,
                rank1,
                rank3,
                reciprocal_rank,
                log_loss,
                named,
                false_blame,
                choice,
            }
        };
        let mut scores: Vec<Score> = marks.into_iter().map(score).collect();
        scores.sort_by(|left, right| left.reciprocal_rank.total_cmp(&right.reciprocal_rank));
        scores
    }

    /// Goes through one thinned history from its beginning, judging and learning.
    fn phase(&mut self, k: i64, phase: i64, marks: &mut Marks) {
        let (mut counts, mut counted) = (Counts::default(), 0);
        let mut lessons: Vec<(i64, Lesson)> = Vec::new();
        let (mut weights, mut learnt) = (shipped(), 0);
        for incident in thin::thin(self.events, k, phase) {
            let Some(range) = self.line.between(incident.good, incident.bad) else { continue };
            let until = range.iter().max().map_or(counted, |newest| counted.max(newest + 1));
            self.history.changes[counted..until].iter().for_each(|change| counts.add(change));
            counted = until;
            let known = lessons.partition_point(|(bad, _)| *bad <= incident.good);
            if known > learnt {
                let past: Vec<Lesson> = lessons[..known].iter().map(|(_, lesson)| lesson.clone()).collect();
                (weights, learnt) = (learn(&shipped(), &past, SHRINKAGE), known);
            }
            if let Some(good) = self.line.between(incident.good - 1, incident.good) {
                counts.reach(good[0]);
            }
            let lesson = self.judge(&incident, &mut counts, &weights, marks);
            lessons.extend(lesson.map(|lesson| (incident.bad, lesson)));
        }
    }

    /// Judges an incident, and returns what it teaches.
    fn judge(
        &mut self,
        incident: &Incident<'_>,
        counts: &mut Counts,
        weights: &Figures,
        marks: &mut Marks,
    ) -> Option<Lesson> {
        let range = self.line.between(incident.good, incident.bad)?;
        let context = self.line.before(incident.good, CONTEXT);
        let changes: Vec<_> = context.iter().chain(range).map(|place| &self.history.changes[*place]).collect();
        let events = chosen(incident);
        let failures: Vec<Failure> = events
            .iter()
            .map(|event| Failure::new(&format!("{} {}", event.suite, event.name), &event.text, self.words))
            .collect();
        let (figures, mean) = incident::figures(&failures, &changes, counts);
        let wanted = if self.protocol.fixes { Turn::Fix } else { Turn::Break };
        for (event, figures) in events.iter().zip(&figures).filter(|_| incident.turn == wanted) {
            let Some(culprit) = self.culprit(incident, event, range) else { continue };
            let scene = Scene { event, changes: &changes[context.len()..], figures: &figures[context.len()..] };
            for (method, probabilities) in methods(&scene, weights) {
                let mark = Mark::new(&probabilities, culprit);
                marks.entry(method).or_default().entry(event.behind.0).or_default().push(mark);
            }
        }
        if let (Turn::Break, Some(bad)) = (incident.turn, range.last()) {
            counts.add_break(*bad, &failures, &changes[context.len()..]);
        }
        let culprits = context.len()..changes.len();
        (!context.is_empty() && !culprits.is_empty()).then_some(Lesson { figures: mean, culprits })
    }

    /// Returns the place of the culprit in the range, if the dense history knows it or it is named.
    fn culprit(&self, incident: &Incident<'_>, event: &Event, range: &[usize]) -> Option<usize> {
        let (first, last) = (event.before.1 + 1, event.behind.0);
        let named = &self.protocol.culprits;
        let revision = |at: &usize| &self.history.changes[range[*at]].told.revision;
        let dense = usize::try_from(first - incident.good - 1).ok()?..usize::try_from(last - incident.good).ok()?;
        let mut possible = dense.filter(|at| *at < range.len() && (named.is_empty() || named.contains(revision(at))));
        let culprit = possible.next()?;
        (possible.next().is_none() && last >= self.protocol.from_position).then_some(culprit)
    }
}

/// Returns the tests of an incident that are judged: some of each break, so that a large one does not drown the others.
fn chosen<'a>(incident: &Incident<'a>) -> Vec<&'a Event> {
    let mut breaks: BTreeMap<(i64, i64), Vec<&Event>> = BTreeMap::new();
    for event in &incident.events {
        breaks.entry((event.before.1, event.behind.0)).or_default().push(event);
    }
    breaks.values().flat_map(|events| evenly(events, TESTS).copied()).collect()
}

/// Returns the probabilities of the changes by each method.
fn methods(scene: &Scene<'_>, weights: &Figures) -> Vec<(&'static str, Vec<f64>)> {
    let mut methods = rival::all(scene);
    methods.push(("annals, shipped weights", probabilities(scene.figures, &shipped())));
    methods.push(("annals, learning", probabilities(scene.figures, weights)));
    methods
}
