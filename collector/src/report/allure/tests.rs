//! Tests of the rules for Allure, on results that each hold one trap.

use annals_data::row::Status;

use crate::report::{Report, read};

fn report(text: &str) -> Report {
    read("a-result.json", text.as_bytes()).unwrap()
}

#[test]
fn every_word_has_its_status() {
    let table = [
        ("passed", "", Some((Status::Passed, None))),
        ("Passed", "", Some((Status::Passed, None))),
        ("passed", "XPASS known", Some((Status::Xpassed, None))),
        ("failed", "boom", Some((Status::Failed, None))),
        ("failed", "[XPASS(strict)] known", Some((Status::Xpassed, None))),
        ("failed", "Error: Timeout of 5ms exceeded.", Some((Status::Errored, Some("timed_out")))),
        ("broken", "boom", Some((Status::Errored, None))),
        ("broken", "Failed: Timeout >1.0s", Some((Status::Errored, Some("timed_out")))),
        ("skipped", "", Some((Status::Skipped, None))),
        ("skipped", "XFAIL known", Some((Status::Xfailed, None))),
        ("unknown", "", None),
        ("", "", None),
        ("green", "", None),
    ];
    for (word, message, expected) in table {
        let text = format!(
            r#"{{"uuid":"1","name":"a","status":"{word}","statusDetails":{{"message":"{message}"}},
                "labels":[{{"name":"framework","value":"pytest"}}]}}"#
        );
        let report = report(&text);
        let found = report.cases.first().map(|case| (case.status, case.error_kind.as_deref()));
        assert_eq!(found, expected, "{word} {message}");
        assert!(!report.cases.is_empty() || report.ignored.len() + report.warnings.len() == 1, "{word}");
    }
    let running = report(r#"{"uuid":"1","name":"a","stage":"running"}"#);
    assert_eq!(running.cases[0].error_kind.as_deref(), Some("crashed"));
    let other = report(r#"{"uuid":"1","name":"a","status":"skipped","statusDetails":{"message":"XFAIL"}}"#);
    assert_eq!(other.cases[0].status, Status::Skipped, "only pytest says so");
}

#[test]
fn suite_and_name_come_from_labels_and_parameters() {
    let identity = |more: &str| {
        let case = report(&format!(r#"{{"name":"adds","status":"passed","uuid":"1",{more}}}"#)).cases.remove(0);
        format!("{} :: {}", case.suite, case.name)
    };
    let table = [
        (
            r#""labels":[{"name":"subSuite","value":"C"},{"name":"suite","value":"b"},{"name":"parentSuite","value":"a"}]"#,
            "a > b > C :: adds",
        ),
        (r#""labels":[{"name":"package","value":"org.a"},{"name":"testClass","value":"org.a.B"}]"#, "org.a.B :: adds"),
        (r#""fullName":"org.a.B.adds""#, "org.a.B :: adds"),
        (r#""fullName":"test_a.B#adds""#, "test_a.B :: adds"),
        (r#""fullName":"other""#, "other :: adds"),
        (r#""labels":null,"parameters":{}"#, " :: adds"),
        (r#""parameters":[{"name":"a","value":1},{"name":"b","value":"x"}]"#, " :: adds [a=1, b=x]"),
        (r#""parameters":[{"name":"a","value":"'adds'"}]"#, " :: adds"),
        (
            r#""parameters":[{"name":"a","value":"1","excluded":true},{"name":"b","value":"2","mode":"masked"}]"#,
            " :: adds",
        ),
        (r#""parameters":[{"name":"a","value":"<X at 0x7f1200>"},{"name":"b","value":null}]"#, " :: adds"),
    ];
    for (more, expected) in table {
        assert_eq!(identity(more), expected, "{more}");
    }
}

#[test]
fn attempts_are_ordered_by_when_they_began() {
    let report = report(r#"{"uuid":"1","name":"a","status":"failed","start":1795230891794,"stop":1795230891799}"#);
    assert_eq!(report.started_at, Some(1_795_230_891_794_000));
    assert_eq!(report.cases[0].duration_us, Some(5_000));
    let back = self::report(r#"{"uuid":"1","name":"a","status":"failed","start":5,"stop":1}"#);
    assert_eq!((back.started_at, back.cases[0].duration_us, back.warnings.len()), (None, None, 1));
}

#[test]
fn only_a_failed_fixture_is_an_outcome() {
    let container =
        |befores: &str| report(&format!(r#"{{"uuid":"1","children":["2"],"name":"My suite","befores":[{befores}]}}"#));
    let broken = container(r#"{"name":"db","status":"broken","statusDetails":{"message":"no"}}"#);
    let case = &broken.cases[0];
    assert_eq!((case.suite.as_str(), case.name.as_str(), case.status), ("My suite", "(setup) db", Status::Errored));
    let passed = container(r#"{"name":"db","status":"passed"},{"name":"web"}"#);
    assert!(passed.cases.is_empty());
    assert_eq!(passed.ignored.values().sum::<usize>(), 2);
    assert_eq!(report(r#"{"uuid":"1","children":[]}"#).ignored["containers without fixtures"], 1);
}

#[test]
fn damage_is_refused_and_other_documents_are_not_claimed() {
    let whole = r#"{"uuid":"1","name":"a","status":"passed","start":1,"stop":2}"#;
    let error = read("a.json", &whole.as_bytes()[..40]).unwrap_err().to_string();
    assert!(error.starts_with("a.json:1: the report is truncated: "), "{error}");
    for other in [r#"{"name":"a","status":"passed"}"#, r#"{"name":"executor","url":"x"}"#, "[]", "{}"] {
        assert!(read("a.json", other.as_bytes()).unwrap_err().to_string().contains("known formats"), "{other}");
    }
}
