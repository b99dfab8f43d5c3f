//! Tests of the rules for `go test -json`, on streams that each hold one trap.

use annals_data::row::Status;

use crate::report::{Report, read};

fn report(lines: &[&str]) -> Report {
    read("go.json", lines.join("\n").as_bytes()).unwrap()
}

fn statuses(lines: &[&str]) -> Vec<(String, Status, Option<String>)> {
    report(lines).cases.into_iter().map(|case| (case.name, case.status, case.error_kind)).collect()
}

const RUN: &str = r#"{"Time":"2026-11-21T10:00:00Z","Action":"run","Package":"p","Test":"TestA"}"#;

#[test]
fn every_action_has_its_status() {
    let end = |action: &str| format!(r#"{{"Action":"{action}","Package":"p","Test":"TestA","Elapsed":0.5}}"#);
    let table = [("pass", Status::Passed), ("fail", Status::Failed), ("skip", Status::Skipped)];
    for (action, status) in table {
        assert_eq!(statuses(&[RUN, &end(action)]), [("TestA".to_owned(), status, None)]);
        let report = report(&[RUN, &end(action)]);
        assert_eq!(report.cases[0].duration_us, Some(500_000));
        assert_eq!(report.words.keys().next().map(|(word, _)| word.as_str()), Some(action));
        assert_eq!(report.started_at, Some(1_795_255_200_000_000));
    }
}

#[test]
fn a_parent_fails_alone_or_not_at_all() {
    let run = r#"{"Action":"run","Package":"p","Test":"TestA/b/c"}"#;
    let fail = r#"{"Action":"fail","Package":"p","Test":"TestA/b/c"}"#;
    let pass = r#"{"Action":"pass","Package":"p","Test":"TestA/b/c"}"#;
    let parent = r#"{"Action":"fail","Package":"p","Test":"TestA"}"#;
    assert_eq!(statuses(&[RUN, run, fail, parent]), [("TestA/b/c".to_owned(), Status::Failed, None)]);
    assert_eq!(
        statuses(&[RUN, run, pass, parent]),
        [("TestA/b/c".to_owned(), Status::Passed, None), ("TestA".to_owned(), Status::Failed, None),]
    );
    // The next run of the parent starts afresh.
    assert_eq!(statuses(&[RUN, run, fail, parent, RUN, run, pass, parent]).len(), 3);
}

#[test]
fn a_test_without_an_end_is_judged_by_its_package() {
    let package = |action: &str| format!(r#"{{"Action":"{action}","Package":"p"}}"#);
    let print = r#"{"Action":"output","Package":"p","Test":"TestA","Output":"half a line--- PASS: TestA (0.00s)\n"}"#;
    let one = |status, kind: Option<&str>| vec![("TestA".to_owned(), status, kind.map(str::to_owned))];
    assert_eq!(statuses(&[RUN, &package("fail")]), one(Status::Errored, Some("crashed")));
    assert_eq!(statuses(&[RUN]), one(Status::Errored, Some("crashed")));
    assert_eq!(statuses(&[RUN, &package("pass")]), one(Status::Passed, None));
    assert_eq!(
        statuses(&[RUN, print, &package("fail")])[0],
        ("TestA".to_owned(), Status::Passed, None),
        "the end stands within the line"
    );
    let pause = r#"{"Action":"pause","Package":"p","Test":"TestA"}"#;
    assert_eq!(statuses(&[RUN, pause, &package("fail")])[0].0, "(suite)");
    assert_eq!(report(&[RUN, &package("fail")]).warnings.len(), 1);
}

#[test]
fn a_panic_of_the_test_is_no_panic_of_the_process() {
    let print = |text: &str| format!(r#"{{"Action":"output","Package":"p","Test":"TestA","Output":"{text}\n"}}"#);
    let fail = r#"{"Action":"fail","Package":"p","Test":"TestA"}"#;
    let kind = |texts: &[&str]| {
        let texts: Vec<String> = texts.iter().map(|text| print(text)).collect();
        let lines: Vec<&str> = [RUN].into_iter().chain(texts.iter().map(String::as_str)).chain([fail]).collect();
        statuses(&lines).remove(0).2
    };
    assert_eq!(kind(&["panic: expected one"]), None);
    assert_eq!(kind(&["panic: boom", "goroutine 7 [running]:"]).as_deref(), Some("crashed"));
    assert_eq!(kind(&["panic: test timed out after 10s"]).as_deref(), Some("timed_out"));
}

#[test]
fn a_build_that_failed_is_told_once() {
    let said = r#"{"ImportPath":"p [p.test]","Action":"build-output","Output":"p.go:1: no\n"}"#;
    let failed = r#"{"ImportPath":"p [p.test]","Action":"build-fail"}"#;
    let package = r#"{"Action":"fail","Package":"p","FailedBuild":"p [p.test]"}"#;
    for lines in [&[said, failed][..], &[said, failed, package]] {
        let report = report(lines);
        assert_eq!(report.cases.len(), 1);
        let case = &report.cases[0];
        assert_eq!((case.suite.as_str(), case.name.as_str(), case.status), ("p", "(suite)", Status::Errored));
        assert_eq!(case.message.as_deref(), Some("p.go:1: no"));
    }
}

#[test]
fn older_versions_tell_of_builds_between_the_events() {
    let lines = ["# p [p.test]", "p.go:1: no", "p.go:2: no", RUN, "FAIL\tp [build failed]", "FAIL\tq [setup failed]"];
    let report = report(&lines);
    let said: Vec<_> = report.cases.iter().map(|case| (case.suite.as_str(), case.message.as_deref())).collect();
    assert_eq!(
        said[..2],
        [
            ("p", Some("# p [p.test]\np.go:1: no\np.go:2: no\n\nFAIL\tp [build failed]")),
            ("q", Some("FAIL\tq [setup failed]")),
        ]
    );
    assert!(report.ignored.is_empty());
}

#[test]
fn a_run_begins_although_the_one_before_has_no_end() {
    let print = r#"{"Action":"output","Package":"p","Test":"TestA","Output":"x--- PASS: TestA (0.00s)\n"}"#;
    let pass = r#"{"Action":"pass","Package":"p"}"#;
    assert_eq!(statuses(&[RUN, print, RUN, print, pass]).len(), 2);
}

#[test]
fn text_beside_the_events_is_counted_and_damage_is_refused() {
    let end = r#"{"Action":"pass","Package":"p","Test":"TestA"}"#;
    let mixed = report(&["building", RUN, "{not an event}", r#"{"level":"info"}"#, end, ""]);
    assert_eq!(mixed.ignored["lines that are no event"], 3);
    let behind = format!("what a test printed{}", r#"{"Time":"","Action":"pass","Package":"p","Test":"TestA"}"#);
    assert_eq!(statuses(&[RUN, &behind])[0].1, Status::Passed);
    let cut = format!("{RUN}\n{}", &end[..20]);
    let error = read("go.json", cut.as_bytes()).unwrap_err().to_string();
    assert!(error.starts_with("go.json:2: the report is truncated: "), "{error}");
    let torn = format!("{RUN}\n{{\"Action\":\"pa{end}\n{end}");
    assert!(read("go.json", torn.as_bytes()).unwrap_err().to_string().starts_with("go.json:2: "));
}

#[test]
fn a_large_stream_is_read_in_one_pass() {
    let deep = format!("TestA{}", "/x".repeat(200));
    let mut text = String::new();
    for number in 0..2000 {
        for action in ["run", "output", "fail"] {
            let event =
                format!(r#"{{"Action":"{action}","Package":"p","Test":"{deep}{number}","Output":"Benchmark"}}"#);
            text = text + &event + "\n";
        }
    }
    assert_eq!(read("go.json", text.as_bytes()).unwrap().cases.len(), 2000);
    let long = format!("{RUN}\n{{\"Action\":\"fail\",\"Package\":\"p\",\"Output\":\"{}\"}}", "x".repeat(5 << 20));
    assert_eq!(read("go.json", long.as_bytes()).unwrap().cases.len(), 1);
}

#[test]
fn benchmarks_have_measures() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/go_test/benchmarks.jsonl");
    let report = read("benchmarks.jsonl", &std::fs::read(path).unwrap()).unwrap();
    let told: Vec<String> = report
        .cases
        .iter()
        .flat_map(|case| case.measures.iter().map(|m| format!("{}: {} {}", case.name, m.value, m.metric)))
        .collect();
    assert_eq!(
        told,
        [
            "BenchmarkEncode: 12345 ns/op",
            "BenchmarkEncode: 812.44 MB/s",
            "BenchmarkEncode: 1024 B/op",
            "BenchmarkEncode: 12 allocs/op",
            "BenchmarkDecode/size-10: 980.5 ns/op",
            "BenchmarkDecode/size-10: 0 B/op",
            "BenchmarkDecode/size-10: 0 allocs/op",
            "BenchmarkDecode/size-100: 9803 ns/op",
            "BenchmarkDecode/size-100: 3.25 retries/op",
            "BenchmarkOld: 0.5 ns/op",
        ]
    );
    assert_eq!(report.cases[0].measures[0].unit.as_deref(), Some("ns"));
}
