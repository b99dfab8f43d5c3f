//! A generated history: seeded, so that two runs measure the same rows.
//!
//! Modules of very different sizes; two tests in a hundred are skipped; one in two hundred is flaky; about one
//! position in ten breaks the tests of a module for one to forty positions; durations are log-normal and drift. Every
//! position is one change of one of forty authors.

use std::ops::Range;

use annals_data::row::{Build, BuildResult, Change, File, Outcome, Status};
use annals_data::store::{BuildFacts, Ingest};

/// How large the history is.
#[derive(Clone, Copy, clap::Args)]
pub(crate) struct Shape {
    /// Tests
    #[arg(long, default_value_t = 2000)]
    pub(crate) tests: usize,
    /// Builders, each of which runs all tests
    #[arg(long, default_value_t = 5)]
    pub(crate) builders: usize,
    /// Positions
    #[arg(long, default_value_t = 300)]
    pub(crate) positions: usize,
}

/// The history, position by position.
pub(crate) struct History {
    shape: Shape,
    tests: Vec<Test>,
    random: Random,
}

/// One test and what befalls it.
struct Test {
    module: usize,
    suite: String,
    name: String,
    /// Natural logarithm of its usual microseconds.
    duration: f64,
    is_skipped: bool,
    is_flaky: bool,
    /// It fails before this position.
    broken_until: usize,
}

impl History {
    pub(crate) fn new(shape: Shape) -> Self {
        let mut random = Random(1);
        let tests = (0..shape.tests).map(|number| Test::new(number, shape.tests, &mut random)).collect();
        Self { shape, tests, random }
    }

    /// Returns the change at `position` and its builds; positions are asked for in order.
    pub(crate) fn at(&mut self, position: usize) -> Ingest {
        let module = self.tests[self.random.below(self.tests.len())].module;
        if self.random.chance(0.1) {
            let until = position + 1 + self.random.below(40);
            for test in self.tests.iter_mut().filter(|test| test.module == module) {
                if self.random.chance(0.2) {
                    test.broken_until = until;
                }
            }
        }
        let builds = (0..self.shape.builders).map(|builder| self.build(position, builder)).collect();
        Ingest { changes: vec![change(position, module, &mut self.random)], builds }
    }

    /// Returns the changes at `positions`, and one build at the last of them in which one more test fails than broken
    /// ones: a steady one.
    pub(crate) fn one_break(&mut self, positions: Range<usize>) -> Ingest {
        let last = positions.end - 1;
        let is_steady = |test: &&mut Test| !test.is_skipped && !test.is_flaky && test.broken_until < positions.start;
        if let Some(test) = self.tests.iter_mut().find(is_steady) {
            test.broken_until = positions.end;
        }
        self.tests.iter_mut().for_each(|test| test.is_flaky = false);
        let mut change = |position| {
            let module = self.tests[self.random.below(self.tests.len())].module;
            change(position, module, &mut self.random)
        };
        Ingest { changes: positions.map(&mut change).collect(), builds: vec![self.build(last, 0)] }
    }

    fn build(&mut self, position: usize, builder: usize) -> BuildFacts {
        let random = &mut self.random;
        let outcomes: Vec<Outcome> = self.tests.iter().map(|test| test.outcome(position, random)).collect();
        let is_failing = outcomes.iter().any(|outcome| outcome.status == Status::Failed);
        let started_at = time(position) + 60_000_000 * builder as i64;
        let build = Build {
            key: format!("{builder}/{position}"),
            project: "bench".into(),
            branch: "main".into(),
            revision: revision(position),
            position: position as i64,
            builder: format!("builder-{builder}"),
            number: Some(position as i64),
            result: if is_failing { BuildResult::Failure } else { BuildResult::Success },
            reason: None,
            worker: Some(format!("worker-{}", random.below(8))),
            environment: None,
            url: None,
            started_at: Some(started_at),
            finished_at: Some(started_at + 600_000_000),
            is_patch: false,
            patch_author_name: None,
            patch_author_email: None,
            is_failures_only: false,
        };
        BuildFacts { build, steps: Vec::new(), outcomes: outcomes.into() }
    }
}

impl Test {
    fn new(number: usize, count: usize, random: &mut Random) -> Self {
        // The square makes some modules large and most small.
        let module = (random.fraction().powi(2) * (count as f64 / 40.0).max(1.0)) as usize;
        Self {
            module,
            suite: format!("area{}.module{module}.Test{}", module % 9, number % 7),
            name: format!("test_case_{number}"),
            duration: 8.0 + 1.5 * random.normal(),
            is_skipped: random.chance(0.02),
            is_flaky: random.chance(0.005),
            broken_until: 0,
        }
    }

    fn outcome(&self, position: usize, random: &mut Random) -> Outcome {
        let status = match self {
            test if test.is_skipped => Status::Skipped,
            test if position < test.broken_until || (test.is_flaky && random.chance(0.2)) => Status::Failed,
            _ => Status::Passed,
        };
        let drift = 1.0 + position as f64 / 5000.0;
        Outcome {
            duration_us: Some(((self.duration + 0.1 * random.normal()).exp() * drift) as i64),
            message: (status == Status::Failed).then(|| {
                format!("assertion failed in module{}/source.rs: left 1, right {}", self.module, self.name.len())
            }),
            ..Outcome::new(&self.suite, &self.name, status)
        }
    }
}

fn change(position: usize, module: usize, random: &mut Random) -> Change {
    let author = random.below(40);
    Change {
        project: "bench".into(),
        revision: revision(position),
        parents: position.checked_sub(1).map(revision).into_iter().collect(),
        author_name: format!("Author {author}"),
        author_email: format!("author{author}@example.org"),
        committer_name: format!("Author {author}"),
        committer_email: format!("author{author}@example.org"),
        authored_at: time(position),
        committed_at: time(position),
        subject: format!("module{module}: change {position}"),
        message: format!("module{module}: change {position}"),
        files: vec![File {
            path: format!("module{module}/source.rs"),
            kind: "modified".into(),
            lines_added: Some(1 + random.below(50) as i64),
            lines_removed: Some(random.below(20) as i64),
            ..File::default()
        }],
    }
}

fn revision(position: usize) -> String {
    format!("{position:040x}")
}

/// Returns when a position was committed: one an hour.
fn time(position: usize) -> i64 {
    1_700_000_000_000_000 + position as i64 * 3_600_000_000
}

/// Steele, Lea and Flood's SplitMix64 (2014): one line of state, the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn chance(&mut self, probability: f64) -> bool {
        self.fraction() < probability
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.fraction() * bound as f64) as usize
    }

    /// Returns a normal deviate by the method of Box and Muller (1958).
    fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.fraction()).ln()).sqrt() * (std::f64::consts::TAU * self.fraction()).cos()
    }
}
