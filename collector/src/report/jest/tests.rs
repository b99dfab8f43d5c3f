//! Tests of the rules for jest and vitest, on reports that each hold one trap.

use annals_data::row::{Outcome, Status};

use crate::report::{Report, read};

fn report(is_jest: bool, files: &str) -> Report {
    let mark = if is_jest { r#""numRuntimeErrorTestSuites":0,"# } else { "" };
    let text = format!(r#"{{"numTotalTests":1,{mark}"testResults":[{files}]}}"#);
    read("jest.json", text.as_bytes()).unwrap()
}

fn of_test(is_jest: bool, assertion: &str) -> Vec<String> {
    let file = format!(r#"{{"name":"/home/ci/7/a.test.js","assertionResults":[{{"title":"a",{assertion}}}]}}"#);
    let told = |case: &Outcome| {
        let kind = case.error_kind.as_deref().unwrap_or("-");
        format!("#{} {} {kind} {}", case.attempt, case.status.as_str(), case.message.as_deref().unwrap_or("-"))
    };
    report(is_jest, &file).cases.iter().map(told).collect()
}

#[test]
fn every_word_has_its_status() {
    let table = [
        (true, "passed", Some("passed")),
        (true, "failed", Some("failed")),
        (true, "pending", Some("skipped")),
        (true, "todo", Some("skipped")),
        (true, "disabled", Some("skipped")),
        (false, "skipped", Some("skipped")),
        (false, "todo", Some("skipped")),
        (false, "pending", None),
        (true, "green", None),
    ];
    for (is_jest, word, expected) in table {
        let told = of_test(is_jest, &format!(r#""status":"{word}""#));
        assert_eq!(told, expected.map(|status| format!("#1 {status} - -")).into_iter().collect::<Vec<_>>(), "{word}");
    }
    assert_eq!(of_test(true, r#""status":"passed","failing":true"#), ["#1 xfailed - -"]);
    assert_eq!(of_test(true, r#""status":"failed","failing":true"#), ["#1 xpassed - -"]);
    let place = r#""status":"failed","failureMessages":["Error: STACK_TRACE_ERROR\n at task"]"#;
    assert!(of_test(false, place)[0].starts_with("#1 errored timed_out "));
    let timeout = r#""status":"failed","failureMessages":["thrown: \"Exceeded timeout of 5 ms for a test.\""]"#;
    assert!(of_test(true, timeout)[0].starts_with("#1 errored timed_out "));
}

#[test]
fn attempts_are_told_as_far_as_the_tool_does() {
    let table: [(bool, &str, &[&str]); 5] = [
        (
            true,
            r#""status":"passed","invocations":3,"retryReasons":["two"],"retryMessages":["two"]"#,
            &["#1 failed - -", "#2 failed - two", "#3 passed - -"],
        ),
        (
            true,
            r#""status":"failed","invocations":2,"failureMessages":["last","more"]"#,
            &["#1 failed - -", "#2 failed - last\n\nmore"],
        ),
        (
            false,
            r#""status":"passed","failureMessages":["one","two"]"#,
            &["#1 failed - one", "#2 failed - two", "#3 passed - -"],
        ),
        (true, r#""status":"pending","invocations":9"#, &["#1 skipped - -"]),
        (true, r#""status":"passed","invocations":1e9"#, &["#1 passed - -"]),
    ];
    for (is_jest, assertion, expected) in table {
        assert_eq!(of_test(is_jest, assertion), expected, "{assertion}");
    }
}

#[test]
fn a_file_may_fail_as_a_whole() {
    let whole = |file: &str| {
        let cases = report(true, file).cases;
        cases.into_iter().map(|case| (case.suite, case.name, case.status, case.message)).collect::<Vec<_>>()
    };
    let expected = ("a.js".to_owned(), "(suite)".to_owned(), Status::Errored, Some("no".to_owned()));
    let empty = r#"{"name":"/b/a.js","status":"failed","message":"no","assertionResults":[]}"#;
    assert_eq!(whole(empty), std::slice::from_ref(&expected));
    let after =
        r#"{"name":"/b/a.js","status":"failed","message":"no","assertionResults":[{"title":"a","status":"passed"}]}"#;
    assert_eq!(whole(after)[1], expected);
    let failed =
        r#"{"name":"/b/a.js","status":"failed","message":"no","assertionResults":[{"title":"a","status":"failed"}]}"#;
    assert_eq!(whole(failed).len(), 1);
}

#[test]
fn the_suite_is_the_file_and_its_blocks() {
    let assertion = r#""assertionResults":[{"title":"a","ancestorTitles":["outer"," inner "],"status":"passed"}]"#;
    let file = |name: &str| format!(r#"{{"name":"{name}",{assertion}}}"#);
    let files = [file("/b/7/x/index.js"), file("/b/7/y/index.js"), file("/b/7/z.js")].join(",");
    let cases = report(false, &files).cases;
    let suites: Vec<&str> = cases.iter().map(|case| case.suite.as_str()).collect();
    assert_eq!(suites, ["x/index.js > outer > inner", "y/index.js > outer > inner", "z.js > outer > inner"]);
}

#[test]
fn counters_are_compared_and_damage_is_refused() {
    assert_eq!(report(true, "").warnings[0].text, "declared are 1 tests, listed are 0");
    let text = "{\"numTotalTests\":1,\"testResults\":[{\"name\":\"a\",\n\"assertionResults\":[{}";
    let error = read("jest.json", text.as_bytes()).unwrap_err().to_string();
    assert!(error.starts_with("jest.json:2: the report is truncated: "), "{error}");
}
