//! The rules of the xUnit.net reader, each by the smallest text that shows it.

use annals_data::row::{Outcome, Status};

use crate::report::{Report, read};

fn tests(inside: &str) -> Report {
    let text = format!(
        "<assemblies><assembly name='C:\\b\\a.dll' run-date='2026-11-20' run-time='09:00:00'>{inside}
        </assembly></assemblies>"
    );
    read("a.xml", text.as_bytes()).unwrap()
}

fn only(test: &str) -> Outcome {
    let mut report = tests(&format!("<collection name='N'>{test}</collection>"));
    assert_eq!(report.cases.len(), 1, "{report:?}");
    report.cases.remove(0)
}

#[test]
fn every_result_has_a_status() {
    let timeout = "<failure exception-type='Xunit.Sdk.TestTimeoutException'><message>x</message></failure>";
    let table = [
        ("result='Pass'", "", Status::Passed),
        ("result='Fail'", "<failure/>", Status::Failed),
        ("result='Fail'", timeout, Status::Errored),
        ("result='Skip'", "<reason>x</reason>", Status::Skipped),
        ("", "<failure/>", Status::Failed),
        ("", "<reason/>", Status::Skipped),
        ("", "", Status::Errored),
        ("result='Maybe'", "", Status::Errored),
    ];
    for (attribute, inside, expected) in table {
        let test = format!("<test name='N.C.T' type='N.C' {attribute}>{inside}</test>");
        assert_eq!(only(&test).status, expected, "{test}");
    }
    let report = tests("<collection><test name='T' result='NotRun'/></collection>");
    assert_eq!((report.cases.len(), report.ignored.values().sum::<usize>()), (0, 1));
}

#[test]
fn the_suite_is_the_class_the_collection_or_the_assembly() {
    let pair = |outcome: Outcome| (outcome.suite, outcome.name);
    let pair_of = |test: &str| pair(only(test));
    assert_eq!(pair_of("<test name='N.C.T(a: 1.5)' type='N.C' result='Pass'/>"), ("N.C".into(), "T(a: 1.5)".into()));
    assert_eq!(pair_of("<test name='a title' type='' result='Pass'/>"), ("N".into(), "a title".into()));
    let report = tests("<collection><test name='T' result='Pass'/></collection>");
    assert_eq!(report.cases[0].suite, "a.dll");
}

#[test]
fn an_error_of_the_assembly_is_an_outcome() {
    let failure = "<failure><message>m</message><stack-trace>s</stack-trace></failure>";
    let report = tests(&format!(
        "<errors><error type='assembly-cleanup' name='C:\\b\\a.dll'>{failure}</error>
        <error type='test-class-cleanup' name='N.C'>{failure}</error></errors>"
    ));
    let cases: Vec<_> = report.cases.iter().map(|c| (c.suite.as_str(), c.name.as_str(), c.status)).collect();
    let errored = Status::Errored;
    assert_eq!(cases, [("a.dll", "(assembly-cleanup)", errored), ("N.C", "(test-class-cleanup)", errored)]);
    assert_eq!(report.cases[0].message.as_deref(), Some("m\ns"));
}

#[test]
fn a_manifest_is_not_claimed() {
    let error = read("a.xml", b"<assembly xmlns='urn:schemas-microsoft-com:asm.v1'/>").unwrap_err();
    assert!(error.reason.contains("known formats"), "{error}");
}

#[test]
fn an_odd_time_and_a_wrong_counter_are_told() {
    let text = "<assembly run-date='' total='2'><class><test name='T' result='Pass' time='soon'/></class></assembly>";
    let report = read("a.xml", text.as_bytes()).unwrap();
    let warnings: Vec<_> = report.warnings.iter().map(|warning| warning.text.as_str()).collect();
    assert_eq!(warnings, ["`soon` is no length of time", "declared are 2 tests, listed are 1"]);
}
