//! Made-up histories judged by the product itself: how often an innocent is named, and what bisection costs.
//!
//! The history goes into a store of its own, and the views are asked. Where a problem has several changes against it, a
//! hunt begins with what the views suspect; its builds are thrown as the history's own were.

mod world;

use std::collections::HashMap;

use annals_data::store::Location;

use self::world::{World, revision};
use super::hunt::{Finding, Hunt, plain_cost};
use super::read::{ints, texts};
use crate::{Result, Session, Warehouse};

/// No hunt goes on for more builds.
const BUDGET: u32 = 200;
/// The bands of flake rates that hunts are told apart by: up to this.
pub const BANDS: [f64; 4] = [0.0, 0.02, 0.1, 0.5];

/// How problems of a made-up history were judged.
#[derive(Clone, Copy, Debug, Default)]
pub struct Injected {
    /// Problems with a blamelist.
    pub problem_count: usize,
    /// Of these, the ones that a change caused.
    pub broken_count: usize,
    /// Problems with a guilty person.
    pub named_count: usize,
    /// Of these, the ones in which it was an innocent.
    pub innocent_count: usize,
    /// Of the problems that a change caused, those in which it had rank 1.
    pub rank1_count: usize,
    /// Hunts, by the test's flake rate ([`BANDS`]).
    pub hunts: [Hunted; BANDS.len()],
}

/// How hunts ended.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hunted {
    /// Hunts.
    pub count: usize,
    /// Ended with the culprit, or with nobody where there is none.
    pub right_count: usize,
    /// Ended with an innocent.
    pub innocent_count: usize,
    /// Ended with nobody, though there is a culprit.
    pub missed_count: usize,
    /// Builds of all hunts.
    pub build_count: u32,
    /// Plain bisections that end with the culprit; where there is none, they never do.
    pub plain_right_count: usize,
    /// Builds of all plain bisections.
    pub plain_build_count: u32,
}

/// A problem of the history.
struct Problem {
    test: usize,
    good: i64,
    bad: i64,
    flake_rate: f64,
    /// Suspicion by revision, and the revision of rank 1.
    suspicion: HashMap<String, f64>,
    first: Option<String>,
    named: Option<String>,
}

/// Judges the history of a seed, in a temporary store.
///
/// # Errors
///
/// When the store cannot be written, or a view not be read.
pub async fn measure(seed: u64, confidence: f64) -> Result<Injected> {
    let folder =
        tempfile::tempdir().map_err(|source| annals_data::Error::File { path: std::env::temp_dir(), source })?;
    let location = Location { root: folder.path().to_owned(), facts: None };
    let warehouse = Warehouse::open(&location, Vec::new()).await?;
    let world = World::new(seed);
    for ingest in world.ingests() {
        warehouse.commit(vec![ingest]).await?;
    }
    let problems = problems(&*warehouse.session().await?, &world).await?;
    let mut injected = Injected { problem_count: problems.len(), ..Injected::default() };
    for problem in &problems {
        injected.judge(problem, &world);
        if problem.bad - problem.good > 1 {
            let rate = world.flake_rate(problem.test);
            let band = BANDS.iter().position(|end| rate <= *end).unwrap_or(BANDS.len() - 1);
            injected.hunts[band].hunt(problem, &world, confidence);
        }
    }
    Ok(injected)
}

async fn problems(session: &Session, world: &World) -> Result<Vec<Problem>> {
    const PROBLEMS: &str = "SELECT e.problem_id, e.suite, e.name, CAST(n.flake_rate AS VARCHAR) AS flake_rate, \
        e.good_position, e.opened_position \
        FROM step.episode AS e JOIN step.nobody AS n ON n.problem_id = e.problem_id \
        WHERE e.kind = 'test' AND e.good_position IS NOT NULL ORDER BY e.problem_id";
    const SUSPECTS: &str = "SELECT problem_id, revision, CAST(suspicion AS VARCHAR) AS suspicion, rank FROM suspect ORDER BY problem_id, rank";
    let (mut found, mut index) = (Vec::new(), HashMap::new());
    for batch in session.query(PROBLEMS).await?.collect().await? {
        let [id, suite, name, rate] = texts(&batch, [0, 1, 2, 3])?;
        let [good, bad] = [ints(&batch, 4)?, ints(&batch, 5)?];
        for row in 0..batch.num_rows() {
            let Some(test) = world.find(suite.value(row), name.value(row)) else { continue };
            index.insert(id.value(row).to_owned(), found.len());
            found.push(Problem {
                test,
                good: good[row].unwrap_or_default(),
                bad: bad[row].unwrap_or_default(),
                flake_rate: rate.value(row).parse().unwrap_or(0.01),
                suspicion: HashMap::new(),
                first: None,
                named: None,
            });
        }
    }
    for batch in session.query(SUSPECTS).await?.collect().await? {
        let [id, revision, suspicion] = texts(&batch, [0, 1, 2])?;
        for row in 0..batch.num_rows() {
            let Some(problem) = index.get(id.value(row)).and_then(|at| found.get_mut(*at)) else { continue };
            problem.first.get_or_insert_with(|| revision.value(row).to_owned());
            problem.suspicion.insert(revision.value(row).to_owned(), suspicion.value(row).parse().unwrap_or_default());
        }
    }
    for batch in session.query("SELECT problem_id, revision FROM guilty").await?.collect().await? {
        let [id, revision] = texts(&batch, [0, 1])?;
        for row in 0..batch.num_rows() {
            let Some(problem) = index.get(id.value(row)).and_then(|at| found.get_mut(*at)) else { continue };
            problem.named = Some(revision.value(row).to_owned());
        }
    }
    Ok(found)
}

impl Injected {
    /// Adds another history's figures.
    pub fn add(&mut self, other: &Self) {
        self.problem_count += other.problem_count;
        self.broken_count += other.broken_count;
        self.named_count += other.named_count;
        self.innocent_count += other.innocent_count;
        self.rank1_count += other.rank1_count;
        for (hunted, other) in self.hunts.iter_mut().zip(&other.hunts) {
            hunted.add(other);
        }
    }

    fn judge(&mut self, problem: &Problem, world: &World) {
        let culprit = world.culprit(problem.test, problem.good, problem.bad).map(revision);
        self.broken_count += usize::from(culprit.is_some());
        self.rank1_count += usize::from(culprit.is_some() && problem.first == culprit);
        self.named_count += usize::from(problem.named.is_some());
        self.innocent_count += usize::from(problem.named.is_some() && problem.named != culprit);
    }
}

impl Hunted {
    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.right_count += other.right_count;
        self.innocent_count += other.innocent_count;
        self.missed_count += other.missed_count;
        self.build_count += other.build_count;
        self.plain_right_count += other.plain_right_count;
        self.plain_build_count += other.plain_build_count;
    }

    fn hunt(&mut self, problem: &Problem, world: &World, confidence: f64) {
        let culprit = world.culprit(problem.test, problem.good, problem.bad);
        let line: Vec<i64> = (problem.good + 1..=problem.bad).collect();
        let share = |position: &i64| problem.suspicion.get(&revision(*position)).copied().unwrap_or_default();
        let suspicion: Vec<f64> = line.iter().map(share).collect();
        let mut hunt = Hunt::new(problem.good, line, &suspicion, problem.flake_rate, confidence);
        let (mut builds, mut spent): (HashMap<i64, u64>, u32) = (HashMap::new(), 0);
        while let Some(position) = hunt.next(1).first().copied().filter(|_| spent < BUDGET) {
            let build = builds.entry(position).or_default();
            *build += 1;
            spent += 1;
            hunt.observe(position, world.fails(problem.test, position, *build));
        }
        self.count += 1;
        self.build_count += spent;
        match (hunt.finding(), culprit) {
            (Some(Finding::Culprit { position, .. }), culprit) if culprit == Some(position) => self.right_count += 1,
            (Some(Finding::Culprit { .. }), _) => self.innocent_count += 1,
            (Some(Finding::Nobody), None) => self.right_count += 1,
            (Some(Finding::Nobody), Some(_)) => self.missed_count += 1,
            (None, _) => {}
        }
        self.plain_build_count += plain_cost((problem.bad - problem.good) as usize);
        self.plain_right_count += usize::from(culprit == Some(plain(problem, world)));
    }
}

/// Returns what a plain bisection ends with, that believes each build.
fn plain(problem: &Problem, world: &World) -> i64 {
    let (mut good, mut bad) = (problem.good, problem.bad);
    while bad - good > 1 {
        let middle = i64::midpoint(good, bad);
        if world.fails(problem.test, middle, 1) { bad = middle } else { good = middle }
    }
    bad
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_follows_from_its_seed() {
        let (one, same, other) = (World::new(1), World::new(1), World::new(2));
        let verdicts = |world: &World| (0..100).map(|at| world.fails(at, 500, 0)).collect::<Vec<_>>();
        assert_eq!(verdicts(&one), verdicts(&same));
        assert_ne!(verdicts(&one), verdicts(&other));
        assert_eq!(one.ingests().iter().map(|ingest| ingest.builds.len()).sum::<usize>(), 200);
    }
}
