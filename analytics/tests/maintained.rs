//! Maintained = recomputed: whatever the order, lateness and repetition in which facts come, a warehouse knows in the
//! end what the oracle works out from the whole history.
//!
//! Random worlds: a commit graph with merges, builds and rebuilds with attempts, skips, try builds, broken builds and
//! mass failures. They are cut into batches at random and committed in random order to a real store.
//! `ANNALS_CASES=200` tries more of them than fit into every run.

use std::collections::BTreeSet;

use annals_analytics::{Session, Warehouse};
use annals_data::store::{Ingest, Location};
use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::physical_plan::displayable;
use datafusion::prelude::SessionContext;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::tables;
use crate::world::{HOUR, World};

/// Batches that the facts of a case are cut into at most.
const BATCHES: usize = 4;
/// Outcomes of one test in one build: several are attempts, none is a test that did not run.
const OUTCOMES: [&str; 12] =
    ["pass", "pass", "pass", "fail", "fail", "", "skip", "crash", "fail,pass", "fail,fail", "xfail", "xpass"];
const TESTS: [&str; 6] = ["a", "b", "core/c", "core/d", "step:compile", "suite:core"];

/// One change: whether it is on the topic branch, what it merges, its batch, and whether it never comes.
type ChangeCase = (bool, Option<Index>, usize, bool);

/// One build: revision, builder and branch, what is special about it, its tests, its time, its batch, and the batch
/// that repeats it.
type BuildCase = (Index, (bool, bool), usize, Vec<usize>, (usize, usize), usize, Option<usize>);

#[derive(Clone, Debug)]
struct Case {
    changes: Vec<ChangeCase>,
    builds: Vec<BuildCase>,
    mass_failure_count: usize,
    is_reopened: bool,
}

fn case() -> impl Strategy<Value = Case> {
    let batch = || prop_oneof![2 => Just(0), 3 => 0..BATCHES];
    let change = (prop::bool::weighted(0.25), prop::option::weighted(0.3, any::<Index>()), batch());
    let change = (change, prop::bool::weighted(0.02)).prop_map(|((t, m, b), lost)| (t, m, b, lost));
    let lane = (prop::bool::weighted(0.3), prop::bool::weighted(0.2));
    let tests = prop::collection::vec(0..OUTCOMES.len(), TESTS.len());
    let again = prop::option::weighted(0.2, 0..BATCHES);
    let build = (any::<Index>(), lane, 0..14_usize, tests, (0..4_usize, 0..3_usize), 0..BATCHES, again);
    let changes = prop::collection::vec(change, 2..14);
    let builds = prop::collection::vec(build, 1..24);
    let threshold = prop_oneof![Just(2), Just(10)];
    (changes, builds, threshold, any::<bool>()).prop_map(|(changes, builds, mass_failure_count, is_reopened)| Case {
        changes,
        builds,
        mass_failure_count,
        is_reopened,
    })
}

impl Case {
    fn world(&self) -> World {
        let mut world = World::default();
        world.tell(&self.story()).unwrap();
        for (facts, build) in world.builds.iter_mut().zip(&self.builds) {
            // Rebuilds begin in any order, or at the same time; some say only when they ended.
            let started_at = facts.build.started_at.map(|at| at + HOUR * build.4.0 as i64);
            facts.build.finished_at = started_at.map(|at| at + HOUR / 2);
            facts.build.started_at = started_at.filter(|_| build.4.1 > 0);
        }
        let lost: BTreeSet<String> =
            (1..).zip(&self.changes).filter(|(_, c)| c.3).map(|(n, _)| format!("r{n}")).collect();
        world.changes.retain(|change| !lost.contains(&change.revision));
        world
    }

    fn story(&self) -> String {
        let mut lines = vec!["change r0 by Ada".to_owned(), "branch topic from r0".to_owned()];
        for (number, (is_topic, merged, ..)) in self.changes.iter().enumerate() {
            let (revision, branch) = (number + 1, if *is_topic { " on topic" } else { "" });
            lines.push(match merged {
                None => format!("change r{revision} by Bob{branch}"),
                Some(merged) => format!("merge r{revision} of r{} by Cid{branch}", merged.index(revision)),
            });
        }
        lines.push(format!("setting mass_failure_count {}", self.mass_failure_count));
        lines.extend(self.builds.iter().map(|build| self.build(build)));
        lines.join("\n")
    }

    fn build(&self, (revision, (is_mac, is_topic), special, tests, ..): &BuildCase) -> String {
        let revision = revision.index(self.changes.len() + 1);
        let mut words = vec![format!("build r{revision} {}", if *is_mac { "mac" } else { "linux" })];
        words.extend(is_topic.then(|| "on topic".to_owned()));
        let more = ["try Eve", "result exception", "result retry", "t1..12=fail", "t1..12=pass", "failures-only"];
        words.extend(more.get(*special).map(|more| (*more).to_owned()));
        // Of suites it is told where something went wrong.
        let is_told =
            |test: &str, outcome: &str| !(outcome.is_empty() || test.starts_with("suite") && outcome == "pass");
        for (test, outcome) in TESTS.iter().zip(tests).filter(|(test, outcome)| is_told(test, OUTCOMES[**outcome])) {
            let message = if special % 3 == 0 { String::new() } else { format!(" \"{test} fails at {special}\"") };
            words.push(format!("{test}={}{message}", OUTCOMES[*outcome]));
        }
        words.join(" ")
    }

    /// Returns what comes in each batch, in an order that is not theirs.
    fn ingests(&self, world: &World) -> Vec<Ingest> {
        let mut ingests = vec![Ingest::default(); BATCHES];
        for change in &world.changes {
            let number: usize = change.revision[1..].parse().unwrap();
            let batch = if number == 0 { BATCHES / 2 } else { self.changes[number - 1].2 };
            ingests[batch].changes.push(change.clone());
        }
        for (facts, (.., batch, again)) in world.builds.iter().zip(&self.builds) {
            let facts = facts.facts();
            ingests[*batch].builds.push(facts.clone());
            if let Some(again) = again {
                ingests[*again].builds.push(facts);
            }
        }
        ingests
    }

    async fn run(&self) -> Result<(), TestCaseError> {
        let (world, folder) = (self.world(), tempfile::tempdir().unwrap());
        let location = Location { root: folder.path().to_owned(), facts: None };
        let mut warehouse = Warehouse::open(&location, Vec::new()).await.unwrap();
        let threshold = self.mass_failure_count as f64;
        let set = "INSERT INTO setting VALUES ('mass_failure_count', ?1)";
        warehouse.store().state().write(|t| t.execute(set, [threshold])).unwrap();
        for ingest in self.ingests(&world) {
            if self.is_reopened {
                warehouse = Warehouse::open(&location, Vec::new()).await.unwrap();
            }
            warehouse.commit(vec![ingest]).await.unwrap();
        }
        self.compare("maintained", &world, &warehouse.session().await.unwrap()).await?;
        let differences = warehouse.check().await.unwrap();
        let lines: Vec<String> = differences.iter().map(ToString::to_string).collect();
        prop_assert!(lines.is_empty(), "{}\n{}", lines.join("\n"), self.story());
        warehouse.rebuild().await.unwrap();
        self.compare("rebuilt", &world, &warehouse.session().await.unwrap()).await
    }

    /// Compares streaks and exclusions row by row, and the ranges that the oracle states.
    async fn compare(&self, stage: &str, world: &World, session: &Session) -> Result<(), TestCaseError> {
        let oracle = SessionContext::new();
        for (name, table) in tables::raw(world, &[]).unwrap() {
            oracle.register_table(name, table).unwrap();
        }
        let is_whole = self.changes.iter().all(|change| !change.3);
        let head = if is_whole { ", change_count, is_complete" } else { ", change_count" };
        let comparisons = [
            (STREAKS.to_owned(), true),
            ("SELECT build_id, rule, detail FROM raw.excluded_build".to_owned(), true),
            (format!("SELECT range_id, project, good_revision, bad_revision{head} FROM raw.range"), false),
            ("SELECT range_id, revision FROM raw.range_change".to_owned(), false),
            (RUNS.to_owned(), true),
            (RUNS.replace("count(DISTINCT series_id), ", ""), true),
            (BY_NUMBER.to_owned(), true),
            (BY_NUMBER.replace("build_id", "position"), true),
            (BY_NUMBER.replace("build_id", "upper(name), position"), true),
            (BY_BUILD.to_owned(), true),
            (OF_BUILD.to_owned(), true),
        ];
        let shared = shared(session);
        for (sql, is_exact) in comparisons {
            let known = rows(&shared.sql(&sql).await.unwrap().collect().await.unwrap());
            let stated = rows(&oracle.sql(&sql.replace("raw.", "")).await.unwrap().collect().await.unwrap());
            // A range that a late build made needless stays, for those who were told of it.
            let only_known: Vec<_> = known.difference(&stated).filter(|_| is_exact).collect();
            let only_stated: Vec<_> = stated.difference(&known).collect();
            prop_assert!(
                only_known.is_empty() && only_stated.is_empty(),
                "{stage}: {sql}\nknown only: {only_known:#?}\nstated only: {only_stated:#?}\n{}",
                self.story()
            );
        }
        Ok(())
    }
}

const STREAKS: &str = "SELECT series_id, test_id, project, branch, builder, kind, suite, name, verdict, first_position, \
    last_position, first_revision, last_revision, first_build_id, last_build_id, first_at, last_at, position_count, \
    outcome_count, failed_count, message_id, is_head FROM raw.streak";

/// What is grouped by columns in whose order the files are, see `run`.
const RUNS: &str = "SELECT kind, upper(suite), name, builder, count(*), count(*) FILTER (WHERE outcome <> 'passed'), \
    count(DISTINCT series_id), min(position), max(message_id), sum(attempt), avg(attempt) FILTER (WHERE outcome = 'failed') \
    FROM raw.outcome WHERE outcome <> 'skipped' GROUP BY kind, upper(suite), name, builder";

/// What is grouped by numbers that come in the same order in each series, see `run`; once beside what stays.
const BY_NUMBER: &str = "SELECT build_id, count(*), count(*) FILTER (WHERE outcome <> 'passed'), sum(attempt), \
    max(message_id), min(name) FROM raw.outcome GROUP BY build_id";

/// What is grouped by what is known of builds, see `by_build`.
const BY_BUILD: &str = "SELECT upper(b.revision), o.builder, count(*), count(o.message_id), sum(o.attempt), min(o.suite), \
    count(*) FILTER (WHERE o.outcome <> 'passed'), avg(o.attempt) FILTER (WHERE o.outcome = 'failed') \
    FROM raw.outcome AS o JOIN raw.build AS b ON b.build_id = o.build_id \
    WHERE o.outcome <> 'skipped' AND b.result <> 'cancelled' GROUP BY upper(b.revision), o.builder";

/// What is grouped by what is computed of builds, and by what is not known of them, see `by_build`.
const OF_BUILD: &str = "SELECT upper(b.revision), left(o.branch, 2), o.name, count(*), \
    percentile_cont(0.5) WITHIN GROUP (ORDER BY o.position) \
    FROM raw.build AS b JOIN raw.outcome AS o ON o.build_id = b.build_id \
    WHERE b.result <> 'cancelled' GROUP BY upper(b.revision), left(o.branch, 2), o.name";

/// Returns the session as it is on large files, which are shared out among tasks.
fn shared(session: &Session) -> SessionContext {
    let mut state = session.context.state();
    let config = state.config_mut().options_mut();
    config.optimizer.repartition_file_min_size = 1;
    config.execution.target_partitions = 2;
    SessionContext::new_with_state(state)
}

fn rows(batches: &[RecordBatch]) -> BTreeSet<String> {
    let options = FormatOptions::default().with_null("null");
    let mut rows = BTreeSet::new();
    for batch in batches {
        let columns: Vec<_> = batch.columns().iter().map(|c| ArrayFormatter::try_new(c, &options).unwrap()).collect();
        let row = |row| columns.iter().map(|column| column.value(row).to_string()).collect::<Vec<_>>().join(" ");
        rows.extend((0..batch.num_rows()).map(row));
    }
    rows
}

#[tokio::test]
async fn outcomes_are_added_up_first_where_that_is_the_same() {
    let (mut world, folder) = (World::default(), tempfile::tempdir().unwrap());
    world.tell("change a1 by Ada\nbuild a1 linux x=pass y=fail,pass s/z=fail").unwrap();
    let location = Location { root: folder.path().to_owned(), facts: None };
    let warehouse = Warehouse::open(&location, Vec::new()).await.unwrap();
    let builds = world.builds.iter().map(crate::world::BuildFacts::facts).collect();
    warehouse.commit(vec![Ingest { changes: world.changes, builds }]).await.unwrap();
    let shared = shared(&warehouse.session().await.unwrap());
    let plan = async |sql: &str| {
        let plan = shared.sql(sql).await.unwrap().create_physical_plan().await.unwrap();
        displayable(plan.as_ref()).indent(false).to_string()
    };
    for own in [RUNS, BY_NUMBER, &BY_NUMBER.replace("build_id", "upper(suite), position")] {
        assert!(plan(own).await.contains("RunExec"), "{}", plan(own).await);
    }
    for other in ["message_id", "position, build_id", "suite || error_kind", "suite, random() < 0.5"] {
        let plan = plan(&format!("SELECT count(*) FROM raw.outcome GROUP BY {other}")).await;
        assert!(!plan.contains("RunExec"), "{other} may change with every row: {plan}");
    }
    assert!(plan(BY_BUILD).await.contains("part_0"), "{}", plan(BY_BUILD).await);
    let once = "upper(revision@2) as of_build_0";
    assert!(plan(OF_BUILD).await.contains(once), "{}", plan(OF_BUILD).await);
    let others = [
        ("upper(b.revision), o.builder", "upper(b.revision), o.suite"),
        ("count(*), ", "count(DISTINCT o.test_id), "),
        ("count(*), ", "count(b.worker), "),
        ("count(*), ", "array_agg(o.name), "),
        ("b.build_id = o.build_id", "b.position = o.position"),
        (" GROUP BY upper(b.revision), o.builder", ""),
        ("GROUP BY upper(b.revision), o.builder", "GROUP BY ROLLUP (upper(b.revision), o.builder)"),
    ];
    for (own, other) in others {
        let sql = BY_BUILD.replace("SELECT upper(b.revision), o.builder, ", "SELECT ").replace(own, other);
        let plan = plan(&sql).await;
        assert!(!plan.contains("part_0"), "{other} is not of builds: {plan}");
    }
}

#[test]
fn maintained_is_recomputed() {
    let cases = std::env::var("ANNALS_CASES").map_or(10, |count| count.parse().unwrap());
    let config = ProptestConfig { cases, max_shrink_iters: 60, failure_persistence: None, ..Default::default() };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    proptest!(config, |(case in case())| {
        runtime.block_on(case.run())?;
    });
}

#[tokio::test]
async fn knowledge_of_more_than_the_facts_is_made_anew() {
    let (mut world, folder) = (World::default(), tempfile::tempdir().unwrap());
    world.tell("change a1 by Ada\nchange a2 by Ada\nbuild a1 linux x=pass\nbuild a2 linux x=fail").unwrap();
    let root = |name: &str| folder.path().join(name);
    let open =
        async |name: &str| Warehouse::open(&Location { root: root(name), facts: None }, Vec::new()).await.unwrap();
    let commit = async |warehouse: &Warehouse, build: usize| {
        let ingest = Ingest { changes: world.changes.clone(), builds: vec![world.builds[build].facts()] };
        warehouse.commit(vec![ingest]).await.unwrap();
    };
    let newer = open("newer").await;
    commit(&newer, 0).await;
    drop(newer);
    let copy = |from: &str, to: &str| {
        let copied = std::process::Command::new("cp").arg("-a").arg(root(from)).arg(root(to)).status().unwrap();
        assert!(copied.success());
    };
    copy("newer", "older");
    let newer = open("newer").await;
    commit(&newer, 1).await;
    drop(newer);
    for known in ["knowledge.sqlite", "streaks"] {
        let _ = std::fs::remove_file(root("older").join(known));
        let _ = std::fs::remove_dir_all(root("older").join(known));
        copy(&format!("newer/{known}"), &format!("older/{known}"));
    }
    let verdicts = async |warehouse: &Warehouse| {
        let sql = "SELECT verdict, last_position FROM raw.streak WHERE kind = 'test' ORDER BY last_position";
        rows(&warehouse.session().await.unwrap().context.sql(sql).await.unwrap().collect().await.unwrap())
    };
    let older = open("older").await;
    assert_eq!(verdicts(&older).await, BTreeSet::from(["pass 1".to_owned()]));
    commit(&older, 1).await;
    assert_eq!(verdicts(&older).await, BTreeSet::from(["pass 1".to_owned(), "fail 2".to_owned()]));
}
