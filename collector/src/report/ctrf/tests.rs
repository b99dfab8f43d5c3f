//! Tests of the rules for CTRF, on reports that each hold one trap.

use annals_data::row::{Outcome, Status};

use crate::report::{Report, read};

fn report(tests: &str) -> Report {
    let text = format!(r#"{{"reportFormat":"CTRF","results":{{"tool":{{"name":"t"}},"tests":[{tests}]}}}}"#);
    read("ctrf.json", text.as_bytes()).unwrap()
}

fn told(test: &str) -> Vec<String> {
    let told = |case: &Outcome| {
        let kind = case.error_kind.as_deref().unwrap_or("-");
        format!("#{} {} {kind} {}", case.attempt, case.status.as_str(), case.message.as_deref().unwrap_or("-"))
    };
    report(test).cases.iter().map(told).collect()
}

#[test]
fn every_word_has_its_status() {
    let table = [
        ("passed", "", "", Some((Status::Passed, None))),
        ("passed", "xpassed", "", Some((Status::Xpassed, None))),
        ("failed", "call_failed", "", Some((Status::Failed, None))),
        ("failed", "setup_failed", "", Some((Status::Errored, None))),
        ("failed", "timedOut", "", Some((Status::Errored, Some("timed_out")))),
        ("failed", "crashed", "", Some((Status::Errored, Some("crashed")))),
        ("failed", "", "[XPASS(strict)] why", Some((Status::Xpassed, None))),
        ("failed", "", "Timeout of 2000ms exceeded", Some((Status::Errored, Some("timed_out")))),
        ("skipped", "xfailed", "", Some((Status::Xfailed, None))),
        ("skipped", "", "", Some((Status::Skipped, None))),
        ("pending", "pending", "", Some((Status::Skipped, None))),
        ("other", "todo", "", Some((Status::Skipped, None))),
        ("other", "interrupted", "", Some((Status::Errored, None))),
        ("other", "", "", None),
        ("other", "paused", "", None),
        ("green", "", "", None),
        ("", "", "", None),
    ];
    for (status, raw, message, expected) in table {
        let test = format!(r#"{{"name":"a","status":"{status}","rawStatus":"{raw}","message":"{message}"}}"#);
        let found = report(&test).cases.first().map(|case| (case.status, case.error_kind.clone()));
        assert_eq!(found, expected.map(|(s, kind): (_, Option<&str>)| (s, kind.map(str::to_owned))), "{test}");
    }
    assert_eq!(report(r#"{"name":"a","status":"other"}"#).ignored.len(), 1);
    assert_eq!(report(r#"{"name":"a","status":"green"}"#).warnings[0].text, "the status `green` is not known");
}

#[test]
fn attempts_are_told_whether_the_list_has_the_last_or_not() {
    let attempts = |list: &str| format!(r#""retryAttempts":[{list}]"#);
    let failed = r#"{"attempt":1,"status":"failed","message":"one"}"#;
    let passed = r#"{"attempt":2,"status":"passed"}"#;
    let both = attempts(&format!("{failed},{passed}"));
    let first = attempts(failed);
    let table = [
        (format!(r#"{{"name":"a","status":"passed","retries":1,{both}}}"#), vec!["#1 failed - one", "#2 passed - -"]),
        (format!(r#"{{"name":"a","status":"passed","retries":1,{first}}}"#), vec!["#1 failed - one", "#2 passed - -"]),
        (format!(r#"{{"name":"a","status":"passed",{both}}}"#), vec!["#1 failed - one", "#2 passed - -"]),
        (format!(r#"{{"name":"a","status":"failed",{first}}}"#), vec!["#1 failed - one"]),
        (
            format!(r#"{{"name":"a","status":"failed","message":"two","retries":1,{first}}}"#),
            vec!["#1 failed - one", "#2 failed - two"],
        ),
        (r#"{"name":"a","status":"passed","flaky":true,"retries":1}"#.into(), vec!["#1 failed - -", "#2 passed - -"]),
        (r#"{"name":"a","status":"passed","flaky":false,"retries":3}"#.into(), vec!["#1 passed - -"]),
        (r#"{"name":"a","status":"failed","retries":1}"#.into(), vec!["#1 failed - -", "#2 failed - -"]),
        (r#"{"name":"a","status":"skipped","retries":1}"#.into(), vec!["#1 skipped - -"]),
        (r#"{"name":"a","status":"failed","retries":1e300}"#.into(), vec!["#1 failed - -"]),
    ];
    for (test, expected) in table {
        assert_eq!(told(&test), expected, "{test}");
    }
}

#[test]
fn the_suite_is_a_list_a_text_or_the_file() {
    let suite = |more: &str| report(&format!(r#"{{"name":"a","status":"passed"{more}}}"#)).cases.remove(0).suite;
    assert_eq!(suite(r#","suite":["Cart","","Total"]"#), "Cart > Total");
    assert_eq!(suite(r#","suite":"Cart > Total""#), "Cart > Total");
    assert_eq!(suite(r#","suite":["/home/ci/7/a.js","Total"]"#), "a.js > Total");
    assert_eq!(suite(r#","filePath":"/home/ci/7/a.js""#), "a.js");
    assert_eq!(suite(r#","filePath":"test/a.js","suite":[]"#), "test/a.js");
    assert_eq!(suite(""), "");
}

#[test]
fn older_reports_are_known_by_their_results_and_damage_is_refused() {
    let old = r#"{"results":{"tool":{"name":"jest"},"summary":{"tests":2,"start":1795230896744},"tests":[]}}"#;
    let report = read("a.json", old.as_bytes()).unwrap();
    assert_eq!((report.format, report.tool.as_deref()), ("ctrf", Some("jest")));
    assert_eq!(report.started_at, Some(1_795_230_896_744_000));
    assert_eq!(report.warnings[0].text, "the summary counts 2 `tests`, listed are 0");
    for end in 40..old.len() {
        let error = read("a.json", &old.as_bytes()[..end]).unwrap_err().to_string();
        assert!(error.contains("truncated") || error.contains("known formats"), "{error}");
    }
    assert!(read("a.json", br#"{"reportFormat":"CTRF","results":[1]}"#).is_err());
    let typed = "{\"reportFormat\":\"CTRF\",\"results\":{\"tests\":[\n1]}}";
    assert!(read("a.json", typed.as_bytes()).unwrap_err().to_string().starts_with("a.json:2: "));
}

#[test]
fn a_large_report_is_read_in_one_pass() {
    let test = r#"{"name":"a","status":"passed","retryAttempts":[],"x":[[[[]]]]},"#.repeat(20_000);
    assert_eq!(report(&format!("{test}{{}}")).cases.len(), 20_000);
}
