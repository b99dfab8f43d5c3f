//! One build: checkout, commands, logs, reports.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use annals_collector::CancellationFlag;
use annals_collector::builder::Builder;
use annals_collector::checkout::Slot;
use annals_collector::report::Limits;
use annals_collector::run::{self, Job};
use annals_data::row::{BuildResult, Kind, Status};
use annals_data::store::BuildFacts;
use git2::Oid;

use crate::world::{World, builder, outcomes, revision, step};

const REPORT: &str = r#"<?xml version="1.0"?>
<testsuite name="s" tests="2" failures="1">
<testcase classname="s" name="good" time="0.1"/>
<testcase classname="s" name="bad" time="0.1"><failure message="no">no</failure></testcase>
</testsuite>"#;
const CLEAN: &str = r#"<testsuite name="s" tests="1"><testcase classname="s" name="good" time="0.1"/></testsuite>"#;

/// A world with one revision that holds two reports to be copied.
fn world() -> (World, Oid) {
    let mut world = World::new();
    let files: [(&str, &[u8]); 3] =
        [("bad.txt", REPORT.as_bytes()), ("good.txt", CLEAN.as_bytes()), ("checked-in.xml", REPORT.as_bytes())];
    let id = world.commit("main", "reports", &[], &files);
    (world, id)
}

fn build(world: &World, id: Oid, builder: &Builder, flag: &CancellationFlag) -> Option<BuildFacts> {
    let slot = Slot::claim(&world.path("work"), &world.history()).unwrap();
    slot.prepare(&id.to_string()).unwrap();
    let job = Job {
        repeat: 0,
        project: "demo",
        branch: "main",
        revision: &revision(id, 0),
        builder,
        worktree: slot.dir(),
        logs: &world.path("logs"),
        limits: Limits::default(),
    };
    run::run(&job, flag).unwrap()
}

fn built(text: &str) -> BuildFacts {
    let (world, id) = world();
    build(&world, id, &builder(text), &CancellationFlag::default()).unwrap()
}

fn log(world: &World, facts: &BuildFacts, name: &str) -> String {
    let path = world.path("logs").join(step(facts, name).log_path.as_ref().unwrap());
    String::from_utf8(zstd::decode_all(fs::File::open(path).unwrap()).unwrap()).unwrap()
}

fn is_alive(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

/// Waits until a process is gone: whoever adopts an orphan takes a moment to bury it.
fn is_gone(pid: &str) -> bool {
    let patience = Instant::now() + Duration::from_secs(5);
    while is_alive(pid) && Instant::now() < patience {
        thread::sleep(Duration::from_millis(20));
    }
    !is_alive(pid)
}

#[test]
fn a_worktree_holds_exactly_its_revision() {
    let mut world = World::new();
    let first = world.commit("main", "first", &[], &[("a", b"1"), (".gitignore", b"*.o\n"), ("dir/b", b"2")]);
    let second = world.commit("main", "second", &[first], &[("a", b"other")]);
    world.repository.tag_lightweight("v1", world.repository.find_commit(first).unwrap().as_object(), false).unwrap();
    let slot = Slot::claim(&world.path("work"), &world.history()).unwrap();
    slot.prepare(&first.to_string()).unwrap();
    for path in ["left", "dir/x.o", ".git/hooks/post-checkout"] {
        fs::create_dir_all(slot.dir().join(path).parent().unwrap()).unwrap();
        fs::write(slot.dir().join(path), "left behind").unwrap();
    }
    slot.prepare(&second.to_string()).unwrap();
    let names = |dir: &Path| {
        let mut names: Vec<_> =
            fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    assert_eq!(names(slot.dir()), [".git", "a"]);
    assert_eq!(fs::read(slot.dir().join("a")).unwrap(), b"other");
    assert!(!slot.dir().join(".git/hooks/post-checkout").exists());
    assert_eq!(git(slot.dir(), &["status", "--porcelain"]), "");
    let said = git(slot.dir(), &["describe", "--tags"]);
    assert!(said.starts_with("v1-1-g"), "{said}");
    let other = Slot::claim(&world.path("work"), &world.history()).unwrap();
    assert_ne!(other.dir(), slot.dir());
    assert!(slot.prepare(&Oid::ZERO_SHA1.to_string()).is_err());
}

fn git(dir: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git").arg("-C").arg(dir).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_build_is_its_steps_and_its_tests() {
    let facts = built(
        r#"name = "unit"
        setup = ["echo ready"]
        environment = { GREETING = "hello", API_TOKEN = "s3cret" }
        [[builder.step]]
        name = "test"
        command = "echo $GREETING $ANNALS_PROJECT $ANNALS_BUILDER; cp good.txt out.xml"
        reports = ["*.xml"]"#,
    );
    assert_eq!((facts.build.result, facts.build.reason.as_deref()), (BuildResult::Success, None));
    assert_eq!(
        (facts.build.key.as_str(), facts.build.position),
        (run::key("main", "unit", &facts.build.revision).as_str(), 0)
    );
    let names: Vec<_> = outcomes(&facts).iter().map(|o| (o.kind, o.name.as_str(), o.status)).collect();
    let step_passed = |name| (Kind::Step, name, Status::Passed);
    assert_eq!(names, [step_passed("setup-1"), step_passed("test"), (Kind::Test, "good", Status::Passed)]);
    let environment = facts.build.environment.unwrap();
    assert!(environment.contains(r#""env.GREETING":"hello""#) && environment.contains(r#""kernel":"#), "{environment}");
    assert!(!environment.contains("s3cret"));
    assert_eq!(facts.steps[0].number, 1);
    assert_eq!(facts.steps[1].exit_status, Some(0));
}

#[test]
fn a_step_that_fails_without_a_report_is_a_failure_of_its_own() {
    let facts = built(
        r#"name = "unit"
        [[builder.step]]
        name = "compile"
        command = "echo seen; echo oh no >&2; exit 3"
        reports = ["*.xml"]"#,
    );
    assert_eq!(facts.build.result, BuildResult::Failure);
    assert_eq!(facts.outcomes.len(), 1);
    assert_eq!(outcomes(&facts)[0].status, Status::Failed);
    assert_eq!(outcomes(&facts)[0].message.as_deref(), Some("exit status 3\nseen\noh no"));
}

#[test]
fn a_failing_step_stops_the_build_but_its_reports_are_read() {
    let facts = built(
        r#"name = "unit"
        [[builder.step]]
        name = "test"
        command = "cp bad.txt out.xml; echo seen; echo oh no >&2; exit 3"
        reports = ["*.xml"]
        [[builder.step]]
        name = "never"
        command = "true""#,
    );
    assert_eq!(facts.build.result, BuildResult::Failure);
    assert_eq!(facts.build.reason.as_deref(), Some("step `test`: exit status 3; 1 of 2 tests failed"));
    assert_eq!(facts.steps.len(), 1);
    // The report says what failed: the step is no second problem beside its test.
    assert_eq!((outcomes(&facts)[0].status, outcomes(&facts)[0].message.as_deref()), (Status::Passed, None));
    assert_eq!(facts.outcomes.len(), 3);
}

#[test]
fn a_failing_step_may_let_the_build_go_on() {
    let facts = built(
        r#"name = "unit"
        [[builder.step]]
        name = "lint"
        command = "exit 1"
        continue = true
        [[builder.step]]
        name = "test"
        command = "kill -SEGV $$""#,
    );
    assert_eq!(step(&facts, "lint").result, BuildResult::Failure);
    let crash = &outcomes(&facts)[1];
    assert_eq!((crash.status, crash.error_kind.as_deref()), (Status::Errored, Some("crashed")));
    assert_eq!(step(&facts, "test").reason.as_deref(), Some("killed by signal 11"));
    assert_eq!(step(&facts, "test").exit_status, None);
}

#[test]
fn a_failing_setup_ends_the_build() {
    let facts = built("name = \"unit\"\nsetup = [\"exit 1\"]\n[[builder.step]]\nname = \"t\"\ncommand = \"true\"");
    assert_eq!(facts.build.reason.as_deref(), Some("step `setup-1`: exit status 1"));
    assert_eq!(facts.steps.len(), 1);
}

#[test]
fn a_timeout_ends_the_whole_group() {
    let (world, id) = world();
    let builder = builder(
        r#"name = "unit"
        timeout_s = 1
        [[builder.step]]
        name = "test"
        command = "(trap '' TERM; sh -c 'trap \"\" TERM; sleep 60' & echo $! > ../pid; wait) & echo started; sleep 60""#,
    );
    let began = Instant::now();
    let facts = build(&world, id, &builder, &CancellationFlag::default()).unwrap();
    assert!(began.elapsed() < Duration::from_secs(20));
    let outcome = &outcomes(&facts)[0];
    assert_eq!((outcome.status, outcome.error_kind.as_deref()), (Status::Errored, Some("timed_out")));
    assert_eq!(outcome.message.as_deref(), Some("timed out after 1 s\nstarted"));
    let pid = fs::read_to_string(world.path("work/pid")).unwrap();
    assert!(is_gone(pid.trim()), "the grandchild {pid} lives");
}

#[test]
fn what_a_finished_command_left_running_is_ended() {
    let (world, id) = world();
    let builder = builder("name = \"a\"\n[[builder.step]]\nname = \"t\"\ncommand = \"sleep 60 & echo $! > ../pid\"");
    let began = Instant::now();
    let facts = build(&world, id, &builder, &CancellationFlag::default()).unwrap();
    assert_eq!(facts.build.result, BuildResult::Success);
    assert!(began.elapsed() < Duration::from_secs(20));
    assert!(is_gone(fs::read_to_string(world.path("work/pid")).unwrap().trim()));
}

#[test]
fn a_cancelled_build_is_not_recorded() {
    let (world, id) = world();
    let flag = CancellationFlag::default();
    let builder = builder("name = \"a\"\n[[builder.step]]\nname = \"t\"\ncommand = \"sleep 60\"");
    let other = flag.clone();
    let timer = thread::spawn(move || {
        thread::sleep(Duration::from_millis(300));
        other.cancel();
    });
    assert_eq!(build(&world, id, &builder, &flag), None);
    timer.join().unwrap();
}

#[test]
fn a_log_keeps_its_head_and_its_tail() {
    let (world, id) = world();
    let builder = builder(
        r#"name = "unit"
        log_limit = 2048
        [[builder.step]]
        name = "../evil name"
        command = "echo FIRST; i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; echo LAST""#,
    );
    let facts = build(&world, id, &builder, &CancellationFlag::default()).unwrap();
    let row = &facts.steps[0];
    assert!(row.is_log_truncated);
    assert!(row.log_size.unwrap() > 20_000);
    assert!(row.log_path.as_ref().unwrap().ends_with("/1-_.._evil_name.log.zst"), "{:?}", row.log_path);
    let text = log(&world, &facts, "../evil name");
    assert!(text.starts_with("FIRST\n") && text.ends_with("LAST\n") && text.len() < 2200, "{}", text.len());
    assert!(text.contains(&format!("[… {} bytes left out …]", row.log_size.unwrap() - 2048)));
}

#[test]
fn an_unreadable_report_is_an_errored_step() {
    let facts = built(
        r#"name = "unit"
        [[builder.step]]
        name = "test"
        command = "cp good.txt a.xml; head -c 120 bad.txt > torn.xml; ln -s /etc/hosts link.xml"
        reports = ["*.xml"]"#,
    );
    assert_eq!(facts.build.result, BuildResult::Failure);
    let outcome = &outcomes(&facts)[0];
    assert_eq!((outcome.kind, outcome.status), (Kind::Step, Status::Errored));
    let message = outcome.message.as_deref().unwrap();
    assert!(message.starts_with("torn.xml:") && !message.contains("hosts"), "{message}");
    assert_eq!(facts.outcomes.len(), 2, "the good report counts");
}

#[test]
fn a_report_is_read_once_and_attempts_count_on() {
    let facts = built(
        r#"name = "unit"
        [[builder.step]]
        name = "one"
        command = "cp good.txt a.xml"
        reports = ["*.xml"]
        [[builder.step]]
        name = "two"
        command = "cp good.txt b.xml"
        reports = ["**/*.xml"]
        [[builder.step]]
        name = "three"
        command = "true"
        reports = ["*.xml"]"#,
    );
    let attempts: Vec<_> = outcomes(&facts).iter().filter(|o| o.kind == Kind::Test).map(|o| o.attempt).collect();
    assert_eq!(attempts, [1, 2]);
    assert_eq!(facts.build.result, BuildResult::Warnings);
    assert_eq!(facts.build.reason.as_deref(), Some("step `three`: no report matches `*.xml`"));
}

#[test]
fn a_log_is_read_by_the_rules_of_its_step() {
    let facts = built(
        r#"
        name = "lint"
        [[builder.step]]
        name = "lint"
        command = "echo 'a.c:7: error: no semicolon'; echo 'b.c:1: warning: long line'; echo noise; exit 1"
        [builder.step.log]
        use_file_stem = true
        [[builder.step.log.rule]]
        pattern = '^(?<file>[^:]+):(?<line>\d+): (?<outcome>error|warning): (?<message>.*)'
        outcomes = { error = "failed" }
        fields = { name = "lint" }
        "#,
    );
    let read: Vec<_> =
        outcomes(&facts).iter().filter(|o| o.kind == Kind::Test).map(|o| (o.suite.as_str(), o.status)).collect();
    assert_eq!(read, [("a", Status::Failed), ("b", Status::Passed)]);
    let failed = outcomes(&facts).iter().find(|o| o.suite == "a").unwrap();
    assert_eq!((failed.name.as_str(), failed.message.as_deref()), ("lint", Some("no semicolon")));
    assert_eq!((failed.file.as_deref(), failed.line), (Some("a.c"), Some(7)));
    // The tests say what failed: the step is no second problem.
    assert_eq!(outcomes(&facts).iter().find(|o| o.kind == Kind::Step).unwrap().status, Status::Passed);
}
