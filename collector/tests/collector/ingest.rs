//! Reports of builds that ran elsewhere.

use std::fs;
use std::path::PathBuf;

use annals_collector::Error;
use annals_collector::ingest::{Given, Origin, ingest};
use annals_collector::report::Limits;
use annals_data::row::BuildResult;

use crate::world::World;

const REPORT: &str = r#"<testsuite name="s" tests="2" failures="1"><testcase classname="s" name="good" time="0.1"/>
<testcase classname="s" name="bad" time="0.1"><failure message="no">no</failure></testcase></testsuite>"#;

fn checkout() -> World {
    let mut world = World::new();
    world.line(3);
    world.repository.set_head("refs/heads/main").unwrap();
    world.repository.remote("origin", "https://me:secret@example.org/group/thing.git").unwrap();
    fs::create_dir(world.source().join("out")).unwrap();
    fs::write(world.source().join("out/a.xml"), REPORT).unwrap();
    fs::write(world.source().join("out/b.xml"), REPORT.replace("good", "fine").replace("bad", "worse")).unwrap();
    world
}

fn given() -> Given {
    Given { builder: Some("elsewhere".to_owned()), ..Given::default() }
}

#[test]
fn a_build_is_placed_by_the_checkout_around_it() {
    let world = checkout();
    let (origin, history) = Origin::from_checkout(&world.source().join("out"), given()).unwrap();
    let tip = history.unwrap().resolve("HEAD").unwrap();
    assert_eq!((origin.project.as_str(), origin.branch.as_str(), origin.position), ("thing", "main", 2));
    assert_eq!(origin.revision, tip);
    let (facts, warnings) = ingest(&origin, &[world.source().join("out")], None, &Limits::default()).unwrap();
    assert_eq!(facts.outcomes.len(), 4);
    assert_eq!(
        (facts.build.result, facts.build.reason.as_deref()),
        (BuildResult::Failure, Some("2 of 4 tests failed"))
    );
    assert!(warnings.is_empty(), "{warnings:?}");
}

#[test]
fn the_key_is_that_of_the_contents_whatever_the_order() {
    let world = checkout();
    let (origin, _) = Origin::from_checkout(&world.source(), given()).unwrap();
    let (a, b) = (world.source().join("out/a.xml"), world.source().join("out/b.xml"));
    let key = |origin: &Origin, files: &[PathBuf]| ingest(origin, files, None, &Limits::default()).unwrap().0.build.key;
    let both = key(&origin, &[a.clone(), b.clone()]);
    assert!(both.starts_with("ingest/"));
    assert_eq!(both, key(&origin, &[b.clone(), a.clone()]));
    assert_ne!(both, key(&origin, std::slice::from_ref(&a)));
    let other = Origin { builder: "other".to_owned(), ..origin.clone() };
    assert_ne!(both, key(&other, &[a.clone(), b]));
    let keyed = Origin { given: Given { key: Some("mine".to_owned()), ..given() }, ..origin };
    assert_eq!(key(&keyed, &[a]), "mine");
}

#[test]
fn one_unreadable_report_keeps_all_out() {
    let world = checkout();
    let torn = world.source().join("out/torn.xml");
    fs::write(&torn, &REPORT[..100]).unwrap();
    let (origin, _) = Origin::from_checkout(&world.source(), given()).unwrap();
    let error = ingest(&origin, &[world.source().join("out")], None, &Limits::default()).unwrap_err();
    assert!(matches!(error, Error::Report(_)));
    assert!(error.to_string().contains("torn.xml:"), "{error}");
    let error = ingest(&origin, &[world.path("nothing.xml")], None, &Limits::default()).unwrap_err().to_string();
    assert!(error.ends_with("nothing.xml: No such file or directory (os error 2)"), "{error}");
}

#[test]
fn what_is_missing_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let error = Origin::from_checkout(folder.path(), given()).unwrap_err().to_string();
    assert_eq!(error, "the project is not known: no checkout is around; give --project");
    let whole = Given {
        project: Some("p".to_owned()),
        branch: Some("b".to_owned()),
        revision: Some("r".to_owned()),
        position: Some(7),
        url: Some("https://me:pw@ci.example/1".to_owned()),
        ..given()
    };
    let (origin, history) = Origin::from_checkout(folder.path(), whole).unwrap();
    assert!(history.is_none());
    let report = folder.path().join("r.xml");
    fs::write(&report, REPORT).unwrap();
    let (facts, _) = ingest(&origin, &[report], None, &Limits::default()).unwrap();
    assert_eq!((facts.build.position, facts.build.url.as_deref()), (7, Some("https://ci.example/1")));
    let world = checkout();
    let error = Origin::from_checkout(&world.source(), Given::default()).unwrap_err().to_string();
    assert_eq!(error, "the builder is not known: no report names it; give --builder");
    let nowhere = Given { revision: Some("nowhere".to_owned()), ..given() };
    let error = Origin::from_checkout(&world.source(), nowhere).unwrap_err().to_string();
    assert!(error.starts_with("there is no revision `nowhere`"), "{error}");
}
