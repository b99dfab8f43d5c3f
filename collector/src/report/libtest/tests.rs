//! Tests of the rules for libtest's JSON, on streams that each hold one trap.

use annals_data::row::Status;

use crate::report::{Report, read};

const SUITE: &str = r#"{ "type": "suite", "event": "started", "test_count": 1 }"#;

fn report(lines: &[&str]) -> Report {
    read("libtest.json", lines.join("\n").as_bytes()).unwrap()
}

fn test(name: &str, event: &str, more: &str) -> String {
    format!(r#"{{ "type": "test", "name": "{name}", "event": "{event}"{more} }}"#)
}

fn told(lines: &[&str]) -> Vec<String> {
    let told = |case: &annals_data::row::Outcome| {
        let kind = case.error_kind.as_deref().unwrap_or("-");
        format!("{} {}#{} {} {kind}", case.suite, case.name, case.attempt, case.status.as_str())
    };
    report(lines).cases.iter().map(told).collect()
}

#[test]
fn every_event_has_its_status() {
    let reason = r#", "reason": "time limit exceeded""#;
    let signal = r#", "stdout": "Test executable failed (signal: 6 (SIGABRT))""#;
    let table = [
        ("ok", "", Some((Status::Passed, None))),
        ("failed", "", Some((Status::Failed, None))),
        ("failed", reason, Some((Status::Errored, Some("timed_out")))),
        ("failed", signal, Some((Status::Errored, Some("crashed")))),
        ("ignored", "", Some((Status::Skipped, None))),
        ("allowed_failure", "", Some((Status::Xfailed, None))),
        ("timeout", "", None),
        ("vanished", "", None),
    ];
    for (event, more, expected) in table {
        let cases = report(&[SUITE, &test("a", event, more)]).cases;
        let found = cases.first().map(|case| (case.status, case.error_kind.as_deref()));
        assert_eq!(found, expected, "{event}{more}");
    }
}

#[test]
fn the_same_name_in_another_binary_is_another_test() {
    let (ok, failed) = (test("tests::a", "ok", ""), test("tests::a", "failed", ""));
    assert_eq!(
        told(&[SUITE, &ok, SUITE, &failed, SUITE, &ok]),
        [" tests::a#1 passed -", "(2) tests::a#1 failed -", "(3) tests::a#1 passed -",]
    );
    let running = "     Running tests/it.rs (target/debug/deps/it-0011aabb)";
    let doc = "   Doc-tests shop";
    assert_eq!(
        told(&[running, SUITE, &ok, doc, SUITE, &failed, running, SUITE, &ok]),
        ["it tests::a#1 passed -", "shop (doc) tests::a#1 failed -", "it (2) tests::a#1 passed -",]
    );
}

#[test]
fn nextest_names_binaries_and_the_last_attempt() {
    let suite = |kind: &str, name: &str| {
        format!(
            r#"{{"type":"suite","event":"started","nextest":{{"crate":"shop","test_binary":"{name}","kind":"{kind}"}}}}"#
        )
    };
    let table = [
        ("lib", "shop", "shop"),
        ("proc-macro", "shop", "shop"),
        ("test", "it", "shop::it"),
        ("bin", "tool", "shop::bin/tool"),
        ("example", "demo", "shop::example/demo"),
    ];
    for (kind, name, id) in table {
        let event = test(&format!("shop::{name}$tests::a"), "ok", "");
        assert_eq!(told(&[&suite(kind, name), &event]), [format!("{id} tests::a#1 passed -")]);
    }
    assert_eq!(told(&[SUITE, &test("shop::shop$a#2", "ok", "")]), ["shop a#1 failed -", "shop a#2 passed -"]);
    assert_eq!(
        told(&[SUITE, &test("shop::it$a#3", "failed", "")]),
        ["shop::it a#1 failed -", "shop::it a#2 failed -", "shop::it a#3 failed -",]
    );
    let started = test("shop::it$a#2", "started", "");
    assert_eq!(told(&[SUITE, &started, &test("shop::it$a#2", "ok", "")]), ["shop::it a#2#1 passed -"]);
    assert_eq!(report(&[SUITE, &test("shop::it$a#900000000", "ok", "")]).cases.len(), 1);
    assert_eq!(told(&[SUITE, &test("case#3", "ok", "")]), [" case#3#1 passed -"]);
}

#[test]
fn a_binary_that_dies_leaves_its_running_tests() {
    let started = [test("a", "started", ""), test("b", "started", "")];
    let lines = [SUITE, &started[0], &started[1], &test("a", "ok", ""), SUITE, &test("c", "ok", "")];
    assert_eq!(told(&lines), [" a#1 passed -", " b#1 errored crashed", " c#1 passed -"]);
    assert_eq!(report(&lines).warnings[0].line, 3);
}

#[test]
fn counters_are_compared() {
    let end = r#"{ "type": "suite", "event": "ok", "passed": 2, "failed": 0, "ignored": 0, "measured": 0 }"#;
    let warnings = report(&[SUITE, &test("a", "ok", ""), end]).warnings;
    assert_eq!(warnings[0].text, "declared are 2 tests that passed, listed are 1");
    let error = read("libtest.json", format!("{SUITE}\n{}", &end[..30]).as_bytes()).unwrap_err().to_string();
    assert!(error.starts_with("libtest.json:2: the report is truncated: "), "{error}");
}

#[test]
fn benchmarks_have_measures() {
    let bench = r#"{ "type": "bench", "name": "sum", "median": 12.5, "deviation": 3 }"#;
    let case = report(&[SUITE, bench]).cases.remove(0);
    let measures: Vec<(&str, f64)> = case.measures.iter().map(|m| (m.metric.as_str(), m.value)).collect();
    assert_eq!(measures, [("median", 12.5), ("deviation", 3.0)]);
}
