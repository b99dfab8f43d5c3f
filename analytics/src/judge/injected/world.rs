//! A history that is made up: which change broke which tests is known, and so is how often each test fails by chance.
//!
//! Everything follows from the seed. Changes touch one or two modules; three breaks of four are of tests of a module that
//! the change touches, and last for a while. A third of the tests are flaky, at rates from 0.5% to 50%. Now and then the
//! machines fail: most tests do, for a position or two. Every tenth position is built, and one build of ten comes late.

use annals_data::row::{Build, BuildResult, Change, File, Outcome, Status};
use annals_data::store::{BuildFacts, Ingest};

/// How many changes there are.
pub(super) const POSITIONS: i64 = 2000;
/// Every how many positions one is built.
const EVERY: i64 = 10;
const MODULES: u64 = 12;
const FILES: u64 = 6;
const TESTS: u64 = 10;
const PEOPLE: u64 = 30;
const BREAKS: u64 = 60;
const STORMS: u64 = 10;
const PROJECT: &str = "injected";
/// 2024-01-01 00:00 UTC; a change comes every hour.
const BEGIN: i64 = 1_704_067_200_000_000;
const HOUR: i64 = 3_600_000_000;

/// Numbers that follow from a seed (SplitMix64; Steele and others, 2014).
pub(super) struct Dice(u64);

impl Dice {
    /// Returns dice that fall alike whenever they are thrown for the same things.
    pub(super) fn of(seed: u64, things: &[u64]) -> Self {
        let mut dice = Self(seed);
        for thing in things {
            dice.0 = dice.throw() ^ thing.wrapping_mul(0xff51_afd7_ed55_8ccd);
        }
        dice
    }

    fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number below `end`.
    fn below(&mut self, end: u64) -> u64 {
        self.throw() % end
    }

    /// Returns a number from 0 to 1.
    fn share(&mut self) -> f64 {
        (self.throw() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// A test and what becomes of it.
struct Test {
    module: u64,
    number: u64,
    flake_rate: f64,
    /// From which position on it is broken, and from which on no more.
    breaks: Vec<(i64, i64)>,
}

/// The made-up history.
pub(super) struct World {
    seed: u64,
    /// The modules that each change touches, by position.
    touched: Vec<Vec<u64>>,
    tests: Vec<Test>,
    storms: Vec<(i64, i64)>,
}

impl World {
    /// Makes the history of a seed.
    pub(super) fn new(seed: u64) -> Self {
        let mut dice = Dice::of(seed, &[1]);
        let modules = |dice: &mut Dice| (0..=dice.below(2)).map(|_| dice.below(MODULES)).collect();
        let touched: Vec<Vec<u64>> = (0..POSITIONS).map(|_| modules(&mut dice)).collect();
        let test = |number: u64, dice: &mut Dice| Test {
            module: number / TESTS,
            number: number % TESTS,
            flake_rate: if dice.below(3) == 0 { 0.005 * 100.0_f64.powf(dice.share()) } else { 0.0 },
            breaks: Vec::new(),
        };
        let mut tests: Vec<Test> = (0..MODULES * TESTS).map(|number| test(number, &mut dice)).collect();
        for _ in 0..BREAKS {
            let from = 20 + dice.below(POSITIONS as u64 - 120) as i64;
            let to = from + 15 + dice.below(65) as i64;
            let own = touched[from as usize][0];
            let module = if dice.below(4) > 0 { own } else { dice.below(MODULES) };
            for _ in 0..=dice.below(6) {
                let test = &mut tests[(module * TESTS + dice.below(TESTS)) as usize];
                let is_apart =
                    test.breaks.iter().all(|(other, end)| to + 2 * EVERY < *other || *end + 2 * EVERY < from);
                if is_apart {
                    test.breaks.push((from, to));
                }
            }
        }
        let storm = |dice: &mut Dice| {
            let from = dice.below(POSITIONS as u64) as i64;
            (from, from + dice.below(3) as i64)
        };
        let storms = (0..STORMS).map(|_| storm(&mut dice)).collect();
        Self { seed, touched, tests, storms }
    }

    /// Returns the place of a test by its suite and name.
    pub(super) fn find(&self, suite: &str, name: &str) -> Option<usize> {
        self.tests.iter().position(|test| test.suite() == suite && test.name() == name)
    }

    /// Returns the change that broke a test between two positions, if one did.
    pub(super) fn culprit(&self, test: usize, good: i64, bad: i64) -> Option<i64> {
        let breaks = self.tests[test].breaks.iter();
        breaks.filter(|(from, to)| good < *from && *from <= bad && bad < *to).map(|(from, _)| *from).next_back()
    }

    /// Returns how often a test fails by chance.
    pub(super) fn flake_rate(&self, test: usize) -> f64 {
        self.tests[test].flake_rate
    }

    /// Returns whether a test fails in the n-th build of a position, on sound machines.
    pub(super) fn fails(&self, test: usize, position: i64, build: u64) -> bool {
        let Test { flake_rate, breaks, .. } = &self.tests[test];
        let is_broken = breaks.iter().any(|(from, to)| (*from..*to).contains(&position));
        is_broken || Dice::of(self.seed, &[2, test as u64, position as u64, build]).share() < *flake_rate
    }

    /// Returns the history as it came in: builds in order, and at the end those that came late.
    pub(super) fn ingests(&self) -> Vec<Ingest> {
        let changes = (0..POSITIONS).map(|position| self.change(position)).collect();
        let mut ingests = vec![Ingest { changes, ..Ingest::default() }];
        let (mut late, mut waiting) = (Ingest::default(), Ingest::default());
        for position in (0..POSITIONS).step_by(EVERY as usize) {
            let is_late = Dice::of(self.seed, &[3, position as u64]).below(10) == 0;
            let builds = if is_late { &mut late.builds } else { &mut waiting.builds };
            builds.push(self.build(position));
            if waiting.builds.len() == 50 {
                ingests.push(std::mem::take(&mut waiting));
            }
        }
        ingests.extend([waiting, late]);
        ingests
    }

    fn change(&self, position: i64) -> Change {
        let mut dice = Dice::of(self.seed, &[4, position as u64]);
        let modules = &self.touched[position as usize];
        let file = |module: &u64, dice: &mut Dice| File {
            path: format!("src/{}/{}.rs", word(*module), word(20 + dice.below(FILES))),
            kind: "modified".into(),
            lines_added: Some(1 + dice.below(80) as i64),
            lines_removed: Some(dice.below(40) as i64),
            ..File::default()
        };
        let files: Vec<File> = modules
            .iter()
            .flat_map(|module| (0..=dice.below(3)).map(|_| file(module, &mut dice)).collect::<Vec<_>>())
            .collect();
        let person = dice.below(PEOPLE);
        let (name, email) = (format!("Person {person}"), format!("p{person}@example.org"));
        let subject =
            format!("{} the {}", ["Change", "Mend", "Extend"][dice.below(3) as usize], word(40 + dice.below(40)));
        let at = BEGIN + position * HOUR;
        Change {
            project: PROJECT.into(),
            revision: revision(position),
            parents: (position > 0).then(|| revision(position - 1)).into_iter().collect(),
            author_name: name.clone(),
            author_email: email.clone(),
            committer_name: name,
            committer_email: email,
            authored_at: at,
            committed_at: at,
            message: subject.clone(),
            subject,
            files,
        }
    }

    fn build(&self, position: i64) -> BuildFacts {
        let is_stormy = self.storms.iter().any(|(from, to)| (*from..=*to + EVERY / 2).contains(&position));
        let status = |test: usize| {
            let is_hit = is_stormy && Dice::of(self.seed, &[5, test as u64, position as u64]).share() < 0.8;
            if is_hit || self.fails(test, position, 0) { Status::Failed } else { Status::Passed }
        };
        let outcomes: Vec<Outcome> = (0..self.tests.len())
            .map(|at| Outcome::new(self.tests[at].suite(), self.tests[at].name(), status(at)))
            .collect();
        let is_red = outcomes.iter().any(|outcome| outcome.status == Status::Failed);
        let at = BEGIN + position * HOUR;
        let build = Build {
            key: format!("injected:{position}"),
            project: PROJECT.into(),
            branch: "main".into(),
            revision: revision(position),
            position,
            builder: "linux".into(),
            number: None,
            result: if is_red { BuildResult::Failure } else { BuildResult::Success },
            reason: None,
            worker: None,
            environment: None,
            url: None,
            started_at: Some(at),
            finished_at: Some(at + HOUR / 2),
            is_patch: false,
            patch_author_name: None,
            patch_author_email: None,
            is_failures_only: false,
        };
        BuildFacts { build, steps: Vec::new(), outcomes: outcomes.into() }
    }
}

impl Test {
    fn suite(&self) -> String {
        format!("tests.{}", word(self.module))
    }

    fn name(&self) -> String {
        format!("{}_case_{}", word(20 + self.number % FILES), word(100 + self.number))
    }
}

/// Returns the id of the change at a position.
pub(super) fn revision(position: i64) -> String {
    format!("{:040x}", Dice::of(7, &[position as u64]).throw() as u128 * 0x1_0000_0001)
}

/// Returns a word of its own for a number.
fn word(number: u64) -> String {
    let mut dice = Dice::of(11, &[number]);
    (0..4)
        .flat_map(|_| [b"bdfgklmnprstvz"[dice.below(14) as usize], b"aeiou"[dice.below(5) as usize]])
        .map(char::from)
        .collect()
}
