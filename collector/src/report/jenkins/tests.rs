//! Tests of the reader of Jenkins' own results: one file as the plugin writes it, and small cases.

use annals_data::row::Status;

use crate::report::{Report, read};

fn report(cases: &str) -> Report {
    let text = format!(
        "<result plugin=\"junit@1265\"><suites><suite><name>S</name><cases>{cases}</cases></suite></suites></result>"
    );
    read("junitResult.xml", text.as_bytes()).unwrap()
}

#[test]
fn a_file_of_the_plugin_is_read() {
    let text = include_bytes!("../../../tests/fixtures/jenkins/junitResult.xml");
    let report = read("junitResult.xml", text).unwrap();
    assert_eq!((report.format, report.warnings.len()), ("jenkins", 0));
    let cases: Vec<_> = report.cases.iter().map(|case| (case.name.as_str(), case.status, case.duration_us)).collect();
    let (passed, failed, skipped) = (Status::Passed, Status::Failed, Status::Skipped);
    assert_eq!(
        cases,
        [("reads", passed, Some(100_000)), ("refuses", failed, Some(25_000)), ("later", skipped, Some(0))]
    );
    assert!(report.cases.iter().all(|case| case.suite == "org.example.ParserTest"));
    let message = report.cases[1].message.as_deref().unwrap();
    assert!(message.starts_with("java.lang.AssertionError: expected 1\n"), "{message}");
    assert_eq!(report.cases[2].message.as_deref(), Some("not yet"));
}

#[test]
fn a_failure_without_text_is_a_failure() {
    let report = report("<case><testName>a</testName><skipped>false</skipped><errorStackTrace/></case>");
    assert_eq!((report.cases[0].suite.as_str(), report.cases[0].status), ("S", Status::Failed));
}

#[test]
fn details_that_the_stack_lacks_come_first() {
    let case =
        "<case><testName>a</testName><errorStackTrace>at x</errorStackTrace><errorDetails>no</errorDetails></case>";
    assert_eq!(report(case).cases[0].message.as_deref(), Some("no\nat x"));
}

#[test]
fn a_file_that_ends_too_early_is_refused() {
    let text = "<result><suites><suite><cases><case><testName>a</testName></case>";
    let error = read("junitResult.xml", text.as_bytes()).unwrap_err().to_string();
    assert!(error.starts_with("junitResult.xml:1: "), "{error}");
}

#[test]
fn other_results_are_not_taken_for_it() {
    assert!(read("x.xml", b"<result><name>something</name></result>").is_err());
}
