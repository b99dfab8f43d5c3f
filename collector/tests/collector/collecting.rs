//! Many builds: order, resuming, broken checkouts, cancelling.

use std::collections::HashSet;

use annals_collector::builder::Builder;
use annals_collector::collect::{Event, Plan, Summary, collect};
use annals_collector::history::{Picked, Revision, Selection};
use annals_collector::report::Limits;
use annals_collector::{CancellationFlag, Error};
use annals_data::row::BuildResult;
use annals_data::store::BuildFacts;

use crate::world::{World, builder};

/// What a store would have taken in.
#[derive(Default)]
struct Store {
    revisions: HashSet<String>,
    builds: Vec<BuildFacts>,
}

impl Store {
    fn collect(&mut self, world: &World, picked: &Picked, builders: &[Builder], flag: &CancellationFlag) -> Summary {
        let plan = Plan {
            project: "demo",
            history: &world.history(),
            picked,
            builders,
            jobs: 3,
            work: &world.path("work"),
            logs: &world.path("logs"),
            limits: Limits::default(),
        };
        let known = self.revisions.clone();
        let keys: HashSet<String> = self.builds.iter().map(|facts| facts.build.key.clone()).collect();
        let mut emit = |event: Event| -> Result<(), Error> {
            match event {
                Event::Changes { changes, .. } => self.revisions.extend(changes.into_iter().map(|c| c.revision)),
                Event::Finished(facts) => self.builds.push(*facts),
                Event::Planned { .. } | Event::Started { .. } => {}
            }
            Ok(())
        };
        collect(&plan, &|id| known.contains(id), &|key| keys.contains(key), flag, &mut emit).unwrap()
    }
}

fn builders() -> Vec<Builder> {
    let quick = builder("name = \"quick\"\n[[builder.step]]\nname = \"t\"\ncommand = \"test $(cat number) -ne 2\"");
    // The first builds take longest, so that later ones finish before them.
    let slow =
        builder("name = \"slow\"\n[[builder.step]]\nname = \"t\"\ncommand = \"test $(cat number) -gt 1 || sleep 0.3\"");
    vec![quick, slow]
}

#[test]
fn builds_come_in_order_and_a_second_run_skips_them() {
    let mut world = World::new();
    let ids = world.line(6);
    let mut store = Store::default();
    let first_three = world.pick(&Selection { range: Some(format!("..{}", ids[2])), ..Selection::default() });
    let summary = store.collect(&world, &first_three, &builders(), &CancellationFlag::default());
    assert_eq!(summary, Summary { changes: 3, built: 6, skipped: 0, is_cancelled: false });
    let summary = store.collect(&world, &world.pick(&Selection::default()), &builders(), &CancellationFlag::default());
    assert_eq!(summary, Summary { changes: 3, built: 6, skipped: 6, is_cancelled: false });
    let positions: Vec<_> = store.builds.iter().map(|facts| facts.build.position).collect();
    assert_eq!(positions, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
    let failures = store.builds.iter().filter(|facts| facts.build.result == BuildResult::Failure);
    assert_eq!(failures.map(|facts| facts.build.revision.clone()).collect::<Vec<_>>(), [ids[2].to_string()]);
}

#[test]
fn a_broken_checkout_is_an_exception_and_the_rest_is_built() {
    let mut world = World::new();
    let ids = world.line(2);
    // A revision whose tree lacks a file's content.
    let blob =
        world.repository.find_commit(ids[0]).unwrap().tree().unwrap().get_name("number").unwrap().id().to_string();
    let object = world.source().join(".git/objects").join(&blob[..2]).join(&blob[2..]);
    std::fs::remove_file(object).unwrap();
    let mut store = Store::default();
    store.collect(&world, &world.pick(&Selection::default()), &builders()[..1], &CancellationFlag::default());
    let results: Vec<_> = store.builds.iter().map(|facts| facts.build.result).collect();
    assert_eq!(results, [BuildResult::Exception, BuildResult::Success]);
    let reason = store.builds[0].build.reason.as_deref().unwrap();
    assert!(reason.starts_with("no checkout: "), "{reason}");
}

#[test]
fn a_raised_flag_ends_everything_and_nothing_unfinished_is_recorded() {
    let mut world = World::new();
    world.line(5);
    let picked = world.pick(&Selection::default());
    let flag = CancellationFlag::default();
    let endless = builder("name = \"endless\"\n[[builder.step]]\nname = \"t\"\ncommand = \"sleep 60\"");
    let mut store = Store::default();
    let other = flag.clone();
    let timer = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(500));
        other.cancel();
    });
    let summary = store.collect(&world, &picked, &[endless], &flag);
    timer.join().unwrap();
    assert_eq!(summary, Summary { changes: 5, built: 0, skipped: 0, is_cancelled: true });
}

#[test]
fn an_error_of_the_receiver_or_the_log_folder_ends_the_collection() {
    let mut world = World::new();
    world.line(5);
    let picked = world.pick(&Selection::default());
    let logs = world.path("source/number");
    std::fs::write(&logs, "a file, not a folder").unwrap();
    let plan = Plan {
        project: "demo",
        history: &world.history(),
        picked: &picked,
        builders: &builders(),
        jobs: 2,
        work: &world.path("work"),
        logs: &logs,
        limits: Limits::default(),
    };
    let flag = CancellationFlag::default();
    let result: Result<Summary, Error> = collect(&plan, &|_| false, &|_| false, &flag, &mut |_| Ok(()));
    assert!(matches!(result, Err(Error::File { .. })), "{result:?}");
    let plan = Plan { logs: &world.path("logs"), ..plan };
    let refuse = &mut |event| if matches!(event, Event::Finished(_)) { Err(Error::Cancelled) } else { Ok(()) };
    let result: Result<Summary, Error> = collect(&plan, &|_| false, &|_| false, &CancellationFlag::default(), refuse);
    assert!(matches!(result, Err(Error::Cancelled)), "{result:?}");
}

#[test]
fn nothing_picked_is_nothing_built() {
    let mut world = World::new();
    world.line(1);
    let picked = Picked { branch: "main".to_owned(), revisions: Vec::<Revision>::new() };
    let summary = Store::default().collect(&world, &picked, &builders(), &CancellationFlag::default());
    assert_eq!(summary, Summary::default());
}
