//! Tests of the rules for Playwright, on reports that each hold one trap.

use annals_data::row::Status;

use crate::report::{Report, read};

fn report(suites: &str) -> Report {
    let text = format!(r#"{{"config":{{"rootDir":"/b","version":"1.55.0"}},"suites":[{suites}],"errors":[]}}"#);
    read("p.json", text.as_bytes()).unwrap()
}

fn of_result(expected: &str, results: &str) -> Report {
    report(&format!(
        r#"{{"title":"a.spec.ts","specs":[{{"title":"t","tests":[{{"expectedStatus":"{expected}","projectName":"",
            "results":[{results}]}}]}}]}}"#
    ))
}

#[test]
fn every_word_has_its_status() {
    let gone = r#""failed","error":{"message":"Error: worker process exited unexpectedly (code=1)"}"#;
    let table = [
        (r#""passed""#, "passed", Some((Status::Passed, None))),
        (r#""passed""#, "failed", Some((Status::Xpassed, None))),
        (r#""failed""#, "failed", Some((Status::Xfailed, None))),
        (r#""failed""#, "passed", Some((Status::Failed, None))),
        (gone, "passed", Some((Status::Errored, Some("crashed")))),
        (r#""timedOut""#, "passed", Some((Status::Errored, Some("timed_out")))),
        (r#""timedOut""#, "failed", Some((Status::Errored, Some("timed_out")))),
        (r#""interrupted""#, "passed", Some((Status::Errored, None))),
        (r#""skipped""#, "skipped", Some((Status::Skipped, None))),
        (r#""skipped""#, "passed", None),
        (r#""green""#, "passed", None),
        ("null", "passed", None),
    ];
    for (word, expected_status, expected) in table {
        let report = of_result(expected_status, &format!(r#"{{"status":{word}}}"#));
        let found = report.cases.first().map(|case| (case.status, case.error_kind.as_deref()));
        assert_eq!(found, expected, "{word} {expected_status}");
    }
    assert_eq!(of_result("passed", "").ignored["tests that did not run"], 1);
}

#[test]
fn every_result_is_an_attempt() {
    let cases = of_result("passed", r#"{"status":"failed","retry":0},{"status":"passed","retry":1}"#).cases;
    let told: Vec<_> = cases.iter().map(|case| (case.attempt, case.status)).collect();
    assert_eq!(told, [(1, Status::Failed), (2, Status::Passed)]);
    assert_eq!((cases[0].suite.as_str(), cases[0].name.as_str()), ("a.spec.ts", "t"));
}

#[test]
fn testing_that_stopped_early_is_no_failure() {
    let text = r#"{"config":{"rootDir":"/b"},"suites":[],"errors":[
        {"message":"\u001b[31mTesting stopped early after 1 maximum allowed failures.\u001b[39m"},{"message":"Error: no server"}]}"#;
    let report = read("p.json", text.as_bytes()).unwrap();
    assert_eq!(report.cases.len(), 1);
    assert_eq!(report.cases[0].message.as_deref(), Some("Error: no server"));
}

#[test]
fn suites_may_not_nest_without_end() {
    let nested = |depth: usize| format!("{}{}", r#"{"title":"s","suites":["#.repeat(depth), "]}".repeat(depth));
    assert!(report(&nested(20)).cases.is_empty());
    let text = format!(r#"{{"config":{{"rootDir":"/b"}},"suites":[{}]}}"#, nested(20_000));
    let error = read("p.json", text.as_bytes()).unwrap_err().to_string();
    assert!(error.starts_with("p.json:1: suites nest deeper than 32"), "{error}");
}

#[test]
fn damage_is_refused() {
    let text = "{\"config\":{\"rootDir\":\"/b\"},\n\"suites\":[{\"specs\":[{\"tests\":[{\"results\":[]}]}]}]}";
    for end in 28..text.len() {
        let error = read("p.json", &text.as_bytes()[..end]).unwrap_err().to_string();
        assert!(error.contains("the report is truncated: "), "{error}");
    }
    assert!(read("p.json", br#"{"config":{"rootDir":"/b"}}"#).unwrap_err().to_string().contains("no `suites`"));
}
