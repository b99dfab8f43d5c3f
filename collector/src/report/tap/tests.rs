//! Tests of the TAP reader: its rules by small texts.

use annals_data::row::Status;

use crate::report::{Limits, Report, read, read_with};

fn report(text: &str) -> Report {
    let report = read("a.tap", text.as_bytes()).unwrap();
    assert_eq!(report.format, "tap");
    report
}

/// Returns suite, name and status of each outcome of a report, one per line.
fn told(text: &str) -> String {
    let line = |case: &annals_data::row::Outcome| match case.suite.as_str() {
        "" => format!("{} {}", case.name, case.status.as_str()),
        suite => format!("{suite} :: {} {}", case.name, case.status.as_str()),
    };
    report(text).cases.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn warnings(text: &str) -> Vec<String> {
    report(text).warnings.into_iter().map(|warning| format!("{}: {}", warning.line, warning.text)).collect()
}

#[test]
fn statuses_follow_the_table() {
    let table = [
        ("ok 1 - a", Status::Passed, None),
        ("not ok 1 - a", Status::Failed, None),
        ("ok 1 - a # SKIP why", Status::Skipped, None),
        ("not ok 1 - a # skip", Status::Skipped, None),
        ("not ok 1 - a # TODO & SKIP why", Status::Skipped, None),
        ("not ok 1 - a # TODO why", Status::Xfailed, None),
        ("ok 1 - a # TODO why", Status::Xpassed, None),
        ("ok 1 - a # TODO why # time=1ms", Status::Skipped, None),
        ("ok 1 - a # TODO\n  ---\n  duration_ms: 1\n  ...", Status::Skipped, None),
        ("not ok 1 - a # unexpected success: [XPASS(strict)] x", Status::Xpassed, None),
        ("not ok 1 - a # timeout after 1s", Status::Errored, Some("timed_out")),
        ("not ok 1 - a\n  ---\n  failureType: 'testTimeoutFailure'\n  ...", Status::Errored, Some("timed_out")),
        ("not ok 1 - a\n  ---\n  failureType: 'hookFailed'\n  ...", Status::Errored, None),
        ("not ok 1 - a\n  ---\n  failureType: 'testCodeFailure'\n  ...", Status::Failed, None),
        ("not ok 1 - a\n  ---\n  exitCode: ~\n  signal: 'SIGSEGV'\n  ...", Status::Errored, Some("crashed")),
        ("not ok 1 - a\n  ---\n  exitCode: 1\n  signal: ~\n  ...", Status::Failed, None),
        ("not ok 1 - a\n  ---\n  message: timeout\n  ...", Status::Failed, None),
        ("not ok 1 - a\n  ---\n  error: 'Timeout of 20ms exceeded.'\n  ...", Status::Errored, Some("timed_out")),
        ("not ok 1 - a\n# Segmentation fault (core dumped)", Status::Errored, Some("crashed")),
        ("not ok 1 a \"before each\" hook for \"b\"", Status::Errored, None),
        ("ok 1 - a # XFAIL", Status::Passed, None),
        ("ok 1 - a # nothing known", Status::Passed, None),
    ];
    for (text, status, kind) in table {
        let report = report(&format!("1..1\n{text}\n"));
        assert_eq!(report.cases.len(), 1, "{text}: {report:?}");
        let case = &report.cases[0];
        assert_eq!((case.status, case.error_kind.as_deref()), (status, kind), "{text}");
    }
}

#[test]
fn a_plan_that_does_not_fit_is_a_failure_of_the_report() {
    let plan = |text: &str| {
        let case = report(text).cases.into_iter().find(|case| case.name == "(plan)")?;
        assert_eq!(case.status, Status::Errored);
        case.message
    };
    assert_eq!(plan("1..1\nok 1\n"), None);
    assert_eq!(plan("ok 1\n1..1\n"), None);
    assert_eq!(plan("1..0\n"), None);
    assert_eq!(plan("1..3\nok 1\n").unwrap(), "planned are 3 tests, listed are 1");
    assert_eq!(plan("1..1\nok 1\nok 2\n").unwrap(), "planned are 1 tests, listed are 2");
    assert_eq!(plan("1..2\nok 1\nok 4\n").unwrap(), "planned are 2 tests, one is number 4");
    assert_eq!(plan("ok 1\n").unwrap(), "there is no plan; listed are 1 tests");
    assert_eq!(plan("TAP version 14\n").unwrap(), "there is no plan; listed are 0 tests");
    assert_eq!(plan("1..3\nok 1\nBail out! db\n"), None);
    assert_eq!(warnings("1..3\nok 1\n"), ["1: planned are 3 tests, listed are 1"]);
}

#[test]
fn subtests_are_told_by_their_tests() {
    let text = "1..2\n    ok 1 - a\n        not ok 1 - deep\n        1..1\n    not ok 2 - inner\n    1..2\nnot ok 1 - outer\nok 2\n";
    assert_eq!(told(text), "outer :: a passed\nouter > inner :: deep failed\n(unnamed 2) passed");
}

#[test]
fn a_subtest_that_fails_alone_is_a_case() {
    assert_eq!(told("    ok 1 - a\n    1..1\nnot ok 1 - s\n1..1\n"), "s :: a passed\ns :: (suite) failed");
    assert_eq!(told("    not ok 1 - a # TODO\n    1..1\nok 1 - s\n1..1\n"), "s :: a xfailed");
    assert_eq!(told("    not ok 1 - a\n    1..1\nnot ok 1 - s # TODO x\n1..1\n"), "s :: a xfailed");
    assert_eq!(
        warnings("    not ok 1 - a\n    1..1\nok 1 - s\n1..1\n"),
        ["3: the subtest `s` is ok although a test in it failed"]
    );
}

#[test]
fn empty_subtests_are_tests() {
    assert_eq!(told("# Subtest: e\n    1..0\nok 1 - e\n1..1\n"), "e passed");
    assert_eq!(told("# Subtest: e\n    1..0 # SKIP no db\nok 1 # skip no db\n1..1\n"), "e skipped");
    assert_eq!(told("    1..0 # no db\nok 1 - e\n1..1\n"), "e skipped");
}

#[test]
fn buffered_subtests_come_after_their_point() {
    let text =
        "TAP version 14\nnot ok 1 - s # time=9ms {\n    not ok 1 - a\n    1..1\n}\nok 2 - t {\n}\nok 3 - {\n1..3\n";
    assert_eq!(told(text), "s :: a failed\nt passed\n{ passed");
    let yaml_first = "TAP version 14\nnot ok 1 - s\n  ---\n  at: x\n  ...\n{\n    not ok 1 - a\n    1..1\n}\n1..1\n";
    assert_eq!(told(yaml_first), "s :: a failed");
}

#[test]
fn jumps_in_depth_open_each_level() {
    let text =
        "TAP version 14\n        ok 1 - nested twice\n        1..1\n    ok 1 - parent\n    1..1\nok 1 - top\n1..1\n";
    assert_eq!(told(text), "top > parent :: nested twice passed");
}

#[test]
fn the_kernel_indents_by_two_or_four_and_has_words_of_its_own() {
    let text = "KTAP version 1\n1..1\n  KTAP version 1\n  1..4\n    KTAP version 1\n    1..1\n    ok 1 deep\n  ok 1 case\n  not ok 2 t # TIMEOUT 45 seconds\n  not ok 3 e # ERROR\n  ok 4 x # XFAIL\nnot ok 1 suite\n";
    assert_eq!(told(text), "suite > case :: deep passed\nsuite :: t errored\nsuite :: e errored\nsuite :: x xfailed");
    let four = "KTAP version 1\n1..1\n    # Subtest: example\n    1..1\n    ok 1 simple\nok 1 example\n";
    assert_eq!(told(four), "example :: simple passed");
}

#[test]
fn a_repeated_name_is_another_test_and_a_repeated_document_another_attempt() {
    assert_eq!(told("1..2\nok 1 - a\nnot ok 2 - a\n"), "a passed\na #2 failed");
    for text in [
        "TAP version 13\n1..1\nnot ok 1 - a\nTAP version 13\n1..1\nok 1 - a\n",
        "1..1\nnot ok 1 - a\n1..1\nok 1 - a\n",
        "not ok 1 - a\n1..1\nok 1 - a\n1..1\n",
    ] {
        let report = report(text);
        let attempts: Vec<_> = report.cases.iter().map(|case| (case.name.as_str(), case.attempt)).collect();
        assert_eq!(attempts, [("a", 1), ("a", 2)], "{text}");
        assert!(report.warnings.is_empty());
    }
}

#[test]
fn absolute_paths_lose_what_depends_on_the_machine() {
    assert_eq!(told("    ok 1 - a\n    1..1\nok 1 - /build/7/x.test.mjs\n1..1\n"), "x.test.mjs :: a passed");
    assert_eq!(told("not ok 1 - /build/7/x.test.mjs\n1..1\n"), "x.test.mjs failed");
    assert_eq!(told("1..1\nok 1 - /build/7/test_a.py::TestC.test_b[a.b]\n"), "test_a.py :: TestC.test_b[a.b] passed");
    assert_eq!(told("1..1\nok 1 - /api/users answers\n"), "/api/users answers passed");
}

#[test]
fn noise_before_and_between_is_ignored() {
    let text = "\n> app@1.0.0 test\n> node --test\n\nTAP version 13\nsome output\n      ok then\nok 1 - a\n    \u{2713} fine\n1..1\n";
    assert_eq!(told(text), "a passed");
    assert_eq!(report(text).ignored.get("lines that are not TAP"), Some(&4));
}

#[test]
fn other_tools_output_is_not_claimed() {
    for text in [
        "ok  \texample.org/a\t0.012s\n",
        "ok\n",
        "okay 1\n",
        "not\n",
        "<a>\nTAP version 13\n</a>",
        "{\"a\": 1}\n1..3\n",
        "some text\n1..3\nok 1\n",
    ] {
        assert!(read("a", text.as_bytes()).is_err_and(|error| error.reason.contains("known formats")), "{text}");
    }
}

#[test]
fn counters_at_the_end_are_compared() {
    assert_eq!(
        warnings("not ok 1 - a\n1..1\n# tests 1\n# pass 0\n# fail 2\n"),
        ["5: declared are 2 failures, listed are 1"]
    );
    assert!(warnings("not ok 1 - a\n1..1\n# tests 1\n# pass 0\n# fail 1\n").is_empty());
}

#[test]
fn a_report_that_ends_inside_something_is_refused() {
    let refused = |text: &str| read("a.tap", text.as_bytes()).expect_err(text).to_string();
    insta::assert_snapshot!(
        refused("1..1\nnot ok 1 - a\n  ---\n  error: x\n"),
        @"a.tap:3: the report is truncated: the YAML block never ends; the last complete test is `a`"
    );
    insta::assert_snapshot!(
        refused("TAP version 13\n1..1\nok 1 - a {\n    ok 1 - b\n"),
        @"a.tap:5: the report is truncated: the subtest `a` never ends; the last complete test is `b`"
    );
    insta::assert_snapshot!(
        refused(&format!("TAP version 13\n{}ok 1 - b\n", " ".repeat(400))),
        @"a.tap:2: subtests are nested deeper than 64; no test is complete"
    );
}

#[test]
fn large_and_hostile_reports_are_read_in_time() {
    let deep: String =
        (0..60).map(|level| format!("{}ok 1 - {}{{\n", " ".repeat(level * 4), "x".repeat(2000) + " ")).collect();
    let inner = " ".repeat(240);
    let deep = format!("TAP version 14\n{deep}{}", format!("{inner}not ok - y\n").repeat(20_000));
    let blocks = format!("1..1\n{}", "not ok 1\n  ---\n   a:\n    b: |\n      c\n  ...\n".repeat(10_000));
    let plain = format!("1..200000\n{}", "not ok 1 - some name # TODO x\n# why\n".repeat(20_000));
    let braces = "1..1\nok 1 - a {\n\n".repeat(20_000);
    for text in [deep, blocks, plain, braces] {
        let _ = read("a.tap", text.as_bytes());
    }
    let limits = Limits { cases: 10, ..Limits::default() };
    let error = read_with("a.tap", "1..1\nok 1\n".repeat(20).as_bytes(), &limits).expect_err("20 cases");
    assert!(error.reason.starts_with("the report holds more than 10 outcomes"), "{error}");
}
