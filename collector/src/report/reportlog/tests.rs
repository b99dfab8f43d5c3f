//! Tests of the rules for pytest-reportlog, on streams that each hold one trap.

use annals_data::row::Outcome;

use crate::report::{Report, read};

const START: &str = r#"{"pytest_version": "9.2.0", "$report_type": "SessionStart"}"#;
const FINISH: &str = r#"{"exitstatus": 0, "$report_type": "SessionFinish"}"#;

fn report(lines: &[&str]) -> Report {
    let lines: Vec<&str> = [START].iter().chain(lines).chain(&[FINISH]).copied().collect();
    read("log.jsonl", lines.join("\n").as_bytes()).unwrap()
}

fn phase(when: &str, outcome: &str, more: &str) -> String {
    format!(
        r#"{{"nodeid": "a/test_b.py::TestC::test_d[x::y]", "location": ["a/test_b.py", 4, "d"], "when": "{when}",
            "outcome": "{outcome}", "duration": 0.5{more}, "$report_type": "TestReport"}}"#
    )
    .replace('\n', "")
}

fn told(case: &Outcome) -> String {
    let kind = case.error_kind.as_deref().unwrap_or("-");
    format!("#{} {} {kind} {}", case.attempt, case.status.as_str(), case.message.as_deref().unwrap_or("-"))
}

#[test]
fn the_phases_of_an_attempt_make_one_status() {
    let (passed, boom) = (("passed", ""), r#", "longrepr": "boom""#);
    let table = [
        (passed, passed, passed, "#1 passed - -"),
        (("failed", boom), ("", ""), passed, "#1 errored - boom"),
        (passed, ("failed", boom), passed, "#1 failed - boom"),
        (passed, passed, ("failed", boom), "#1 errored - boom"),
        (passed, ("failed", r#", "longrepr": "one""#), ("failed", boom), "#1 failed - one\n\nboom"),
        (passed, ("failed", r#", "longrepr": "[XPASS(strict)] why""#), passed, "#1 xpassed - [XPASS(strict)] why"),
        (passed, ("failed", r#", "longrepr": "Unexpected success""#), passed, "#1 xpassed - Unexpected success"),
        (passed, ("passed", r#", "wasxfail": "why""#), passed, "#1 xpassed - why"),
        (passed, ("skipped", r#", "wasxfail": """#), passed, "#1 xfailed - -"),
        (("skipped", r#", "longrepr": ["/b/a.py", 3, "Skipped: why"]"#), ("", ""), passed, "#1 skipped - why"),
        (
            passed,
            ("failed", r#", "longrepr": "Failed: Timeout >1.0s""#),
            passed,
            "#1 errored timed_out Failed: Timeout >1.0s",
        ),
        (passed, ("rerun", boom), passed, "#1 failed - boom"),
    ];
    for (setup, call, teardown, expected) in table {
        let mut lines = vec![phase("setup", setup.0, setup.1)];
        if !call.0.is_empty() {
            lines.push(phase("call", call.0, call.1));
        }
        lines.push(phase("teardown", teardown.0, teardown.1));
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let case = report(&lines).cases.remove(0);
        assert_eq!(told(&case), expected);
        assert_eq!((case.suite.as_str(), case.name.as_str()), ("a.test_b.TestC", "test_d[x::y]"));
        assert_eq!((case.file.as_deref(), case.line), (Some("a/test_b.py"), Some(5)));
        assert_eq!(case.duration_us, Some(500_000 * lines.len() as i64));
    }
}

#[test]
fn every_run_is_an_attempt() {
    let passed = |when| phase(when, "passed", "");
    let rerun = phase("call", "rerun", r#", "longrepr": "one""#);
    let lines = [passed("setup"), rerun, passed("teardown"), passed("setup"), passed("call"), passed("teardown")];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let cases = report(&lines).cases;
    assert_eq!(cases.iter().map(told).collect::<Vec<_>>(), ["#1 failed - one", "#2 passed - -"]);
}

#[test]
fn processes_that_end_leave_their_tests() {
    let setup = phase("setup", "passed", "");
    let text = format!("{START}\n{setup}\n");
    let cut = read("log.jsonl", text.as_bytes()).unwrap();
    assert_eq!(told(&cut.cases[0]), "#1 errored crashed the report ends while the test was running");
    assert_eq!(cut.warnings.len(), 2);
    let crash = phase("???", "failed", r#", "longrepr": "worker 'gw0' crashed while running 'a'""#);
    assert!(told(&report(&[&setup, &crash]).cases[0]).starts_with("#1 errored crashed worker 'gw0'"));
    let error = read("log.jsonl", &text.as_bytes()[..text.len() - 9]).unwrap_err().to_string();
    assert!(error.starts_with("log.jsonl:2: the report is truncated: "), "{error}");
}

#[test]
fn subtests_are_told_and_their_parent_is_no_second_failure() {
    let sub = |outcome: &str, n: u8| {
        format!(
            r#"{{"nodeid": "test_b.py::test_d", "when": "call", "outcome": "{outcome}", "longrepr": "no",
                "context": {{"msg": "m", "kwargs": {{"n": {n}}}}}, "_report_type": "SubTestReport"}}"#
        )
        .replace('\n', "")
    };
    let parent = |text: &str| {
        phase("call", "failed", &format!(r#", "longrepr": "{text}""#))
            .replace("a/test_b.py::TestC::test_d[x::y]", "test_b.py::test_d")
    };
    let of = |text: &str| {
        let plain = |when| phase(when, "passed", "").replace("a/test_b.py::TestC::test_d[x::y]", "test_b.py::test_d");
        let lines = [plain("setup"), sub("failed", 0), sub("passed", 1), parent(text), plain("teardown")];
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        report(&lines)
            .cases
            .into_iter()
            .map(|case| format!("{} {}", case.name, case.status.as_str()))
            .collect::<Vec<_>>()
    };
    assert_eq!(of("contains 1 failed subtest"), ["test_d [m] (n=0) failed", "test_d [m] (n=1) passed"]);
    assert_eq!(of("boom").last().map(String::as_str), Some("test_d failed"));
}

#[test]
fn what_cannot_be_collected_is_a_case_of_its_module() {
    let collect = |outcome: &str| {
        format!(
            r#"{{"outcome": "{outcome}", "longrepr": "no", "nodeid": "a/test_b.py", "$report_type": "CollectReport"}}"#
        )
    };
    let told = |outcome: &str| {
        let cases = report(&[&collect(outcome)]).cases;
        cases.iter().map(|case| format!("{} :: {} {}", case.suite, case.name, case.status.as_str())).collect::<Vec<_>>()
    };
    assert_eq!(told("failed"), ["a.test_b :: (suite) errored"]);
    assert_eq!(told("skipped"), ["a.test_b :: (suite) skipped"]);
    assert!(told("passed").is_empty());
}
