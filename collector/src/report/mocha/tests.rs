//! Tests of the rules for mocha, on reports that each hold one trap.

use annals_data::row::Outcome;

use crate::report::{Report, read};

const A: &str = r#"{"title":"a","fullTitle":"S a","file":"/b/7/x.js","err":{}"#;

fn report(lists: [&str; 4]) -> Report {
    let [tests, pending, failures, passes] = lists;
    let text = format!(
        r#"{{"stats":{{}},"tests":[{tests}],"pending":[{pending}],"failures":[{failures}],"passes":[{passes}]}}"#
    );
    read("mocha.json", text.as_bytes()).unwrap()
}

fn told(lists: [&str; 4]) -> Vec<String> {
    let told = |case: &Outcome| {
        let kind = case.error_kind.as_deref().unwrap_or("-");
        format!("{} :: {} #{} {} {kind}", case.suite, case.name, case.attempt, case.status.as_str())
    };
    report(lists).cases.iter().map(told).collect()
}

#[test]
fn the_status_is_the_list_that_a_test_stands_in() {
    let a = format!("{A}}}");
    let failed = r#"{"title":"a","fullTitle":"S a","file":"/b/7/x.js","err":{"message":"no","stack":"Error: no"}}"#;
    let timeout = failed.replace("\"no\"", "\"Timeout of 2000ms exceeded. For async tests\"");
    let none = "";
    assert_eq!(told([&a, none, none, &a]), ["x.js > S :: a #1 passed -"]);
    assert_eq!(told([&a, &a, none, none]), ["x.js > S :: a #1 skipped -"]);
    assert_eq!(told([failed, none, failed, none]), ["x.js > S :: a #1 failed -"]);
    assert_eq!(told([failed, none, none, none]), ["x.js > S :: a #1 failed -"]);
    assert_eq!(told([&timeout, none, &timeout, none]), ["x.js > S :: a #1 errored timed_out"]);
    assert_eq!(report([&a, none, none, none]).ignored["tests that did not run"], 1);
    let twice = format!("{failed},{failed}");
    assert_eq!(told([failed, none, &twice, failed]), ["x.js > S :: a #1 failed -"]);
    assert_eq!(told([&twice, none, failed, failed]).len(), 2);
}

#[test]
fn retries_are_attempts_that_failed() {
    let a = format!(r#"{A},"currentRetry":2}}"#);
    assert_eq!(
        told([&a, "", "", &a]),
        ["x.js > S :: a #1 failed -", "x.js > S :: a #2 failed -", "x.js > S :: a #3 passed -",]
    );
    assert_eq!(told([&a, &a, "", ""]), ["x.js > S :: a #1 skipped -"]);
}

#[test]
fn a_hook_is_a_case_of_its_own() {
    let hook = r#"{"title":"\"before all\" hook for \"a\"","fullTitle":"S \"before all\" hook for \"a\"","err":{"message":"no"}}"#;
    assert_eq!(told(["", "", hook, ""]), [r#"S :: "before all" hook for "a" #1 errored -"#]);
}

#[test]
fn counters_are_compared_and_damage_is_refused() {
    let text = "{\"stats\":{\"tests\":3},\n\"tests\":[],\"pending\":[],\"failures\":[],\"passes\":[]}";
    let report = read("mocha.json", text.as_bytes()).unwrap();
    assert_eq!(report.warnings[0].text, "declared are 3 `tests`, listed are 0");
    let error = read("mocha.json", &text.as_bytes()[..text.len() - 2]).unwrap_err().to_string();
    assert!(error.starts_with("mocha.json:2: the report is truncated: "), "{error}");
}

#[test]
fn a_large_report_is_known_by_its_counters() {
    let test = format!("{A}}},");
    let list = test.repeat(20_000);
    let text = format!(r#"{{"stats":{{"passes":20001,"failures":0}},"tests":[{list}{A}}}],"passes":[{list}{A}}}]}}"#);
    assert_eq!(read("mocha.json", text.as_bytes()).unwrap().cases.len(), 20_001);
}
