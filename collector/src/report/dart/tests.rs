//! Tests of the rules for Dart, on streams that each hold one trap.

use annals_data::row::{Outcome, Status};

use crate::report::{Report, read};

const START: &str = r#"{"protocolVersion":"0.1.1","runnerVersion":"1.25.0","pid":1,"type":"start","time":0}"#;
const SUITE: &str = r#"{"suite":{"id":0,"platform":"vm","path":"test/a_test.dart"},"type":"suite","time":0}"#;
const GROUPS: [&str; 3] = [
    r#"{"group":{"id":2,"suiteID":0,"parentID":null,"name":""},"type":"group","time":1}"#,
    r#"{"group":{"id":3,"suiteID":0,"parentID":2,"name":"Cart"},"type":"group","time":1}"#,
    r#"{"group":{"id":4,"suiteID":0,"parentID":3,"name":"Cart total"},"type":"group","time":1}"#,
];
const DONE: &str = r#"{"success":false,"type":"done","time":99}"#;

fn report(lines: &[&str]) -> Report {
    let lines: Vec<&str> = [START, SUITE].iter().chain(&GROUPS).chain(lines).copied().collect();
    read("dart.json", lines.join("\n").as_bytes()).unwrap()
}

fn begin(name: &str, groups: &str) -> String {
    format!(
        r#"{{"test":{{"id":5,"name":"{name}","suiteID":0,"groupIDs":[{groups}],"metadata":{{"skip":true,
            "skipReason":"why"}},"line":7}},"type":"testStart","time":10}}"#
    )
    .replace('\n', "")
}

fn end(more: &str) -> String {
    format!(r#"{{"testID":5,{more},"type":"testDone","time":12}}"#)
}

fn told(case: &Outcome) -> String {
    let kind = case.error_kind.as_deref().unwrap_or("-");
    format!("{} :: {} {} {kind}", case.suite, case.name, case.status.as_str())
}

#[test]
fn every_result_has_its_status() {
    let table = [
        (r#""result":"success","hidden":false,"skipped":false"#, Some(Status::Passed)),
        (r#""result":"success","hidden":false,"skipped":true"#, Some(Status::Skipped)),
        (r#""result":"success","hidden":true"#, None),
        (r#""result":"failure""#, Some(Status::Failed)),
        (r#""result":"error""#, Some(Status::Errored)),
        (r#""result":"green""#, None),
    ];
    for (result, expected) in table {
        let report = report(&[&begin("adds", "2"), &end(result), DONE]);
        assert_eq!(report.cases.first().map(|case| case.status), expected, "{result}");
        if let Some(case) = report.cases.first() {
            assert_eq!((case.duration_us, case.line), (Some(2_000), Some(7)));
            assert_eq!(case.message.as_deref(), (case.status == Status::Skipped).then_some("why"));
        }
    }
}

#[test]
fn groups_are_the_suite_and_what_is_around_tests_is_errored() {
    let one = |name: &str, groups: &str, result: &str| {
        let result = format!(r#""result":"{result}""#);
        told(&report(&[&begin(name, groups), &end(&result), DONE]).cases[0])
    };
    assert_eq!(one("Cart total adds", "2,3,4", "success"), "test/a_test.dart > Cart > total :: adds passed -");
    assert_eq!(one("adds", "2", "success"), "test/a_test.dart :: adds passed -");
    assert_eq!(one("Cart", "2,3", "success"), "test/a_test.dart > Cart :: Cart passed -");
    assert_eq!(one("Cart (setUpAll)", "2,3", "failure"), "test/a_test.dart > Cart :: (setUpAll) errored -");
    assert_eq!(one("loading test/a_test.dart", "", "error"), "test/a_test.dart :: (suite) errored -");
}

#[test]
fn platforms_and_folders_tell_files_apart() {
    let suite = |platform: &str, path: &str| {
        let suite =
            format!(r#"{{"suite":{{"id":0,"platform":"{platform}","path":"{path}"}},"type":"suite","time":0}}"#);
        let other = r#"{"suite":{"id":9,"platform":"vm","path":"/b/7/test/x/a_test.dart"},"type":"suite","time":0}"#;
        report(&[&suite, other, &begin("adds", "2"), &end(r#""result":"success""#), DONE]).cases.remove(0).suite
    };
    assert_eq!(suite("chrome", "test/a_test.dart"), "[chrome] > test/a_test.dart");
    assert_eq!(suite("vm", "/b/7/test/b_test.dart"), "b_test.dart");
    assert_eq!(suite("vm", "/b/7/test/y/a_test.dart"), "y/a_test.dart");
}

#[test]
fn errors_belong_to_their_test_even_after_its_end() {
    let error = |text: &str, is_failure: bool| {
        format!(
            r#"{{"testID":5,"error":"{text}","stackTrace":"at a","isFailure":{is_failure},"type":"error","time":11}}"#
        )
    };
    let timeout = "TimeoutException after 0:00:30.000000: Test timed out after 30 seconds.";
    let late = report(&[&begin("a", "2"), &error(timeout, false), &end(r#""result":"error""#), DONE]);
    assert_eq!(told(&late.cases[0]), "test/a_test.dart :: a errored timed_out");
    let after = report(&[&begin("a", "2"), &end(r#""result":"success""#), &error("boom", true), DONE]);
    assert_eq!(told(&after.cases[0]), "test/a_test.dart :: a failed -");
    assert_eq!(after.warnings[0].text, "`a` failed after its end");
}

#[test]
fn a_stream_that_stops_leaves_its_running_tests() {
    let cut = report(&["noise", &begin("a", "2")]);
    assert_eq!(told(&cut.cases[0]), "test/a_test.dart :: a errored crashed");
    let warnings: Vec<&str> = cut.warnings.iter().map(|warning| warning.text.as_str()).collect();
    assert_eq!(warnings, ["`a` has no end", "the report has no `done`: its run ended early"]);
    assert_eq!(cut.ignored["lines that are no event"], 1);
    let error = read("dart.json", format!("{START}\n{}", &SUITE[..30]).as_bytes()).unwrap_err().to_string();
    assert!(error.starts_with("dart.json:2: the report is truncated: "), "{error}");
}
